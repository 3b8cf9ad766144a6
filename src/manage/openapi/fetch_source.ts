import { AppError } from '../../errors.ts'
import type { FetchMarks, OpenapiSource } from '../../model/openapi_import.ts'
import type { OpenapiDeps, SourceAnswer } from './openapi_deps.ts'
import type { RawDocument } from './worker_messages.ts'

/** A document that was fetched, and how to ask for it next time. */
export interface FetchedSource {
  readonly raw: RawDocument
  readonly marks: Omit<FetchMarks, 'hash'>
}

/**
 * Fetches the document of a source, through the egress guard and following nothing: a redirect is
 * reported with where it leads, and the operator names that (case 122). Null when it has not changed.
 * @throws AppError document_unavailable, or what the guard refuses - nothing was dialled then
 */
export async function fetchSource(
  deps: OpenapiDeps,
  { url, fetched }: Pick<OpenapiSource, 'fetched'> & { readonly url: string },
  signal: AbortSignal,
): Promise<FetchedSource | null> {
  const { etag = null, lastModified = null } = fetched ?? {}
  const answer = await deps.fetchSource({ url, etag, lastModified, signal }).catch((error) => {
    throw unavailable(error)
  })
  if (answer.status === 304 && fetched !== null) return null
  checkAnswer(answer)
  const entry = new URL(url).pathname.split('/').at(-1) || 'openapi'
  return {
    raw: { files: [[entry, answer.body]], entry, url },
    marks: { etag: answer.etag, lastModified: answer.lastModified },
  }
}

/** An exchange that failed carries what went wrong as an error of the catalogue. */
function unavailable(error: unknown): unknown {
  if (error instanceof AppError) return named(error)
  const cause = (error as { readonly error?: unknown } | null)?.error
  if (!(cause instanceof AppError)) return error
  const reason = cause.reason ?? `${cause.message}.`
  return new AppError('document_unavailable', { reason, cause: error })
}

/** The guard speaks of what it looks at for a tool. */
function named(error: AppError): AppError {
  const { code, reason } = error
  if (code !== 'base_url_not_https') return error
  const detail = 'The URL of the document must use HTTPS'
  return new AppError(code, { detail, cause: error, ...(reason !== undefined && { reason }) })
}

function checkAnswer({ status, contentType, location, body }: SourceAnswer): void {
  if (status >= 300 && status < 400) {
    const where = location === null ? 'elsewhere' : `to ${location.slice(0, 500)}`
    throw refused(`The URL leads ${where} (${status}). Name that URL instead.`)
  }
  if (status !== 200) throw refused(`The URL answers with status ${status}.`)
  if (body.byteLength === 0) throw refused('The URL answers with nothing.')
  if (/^text\/html\b/i.test(contentType ?? '') && isPage(body)) {
    throw refused('The URL answers with a web page. Name the URL of the document itself.')
  }
}

/** Some servers call everything HTML; a page begins like one. */
const isPage = (body: Uint8Array) =>
  Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, 256))
    .toString('latin1')
    .trimStart()
    .startsWith('<')

const refused = (reason: string) => new AppError('document_unavailable', { reason })
