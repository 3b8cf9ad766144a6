/**
 * What a connection is doing, which decides how long it may be silent: nothing of note, waiting for
 * an authenticated call, or streaming.
 */
export type Pace = 'quiet' | 'calling' | 'streaming'

/** A caller over TCP. */
export interface TcpPeer {
  readonly kind: 'tcp'
  address(): string
  setPace(pace: Pace): void
}

/** Where a request came from. A socket or in-process caller is the machine's own administrator. */
export type Peer = TcpPeer | { readonly kind: 'socket' } | { readonly kind: 'in_process' }
