import { type AccessDeps, authenticate } from '../access/authenticate.ts'
import { AppError } from '../errors.ts'
import type { Principal } from '../model/principal.ts'

/** Streams one integration, or one person's connection, may hold open at a time (reliability.md case 6). */
const MAX_PER_OWNER = 64
/** How soon a revoked credential's streams end (R3). */
const RECHECK_MS = 500

interface OpenStream {
  readonly owner: string | number
  readonly authorization: string | null
  readonly abort: AbortController
}

/** Long-lived streams, each ended when its credential is: all are checked again twice a second. */
export class OpenStreams {
  private readonly access: AccessDeps
  private readonly streams = new Set<OpenStream>()
  private timer: ReturnType<typeof setInterval> | null = null

  constructor(access: AccessDeps) {
    this.access = access
  }

  /**
   * Counts a stream in; its signal fires when the client leaves or the credential ends. `end` counts
   * it out.
   * @throws AppError too_many_streams
   */
  open(
    principal: Principal,
    authorization: string | null,
    client: AbortSignal,
  ): { readonly signal: AbortSignal; readonly end: () => void } {
    // All who sign in to a project share one integration.
    const owner = principal.grant?.id ?? principal.integrationId
    const open = [...this.streams].filter((stream) => stream.owner === owner)
    if (open.length >= MAX_PER_OWNER) throw new AppError('too_many_streams')
    const stream = { owner, authorization, abort: new AbortController() }
    this.streams.add(stream)
    stream.abort.signal.addEventListener('abort', () => this.streams.delete(stream))
    client.addEventListener('abort', () => stream.abort.abort(), { once: true })
    this.timer ??= setInterval(() => void this.recheck(), RECHECK_MS)
    return { signal: stream.abort.signal, end: () => this.streams.delete(stream) }
  }

  /** Ends every stream. */
  close(): void {
    if (this.timer !== null) clearInterval(this.timer)
    this.timer = null
    for (const stream of [...this.streams]) stream.abort.abort()
  }

  private async recheck(): Promise<void> {
    for (const stream of [...this.streams]) {
      const isLive = await authenticate(this.access, stream.authorization).catch(() => null)
      if (isLive === null) stream.abort.abort()
    }
    if (this.streams.size === 0) this.close()
  }
}
