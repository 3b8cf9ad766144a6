import { atMost, type Bench, type PartReport, type Subject } from '../bench.ts'
import { requestText } from '../http_text.ts'
import type { JobResult, Window } from '../load/job.ts'
import { mcpJob } from '../mcp_request.ts'
import { median, medianOrNull } from '../statistics.ts'

/** `tools/list` of a thousand tools, against as many constant bytes from a bare `Bun.serve`. */
export async function measureList(bench: Bench, subject: Subject): Promise<PartReport> {
  const { load, options, note } = bench
  note('list: tools/list of 1,000 tools')
  const { port, pid } = subject.gatehouse
  const { apiKey } = subject.thousand
  const call = { port, apiKey, era: options.era, method: 'tools/list', params: {} } as const
  const bytes = await wholeListBytes(port, apiKey)
  // The last tool in it proves that the list is whole.
  const job = mcpJob(call, pid, ['"item-00999"'])
  const floorJob = constantJob(bench, bytes)
  const window = listWindowOf(options.isQuick)
  await load.keepBusy(job, { callers: 1, window })
  await load.keepBusy(floorJob, { callers: 1, window })
  const lists: JobResult[] = []
  const floors: JobResult[] = []
  for (let round = 0; round < options.rounds; round++) {
    lists.push(await load.measure(job, { callers: 1, window }))
    floors.push(await load.measure(floorJob, { callers: 1, window }))
  }
  const micros = medianOrNull(lists.map(({ cpuMicros }) => cpuMicros))
  const ms = micros === null ? null : micros / 1000
  return {
    table: [
      ['tools/list', 'KB', 'answers/s', 'p50 ms', 'p99 ms', 'CPU µs/answer'],
      lineOf('Gatehouse, 1,000 tools', bytes, lists),
      lineOf('constant bytes', bytes, floors),
    ],
    verdicts: [atMost('tools/list of 1,000 tools: server CPU', ms, { limit: 0.3, unit: 'ms' })],
    figures: { bytes, lists, floors },
  }
}

function constantJob({ upstream }: Bench, bytes: number) {
  const { port, pid } = upstream
  return {
    kind: 'calls',
    port,
    request: requestText({ method: 'GET', path: `/constant/${bytes}`, port }),
    picks: 1,
    expect: { status: 200, contains: ['xxxx'], lacks: [] },
    serverPid: pid,
    answersOnStream: false,
  } as const
}

const listWindowOf = (isQuick: boolean): Window =>
  isQuick
    ? { warmupMs: 100, minMs: 300, maxMs: 500, enoughCalls: 500 }
    : { warmupMs: 200, minMs: 1_000, maxMs: 3_000, enoughCalls: 5_000 }

/** Asks once. @throws Error - not every tool is on the first page */
async function wholeListBytes(port: number, apiKey: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
  })
  const text = await response.text()
  const { result } = JSON.parse(text) as { result?: { tools: unknown[]; nextCursor?: string } }
  const count = result?.tools.length ?? 0
  if (count >= 1_000 && result?.nextCursor === undefined) return Buffer.byteLength(text)
  throw new Error(`tools/list gave ${count} tools, not 1,000 and mcp_whoami, on its first page`)
}

function lineOf(name: string, bytes: number, results: readonly JobResult[]): string[] {
  const micros = medianOrNull(results.map(({ cpuMicros }) => cpuMicros))
  return [
    name,
    (bytes / 1000).toFixed(0),
    median(results.map(({ calls, seconds }) => calls / seconds)).toFixed(0),
    median(results.map(({ p50Ms }) => p50Ms)).toFixed(2),
    median(results.map(({ p99Ms }) => p99Ms)).toFixed(2),
    micros?.toFixed(0) ?? '–',
  ]
}
