/**
 * Stands in a request for the number of the call, ten digits: no two calls of a run are alike, so
 * nothing that answers identical calls from memory can shine.
 */
export const CALL_NUMBER = '##CALL####'

/** Stands in a request for a number below `picks`, five digits: which of many tools to call. */
export const PICK = '#PICK'

/** Each process begins elsewhere: the server remembers the calls of the one before. */
const firstNumber = 1_000_000_000 + Math.floor(Math.random() * 8_000_000_000)
let lastNumber = firstNumber

/** The next call's number; its ten digits occur nowhere else. */
export const nextCallNumber = () => ++lastNumber

/** The bytes of one HTTP/1.1 request whose numbers are overwritten in place, so a call costs no text. */
export class RequestBytes {
  readonly bytes: Buffer
  private readonly numberAt: readonly number[]
  private readonly pickAt: readonly number[]
  private readonly picks: number

  constructor(text: string, picks: number) {
    this.bytes = Buffer.from(text)
    this.numberAt = offsetsOf(this.bytes, CALL_NUMBER)
    this.pickAt = offsetsOf(this.bytes, PICK)
    this.picks = picks
  }

  /** Makes these the bytes of the given call. */
  fill(callNumber: number): Buffer {
    for (const offset of this.numberAt) writeDigits(this.bytes, offset, [callNumber, 10])
    for (const offset of this.pickAt) writeDigits(this.bytes, offset, [callNumber % this.picks, 5])
    return this.bytes
  }
}

function offsetsOf(bytes: Buffer, word: string): number[] {
  const offsets: number[] = []
  for (let at = bytes.indexOf(word); at >= 0; at = bytes.indexOf(word, at + 1)) offsets.push(at)
  return offsets
}

function writeDigits(bytes: Buffer, offset: number, [value, digits]: [number, number]): void {
  let rest = value
  for (let at = offset + digits - 1; at >= offset; at--) {
    bytes[at] = 48 + (rest % 10)
    rest = Math.floor(rest / 10)
  }
}
