import {
  atMost,
  type Bench,
  type PartReport,
  type Subject,
  type Verdict,
  warmUpOf,
  windowOf,
} from '../bench.ts'
import type { CallsTarget, JobResult } from '../load/job.ts'
import { mcpJob } from '../mcp_request.ts'
import { mintSession } from '../member_session.ts'
import { answerMarks, type CallKind, callArguments } from '../sample_calls.ts'
import { median, medianOrNull, medianRatio } from '../statistics.ts'
import { toolNames } from './calls.ts'

const callers = 16
const kinds: readonly CallKind[] = ['GET', 'POST']

/** What a member's session token costs against the API key it was minted with. */
export async function measureSessions(bench: Bench, subject: Subject): Promise<PartReport> {
  const { note } = bench
  const { gatehouse, bench: project } = subject
  const token = await mintSession(gatehouse.port, project.apiKey)
  const table = [['tools/call, 16 callers', 'calls/s', 'p50 ms', 'CPU µs/call', '× API key']]
  const verdicts: Verdict[] = []
  const figures: Record<string, unknown> = {}
  for (const kind of kinds) {
    note(`sessions: ${kind} with a session token and an API key in turn`)
    const jobs = [project.apiKey, token].map((bearer) => jobOf(bench, subject, { kind, bearer }))
    const [withKey = [], withToken = []] = await inTurn(bench, jobs)
    const ratio = medianRatio(cpuOf(withToken), cpuOf(withKey))
    table.push(
      lineOf(`${kind} with the API key`, withKey, 1),
      lineOf(`${kind} with a session token`, withToken, ratio),
    )
    const what = `${kind}, ${callers} callers: CPU with a session token against an API key`
    verdicts.push(atMost(what, ratio, { limit: 1.15, unit: '×' }))
    figures[kind] = { withKey, withToken }
  }
  return { table, verdicts, figures }
}

/** Measures the jobs by turns, each round in the other order: noise hits all alike. */
async function inTurn({ options, load }: Bench, jobs: readonly CallsTarget[]) {
  const results: JobResult[][] = jobs.map(() => [])
  for (const job of jobs) await load.keepBusy(job, { callers, window: warmUpOf(options) })
  for (let round = 0; round < options.rounds * 2; round++) {
    const turned = [...jobs.entries()]
    if (round % 2 === 1) turned.reverse()
    for (const [index, job] of turned) {
      results[index]?.push(await load.measure(job, { callers, window: windowOf(options) }))
    }
  }
  return results
}

function jobOf(
  { options }: Bench,
  { gatehouse }: Subject,
  { kind, bearer }: { readonly kind: CallKind; readonly bearer: string },
): CallsTarget {
  const params = { name: toolNames[kind], arguments: callArguments[kind] }
  const { port, pid } = gatehouse
  const call = { port, apiKey: bearer, era: options.era, method: 'tools/call', params } as const
  return mcpJob(call, pid, answerMarks[kind])
}

const cpuOf = (results: readonly JobResult[]) => results.map(({ cpuMicros }) => cpuMicros)

function lineOf(name: string, results: readonly JobResult[], ratio: number | null): string[] {
  return [
    name,
    median(results.map(({ calls, seconds }) => calls / seconds)).toFixed(0),
    median(results.map(({ p50Ms }) => p50Ms)).toFixed(2),
    medianOrNull(cpuOf(results))?.toFixed(1) ?? '–',
    ratio?.toFixed(2) ?? '–',
  ]
}
