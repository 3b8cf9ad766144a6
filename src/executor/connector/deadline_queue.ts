/** Something that ends at a set time unless it is over before; one queue links it at a time. */
export abstract class Expiring {
  /** On the clock of `performance.now()`; may only change while it is not queued. */
  abstract readonly deadlineAtMs: number
  /** The queue's own. */
  previous: Expiring | null = null
  /** The queue's own. */
  next: Expiring | null = null

  /** Called once its time is up; it is no longer queued then. */
  abstract expire(): void
}

class Sentinel extends Expiring {
  readonly deadlineAtMs = Number.POSITIVE_INFINITY
  expire(): void {}
}

/** Longer delays make setTimeout fire at once. */
const maxDelayMs = 2 ** 31 - 1

/**
 * Many deadlines on one timer, which is only set again when an earlier deadline comes in. The entries
 * are a linked list, because a Set that is added to and deleted from at every exchange keeps garbage
 * alive and makes full collections several times as frequent (seen in Bun 1.4.5).
 */
export class DeadlineQueue {
  private readonly first = new Sentinel()
  private timer: Timer | null = null
  private wakeAtMs = Number.POSITIVE_INFINITY

  /** Watches an entry until it is deleted or expires. */
  add(entry: Expiring): void {
    const { first } = this
    entry.previous = first
    entry.next = first.next
    if (first.next !== null) first.next.previous = entry
    first.next = entry
    if (entry.deadlineAtMs < this.wakeAtMs) this.wakeAt(entry.deadlineAtMs)
  }

  /** Forgets an entry; nothing happens if it is not there. */
  delete(entry: Expiring): void {
    if (entry.previous === null) return
    entry.previous.next = entry.next
    if (entry.next !== null) entry.next.previous = entry.previous
    entry.previous = null
    entry.next = null
  }

  private wakeAt(atMs: number): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    this.wakeAtMs = atMs
    if (atMs === Number.POSITIVE_INFINITY) return
    const delayMs = Math.min(Math.max(1, Math.ceil(atMs - performance.now())), maxDelayMs)
    this.timer = setTimeout(() => this.wake(), delayMs)
    this.timer.unref()
  }

  private wake(): void {
    const nowMs = performance.now()
    const due: Expiring[] = []
    let wakeAtMs = Number.POSITIVE_INFINITY
    for (let entry = this.first.next; entry !== null; entry = entry.next) {
      if (entry.deadlineAtMs <= nowMs) due.push(entry)
      else wakeAtMs = Math.min(wakeAtMs, entry.deadlineAtMs)
    }
    this.wakeAt(wakeAtMs)
    due.sort((a, b) => a.deadlineAtMs - b.deadlineAtMs)
    for (const entry of due) {
      // One that expired before it may have ended this one.
      if (entry.previous === null) continue
      this.delete(entry)
      entry.expire()
    }
  }
}
