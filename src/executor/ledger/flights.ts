import type { AbortListener, AbortNotice } from '../../lib/abort_notice.ts'

/**
 * A request under way, and who waits for its answer. As a signal it fires once everybody who waited
 * has gone away. Most flights have one caller: nothing is made for others before one comes.
 */
export class Flight<T> implements AbortNotice {
  /** What it asks, where a key names it. */
  readonly request: string
  private readonly waiting: (AbortSignal | null)[]
  private readonly listeners: AbortListener[] = []
  private deferred: PromiseWithResolvers<T> | null = null

  /** @param signal that its first caller goes away by */
  constructor(request: string, signal: AbortSignal | null) {
    this.request = request
    this.waiting = [signal]
  }

  /** How many calls joined the one that sends it. */
  get joined(): number {
    return this.waiting.length - 1
  }

  /** Whether nobody waits any more. */
  get aborted(): boolean {
    return this.waiting.every((signal) => signal?.aborted === true)
  }

  /** Waits for the answer beside the others; a caller that goes away takes nothing from them. */
  join(signal: AbortSignal | null): Promise<T> {
    this.waiting.push(signal)
    if (this.listeners.length > 0) signal?.addEventListener('abort', this)
    this.deferred ??= Promise.withResolvers<T>()
    return this.deferred.promise
  }

  settle(answer: T): void {
    this.deferred?.resolve(answer)
  }

  fail(error: unknown): void {
    this.deferred?.reject(error)
  }

  addEventListener(_type: 'abort', listener: AbortListener): void {
    this.listeners.push(listener)
    if (this.listeners.length > 1) return
    for (const signal of this.waiting) signal?.addEventListener('abort', this)
  }

  removeEventListener(_type: 'abort', listener: AbortListener): void {
    const at = this.listeners.indexOf(listener)
    if (at < 0) return
    this.listeners.splice(at, 1)
    if (this.listeners.length > 0) return
    for (const signal of this.waiting) signal?.removeEventListener('abort', this)
  }

  /** One of those who waited went away. */
  handleEvent(event: Event): void {
    if (!this.aborted) return
    for (const listener of [...this.listeners]) {
      if (typeof listener === 'function') listener(event)
      else listener.handleEvent(event)
    }
  }
}

/** Every request of this process that is under way, by its name. */
export class Flights<T> {
  private readonly byName = new Map<string, Flight<T>>()

  find(name: string): Flight<T> | null {
    return this.byName.get(name) ?? null
  }

  /** Whoever opens it must close it. */
  open(name: string, flight: Flight<T>): void {
    this.byName.set(name, flight)
  }

  /** From now on nobody joins it. */
  close(name: string, flight: Flight<T>): void {
    if (this.byName.get(name) === flight) this.byName.delete(name)
  }
}
