import { parseBaseUrl } from '../model/base_url.ts'
import type { EgressEntry } from '../model/egress_entry.ts'
import type { Connector } from './connector/connector.ts'
import type { Guard } from './guard_target.ts'

/** What fetching a document goes through: the same doors as a tool call. */
export interface FetchDocumentDeps {
  readonly guard: Guard
  readonly connector: Connector
  readonly egressEntries: readonly EgressEntry[]
}

/** What bounds a fetch. */
export interface FetchDocumentLimits {
  /** Name lookup included. */
  readonly timeoutMs: number
  readonly maxBytes: number
}

/** What else a GET says, and what ends it. */
export interface FetchDocumentExtras {
  /** In order, instead of asking for JSON. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly signal?: AbortSignal
}

/** An answer, whatever its status; a redirect is one like any other. */
export interface FetchedDocument {
  readonly status: number
  readonly contentType: string | null
  readonly body: Uint8Array
  readonly cacheControl: string | null
  readonly etag: string | null
  readonly lastModified: string | null
  readonly location: string | null
}

/**
 * Gets a public document with one GET: from public addresses only, unless the egress allow-list opens
 * others; nothing is followed, nothing of ours is sent along (reliability.md case 122).
 * @throws AppError what `parseBaseUrl` and the guard refuse - nothing was dialled
 * @throws ExchangeError - there was no complete answer within the limits
 */
export async function fetchDocument(
  deps: FetchDocumentDeps,
  url: string,
  { timeoutMs, maxBytes, ...extras }: FetchDocumentLimits & FetchDocumentExtras,
): Promise<FetchedDocument> {
  const { headers = [['accept', 'application/json']], signal = null } = extras
  const deadlineAtMs = performance.now() + timeoutMs
  const { origin, pathname, search } = new URL(url)
  const target = await deps.guard.check(parseBaseUrl(origin, deps.egressEntries))
  const response = await deps.connector.exchange({
    target,
    method: 'GET',
    path: pathname + search,
    headers: [...headers, ['user-agent', 'Gatehouse']],
    body: null,
    maxResponseBytes: maxBytes,
    deadlineAtMs,
    signal,
    reuse: false,
  })
  return {
    status: response.status,
    contentType: response.headers.get('content-type'),
    body: response.body.slice(),
    cacheControl: response.headers.get('cache-control'),
    etag: response.headers.get('etag'),
    lastModified: response.headers.get('last-modified'),
    location: response.headers.get('location'),
  }
}
