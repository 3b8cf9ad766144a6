type Step = 'magic' | 'skipped_size' | 'descriptor' | 'block' | 'contents'

const frameMagic = 0xfd2fb528
const skippableMagic = 0x184d2a50

/**
 * Follows the frames of a Zstandard stream (RFC 8878 §3.1) without decoding them, because the
 * decoder ends a cut-off stream as if it were whole.
 */
export class ZstdFrames {
  private step: Step = 'magic'
  private afterContents: Step = 'magic'
  private field = 0
  private fieldBytes = 0
  private skip = 0
  private hasChecksum = false
  private frames = 0

  /** Whether the bytes so far end exactly where a frame ends. */
  get isComplete(): boolean {
    return this.frames > 0 && this.step === 'magic' && this.fieldBytes === 0
  }

  /** Takes the next bytes of the stream. What is no frame at all is left for the decoder to refuse. */
  push(bytes: Buffer): void {
    let at = 0
    while (at < bytes.length) {
      if (this.step === 'contents') {
        const skipped = Math.min(this.skip, bytes.length - at)
        this.skip -= skipped
        at += skipped
        if (this.skip === 0) this.step = this.afterContents
        continue
      }
      this.field += (bytes[at] ?? 0) * 2 ** (8 * this.fieldBytes)
      at++
      if (++this.fieldBytes === fieldWidth[this.step]) this.takeField()
    }
  }

  private takeField(): void {
    const { step, field } = this
    this.field = 0
    this.fieldBytes = 0
    if (step === 'magic') this.takeMagic(field)
    else if (step === 'skipped_size') this.leap(field, 'magic')
    else if (step === 'descriptor') this.takeDescriptor(field)
    else this.takeBlock(field)
  }

  private takeMagic(magic: number): void {
    if (magic === frameMagic) this.step = 'descriptor'
    else if (magic - (magic % 16) === skippableMagic) this.step = 'skipped_size'
    else this.leap(Number.POSITIVE_INFINITY, 'magic')
    this.frames++
  }

  private takeDescriptor(byte: number): void {
    const isSingleSegment = (byte & 0x20) !== 0
    const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][byte >> 6] ?? 0
    const dictionaryId = [0, 1, 2, 4][byte & 3] ?? 0
    this.hasChecksum = (byte & 4) !== 0
    this.leap((isSingleSegment ? 0 : 1) + dictionaryId + contentSize, 'block')
  }

  private takeBlock(header: number): void {
    const isLast = (header & 1) !== 0
    const isRunLength = ((header >> 1) & 3) === 1
    const size = (isRunLength ? 1 : header >> 3) + (isLast && this.hasChecksum ? 4 : 0)
    this.leap(size, isLast ? 'magic' : 'block')
  }

  private leap(bytes: number, next: Step): void {
    this.skip = bytes
    this.afterContents = next
    this.step = bytes === 0 ? next : 'contents'
  }
}

const fieldWidth: Readonly<Record<Step, number>> = {
  magic: 4,
  skipped_size: 4,
  descriptor: 1,
  block: 3,
  contents: 0,
}
