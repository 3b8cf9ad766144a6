const blockBytes = 64 * 1024
const copiedBytes = 4 * 1024

/**
 * Gathers pieces of a body into one buffer. Small pieces are copied together, so a body of a million
 * one-byte chunks holds little more than its million bytes; a body of one piece is not copied at all.
 */
export class ByteCollector {
  /** Bytes gathered so far. */
  length = 0
  private readonly parts: Buffer[] = []
  private block: Buffer | null = null
  private blockUsed = 0

  /** Takes a piece; its memory must not be written to afterwards. */
  add(piece: Buffer): void {
    const isFirst = this.length === 0
    this.length += piece.length
    if (isFirst || piece.length >= copiedBytes) {
      this.closeBlock()
      this.parts.push(piece)
      return
    }
    this.copy(piece)
  }

  /** Gives everything gathered, in order, and forgets it. */
  take(): Buffer {
    this.closeBlock()
    const [only] = this.parts
    const whole =
      this.parts.length === 1 && only !== undefined ? only : Buffer.concat(this.parts, this.length)
    this.parts.length = 0
    this.length = 0
    return whole
  }

  private copy(piece: Buffer): void {
    if (this.block === null || this.blockUsed + piece.length > blockBytes) {
      this.closeBlock()
      this.block = Buffer.allocUnsafeSlow(blockBytes)
    }
    piece.copy(this.block, this.blockUsed)
    this.blockUsed += piece.length
  }

  private closeBlock(): void {
    if (this.block !== null) this.parts.push(this.block.subarray(0, this.blockUsed))
    this.block = null
    this.blockUsed = 0
  }
}
