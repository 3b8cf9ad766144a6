import { atMost, type Bench, type PartReport, type Subject, warmUpOf, windowOf } from '../bench.ts'
import { addNumberedTools, type Project } from '../competitors/gatehouse.ts'
import type { JobResult } from '../load/job.ts'
import { PICK } from '../load/request_bytes.ts'
import { mcpJob } from '../mcp_request.ts'
import { answerMarks, callArguments } from '../sample_calls.ts'
import { median, medianOrNull, medianRatio } from '../statistics.ts'

const callers = 16
/** How many of a project's tools are called in turn. */
const hot = 10
const wide = 1_000

/** Whether a call costs more in a project of ten thousand tools than in one of ten. */
export async function measureScale(bench: Bench, subject: Subject): Promise<PartReport> {
  const { options, load, upstream, note } = bench
  const few = await subject.gatehouse.addProject('few')
  await addNumberedTools(few, upstream.url, hot)
  const { many, count, addedMs } = await manyTools(bench, subject)
  note('scale: calling tools of a large project')
  const jobs = [
    jobOf(bench, subject, [few, hot]),
    jobOf(bench, subject, [many, hot]),
    jobOf(bench, subject, [many, wide]),
  ]
  const results: JobResult[][] = [[], [], []]
  for (const job of jobs) await load.keepBusy(job, { callers, window: warmUpOf(options) })
  for (let round = 0; round < options.rounds; round++) {
    for (const [index, job] of jobs.entries()) {
      results[index]?.push(await load.measure(job, { callers, window: windowOf(options) }))
    }
  }
  const [inFew = [], inMany = [], spread = []] = results
  const ratio = medianRatio(cpuOf(inMany), cpuOf(inFew))
  const title = `${count.toLocaleString('en')} tools`
  return {
    table: [
      ['GET, 16 callers', 'calls/s', 'p50 ms', 'p99 ms', 'CPU µs/call'],
      lineOf('project of 10 tools', inFew),
      lineOf(`project of ${title}, 10 of them called`, inMany),
      lineOf(`project of ${title}, 1,000 of them called`, spread),
    ],
    verdicts: [
      atMost(`${title} in a project: the call's CPU against 10 tools`, ratio, {
        limit: 1.05,
        unit: '×',
      }),
    ],
    figures: { tools: count, ms_to_add_a_tool: addedMs, few: inFew, many: inMany, spread },
  }
}

/** The project of many tools: ten thousand, or for a quick look the thousand that are there. */
async function manyTools({ options, upstream, note }: Bench, subject: Subject) {
  if (options.isQuick) return { many: subject.thousand, count: 1_000, addedMs: null }
  const count = 10_000
  note(`scale: adding ${count} tools`)
  const many = await subject.gatehouse.addProject('many')
  const startedAt = performance.now()
  await addNumberedTools(many, upstream.url, count)
  return { many, count, addedMs: (performance.now() - startedAt) / count }
}

function jobOf({ options }: Bench, { gatehouse }: Subject, [project, picks]: [Project, number]) {
  const { port, pid } = gatehouse
  const params = { name: `item-${PICK}`, arguments: callArguments.GET }
  const { era } = options
  const call = { port, apiKey: project.apiKey, era, method: 'tools/call', params } as const
  return { ...mcpJob(call, pid, answerMarks.GET), picks }
}

const cpuOf = (results: readonly JobResult[]) => results.map(({ cpuMicros }) => cpuMicros)

function lineOf(name: string, results: readonly JobResult[]): string[] {
  return [
    name,
    median(results.map(({ calls, seconds }) => calls / seconds)).toFixed(0),
    median(results.map(({ p50Ms }) => p50Ms)).toFixed(2),
    median(results.map(({ p99Ms }) => p99Ms)).toFixed(2),
    medianOrNull(cpuOf(results))?.toFixed(1) ?? '–',
  ]
}
