/** What one call weighs; a meter sheds `callsPerMinute` of these units every millisecond. */
const unitsPerCall = 60_000

/**
 * Counts one caller's calls by the generic cell rate algorithm (ITU-T I.371 Annex A, its leaky bucket
 * form) with a burst of one minute's calls. Time is cut to whole milliseconds and load is whole units,
 * so nothing is lost to rounding. A new meter and one that has shed its load are the same.
 */
export class Meter {
  private load = 0
  private atMs = 0
  private callsPerMinute = 0

  /** Counts one call if there is room for it. A refused call counts nothing. */
  take(callsPerMinute: number, nowMs: number): boolean {
    this.settle(callsPerMinute, nowMs)
    const load = this.load + unitsPerCall
    if (load > callsPerMinute * unitsPerCall) return false
    this.load = load
    return true
  }

  /** Takes back the call that was counted last, within the same moment. */
  giveBack(): void {
    this.load -= unitsPerCall
  }

  /** Calls there is room for at once. */
  remaining(callsPerMinute: number, nowMs: number): number {
    this.settle(callsPerMinute, nowMs)
    return Math.floor((callsPerMinute * unitsPerCall - this.load) / unitsPerCall)
  }

  /** The fewest whole seconds, 60 at most, after which there is room for a call; 0 where there is. */
  waitSeconds(callsPerMinute: number, nowMs: number): number {
    this.settle(callsPerMinute, nowMs)
    const excess = this.load + unitsPerCall - callsPerMinute * unitsPerCall
    return Math.max(0, Math.ceil(excess / (callsPerMinute * 1000)))
  }

  /** Whether nothing counted matters any more. */
  isIdle(nowMs: number): boolean {
    return this.loadAt(nowMs) === 0
  }

  /** Brings the load up to date. Under a lower limit than before, only a full burst of it is kept. */
  private settle(callsPerMinute: number, nowMs: number): void {
    this.load = Math.min(this.loadAt(nowMs), callsPerMinute * unitsPerCall)
    this.atMs = Math.floor(nowMs)
    this.callsPerMinute = callsPerMinute
  }

  private loadAt(nowMs: number): number {
    return Math.max(0, this.load - (Math.floor(nowMs) - this.atMs) * this.callsPerMinute)
  }
}
