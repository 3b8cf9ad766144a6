import { AppError } from '../../errors.ts'
import type { Exchange } from './exchange.ts'

const TARGET = /^\/[!"$-~]*$/
const VALUE = /^[\t\x20-\x7e]*$/
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/

const framing: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'expect',
  'te',
  'trailer',
])

/** A header name that may be sent, with the line it was last sent in: most values never change. */
interface KnownName {
  readonly name: string
  readonly isAcceptEncoding: boolean
  value: string | null
  line: string
}

const maxKnownNames = 1_000

const acceptEncoding = 'accept-encoding: gzip, deflate, br, zstd\r\n'
const headEnd = 'connection: keep-alive\r\n\r\n'

/** Bodies up to this size travel in one write with the head. */
const maxJoinedBytes = 64 * 1024
const firstCapacity = maxJoinedBytes + 32 * 1024

/** Turns requests into bytes, in one buffer that serves for all of them. */
export class RequestEncoder {
  /** Holds the request last encoded, until the next one is. */
  bytes = Buffer.allocUnsafeSlow(firstCapacity)
  private length = 0
  private readonly names = new Map<string, KnownName>()

  /**
   * Writes the request line and header section (RFC 9112 §3), and the body unless it is large, and
   * gives how many bytes that makes. `host` comes first, then the exchange's own headers, then what
   * frames the message. The last guard against a header or path that would become a second request.
   * @throws AppError invalid_header_value or template_escape - a caller let something through
   */
  encode(exchange: Exchange): number {
    const { method, path, body, target } = exchange
    if (!TARGET.test(path))
      throw new AppError('template_escape', { reason: 'The path is malformed.' })
    this.length = 0
    this.put(`${method} ${path} HTTP/1.1\r\nhost: ${target.hostHeader}\r\n`)
    const choosesEncoding = this.putHeaders(exchange.headers)
    if (body !== null) this.put(`content-length: ${body.byteLength}\r\n`)
    else if (method !== 'GET' && method !== 'DELETE') this.put('content-length: 0\r\n')
    if (!choosesEncoding) this.put(acceptEncoding)
    this.put(headEnd)
    if (hasJoinedBody(exchange)) this.putBody(exchange)
    return this.length
  }

  private putHeaders(headers: Exchange['headers']): boolean {
    let choosesEncoding = false
    for (const [name, value] of headers) {
      const known = this.names.get(name) ?? this.learn(name)
      if (known.value !== value) {
        if (!VALUE.test(value)) throw unsendable(name)
        known.value = value
        known.line = `${name}: ${value}\r\n`
      }
      if (known.isAcceptEncoding) choosesEncoding = true
      this.put(known.line)
    }
    return choosesEncoding
  }

  private learn(name: string): KnownName {
    const lower = name.toLowerCase()
    if (!TOKEN.test(name) || framing.has(lower)) throw unsendable(name)
    const known = { name, isAcceptEncoding: lower === 'accept-encoding', value: null, line: '' }
    if (this.names.size >= maxKnownNames) this.names.clear()
    this.names.set(name, known)
    return known
  }

  private putBody({ body }: Exchange): void {
    if (body === null) return
    this.reserve(body.byteLength)
    this.bytes.set(body, this.length)
    this.length += body.byteLength
  }

  private put(text: string): void {
    this.reserve(text.length)
    this.length += this.bytes.write(text, this.length, 'latin1')
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow((this.length + bytes) * 2)
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
  }
}

/** Whether the encoded request holds the body too. */
export function hasJoinedBody({ body }: Exchange): boolean {
  return body !== null && body.byteLength <= maxJoinedBytes
}

const unsendable = (name: string) =>
  new AppError('invalid_header_value', {
    reason: `The header ${JSON.stringify(name.slice(0, 64))} cannot be sent.`,
  })
