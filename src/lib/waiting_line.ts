import { AppError } from '../errors.ts'

/**
 * Lets so many pieces of work run at once; the others wait in order, and when too many wait, more are
 * turned away.
 */
export class WaitingLine {
  private readonly atOnce: number
  private readonly maxWaiting: number
  private readonly waiting: (() => void)[] = []
  private running = 0

  constructor(atOnce: number, maxWaiting: number) {
    this.atOnce = atOnce
    this.maxWaiting = maxWaiting
  }

  /** Does the work when its turn comes. @throws AppError overloaded - too many wait already */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.atOnce) {
      if (this.waiting.length >= this.maxWaiting) throw new AppError('overloaded')
      await new Promise<void>((resolve) => this.waiting.push(resolve))
    } else {
      this.running++
    }
    try {
      return await work()
    } finally {
      const next = this.waiting.shift()
      // The place goes straight to the next: nobody can slip in between.
      if (next === undefined) this.running--
      else next()
    }
  }
}
