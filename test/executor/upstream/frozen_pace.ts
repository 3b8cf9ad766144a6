import type { Pace } from '../../../src/executor/upstream/pace.ts'

interface Alarm {
  readonly atMs: number
  readonly callback: () => void
}

/** Time that moves only when it is told to, with the alarms set in it. */
export class FrozenPace implements Pace {
  private atMs = 1_000_000
  private readonly alarms = new Set<Alarm>()
  private state: number

  constructor(seed = 1) {
    this.state = seed
  }

  nowMs(): number {
    return this.atMs
  }

  epochMs(): number {
    return 1_800_000_000_000 + this.atMs
  }

  /** Mulberry32: the same numbers in every run. */
  random(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }

  after(delayMs: number, callback: () => void): () => void {
    const alarm = { atMs: this.atMs + Math.max(0, delayMs), callback }
    this.alarms.add(alarm)
    return () => this.alarms.delete(alarm)
  }

  /** How many alarms are set. */
  get pending(): number {
    return this.alarms.size
  }

  /** Moves on, ringing every alarm at its time and letting what it wakes run. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.atMs + byMs
    await settled()
    for (let next = this.next(untilMs); next !== null; next = this.next(untilMs)) {
      this.atMs = next.atMs
      this.alarms.delete(next)
      next.callback()
      await settled()
    }
    this.atMs = untilMs
    await settled()
  }

  private next(untilMs: number): Alarm | null {
    let first: Alarm | null = null
    for (const alarm of this.alarms) {
      if (alarm.atMs <= untilMs && (first === null || alarm.atMs < first.atMs)) first = alarm
    }
    return first
  }
}

/** Lets promises that are ready run on. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 12; i++) await Promise.resolve()
}
