/** What a projection did too much of; its message is for people. */
export class ProjectionFault extends Error {}

/** Bounds the work of one evaluation: every value looked at or made costs a unit. */
export class WorkBudget {
  private left: number

  constructor(units: number) {
    this.left = units
  }

  /** @throws ProjectionFault - the budget is used up */
  spend(units: number): void {
    this.left -= units
    if (this.left < 0) throw new ProjectionFault('it takes too much work on this answer')
  }

  /** Spends a unit for every value inside of one. @throws ProjectionFault */
  spendTree(value: unknown): void {
    this.spend(typeof value === 'string' ? 1 + value.length / CHARS_PER_UNIT : 1)
    if (typeof value !== 'object' || value === null) return
    for (const inner of Object.values(value)) this.spendTree(inner)
  }

  /** Spends what copying a value once costs: its items, or its characters. @throws ProjectionFault */
  spendCopy(value: unknown): void {
    if (typeof value === 'string') this.spend(value.length / CHARS_PER_UNIT)
    else if (Array.isArray(value)) this.spend(value.length)
  }
}

/** Characters that are copied in the time one value takes. */
const CHARS_PER_UNIT = 16
