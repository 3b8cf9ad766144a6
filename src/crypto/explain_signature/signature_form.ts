/** One signature of a header's value. */
export interface PresentedSignature {
  /** Whether it is written as wire.md §6 has it: `tng2=` and 64 lower-case hex digits. */
  readonly isWellFormed: boolean
  /** The 32 bytes it stands for, however they are written; null where none can be read. */
  readonly digest: Uint8Array | null
}

/** A value of `X-Tengine-Signature`, read leniently. */
export interface SignatureForm {
  readonly signatures: readonly PresentedSignature[]
  /** What is wrong with how it is written, each a clause such as `it lacks the prefix tng2=`. */
  readonly faults: readonly string[]
  /** Whether spaces stand around a signature: allowed, but not everyone allows it. */
  readonly hasSpaceAround: boolean
}

const WELL_FORMED = /^tng2=[0-9a-f]{64}$/
const HEADER_NAME = /^x-tengine-signature\s*:\s*/i
/** Ten characters at most, so that base64 with its `=` is not taken for a prefix. */
const PREFIX = /^([A-Za-z][A-Za-z0-9-]{0,9})=(?=.)/
const OTHER_VERSION = /^tng(?!2=)\d+=/
const HEX = /^[0-9a-f]*$/i
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/

/** Hex digits that another hash would give. */
const otherHashes: Readonly<Record<number, string>> = {
  32: 'MD5',
  40: 'SHA-1',
  96: 'SHA-384',
  128: 'SHA-512',
}

/**
 * Reads the value of `X-Tengine-Signature` and names every way in which it is not written as
 * wire.md §6 has it. Versions other than `tng2` are passed over where one of `tng2` is there. No fault
 * repeats what was presented.
 */
export function readSignatureForm(value: string): SignatureForm {
  const named = value.trim().replace(HEADER_NAME, '')
  const items = named.split(',')
  const own = items.filter((item) => !OTHER_VERSION.test(item.trim()))
  const relevant = own.length === 0 ? items : own
  const numbered = relevant.map((item, index) => {
    const subject = relevant.length === 1 ? 'it' : `signature ${index + 1}`
    return faultsOf(item.trim()).map((fault) => `${subject} ${fault}`)
  })
  const isNamed = named !== value.trim()
  return {
    signatures: relevant.map((item) => ({
      isWellFormed: WELL_FORMED.test(item.trim()) && !isNamed,
      digest: digestOf(item),
    })),
    faults: [...(isNamed ? ["it begins with the header's name"] : []), ...numbered.flat()],
    hasSpaceAround: items.some((item) => item.trim() !== item) || value.trim() !== value,
  }
}

function faultsOf(item: string): string[] {
  if (WELL_FORMED.test(item)) return []
  if (item === '') return ['is empty']
  const bare = item.replaceAll(/[\s"']/g, '')
  return [
    ...(/["']/.test(item) ? ['stands in quotes'] : []),
    ...(/\s/.test(item) ? ['holds white space'] : []),
    ...prefixFaults(bare),
    ...valueFaults(bare.replace(PREFIX, '')),
  ]
}

function prefixFaults(bare: string): string[] {
  if (bare.startsWith('tng2=')) return []
  const [, prefix] = PREFIX.exec(bare) ?? []
  return [prefix === undefined ? 'lacks the prefix tng2=' : 'has another prefix than tng2=']
}

function valueFaults(value: string): string[] {
  if (/^[0-9a-f]{64}$/.test(value)) return []
  if (BASE64.test(value)) return ['is base64 in place of hex']
  if (!HEX.test(value)) return ['holds characters that are no hex digits']
  const isUpper = /[A-F]/.test(value) ? ['has upper-case hex digits in place of lower-case'] : []
  if (value.length === 64) return isUpper
  const other = otherHashes[value.length]
  const hint = other === undefined ? '' : ` (as ${other} gives)`
  return [`has ${value.length} hex digits in place of 64${hint}`, ...isUpper]
}

function digestOf(item: string): Uint8Array | null {
  const value = item.replaceAll(/[\s"']/g, '').replace(PREFIX, '')
  if (value.length === 64 && HEX.test(value)) return Buffer.from(value, 'hex')
  return BASE64.test(value) ? Buffer.from(value, 'base64') : null
}
