import { join } from 'node:path'
import type { Bootstrapped, RunningApp } from '../helpers/running_app.ts'
import type { Raw } from './reference/document_graph.ts'

/** What an import costs the server. */
export interface ImportCost {
  readonly document: string
  readonly operations: number
  /** Of all threads of the server, from upload until the report is ready. */
  readonly cpuSeconds: number
  readonly seconds: number
  /** The longest time in which the main thread answered nobody. */
  readonly longestBlockMs: number
  /** How much the process grew at most above what it had before. */
  readonly peakMegabytes: number
}

const tickMs = 5

/** Imports a document into an app of this process, from another one, and measures this one. */
export async function importCost(
  app: RunningApp,
  { project_id, admin_token }: Bootstrapped,
  document: string,
): Promise<ImportCost> {
  Bun.gc(true)
  await Bun.sleep(50)
  const baseBytes = process.memoryUsage.rss()
  let peakBytes = baseBytes
  let lastMs = performance.now()
  let longestBlockMs = 0
  // What a timer is late is how long the loop was blocked.
  const timer = setInterval(() => {
    const nowMs = performance.now()
    longestBlockMs = Math.max(longestBlockMs, nowMs - lastMs - tickMs)
    lastMs = nowMs
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
  }, tickMs)
  const before = process.cpuUsage()
  const { report, waitedMs } = await importElsewhere([
    app.url,
    admin_token,
    String(project_id),
    document,
  ])
  const { user, system } = process.cpuUsage(before)
  clearInterval(timer)
  if (report.state !== 'ready') throw new Error(JSON.stringify(report))
  return {
    document,
    operations: report.counts.operations,
    cpuSeconds: (user + system) / 1e6,
    seconds: waitedMs / 1000,
    longestBlockMs,
    peakMegabytes: (peakBytes - baseBytes) / 1e6,
  }
}

async function importElsewhere(words: readonly string[]): Promise<Raw> {
  const client = join(import.meta.dir, 'import_client.ts')
  const run = Bun.spawn([process.execPath, client, ...words], { stdout: 'pipe', stderr: 'pipe' })
  const [stdout, stderr] = await Promise.all([run.stdout.text(), run.stderr.text()])
  if ((await run.exited) !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}
