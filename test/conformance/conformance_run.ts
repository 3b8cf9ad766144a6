import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A revision with a requirement set in the suite. */
export type Revision = '2026-07-28' | '2025-11-25'

/** Where the suite is installed. */
export const suite = dirname(
  fileURLToPath(import.meta.resolve('@modelcontextprotocol/conformance/package.json')),
)

/** A check that came out as failure or warning, as an expected-failures file names it. */
export interface FailedCheck {
  readonly scenario: string
  readonly check: string
  readonly message: string
}

/** What one run of the official suite gave. */
export interface ConformanceRun {
  readonly exitCode: number | null
  readonly output: string
  readonly scenarios: ReadonlySet<string>
  readonly failed: readonly FailedCheck[]
  readonly passedCount: number
}

/** The file that says what may fail of a revision's requirement set. */
const baselinePath = (revision: Revision) =>
  join(import.meta.dir, `expected_failures_${revision}.yml`)

/** Runs the official suite's requirement set of a revision against an MCP URL. */
export async function runConformance(url: string, revision: Revision): Promise<ConformanceRun> {
  const out = mkdtempSync(join(tmpdir(), 'gatehouse-conformance-'))
  const words = ['server', '--url', url, '--requirements', revision, '--timeout', '20000']
  const files = ['-o', out, '--expected-failures', baselinePath(revision)]
  const run = Bun.spawn([process.execPath, join(suite, 'dist/index.js'), ...words, ...files], {
    cwd: out,
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: 60_000,
  })
  try {
    const [stdout, stderr] = await Promise.all([run.stdout.text(), run.stderr.text()])
    return {
      exitCode: await run.exited,
      output: stdout.slice(stdout.indexOf('=== SUMMARY')) + stderr,
      ...readChecks(out),
    }
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}

interface Check {
  readonly id: string
  readonly status: string
  readonly errorMessage?: string
}

/** Every scenario leaves `server-<scenario>-<time>/checks.json`. */
function readChecks(out: string) {
  const scenarios = new Set<string>()
  const failed: FailedCheck[] = []
  let passedCount = 0
  for (const folder of readdirSync(out)) {
    const scenario = folder.replace(/^server-/, '').replace(/-\d{4}-\d{2}-\d{2}T[^T]*$/, '')
    scenarios.add(scenario)
    const checks: Check[] = JSON.parse(readFileSync(join(out, folder, 'checks.json'), 'utf8'))
    for (const { id, status, errorMessage = '' } of checks) {
      if (status === 'SUCCESS') passedCount++
      if (status !== 'FAILURE' && status !== 'WARNING') continue
      failed.push({ scenario, check: id, message: errorMessage })
    }
  }
  return { scenarios, failed, passedCount }
}

interface Requirements {
  readonly server: readonly string[]
}

/** The scenarios a revision requires of servers. */
export function requiredScenarios(revision: Revision): readonly string[] {
  const text = readFileSync(join(suite, 'requirements', `${revision}.yaml`), 'utf8')
  return (Bun.YAML.parse(text) as Requirements).server
}

/** An expected failure and the reason its line gives. */
export interface BaselineEntry {
  readonly name: string
  readonly reason: string | null
}

/** Reads a baseline line by line, because the reasons are comments. */
export function readBaseline(revision: Revision): readonly BaselineEntry[] {
  const lines = readFileSync(baselinePath(revision), 'utf8').split('\n')
  return lines.flatMap((line) => {
    const [, name, reason] = /^ {2}- (\S+)(?: # (.+))?$/.exec(line) ?? []
    return name === undefined ? [] : [{ name, reason: reason ?? null }]
  })
}
