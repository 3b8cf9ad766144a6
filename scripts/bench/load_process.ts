import { type Child, type Children, firstMessage } from './children.ts'
import { bunCommand } from './commands.ts'
import type { CallsJob, CallsTarget, Job, JobAnswer, JobResult } from './load/job.ts'
import { UsageMeter } from './load/usage_meter.ts'
import { medianOrNull } from './statistics.ts'

/** What a job may take beyond the time it states itself. */
const slackMs = 30_000

/** Cores that other programs may keep busy while a measurement counts, where there is patience. */
const quietCores = 0.25
const glanceMs = 250

/** A process that makes the calls, so that their cost is in nobody else's figures. */
export class LoadProcess {
  private readonly child: Child
  private readonly children: Children
  private readonly answers: { take: (answer: JobAnswer) => void }
  private readonly othersSeen: (number | null)[] = []
  private patienceMs = 0

  private constructor(
    child: Child,
    children: Children,
    answers: { take: (answer: JobAnswer) => void },
  ) {
    this.child = child
    this.children = children
    this.answers = answers
  }

  static async start(children: Children, name: string): Promise<LoadProcess> {
    const answers = { take: (_answer: JobAnswer) => {} }
    const command = bunCommand(import.meta.resolve('./programs/load.ts'))
    const onLater = (message: unknown) => answers.take(message as JobAnswer)
    const { child } = await firstMessage(children, { name, command }, onLater)
    return new LoadProcess(child, children, answers)
  }

  /** Cores that other programs kept busy during the measurements so far, the median. */
  get othersCores(): number | null {
    return medianOrNull(this.othersSeen)
  }

  /** Grants time to measure again what other programs disturbed, in all. */
  grant(patienceMs: number): void {
    this.patienceMs = patienceMs
  }

  /** Keeps a server busy. */
  keepBusy(target: CallsTarget, how: Pick<CallsJob, 'callers' | 'window'>): Promise<JobResult> {
    const { callers, window } = how
    return this.run({ ...target, callers, window, ownPids: this.ownPids() })
  }

  /** Measures it as well; once more when others disturbed it and there is patience left. */
  async measure(
    target: CallsTarget,
    how: Pick<CallsJob, 'callers' | 'window'>,
  ): Promise<JobResult> {
    for (;;) {
      const startedAt = performance.now()
      const result = await this.keepBusy(target, how)
      const { othersCores } = result
      if (this.patienceMs <= 0 || othersCores === null || othersCores <= quietCores) {
        this.othersSeen.push(othersCores)
        return result
      }
      this.patienceMs -= performance.now() - startedAt
      await this.untilQuiet()
    }
  }

  private ownPids(): number[] {
    return [process.pid, ...this.children.pids()]
  }

  private async untilQuiet(): Promise<void> {
    while (this.patienceMs > 0) {
      const meter = new UsageMeter(process.pid, this.ownPids())
      await Bun.sleep(glanceMs)
      this.patienceMs -= glanceMs
      if ((meter.end().othersCores ?? 0) <= quietCores) return
    }
  }

  /** Runs a job; one at a time. @throws Error - a wrong answer, a broken server, or no end in time */
  async run(job: Job): Promise<JobResult> {
    const answered = Promise.withResolvers<JobAnswer>()
    this.answers.take = answered.resolve
    this.child.send(job)
    const tooLate = Promise.withResolvers<JobAnswer>()
    const limitMs = statedMs(job) + slackMs
    const timer = setTimeout(() => tooLate.resolve({ problem: 'the job did not end' }), limitMs)
    const ended = this.child.exited.then(() => ({ problem: 'the load generator ended' }))
    const answer = await Promise.race([answered.promise, tooLate.promise, ended])
    clearTimeout(timer)
    if ('problem' in answer) throw new Error(answer.problem)
    return answer.result
  }
}

function statedMs(job: Job): number {
  switch (job.kind) {
    case 'calls':
      return job.window.warmupMs + job.window.maxMs
    case 'once':
      return job.timeoutMs
    case 'probe':
      return job.durationMs
  }
}
