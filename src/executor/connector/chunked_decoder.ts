import { protocolError } from './response_head.ts'

/** Takes the bytes of a body, piece by piece. */
export interface BodyWriter {
  /**
   * Takes the bytes from one index up to another, whose memory is not written to afterwards. A view
   * of them is made where it is needed: on the path of a small answer it never is.
   * @throws AppError response_too_large
   */
  write(bytes: Buffer, from: number, to: number): void
}

const CR = 0x0d
const LF = 0x0a
const SEMICOLON = 0x3b
const maxSizeDigits = 8
const maxExtensionBytes = 256
const maxTrailerBytes = 16 * 1024

type State =
  | 'size'
  | 'space'
  | 'extension'
  | 'size_lf'
  | 'data'
  | 'data_cr'
  | 'data_lf'
  | 'trailer'
  | 'trailer_line'
  | 'trailer_lf'
  | 'last_lf'
  | 'done'

/**
 * Undoes the chunked transfer coding (RFC 9112 §7.1) over any split of the input. Line ends are CRLF
 * and nothing else; extensions and trailers are bounded, checked and dropped.
 */
export class ChunkedDecoder {
  private state: State = 'size'
  /** Bytes the chunk at hand still has. */
  private remaining = 0
  private digits = 0
  private lineBytes = 0
  private trailerBytes = 0

  /** Whether the last chunk and the trailer section are over. */
  get isDone(): boolean {
    return this.state === 'done'
  }

  /**
   * Decodes from `start` on and gives the index after the last byte that belongs to this body.
   * @throws AppError upstream_protocol, or what the writer throws
   */
  push(bytes: Buffer, start: number, writer: BodyWriter): number {
    let at = start
    while (at < bytes.length && this.state !== 'done') {
      if (this.state === 'data') {
        const end = Math.min(bytes.length, at + this.remaining)
        writer.write(bytes, at, end)
        this.remaining -= end - at
        if (this.remaining === 0) this.state = 'data_cr'
        at = end
      } else {
        this.step(bytes[at] ?? 0)
        at++
      }
    }
    return at
  }

  private step(byte: number): void {
    switch (this.state) {
      case 'size':
        return this.sizeByte(byte)
      case 'space':
        if (byte === SEMICOLON) this.state = 'extension'
        else if (byte !== 0x20 && byte !== 0x09) throw protocolError('bad chunk size')
        return this.countExtension()
      case 'extension':
        if (byte === CR) this.state = 'size_lf'
        else if (isControl(byte)) throw protocolError('bad chunk extension')
        return this.countExtension()
      case 'size_lf':
        return this.endOfSize(byte)
      case 'data_cr':
        return this.expect(byte, CR, 'data_lf')
      case 'data_lf':
        return this.expect(byte, LF, 'size')
      default:
        return this.trailerByte(byte)
    }
  }

  private sizeByte(byte: number): void {
    const digit = hexDigit(byte)
    if (digit >= 0) {
      if (++this.digits > maxSizeDigits) throw protocolError('bad chunk size')
      this.remaining = this.remaining * 16 + digit
      return
    }
    if (this.digits === 0) throw protocolError('bad chunk size')
    if (byte === CR) this.state = 'size_lf'
    else if (byte === SEMICOLON) this.state = 'extension'
    else if (byte === 0x20 || byte === 0x09) this.state = 'space'
    else throw protocolError('bad chunk size')
  }

  private countExtension(): void {
    if (++this.lineBytes > maxExtensionBytes) throw protocolError('chunk extension too long')
  }

  private endOfSize(byte: number): void {
    this.expect(byte, LF, this.remaining === 0 ? 'trailer' : 'data')
    this.digits = 0
    this.lineBytes = 0
  }

  private trailerByte(byte: number): void {
    if (++this.trailerBytes > maxTrailerBytes) throw protocolError('trailers too long')
    switch (this.state) {
      case 'trailer':
        if (byte === CR) this.state = 'last_lf'
        else if (isControl(byte) || byte === 0x20) throw protocolError('bad trailer')
        else this.state = 'trailer_line'
        return
      case 'trailer_line':
        if (byte === CR) this.state = 'trailer_lf'
        else if (isControl(byte)) throw protocolError('bad trailer')
        return
      case 'trailer_lf':
        return this.expect(byte, LF, 'trailer')
      default:
        return this.expect(byte, LF, 'done')
    }
  }

  private expect(byte: number, wanted: number, next: State): void {
    if (byte !== wanted) throw protocolError('bad line end in a chunked body')
    this.state = next
  }
}

const isControl = (byte: number) => (byte < 0x20 && byte !== 0x09) || byte === 0x7f

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
