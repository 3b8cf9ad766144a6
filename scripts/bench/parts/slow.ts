import { atLeast, atMost, type Bench, type PartReport, type Subject } from '../bench.ts'
import { slowToolOf } from '../competitors/gatehouse.ts'
import type { JobResult } from '../load/job.ts'
import { CALL_NUMBER } from '../load/request_bytes.ts'
import { LoadProcess } from '../load_process.ts'
import { mcpJob } from '../mcp_request.ts'

const callers = 1_000
/** Between two probes of the event loop. */
const intervalMs = 2

/** A thousand calls of a slow upstream at once, while `/healthz` is asked again and again. */
export async function measureSlow(bench: Bench, subject: Subject): Promise<PartReport> {
  const { children, load, options, upstream, note } = bench
  note(`slow: ${callers} slow calls at once`)
  const [holdMs, rampMs] = options.isQuick ? [1_500, 1_000] : [4_000, 2_000]
  await subject.bench.addTool(slowToolOf(upstream.url, holdMs))
  const { port } = subject.gatehouse
  const prober = await LoadProcess.start(children, 'probe')
  const probe = (durationMs: number) =>
    prober.run({ kind: 'probe', port, path: '/healthz', intervalMs, durationMs })
  await probe(300)
  const idle = await probe(options.isQuick ? 500 : 2_000)
  await slowAtOnce(upstream.url)
  const probing = probe(holdMs + rampMs)
  const calls = await load.run({ ...slowJob(bench, subject), rampMs, timeoutMs: holdMs + 15_000 })
  const busy = await probing
  const atOnce = await slowAtOnce(upstream.url)
  return {
    table: [
      ['time to answer /healthz', 'p50 ms', 'p99 ms', 'max ms'],
      lineOf('idle', idle),
      lineOf(`1,000 calls begin, wait and end within ${(holdMs + rampMs) / 1000} s`, busy),
    ],
    verdicts: [
      atLeast('slow calls in flight at once', atOnce, { limit: callers, unit: 'calls', digits: 0 }),
      atMost('loop lag p99 meanwhile', busy.p99Ms, { limit: 20, unit: 'ms', digits: 1 }),
    ],
    figures: { hold_ms: holdMs, ramp_ms: rampMs, at_once: atOnce, idle, busy, calls },
  }
}

function slowJob({ options }: Bench, { gatehouse, bench }: Subject) {
  const params = { name: 'slow-item', arguments: { id: `item-${CALL_NUMBER}` } }
  const { port, pid } = gatehouse
  const { era } = options
  const call = { port, apiKey: bench.apiKey, era, method: 'tools/call', params } as const
  const { request, expect } = mcpJob(call, pid, [`item-${CALL_NUMBER}`])
  return { kind: 'once', port, request, expect, callers } as const
}

async function slowAtOnce(upstream: string): Promise<number> {
  const answer = (await (await fetch(`${upstream}/load`)).json()) as { slow_at_once: number }
  return answer.slow_at_once
}

const lineOf = (name: string, { p50Ms, p99Ms, maxMs }: JobResult) => [
  name,
  p50Ms.toFixed(2),
  p99Ms.toFixed(2),
  maxMs.toFixed(2),
]
