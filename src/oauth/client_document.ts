import { AppError } from '../errors.ts'
import { addressGroup } from '../lib/address_group.ts'
import { Allowances } from '../lib/allowances.ts'
import type { Clock } from '../lib/clock.ts'
import { dropOldest } from '../lib/drop_oldest.ts'
import { decodeUtf8 } from '../lib/json.ts'
import {
  type ClientDocument,
  documentUrlFault,
  maxDocumentBytes,
  readClientDocument,
} from '../model/client_document.ts'
import type { StoredOauthClient } from '../model/oauth_client.ts'
import type { Database } from '../store/database.ts'
import { deleteUnusedDocuments, upsertDocument } from '../store/oauth_client_store.ts'
import { documentLifetimeMs } from './document_lifetime.ts'
import { OAuthError } from './oauth_error.ts'

/** An answer to a GET of a document, whatever its status. */
export interface DocumentAnswer {
  readonly status: number
  readonly contentType: string | null
  readonly body: Uint8Array
  readonly cacheControl: string | null
}

/** What fetching client metadata documents needs of the house. */
export interface ClientDocumentDeps {
  readonly database: Database
  readonly clock: Clock
  /**
   * Gets a URL once, within 3 s and 5 KB, through the egress guard, following nothing. Null where the
   * installation fetches none and knows pinned documents alone.
   */
  readonly fetchDocument: ((url: string) => Promise<DocumentAnswer>) | null
  /** Told of every document that was not taken; `cause` is for the log only. */
  readonly onRefused?: (url: string, cause: unknown) => void
}

const failureMs = 30_000
const maxFailures = 1_000
const keptFailures = 900
/** Copies that nobody has used yet. */
const maxUnusedDocuments = 1_000
const perAddress = { count: 20, periodMs: 60_000 }
const altogether = { count: 120, periodMs: 60_000 }

interface Failure {
  readonly error: OAuthError
  readonly untilMs: number
}

/**
 * Client metadata documents (draft-ietf-oauth-client-id-metadata-document): fetched, checked, and kept
 * as long as their answer allowed; a refusal for 30 s. One address may have 20 fetched a minute, all
 * of them 120 (reliability.md cases 122–124).
 */
export class ClientDocuments {
  private readonly deps: ClientDocumentDeps
  private readonly failures = new Map<string, Failure>()
  private readonly running = new Map<string, Promise<StoredOauthClient>>()
  private readonly ofAddress = new Allowances(perAddress)
  private readonly ofAll = new Allowances(altogether)

  constructor(deps: ClientDocumentDeps) {
    this.deps = deps
  }

  /** Whether documents are fetched here at all, which is what the metadata announces. */
  get areFetched(): boolean {
    return this.deps.fetchDocument !== null
  }

  /**
   * Fetches and keeps the document of a client id. Calls for one URL at a time share a fetch.
   * @param address whose request it is for; null on the machine itself
   * @throws OAuthError invalid_client (400) - the document cannot be had or used
   * @throws AppError rate_limited - nothing was fetched
   */
  load(url: string, address: string | null): Promise<StoredOauthClient> {
    const running = this.running.get(url)
    if (running !== undefined) return running
    const started = this.fetchAndKeep(url, address).finally(() => this.running.delete(url))
    this.running.set(url, started)
    return started
  }

  /**
   * Fetches a document and checks it; nothing is kept.
   * @throws OAuthError invalid_client (400)
   */
  async read(url: string): Promise<{ document: ClientDocument; cacheControl: string | null }> {
    const urlFault = documentUrlFault(url)
    if (urlFault !== null) throw refused(`As a URL it ${urlFault}`)
    const { fetchDocument } = this.deps
    if (fetchDocument === null) throw refused('Client metadata documents are not fetched here')
    const answer = await fetchDocument(url).catch((cause: unknown) => {
      // What a name resolves to and what answers there is not for strangers to learn.
      throw refused('Its client metadata document could not be fetched', cause)
    })
    return { document: checkedDocument(url, answer), cacheControl: answer.cacheControl }
  }

  private async fetchAndKeep(url: string, address: string | null): Promise<StoredOauthClient> {
    const known = this.failures.get(url)
    if (known !== undefined && known.untilMs > this.deps.clock.monotonicMs()) throw known.error
    this.failures.delete(url)
    if (documentUrlFault(url) === null && this.areFetched) this.admit(address)
    try {
      const { document, cacheControl } = await this.read(url)
      return await this.keep(document, cacheControl)
    } catch (error) {
      if (error instanceof OAuthError) this.noteFailure(url, error)
      throw error
    }
  }

  private admit(address: string | null): void {
    const nowMs = this.deps.clock.monotonicMs()
    const seconds =
      (address === null ? 0 : this.ofAddress.take(addressGroup(address), nowMs)) ||
      this.ofAll.take('', nowMs)
    if (seconds === 0) return
    throw new AppError('rate_limited', {
      reason: `Too many client metadata documents are asked for. Try again in ${seconds} s.`,
      retryAfterSeconds: seconds,
    })
  }

  private async keep(
    document: ClientDocument,
    cacheControl: string | null,
  ): Promise<StoredOauthClient> {
    const { clientId, name, redirectUris, text } = document
    const nowMs = this.deps.clock.nowMs()
    const expiresAtMs = nowMs + documentLifetimeMs(cacheControl)
    const stored = await this.deps.database.write(function* () {
      yield* deleteUnusedDocuments(maxUnusedDocuments - 1)
      const copy = { clientId, name, redirectUris, document: text, expiresAtMs, nowMs }
      return yield* upsertDocument({ ...copy, isPinned: false })
    }, 'written')
    if (stored === null) throw new AppError('internal')
    return stored
  }

  private noteFailure(url: string, error: OAuthError): void {
    this.deps.onRefused?.(url, error.cause ?? error)
    if (this.failures.size >= maxFailures) dropOldest(this.failures, keptFailures)
    this.failures.set(url, { error, untilMs: this.deps.clock.monotonicMs() + failureMs })
  }
}

/**
 * Fetches a document for an administrator, who is told what stood in the way; nothing is kept.
 * @throws AppError validation_failed
 */
export async function readForAdministrator(
  documents: ClientDocuments,
  url: string,
): Promise<ClientDocument> {
  try {
    return (await documents.read(url)).document
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    const { cause, description: message } = error
    const inner = cause instanceof Error && cause.cause instanceof AppError ? cause.cause : cause
    const reason = inner instanceof AppError ? (inner.reason ?? inner.message) : message
    throw new AppError('validation_failed', {
      reason,
      errors: [{ pointer: '/client_id', message }],
      cause,
    })
  }
}

/** Only 200 is success, only JSON is a document (draft §5). @throws OAuthError invalid_client */
function checkedDocument(url: string, answer: DocumentAnswer): ClientDocument {
  const { status, contentType, body } = answer
  if (status !== 200) throw refused(`Its client metadata document was answered with HTTP ${status}`)
  if (!/^application\/(?:[a-z0-9.+-]+\+)?json[ \t]*(?:;|$)/i.test(contentType ?? '')) {
    throw refused('Its client metadata document is not sent as application/json')
  }
  if (body.byteLength > maxDocumentBytes) throw refused('Its client metadata document is too large')
  try {
    return readClientDocument(url, decodeUtf8(body))
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause
    throw refused(cause.reason ?? 'Its client metadata document is not JSON', cause)
  }
}

const refused = (why: string, cause?: unknown) =>
  new OAuthError('invalid_client', `The client id cannot be used. ${why.replace(/\.$/, '')}.`, {
    status: 400,
    cause,
  })
