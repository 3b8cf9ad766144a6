import { AppError } from '../../errors.ts'
import { type BodyWriter, ChunkedDecoder } from './chunked_decoder.ts'
import {
  maxHeadBytes,
  parseResponseHead,
  protocolError,
  type ResponseHead,
} from './response_head.ts'

/** Says where the body of an answer goes, once its head is known. */
export interface BodyOpener {
  /** @throws AppError response_too_large or upstream_decode - the body is not even wanted */
  openBody(head: ResponseHead): BodyWriter
}

const PREFIX = 'HTTP/1.'
const LF = 0x0a
const CR = 0x0d
const maxInterim = 1_000

/**
 * Reads one HTTP/1.1 answer from bytes in any split (RFC 9112). Interim answers (1xx) are skipped
 * within bounds; 101 is an error, for nothing was asked to be upgraded.
 */
export class ResponseParser {
  /** The final head; null until it is complete. */
  head: ResponseHead | null = null
  /** Whether head and body are complete. */
  isDone = false
  private readonly opener: BodyOpener
  private writer: BodyWriter | null = null
  private partial: PartialHead | null = null
  private chunked: ChunkedDecoder | null = null
  /** Bytes a body of known length still has. */
  private remaining = 0
  private interimCount = 0
  private interimBytes = 0

  constructor(opener: BodyOpener) {
    this.opener = opener
  }

  /**
   * Takes bytes as they came and gives how many belong to this answer; fewer than all when bytes
   * follow its end.
   * @throws AppError upstream_protocol, or what the body's writer or opener throws
   */
  push(bytes: Buffer): number {
    let at = 0
    while (this.head === null && at < bytes.length) at = this.pushHead(bytes, at)
    return this.head === null || this.isDone ? at : this.pushBody(bytes, at)
  }

  /**
   * Tells that nothing more will come.
   * @throws AppError upstream_incomplete - the answer had begun; upstream_connection - it had not;
   * upstream_protocol - what came cannot become one
   */
  end(): void {
    if (this.isDone) return
    if (this.head?.framing === 'close') {
      this.isDone = true
      return
    }
    if (this.head === null && this.partial === null && this.interimCount === 0) {
      const reason = 'The upstream closed the connection without an answer.'
      throw new AppError('upstream_connection', { reason })
    }
    // What is malformed already is no answer cut short.
    if (this.partial !== null) parseResponseHead(this.partial.soFar(), 0)
    const reason = 'The upstream closed the connection before its answer was complete.'
    throw new AppError('upstream_incomplete', { reason })
  }

  /** Gives the index after a head, or after all bytes where its end has not come. */
  private pushHead(bytes: Buffer, start: number): number {
    const head = this.partial === null ? parseResponseHead(bytes, start) : null
    if (head === null) return this.pushPartialHead(bytes, start)
    this.takeHead(head, head.end - start)
    return head.end
  }

  private pushPartialHead(bytes: Buffer, start: number): number {
    this.partial ??= new PartialHead()
    const { partial } = this
    const at = partial.push(bytes, start)
    if (!partial.isWhole) return at
    this.partial = null
    const head = parseResponseHead(partial.soFar(), 0)
    if (head === null) throw protocolError('bad header line')
    this.takeHead(head, head.end)
    return at
  }

  private takeHead(head: ResponseHead, length: number): void {
    if (length > maxHeadBytes) throw tooLong()
    const { status } = head
    if (status === 101) throw protocolError('it switches protocols')
    if (status < 100 || status > 599) throw protocolError(`status ${status}`)
    if (status >= 200) return this.begin(head)
    this.interimBytes += length
    if (++this.interimCount > maxInterim || this.interimBytes > maxHeadBytes) {
      throw protocolError('too many interim answers')
    }
  }

  private begin(head: ResponseHead): void {
    this.head = head
    this.writer = this.opener.openBody(head)
    if (head.framing === 'chunked') this.chunked = new ChunkedDecoder()
    this.remaining = head.contentLength
    this.isDone = head.framing === 'none' || (head.framing === 'length' && this.remaining === 0)
  }

  private pushBody(bytes: Buffer, at: number): number {
    const { writer, chunked } = this
    if (at === bytes.length || writer === null) return at
    if (chunked !== null) {
      const end = chunked.push(bytes, at, writer)
      this.isDone = chunked.isDone
      return end
    }
    const isBounded = this.head?.framing === 'length'
    const end = isBounded ? Math.min(bytes.length, at + this.remaining) : bytes.length
    writer.write(bytes, at, end)
    this.remaining -= end - at
    this.isDone = isBounded && this.remaining === 0
    return end
  }
}

const tooLong = () => protocolError(`its headers exceed ${maxHeadBytes / 1024} KiB`)

/** A head that came in more than one piece. */
class PartialHead {
  private bytes = Buffer.allocUnsafeSlow(4 * 1024)
  private length = 0
  /** Whether its end has come. */
  isWhole = false

  /** Takes bytes from `start` on; gives the index after the head's end, or after all of them. */
  push(input: Buffer, start: number): number {
    let at = start
    while (at < input.length && !this.isWhole) {
      const byte = input[at++] ?? 0
      this.append(byte)
      if (byte === LF) this.isWhole = this.endsHead()
    }
    return at
  }

  /** Gives what came of the head until now. */
  soFar(): Buffer {
    return this.bytes.subarray(0, this.length)
  }

  private append(byte: number): void {
    if (this.length < PREFIX.length && byte !== PREFIX.charCodeAt(this.length)) {
      throw protocolError('it does not begin with HTTP/1.')
    }
    if (this.length === this.bytes.length) this.grow()
    this.bytes[this.length++] = byte
  }

  private endsHead(): boolean {
    const { bytes, length } = this
    if (bytes[length - 2] !== CR) throw protocolError('a bare line feed')
    return bytes[length - 3] === LF && bytes[length - 4] === CR
  }

  private grow(): void {
    if (this.length > maxHeadBytes) throw tooLong()
    const larger = Buffer.allocUnsafeSlow(this.length * 2)
    this.bytes.copy(larger)
    this.bytes = larger
  }
}
