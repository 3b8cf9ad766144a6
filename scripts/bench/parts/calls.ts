import {
  atLeast,
  atMost,
  type Bench,
  type PartReport,
  type Subject,
  type Verdict,
  warmUpOf,
  windowOf,
} from '../bench.ts'
import type { Cell, Competitor } from '../competitors/competitor.ts'
import { startForwarder } from '../competitors/forwarder.ts'
import { startPeer } from '../competitors/peer.ts'
import type { JobResult } from '../load/job.ts'
import { mcpJob } from '../mcp_request.ts'
import { residentMb } from '../process_usage.ts'
import { answerMarks, type CallKind, callArguments } from '../sample_calls.ts'
import { median, medianOrNull, medianRatio } from '../statistics.ts'

const kinds: readonly CallKind[] = ['GET', 'POST']
const callerCounts = [1, 16, 64] as const
const names = ['forwarder', 'gatehouse', 'peer'] as const
type Name = Competitor['name']

const titles: Readonly<Record<Name, string>> = {
  forwarder: 'bare forwarder',
  gatehouse: 'Gatehouse',
  peer: '@ivotoby/openapi-mcp-server',
}

/** The rounds of one cell, by competitor; the same index is the same moment. */
type CellResults = Readonly<Record<Name, JobResult[]>>

/** The tools of Gatehouse's project that are called. */
export const toolNames: Readonly<Record<CallKind, string>> = {
  GET: 'get-item',
  POST: 'create-item',
}

/** `tools/call` against the bare forwarder and the best peer, side by side. */
export async function measureCalls(bench: Bench, subject: Subject): Promise<PartReport> {
  const { children, directory, upstream, note } = bench
  const competitors = [
    await startForwarder(children, upstream.url),
    gatehouseCompetitor(bench, subject),
    await startPeer(children, { upstream: upstream.url, directory }),
  ]
  note('calls: warming up')
  await warmUp(bench, competitors)
  const results = await rounds(bench, competitors)
  const memory = Object.fromEntries(competitors.map(({ name, pid }) => [name, residentMb(pid)]))
  return {
    table: tableOf(results, memory),
    verdicts: [
      ...verdictsOf(results),
      atMost('memory after load', memory['gatehouse'] ?? null, {
        limit: 150,
        unit: 'MB',
        digits: 0,
      }),
    ],
    figures: { rounds: Object.fromEntries(results), resident_mb: memory },
  }
}

function gatehouseCompetitor({ options }: Bench, { gatehouse, bench }: Subject): Competitor {
  const { port, pid } = gatehouse
  return {
    name: 'gatehouse',
    pid,
    job: (kind) =>
      mcpJob(
        {
          port,
          apiKey: bench.apiKey,
          era: options.era,
          method: 'tools/call',
          params: { name: toolNames[kind], arguments: callArguments[kind] },
        },
        pid,
        answerMarks[kind],
      ),
  }
}

async function warmUp(bench: Bench, competitors: readonly Competitor[]): Promise<void> {
  const window = warmUpOf(bench.options)
  for (const competitor of competitors) {
    for (const kind of kinds) {
      const cell = { kind, callers: 16, window }
      await named(competitor, cell, bench.load.keepBusy(competitor.job(kind), cell))
    }
  }
}

const measure = (bench: Bench, competitor: Competitor, cell: Cell) =>
  named(competitor, cell, bench.load.measure(competitor.job(cell.kind), cell))

/** Says in a failure whom it befell. */
async function named(
  { name }: Competitor,
  { kind, callers }: Cell,
  work: Promise<JobResult>,
): Promise<JobResult> {
  try {
    return await work
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`${titles[name]}, ${kind}, ${callers} callers: ${problem}`, { cause })
  }
}

/** Rounds outermost, competitors innermost and turned by one each time: noise hits all alike. */
async function rounds(
  bench: Bench,
  competitors: readonly Competitor[],
): Promise<Map<string, CellResults>> {
  const { options, note } = bench
  const window = windowOf(options)
  const results = new Map<string, CellResults>()
  for (let round = 0; round < options.rounds; round++) {
    note(`calls: round ${round + 1} of ${options.rounds}`)
    const turned = competitors.map((_, index) => competitors[(index + round) % competitors.length])
    for (const kind of kinds) {
      for (const callers of callerCounts) {
        const cell = cellOf(results, keyOf(kind, callers))
        for (const competitor of turned) {
          if (competitor === undefined) continue
          cell[competitor.name].push(await measure(bench, competitor, { kind, callers, window }))
        }
      }
    }
  }
  return results
}

const keyOf = (kind: CallKind, callers: number) => `${kind} ${callers}`

function cellOf(results: Map<string, CellResults>, key: string): CellResults {
  const known = results.get(key)
  if (known !== undefined) return known
  const fresh: CellResults = { forwarder: [], gatehouse: [], peer: [] }
  results.set(key, fresh)
  return fresh
}

const cpuOf = (results: readonly JobResult[]) => results.map(({ cpuMicros }) => cpuMicros)
const rateOf = (results: readonly JobResult[]) =>
  results.map(({ calls, seconds }) => calls / seconds)

const number = (value: number | null, digits: number) =>
  value === null ? '–' : value.toFixed(digits)

function tableOf(
  results: ReadonlyMap<string, CellResults>,
  memory: Readonly<Record<string, number | null>>,
): string[][] {
  const head = [
    'tools/call',
    'callers',
    'calls/s',
    'p50 ms',
    'p99 ms',
    'CPU µs/call',
    '× forwarder',
  ]
  const lines = [[...head, 'MB after load']]
  for (const [key, cell] of results) {
    const [kind = '', callers = ''] = key.split(' ')
    for (const name of names) {
      const own = cell[name]
      lines.push([
        `${kind} ${titles[name]}`,
        callers,
        number(median(rateOf(own)), 0),
        number(median(own.map(({ p50Ms }) => p50Ms)), 2),
        number(median(own.map(({ p99Ms }) => p99Ms)), 2),
        number(medianOrNull(cpuOf(own)), 0),
        number(medianRatio(cpuOf(own), cpuOf(cell.forwarder)), 2),
        number(memory[name] ?? null, 0),
      ])
    }
  }
  return lines
}

function verdictsOf(results: ReadonlyMap<string, CellResults>): Verdict[] {
  const cell = (kind: CallKind, callers: number) => cellOf(new Map(results), keyOf(kind, callers))
  const cpu = (kind: CallKind, callers: number, limit: number) => {
    const { gatehouse, forwarder } = cell(kind, callers)
    const ratio = medianRatio(cpuOf(gatehouse), cpuOf(forwarder))
    const what = `${kind}, ${callers} callers: server CPU against the forwarder`
    return atMost(what, ratio, { limit, unit: '×' })
  }
  const rate = (kind: CallKind, callers: number) => {
    const { gatehouse, peer } = cell(kind, callers)
    const ratio = medianRatio(rateOf(gatehouse), rateOf(peer))
    const what = `${kind}, ${callers} callers: calls/s against the best peer`
    return atLeast(what, ratio, { limit: 4, unit: '×' })
  }
  const added = (callers: number, limit: number) => {
    const { gatehouse, forwarder } = cell('GET', callers)
    const extra = gatehouse.map(
      ({ p50Ms }, round) => p50Ms - (forwarder[round]?.p50Ms ?? Number.NaN),
    )
    const what = `GET, ${callers} caller${callers === 1 ? '' : 's'}: p50 added to the forwarder's`
    return atMost(what, median(extra), { limit, unit: 'ms', digits: 3 })
  }
  return [
    cpu('GET', 16, 2),
    cpu('GET', 64, 2),
    cpu('POST', 16, 3.5),
    cpu('POST', 64, 3.5),
    rate('GET', 16),
    rate('GET', 64),
    rate('POST', 16),
    rate('POST', 64),
    added(1, 0.08),
    added(16, 0.5),
  ]
}
