import { AppError } from '../../errors.ts'
import type { AbortNotice } from '../../lib/abort_notice.ts'
import type { UpstreamFailure, UpstreamState } from '../../model/upstream_state.ts'
import { Breaker, type Health, type Ticket } from './breaker.ts'
import type { Pace } from './pace.ts'
import { RetryBudget } from './retry_budget.ts'

/** How much one upstream gets at once. */
export interface UpstreamLimits {
  /** Requests under way at once. */
  readonly concurrency: number
  /** Calls that wait for their turn. */
  readonly queue: number
}

/** What bounds a wait for a turn. */
export interface TurnBounds {
  /** On the clock of `Pace.nowMs`. */
  readonly deadlineAtMs: number
  readonly signal: AbortNotice | null
}

interface Waiter {
  readonly enter: () => void
  readonly refuse: (error: AppError) => void
}

/**
 * One upstream of one project: who may talk to it now, who waits, and whether it is worth it. It never
 * holds more than its limits, so a slow upstream takes nothing from the others (case 198).
 */
export class Upstream {
  readonly origin: string
  lastUsedMs: number
  private readonly budget = new RetryBudget()
  private readonly breaker = new Breaker()
  private readonly limits: UpstreamLimits
  private readonly pace: Pace
  private readonly waiting: Waiter[] = []
  private inFlight = 0
  private downSinceMs: number | null = null
  private lastFailure: UpstreamFailure | null = null

  constructor(origin: string, limits: UpstreamLimits, pace: Pace) {
    this.origin = origin
    this.limits = limits
    this.pace = pace
    this.lastUsedMs = pace.nowMs()
  }

  /** Counts a call, for the retry budget. */
  countCall(): void {
    this.lastUsedMs = this.pace.nowMs()
    this.budget.countCall(this.lastUsedMs)
  }

  /** Whether the budget has room for a retry. */
  get hasRetryBudget(): boolean {
    return this.budget.hasRoom(this.pace.nowMs())
  }

  /** Counts a retry. */
  countRetry(): void {
    this.budget.countRetry(this.pace.nowMs())
  }

  /** Whether calls fail at once. */
  get isDown(): boolean {
    return !this.breaker.isClosed && !this.breaker.isPassable(this.pace.nowMs())
  }

  /** Whether nothing here is worth keeping in memory. */
  isIdleSince(sinceMs: number): boolean {
    return this.inFlight === 0 && this.waiting.length === 0 && this.lastUsedMs < sinceMs
  }

  /** @throws AppError upstream_unavailable - its breaker is open; nothing was sent */
  refuseIfDown(): void {
    if (this.isDown) throw this.unavailable()
  }

  /**
   * Takes a place, at once where one is free (undefined then), else in order; `leave` gives it back.
   * @throws AppError upstream_unavailable, upstream_overloaded, call_cancelled - nothing was sent
   */
  enter(bounds: TurnBounds): Promise<void> | undefined {
    this.refuseIfDown()
    if (this.inFlight < this.limits.concurrency) {
      this.inFlight++
      return undefined
    }
    if (this.waiting.length >= this.limits.queue) throw this.overloaded()
    return this.wait(bounds)
  }

  /** Leave for one attempt by whoever has a place. @throws AppError upstream_unavailable */
  admit(): Ticket {
    if (this.breaker.isClosed) return 'ordinary'
    const ticket = this.breaker.admit(this.pace.nowMs())
    if (ticket === null) throw this.unavailable()
    return ticket
  }

  /** Gives a place back, to whoever waits longest. */
  leave(): void {
    const next = this.waiting.shift()
    // The place goes straight to the next: nobody can slip in between.
    if (next === undefined) this.inFlight--
    else next.enter()
  }

  /** Takes note of how an attempt ended; gives the state that this changed it to, or null. */
  note(ticket: Ticket, health: Health, failure: AppError | null): 'open' | 'closed' | null {
    if (health === 'up' && this.breaker.isClosed) {
      this.breaker.succeed()
      return null
    }
    const { code, reason } = failure ?? {}
    const atMs = health === 'down' ? this.pace.epochMs() : 0
    if (code !== undefined && health === 'down') {
      this.lastFailure = { atMs, code, reason: reason ?? null }
    }
    const change = this.breaker.note(ticket, health, this.pace.nowMs())
    // Whoever waits hears of it in turn: the place that comes free is theirs, and no leave to use it.
    if (change === 'open') this.downSinceMs = atMs
    else if (change === 'closed') this.downSinceMs = null
    return change
  }

  /** How it fares, for people. */
  view(): UpstreamState {
    const { pace, breaker, waiting, inFlight } = this
    const nowMs = pace.nowMs()
    const { calls, retries } = this.budget.recent(nowMs)
    const { retryAtMs } = breaker
    return {
      origin: this.origin,
      state: breaker.state(nowMs),
      inFlight,
      queued: waiting.length,
      failuresInRow: breaker.failuresInRow,
      recentCalls: Math.round(calls),
      recentRetries: Math.round(retries),
      downSinceMs: this.downSinceMs,
      nextTryAtMs: retryAtMs === null ? null : Math.round(pace.epochMs() + (retryAtMs - nowMs)),
      lastFailure: this.lastFailure,
    }
  }

  private wait({ deadlineAtMs, signal }: TurnBounds): Promise<void> {
    if (signal?.aborted) throw cancelled()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const startedAtMs = this.pace.nowMs()
    const settle = () => {
      cancelTimer()
      signal?.removeEventListener('abort', onAbort)
    }
    const waiter: Waiter = {
      enter: () => {
        settle()
        resolve()
      },
      refuse: (error) => {
        settle()
        reject(error)
      },
    }
    const giveUp = (error: AppError) => {
      const index = this.waiting.indexOf(waiter)
      if (index < 0) return
      this.waiting.splice(index, 1)
      waiter.refuse(error)
    }
    const onAbort = () => giveUp(cancelled())
    const cancelTimer = this.pace.after(deadlineAtMs - startedAtMs, () =>
      giveUp(this.waitedTooLong(this.pace.nowMs() - startedAtMs)),
    )
    signal?.addEventListener('abort', onAbort, { once: true })
    this.waiting.push(waiter)
    return promise
  }

  private unavailable(): AppError {
    const leftMs = (this.breaker.retryAtMs ?? 0) - this.pace.nowMs()
    const seconds = Math.max(1, Math.ceil(leftMs / 1000))
    const { code } = this.lastFailure ?? {}
    const last = code === undefined ? '' : ` The last attempt ended with ${code}.`
    const reason =
      `${this.origin} failed ${this.breaker.failuresInRow} times in a row, so calls to it are ` +
      `stopped; nothing was sent.${last} It is tried again in ${seconds} s.`
    return new AppError('upstream_unavailable', { reason, retryAfterSeconds: seconds })
  }

  private overloaded(): AppError {
    const { concurrency, queue } = this.limits
    const reason =
      `${concurrency} calls to ${this.origin} are under way and ${queue} wait for their turn; ` +
      'this one was not sent.'
    return new AppError('upstream_overloaded', { reason, retryAfterSeconds: 1 })
  }

  private waitedTooLong(waitedMs: number): AppError {
    const reason =
      `${this.limits.concurrency} calls to ${this.origin} are under way; this one waited ` +
      `${Math.round(waitedMs)} ms for its turn, until its deadline, and was not sent.`
    return new AppError('upstream_overloaded', { reason, retryAfterSeconds: 1 })
  }
}

const cancelled = () => new AppError('call_cancelled', { reason: 'The caller went away.' })
