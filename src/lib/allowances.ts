import { dropOldest } from './drop_oldest.ts'

/** How much each may do: `count` at once, and that many in every further period. */
export interface Allowance {
  readonly count: number
  readonly periodMs: number
}

const maxKeys = 10_000
/** What is left when one more comes, so that not every new one pushes out an old one. */
const keptKeys = 9_900

/**
 * Counts what each key does against one allowance, by the generic cell rate algorithm (ITU-T I.371):
 * of the keys that tried something last, 10,000 at most.
 */
export class Allowances {
  private readonly allowance: Allowance
  /** When each key's load is shed; least recent first. */
  private readonly idleAtMs = new Map<string, number>()

  constructor(allowance: Allowance) {
    this.allowance = allowance
  }

  /**
   * Counts one act if there is room for it. `nowMs` never goes back.
   * @returns 0, or the whole seconds after which there is room; a refused act counts nothing
   */
  take(key: string, nowMs: number): number {
    const { count, periodMs } = this.allowance
    const loadedUntilMs = Math.max(nowMs, this.idleAtMs.get(key) ?? 0)
    const idleAtMs = loadedUntilMs + periodMs / count
    // Sums of fractions of a millisecond are not exact.
    const excessMs = idleAtMs - nowMs - periodMs - 0.001
    const isFull = excessMs > 0
    this.keep(key, isFull ? loadedUntilMs : idleAtMs)
    return isFull ? Math.ceil(excessMs / 1000) : 0
  }

  /** Also what was refused comes to the end: who keeps trying is not forgotten for others. */
  private keep(key: string, idleAtMs: number): void {
    this.idleAtMs.delete(key)
    if (this.idleAtMs.size >= maxKeys) dropOldest(this.idleAtMs, keptKeys)
    this.idleAtMs.set(key, idleAtMs)
  }
}
