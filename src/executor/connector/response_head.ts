import { AppError } from '../../errors.ts'

/** Response headers Gatehouse keeps; every other one is dropped (reliability.md cases 186, 201). */
export type KeptHeader =
  | 'cache-control'
  | 'content-type'
  | 'etag'
  | 'last-modified'
  | 'location'
  | 'retry-after'
  | 'x-request-id'

/** The kept headers of an answer; a value is at most 8 KiB. */
export class ResponseHeaders {
  private readonly values: Partial<Record<KeptHeader, string>>

  constructor(values: Partial<Record<KeptHeader, string>>) {
    this.values = values
  }

  /** Gives the first value of a header, or null. */
  get(name: KeptHeader): string | null {
    return this.values[name] ?? null
  }
}

/** How the body's end is known (RFC 9112 §6.3). */
export type BodyFraming = 'none' | 'length' | 'chunked' | 'close'

/** A status line and header section, checked. */
export interface ResponseHead {
  readonly status: number
  readonly headers: ResponseHeaders
  readonly framing: BodyFraming
  /** Of a body framed by `length`, before decompression; else 0. */
  readonly contentLength: number
  /** Lower case; null for an identity body. */
  readonly contentEncoding: string | null
  readonly keepAlive: boolean
  /** From `Keep-Alive: timeout=`; null where the upstream does not say. */
  readonly keepAliveMs: number | null
  /** Index of the first byte after the head. */
  readonly end: number
}

/** Largest header section accepted. */
export const maxHeadBytes = 64 * 1024
const maxHeaderLines = 200
const maxKeptBytes = 8 * 1024

/** Makes the failure of an answer that is not HTTP/1.1 as RFC 9112 has it. */
export function protocolError(what: string): AppError {
  return new AppError('upstream_protocol', {
    reason: `The upstream's answer is malformed: ${what}.`,
  })
}

const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const COLON = 0x3a
const ZERO = 0x30

/** Bits of `classes`: bytes a header name may have, and bytes a header value may have. */
const NAME = 1
const VALUE = 2
const classes = new Uint8Array(256)
for (const char of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  classes[char.charCodeAt(0)] = NAME
}
for (let byte = 0; byte < 256; byte++) {
  if ((byte >= SPACE && byte !== 0x7f) || byte === TAB) classes[byte] = (classes[byte] ?? 0) | VALUE
}

/**
 * Reads a header section strictly: no folded lines, no lenient line ends, no doubtful framing
 * (RFC 9112 §2.2, §4, §5, §6; reliability.md cases 184, 185, 188). Gives null where its end has not
 * come yet. It works on bytes, because strings of every line cost more than all else on this path.
 * @throws AppError upstream_protocol
 */
export function parseResponseHead(bytes: Buffer, start: number): ResponseHead | null {
  let at = endOfStatusLine(bytes, start)
  if (at < 0) return null
  const fields = new Fields()
  for (let lines = 0; bytes[at] !== CR; lines++) {
    const colon = endOf(NAME, bytes, at)
    const end = endOf(VALUE, bytes, colon + 1)
    if (end + 1 >= bytes.length) return null
    if (bytes[colon] !== COLON || colon === at || bytes[end] !== CR || bytes[end + 1] !== LF) {
      throw protocolError('bad header line')
    }
    if (lines >= maxHeaderLines) throw protocolError(`more than ${maxHeaderLines} headers`)
    const name = interestingName(bytes, at, colon)
    if (name !== null) fields.take(name, bytes, { from: colon + 1, to: end })
    at = end + 2
  }
  if (at + 1 >= bytes.length) return null
  if (bytes[at + 1] !== LF) throw protocolError('bad line end')
  return fields.head(statusAt(bytes, start), bytes[start + 7] === ZERO + 1, at + 2)
}

const PREFIX = Buffer.from('HTTP/1.')

/** Gives the index after the status line, or -1 where it is not complete. */
function endOfStatusLine(bytes: Buffer, start: number): number {
  for (let i = 0; i < PREFIX.length && start + i < bytes.length; i++) {
    if (bytes[start + i] !== PREFIX[i]) throw protocolError('it does not begin with HTTP/1.')
  }
  const end = endOf(VALUE, bytes, start)
  if (end + 1 >= bytes.length) return -1
  const minor = bytes[start + 7]
  const isVersion = (minor === ZERO || minor === ZERO + 1) && bytes[start + 8] === SPACE
  const hasReason = end === start + 12 || bytes[start + 12] === SPACE
  const isEnded = bytes[end] === CR && bytes[end + 1] === LF
  if (!isVersion || !hasReason || !isEnded || Number.isNaN(statusAt(bytes, start))) {
    throw protocolError('bad status line')
  }
  return end + 2
}

/** The three digits of the status, or NaN. */
function statusAt(bytes: Buffer, start: number): number {
  let status = 0
  for (let at = start + 9; at < start + 12; at++) status = status * 10 + digitAt(bytes, at)
  return status
}

function digitAt(bytes: Buffer, at: number): number {
  const digit = (bytes[at] ?? 0) - ZERO
  return digit >= 0 && digit <= 9 ? digit : Number.NaN
}

function endOf(kind: number, bytes: Buffer, start: number): number {
  let at = start
  while (((classes[bytes[at] ?? 0] ?? 0) & kind) !== 0) at++
  return at
}

type FieldName =
  | KeptHeader
  | 'connection'
  | 'content-encoding'
  | 'content-length'
  | 'keep-alive'
  | 'transfer-encoding'

/** The headers that frame the body or are kept, by the length of their names. */
const names: readonly FieldName[] = [
  'cache-control',
  'content-type',
  'content-length',
  'transfer-encoding',
  'content-encoding',
  'connection',
  'keep-alive',
  'etag',
  'last-modified',
  'location',
  'retry-after',
  'x-request-id',
]
const namesByLength: readonly (readonly FieldName[])[] = Array.from({ length: 20 }, (_, length) =>
  names.filter((name) => name.length === length),
)

function interestingName(bytes: Buffer, at: number, colon: number): FieldName | null {
  for (const name of namesByLength[colon - at] ?? []) if (hasName(bytes, at, name)) return name
  return null
}

/** Compares without regard to case; no byte of a name but a capital letter is changed by the bit. */
function hasName(bytes: Buffer, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    if (((bytes[at + i] ?? 0) | 0x20) !== name.charCodeAt(i)) return false
  }
  return true
}

interface Span {
  readonly from: number
  readonly to: number
}

class Fields {
  private readonly kept: Partial<Record<KeptHeader, string>> = {}
  private contentLength = -1
  private transferEncoding: string | null = null
  private contentEncoding: string | null = null
  private isClosing = false
  private keepAliveMs: number | null = null

  take(name: FieldName, bytes: Buffer, span: Span): void {
    if (name === 'content-length') return this.takeLength(bytes, span)
    const value = bytes.toString('latin1', span.from, span.to).trim()
    switch (name) {
      case 'transfer-encoding':
        if (this.transferEncoding !== null) throw protocolError('two Transfer-Encoding headers')
        this.transferEncoding = value.toLowerCase()
        return
      case 'content-encoding':
        this.takeEncoding(value.toLowerCase())
        return
      case 'connection':
        if (/(?:^|,)[\t ]*close[\t ]*(?:,|$)/i.test(value)) this.isClosing = true
        return
      case 'keep-alive':
        this.keepAliveMs = keepAliveMs(value)
        return
      default:
        if (value.length <= maxKeptBytes) this.kept[name] ??= value
    }
  }

  head(status: number, isHttp11: boolean, end: number): ResponseHead {
    const framing = this.framing(status, isHttp11)
    return {
      status,
      headers: new ResponseHeaders(this.kept),
      framing,
      contentLength: framing === 'length' ? this.contentLength : 0,
      contentEncoding: this.contentEncoding,
      keepAlive: isHttp11 && !this.isClosing,
      keepAliveMs: this.keepAliveMs,
      end,
    }
  }

  private takeLength(bytes: Buffer, span: Span): void {
    let { from, to } = span
    while (bytes[from] === SPACE || bytes[from] === TAB) from++
    while (to > from && (bytes[to - 1] === SPACE || bytes[to - 1] === TAB)) to--
    let length = from === to || to - from > 15 ? Number.NaN : 0
    for (let at = from; at < to; at++) length = length * 10 + digitAt(bytes, at)
    if (Number.isNaN(length)) throw protocolError('bad Content-Length')
    if (this.contentLength >= 0 && this.contentLength !== length) {
      throw protocolError('conflicting Content-Length')
    }
    this.contentLength = length
  }

  private takeEncoding(value: string): void {
    if (value === '' || value === 'identity') return
    this.contentEncoding =
      this.contentEncoding === null ? value : `${this.contentEncoding}, ${value}`
  }

  private framing(status: number, isHttp11: boolean): BodyFraming {
    if (this.transferEncoding !== null) {
      if (this.contentLength >= 0) throw protocolError('both Content-Length and Transfer-Encoding')
      if (!isHttp11) throw protocolError('Transfer-Encoding in HTTP/1.0')
      if (this.transferEncoding !== 'chunked') throw protocolError('unknown Transfer-Encoding')
    }
    if (status < 200 || status === 204 || status === 304) return 'none'
    if (this.transferEncoding !== null) return 'chunked'
    return this.contentLength >= 0 ? 'length' : 'close'
  }
}

function keepAliveMs(value: string): number | null {
  const seconds = /(?:^|[,\s])timeout=([0-9]{1,6})/i.exec(value)?.[1]
  return seconds === undefined ? null : Number(seconds) * 1_000
}
