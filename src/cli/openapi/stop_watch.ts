import { CliFailure, exitCodes } from '../failure.ts'
import type { Surroundings } from '../surroundings.ts'

/** Tells when the person at the terminal wants it to end. */
export interface StopWatch {
  /** What was waited for. @throws CliFailure - a stop signal came first */
  orStopped<T>(work: Promise<T>): Promise<T>
  /** Lets signals end the process again. */
  off(): void
}

/** Watches for Ctrl-C and its kin from now on. */
export function watchStop({ onStopSignal }: Surroundings): StopWatch {
  const stopped = Promise.withResolvers<never>()
  // Nobody may be waiting when the signal comes.
  stopped.promise.catch(() => {})
  const off = onStopSignal(() =>
    stopped.reject(new CliFailure(exitCodes.failed, 'Cancelled; no tool was changed')),
  )
  return { orStopped: (work) => Promise.race([stopped.promise, work]), off }
}
