/** Where a circuit breaker stands: calls pass, none passes, one tries whether calls may pass again. */
export type BreakerState = 'closed' | 'open' | 'half_open'

/** What an attempt says of its upstream; `neither` of one that ended for other reasons. */
export type Health = 'up' | 'down' | 'neither'

/** Leave to make one attempt; hand it back with what came of it. */
export type Ticket = 'ordinary' | 'probe'

const failuresToOpen = 5
/** A stumble costs five seconds; what goes on failing costs 30 s more each time, two minutes at most. */
const firstPauseMs = 5_000
const stepMs = 30_000
const maxPauseMs = 120_000
/** A probe that has not ended after that no longer keeps others from probing. */
const probeMs = 30_000

/**
 * Stops calls to an upstream after five attempts in a row found it down, so that they fail at once
 * instead of at their deadline (case 197). When the pause is over one attempt goes through: if the
 * upstream answers, all do again; if not, the next pause is longer.
 */
export class Breaker {
  private failures = 0
  private pauses = 0
  private untilMs = 0
  private isOpen = false
  private probeUntilMs = Number.NEGATIVE_INFINITY

  /** Where it stands. */
  state(nowMs: number): BreakerState {
    if (!this.isOpen) return 'closed'
    return nowMs < this.untilMs ? 'open' : 'half_open'
  }

  /** Whether every call passes. */
  get isClosed(): boolean {
    return !this.isOpen
  }

  /** Takes note of an answer while every call passes: what a call that goes well costs. */
  succeed(): void {
    this.failures = 0
  }

  /** Failures in a row so far. */
  get failuresInRow(): number {
    return this.failures
  }

  /** When the next attempt may go through; null while all may. */
  get retryAtMs(): number | null {
    return this.isOpen ? this.untilMs : null
  }

  /** Whether an attempt would be let through now. */
  isPassable(nowMs: number): boolean {
    return !this.isOpen || (nowMs >= this.untilMs && nowMs >= this.probeUntilMs)
  }

  /** Lets an attempt through, or gives null. */
  admit(nowMs: number): Ticket | null {
    if (!this.isOpen) return 'ordinary'
    if (!this.isPassable(nowMs)) return null
    this.probeUntilMs = nowMs + probeMs
    return 'probe'
  }

  /** Takes note of how an attempt ended; gives the state that this changed it to, or null. */
  note(ticket: Ticket, health: Health, nowMs: number): 'open' | 'closed' | null {
    if (ticket === 'probe') this.probeUntilMs = Number.NEGATIVE_INFINITY
    // What was under way when it opened says nothing new.
    if (health === 'neither' || (this.isOpen && ticket === 'ordinary')) return null
    if (health === 'up') return this.close()
    this.failures++
    return this.isOpen || this.failures >= failuresToOpen ? this.open(nowMs) : null
  }

  private close(): 'closed' | null {
    this.failures = 0
    if (!this.isOpen) return null
    this.isOpen = false
    this.pauses = 0
    return 'closed'
  }

  private open(nowMs: number): 'open' | null {
    const wasOpen = this.isOpen
    const pauseMs = this.pauses === 0 ? firstPauseMs : Math.min(maxPauseMs, stepMs * this.pauses)
    this.pauses++
    this.isOpen = true
    this.untilMs = nowMs + pauseMs
    return wasOpen ? null : 'open'
  }
}
