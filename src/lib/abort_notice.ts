/** What of an AbortSignal is listened to: others can say, too, that nobody waits any more. */
export interface AbortNotice {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: AbortListener, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: AbortListener): void
}

/** Told once. */
export type AbortListener = ((event: Event) => void) | { handleEvent(event: Event): void }
