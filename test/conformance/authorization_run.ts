import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from './conformance_run.ts'

/** An authorization server, and a public client of it. */
export interface AuthorizationTarget {
  readonly issuer: string
  readonly clientId: string
  readonly mcpUrl: string
  /** The client's redirect URI is `http://127.0.0.1:{port}/callback`, where the suite listens. */
  readonly port: number
  /** Does what a person does at this URL; yields where they are sent in the end. */
  approve(authorizationUrl: string): Promise<URL>
}

/** What one run of the suite's authorization scenarios gave. */
export interface AuthorizationRun {
  readonly exitCode: number | null
  readonly output: string
  /** Each check as `scenario/check: STATUS`, in order. */
  readonly checks: readonly string[]
}

/** Runs every authorization scenario of the official suite that there is at a revision. */
export async function runAuthorizationConformance(
  target: AuthorizationTarget,
  revision: string,
): Promise<AuthorizationRun> {
  const out = mkdtempSync(join(tmpdir(), 'gatehouse-conformance-'))
  const { issuer, clientId, mcpUrl, port } = target
  const server = ['--url', issuer, '--resource', mcpUrl, '--spec-version', revision]
  const client = ['--client-id', clientId, '--port', String(port), '-o', out]
  const command = [process.execPath, join(suite, 'dist/index.js'), 'authorization']
  const run = Bun.spawn([...command, ...server, ...client], {
    cwd: out,
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: 20_000,
  })
  try {
    const [stdout, stderr] = await Promise.all([beThere(run.stdout, target), run.stderr.text()])
    return { exitCode: await run.exited, output: stdout + stderr, checks: readChecks(out) }
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}

/** Reads what the suite says, and opens the URL that it asks a person to open. */
async function beThere(
  stdout: ReadableStream<Uint8Array<ArrayBuffer>>,
  { issuer, approve }: AuthorizationTarget,
): Promise<string> {
  let said = ''
  let isDone = false
  for await (const text of stdout.pipeThrough(new TextDecoderStream())) {
    said += text
    const asked = said
      .split('\n')
      .find((line) => line.startsWith(`${issuer}/`) && said.includes(`${line}\n`))
    if (isDone || asked === undefined) continue
    isDone = true
    await fetch(await approve(asked))
  }
  return said
}

function readChecks(out: string): readonly string[] {
  return readdirSync(out).flatMap((folder) => {
    const scenario = folder
      .replace(/^authorization-server-(?=authorization-)/, '')
      .replace(/-\d{4}-\d{2}-\d{2}T[^T]*$/, '')
    const text = readFileSync(join(out, folder, 'checks.json'), 'utf8')
    const checks: readonly { readonly id: string; readonly status: string }[] = JSON.parse(text)
    return checks.map(({ id, status }) => `${scenario}/${id}: ${status}`)
  })
}
