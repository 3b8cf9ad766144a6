import { type MediaType, parseMediaType } from './media_type.ts'

/** One part of a multipart body. */
export interface BodyPart {
  readonly mediaType: MediaType | null
  /** Where the part says it lives, as sent; null where it does not say. */
  readonly location: string | null
  readonly body: Buffer
}

const BOUNDARY = /^[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]$/
const CRLF = '\r\n'
const maxParts = 16
const maxPartHeadBytes = 8 * 1024

/**
 * Splits a multipart body (RFC 2046 §5.1.1), strictly: CRLF line ends, every part with a header
 * section, a closing delimiter. Gives null for anything else and for more than 16 parts.
 */
export function splitMultipart(body: Buffer, boundary: string): BodyPart[] | null {
  if (!BOUNDARY.test(boundary)) return null
  const delimiter = Buffer.from(`${CRLF}--${boundary}`)
  const parts: BodyPart[] = []
  let at = firstDelimiterEnd(body, delimiter)
  while (at >= 0 && parts.length <= maxParts) {
    if (body.toString('latin1', at, at + 2) === '--') return parts.length === 0 ? null : parts
    const start = lineEnd(body, at)
    const end = start < 0 ? -1 : body.indexOf(delimiter, start - CRLF.length)
    const part = end < 0 ? null : readPart(body, start, end)
    if (part === null) return null
    parts.push(part)
    at = end + delimiter.length
  }
  return null
}

/** The first delimiter may begin the body; its line break then is not there. */
function firstDelimiterEnd(body: Buffer, delimiter: Buffer): number {
  const opening = delimiter.subarray(CRLF.length)
  if (body.subarray(0, opening.length).equals(opening)) return opening.length
  const at = body.indexOf(delimiter)
  return at < 0 ? -1 : at + delimiter.length
}

/** Gives the index after the CRLF that follows, with nothing but spaces before it; else -1. */
function lineEnd(body: Buffer, start: number): number {
  let at = start
  while (body[at] === 0x20 || body[at] === 0x09) at++
  return body[at] === 0x0d && body[at + 1] === 0x0a ? at + CRLF.length : -1
}

function readPart(body: Buffer, start: number, end: number): BodyPart | null {
  const blank = body.indexOf(`${CRLF}${CRLF}`, start - CRLF.length, 'latin1')
  const headEnd = blank + CRLF.length
  if (blank < 0 || headEnd > end || headEnd - start > maxPartHeadBytes) return null
  const fields = new Map<string, string>()
  for (const line of body.toString('latin1', start, Math.max(start, blank)).split(CRLF)) {
    const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*(.*)$/.exec(line)
    if (field === null && line !== '') return null
    if (field !== null) fields.set((field[1] ?? '').toLowerCase(), (field[2] ?? '').trim())
  }
  return {
    mediaType: parseMediaType(fields.get('content-type') ?? null),
    location: fields.get('content-location') ?? null,
    body: body.subarray(headEnd + CRLF.length, Math.max(headEnd + CRLF.length, end)),
  }
}
