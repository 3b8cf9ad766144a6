/** Something that waits for the end of a turn. */
export interface Departing {
  depart(): void
}

/**
 * Lets everything that was added during one turn of the event loop leave together at its end. Requests
 * that are written one after another find their upstream awake; written one by one, between the work
 * on others, each wakes it anew, which costs more than the write itself (a tenth to a fifth of a
 * call's CPU with 16 to 64 callers).
 */
export class Departures {
  private waiting: Departing[] = []

  /** Takes what is to leave; it is on its own to have changed its mind by then. */
  add(departing: Departing): void {
    if (this.waiting.length === 0) setImmediate(this.leave)
    this.waiting.push(departing)
  }

  private readonly leave = (): void => {
    const { waiting } = this
    this.waiting = []
    for (const departing of waiting) departing.depart()
  }
}
