import type { Job, JobAnswer, JobResult } from '../load/job.ts'
import { runCalls } from '../load/run_calls.ts'
import { runOnce } from '../load/run_once.ts'
import { runProbe } from '../load/run_probe.ts'

/** A process that makes calls: takes one job after the other from its parent. */
function run(job: Job): Promise<JobResult> {
  switch (job.kind) {
    case 'calls':
      return runCalls(job)
    case 'once':
      return runOnce(job)
    case 'probe':
      return runProbe(job)
  }
}

const answer = (message: JobAnswer | 'ready') => process.send?.(message)

process.on('message', (job: Job) => {
  run(job).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ problem: error instanceof Error ? error.message : String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
answer('ready')
