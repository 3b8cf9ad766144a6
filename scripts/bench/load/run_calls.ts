import { type Caller, openCaller } from './caller.ts'
import { problemOf } from './check_answer.ts'
import type { CallsJob, JobResult } from './job.ts'
import { Latencies } from './latencies.ts'
import { nextCallNumber } from './request_bytes.ts'
import { UsageMeter } from './usage_meter.ts'

/** How long calls under way may take once no more are wanted. */
const lastCallsMs = 10_000

/** A window is held open for this many calls, however slow they are, */
const fewestCalls = 200
/** but not for longer than this beyond its end. */
const overtimeMs = 5_000

/** Keeps the callers busy for the window of the job. @throws Error - the first wrong answer */
export async function runCalls(job: CallsJob): Promise<JobResult> {
  const run = new CallsRun(job)
  try {
    await run.open()
    return await Promise.race([run.measure(), run.failure])
  } finally {
    run.close()
  }
}

class CallsRun {
  readonly failure: Promise<never>
  private readonly fail: (error: Error) => void
  private readonly job: CallsJob
  private readonly latencies = new Latencies()
  private readonly callers: Caller[] = []
  private readonly idle = Promise.withResolvers<void>()
  private busy = 0
  private isRecording = false
  private isOver = false

  constructor(job: CallsJob) {
    this.job = job
    const failure = Promise.withResolvers<never>()
    this.failure = failure.promise
    this.failure.catch(() => {})
    this.fail = failure.reject
  }

  async open(): Promise<void> {
    for (let count = 0; count < this.job.callers; count++) {
      const onBroken = (problem: string) => this.fail(new Error(problem))
      this.callers.push(await openCaller(this.job, onBroken))
    }
    // A stream's server does not say when it has taken the stream.
    if (this.job.answersOnStream) await Bun.sleep(100)
  }

  async measure(): Promise<JobResult> {
    const { window, serverPid, ownPids } = this.job
    this.busy = this.callers.length
    for (const caller of this.callers) this.next(caller)
    await Bun.sleep(window.warmupMs)
    this.isRecording = true
    const startedAt = performance.now()
    const meter = new UsageMeter(serverPid, ownPids)
    while (!this.isEnough(performance.now() - startedAt)) await Bun.sleep(5)
    const { serverMicros, othersCores } = meter.end()
    const seconds = (performance.now() - startedAt) / 1000
    this.isRecording = false
    const calls = this.latencies.size
    this.isOver = true
    await Promise.race([this.idle.promise, Bun.sleep(lastCallsMs)])
    if (this.busy > 0) throw new Error(`${this.busy} calls were never answered`)
    if (calls === 0) throw new Error('no call was answered in the time of the measurement')
    const cpuMicros = serverMicros === null ? null : serverMicros / calls
    return { calls, seconds, ...this.latencies.summary(), cpuMicros, othersCores }
  }

  close(): void {
    this.isOver = true
    for (const caller of this.callers) caller.close()
  }

  private isEnough(elapsedMs: number): boolean {
    const { minMs, maxMs, enoughCalls } = this.job.window
    const calls = this.latencies.size
    if (elapsedMs < maxMs) return elapsedMs >= minMs && calls >= enoughCalls
    return calls >= fewestCalls || elapsedMs >= maxMs + overtimeMs
  }

  private next(caller: Caller): void {
    if (this.isOver) {
      this.busy--
      if (this.busy === 0) this.idle.resolve()
      return
    }
    const callNumber = nextCallNumber()
    const sentAt = performance.now()
    caller.call(callNumber, (status, response, bodyAt) => {
      if (this.isRecording) this.latencies.add(performance.now() - sentAt)
      const problem = problemOf(this.job.expect, callNumber, [status, response, bodyAt])
      if (problem === null) this.next(caller)
      else this.fail(new Error(problem))
    })
  }
}
