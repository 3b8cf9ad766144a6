import { type Caller, openCaller } from './caller.ts'
import { problemOf } from './check_answer.ts'
import { type JobResult, type OnceJob, unmeasured } from './job.ts'
import { Latencies } from './latencies.ts'
import { nextCallNumber } from './request_bytes.ts'

/** Makes one call from every caller and waits for all. @throws Error - a wrong or missing answer */
export async function runOnce(job: OnceJob): Promise<JobResult> {
  const failure = Promise.withResolvers<never>()
  const fail = (problem: string) => failure.reject(new Error(problem))
  const opening = { ...job, picks: 1, answersOnStream: false }
  const callers = await Promise.all(
    Array.from({ length: job.callers }, () => openCaller(opening, fail)),
  )
  const timer = setTimeout(() => fail('not every call was answered in time'), job.timeoutMs)
  const latencies = new Latencies()
  const startedAt = performance.now()
  const call = async (caller: Caller, index: number) => {
    await Bun.sleep((job.rampMs * index) / job.callers)
    await answered(caller, job, latencies)
  }
  try {
    await Promise.race([Promise.all(callers.map(call)), failure.promise])
    const seconds = (performance.now() - startedAt) / 1000
    return { calls: latencies.size, seconds, ...latencies.summary(), ...unmeasured }
  } finally {
    clearTimeout(timer)
    for (const caller of callers) caller.close()
  }
}

function answered(caller: Caller, { expect }: OnceJob, latencies: Latencies): Promise<void> {
  const callNumber = nextCallNumber()
  const sentAt = performance.now()
  return new Promise((resolve, reject) => {
    caller.call(callNumber, (status, response, bodyAt) => {
      latencies.add(performance.now() - sentAt)
      const problem = problemOf(expect, callNumber, [status, response, bodyAt])
      if (problem === null) resolve()
      else reject(new Error(problem))
    })
  })
}
