const windowMs = 10_000
const share = 0.2
const minRetries = 3

/**
 * Keeps retries of one upstream below a fifth of its calls, three at least, over the last ten seconds:
 * an outage must not be answered with more load (case 196). Two counters stand for the window, the
 * older weighed by how much of it still lies within.
 */
export class RetryBudget {
  private windowStartMs = Number.NEGATIVE_INFINITY
  private calls = 0
  private retries = 0
  private callsBefore = 0
  private retriesBefore = 0

  /** Counts a call, not its retries. */
  countCall(nowMs: number): void {
    if (nowMs - this.windowStartMs >= windowMs) this.turn(nowMs)
    this.calls++
  }

  /** Counts a retry. */
  countRetry(nowMs: number): void {
    if (nowMs - this.windowStartMs >= windowMs) this.turn(nowMs)
    this.retries++
  }

  /** Whether one more retry fits. */
  hasRoom(nowMs: number): boolean {
    const { calls, retries } = this.recent(nowMs)
    return retries + 1 <= Math.max(minRetries, calls * share)
  }

  /** Calls and retries of the last ten seconds, about. */
  recent(nowMs: number): { readonly calls: number; readonly retries: number } {
    if (nowMs - this.windowStartMs >= windowMs) this.turn(nowMs)
    const weight = 1 - (nowMs - this.windowStartMs) / windowMs
    return {
      calls: this.calls + this.callsBefore * weight,
      retries: this.retries + this.retriesBefore * weight,
    }
  }

  private turn(nowMs: number): void {
    const isNext = nowMs - this.windowStartMs < 2 * windowMs
    this.callsBefore = isNext ? this.calls : 0
    this.retriesBefore = isNext ? this.retries : 0
    this.windowStartMs = isNext ? this.windowStartMs + windowMs : nowMs
    this.calls = 0
    this.retries = 0
  }
}
