import { isUtf8 } from 'node:buffer'

/** Some bytes of a larger buffer, without the cost of a view until one is asked for. */
export class ByteSpan {
  private readonly bytes: Buffer
  private readonly from: number
  private readonly to: number

  constructor(bytes: Buffer, from: number, to: number) {
    this.bytes = bytes
    this.from = from
    this.to = to
  }

  /** All bytes of a buffer. */
  static of(bytes: Buffer): ByteSpan {
    return new ByteSpan(bytes, 0, bytes.length)
  }

  /** How many bytes it has. */
  get length(): number {
    return this.to - this.from
  }

  /** The bytes themselves, not copied. */
  view(): Buffer {
    return this.bytes.subarray(this.from, this.to)
  }

  /** Decodes UTF-8 strictly, a byte order mark included; null where a byte is invalid. */
  utf8(): string | null {
    const text = this.bytes.toString('utf8', this.from, this.to)
    // An invalid byte becomes U+FFFD, which may also have been sent as such.
    return text.includes('\ufffd') && !isUtf8(this.view()) ? null : text
  }
}
