import type { AbortNotice } from '../../lib/abort_notice.ts'
/** Time and chance as retries and queues know them; tests pass frozen ones. */
export interface Pace {
  /** Monotonic, on the clock of `performance.now()`. */
  nowMs(): number
  /** Milliseconds since the Unix epoch. */
  epochMs(): number
  /** From 0 to just below 1. */
  random(): number
  /** Calls back once, after so long; gives what calls it off. Keeps no process alive. */
  after(delayMs: number, callback: () => void): () => void
}

/** The machine's own clock, timers and chance. */
export const systemPace: Pace = {
  nowMs: () => performance.now(),
  epochMs: () => Date.now(),
  random: Math.random,
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), 2 ** 31 - 1))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Waits so long, or until the signal fires: false then. */
export function pause(pace: Pace, delayMs: number, signal: AbortNotice | null): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(false)
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const onAbort = () => {
    cancel()
    resolve(false)
  }
  const cancel = pace.after(delayMs, () => {
    signal?.removeEventListener('abort', onAbort)
    resolve(true)
  })
  signal?.addEventListener('abort', onAbort, { once: true })
  return promise
}
