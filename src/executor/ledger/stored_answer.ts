import { sha256Hex } from '../../crypto/digest.ts'
import { AppError, catalogue, type ErrorCode } from '../../errors.ts'
import type { ToolOutput } from '../read_response.ts'

/** What a call came to, as far as a repeat is told. */
export interface Answer {
  readonly output: ToolOutput | null
  readonly error: AppError | null
}

/** What stands for an answer that is too large to keep. */
export interface TooLarge {
  readonly bytes: number
  /** Of the answer as it would have been kept, hex. */
  readonly sha256: string
}

/** The largest answer that is kept, before compression. */
export const maxAnswerBytes = 1024 * 1024
/** Below this compressing saves nothing. */
const MIN_COMPRESSED = 1_024

interface PackedError {
  readonly code: ErrorCode
  readonly detail: string
  readonly reason: string | null
}

interface Packed {
  readonly output?: Omit<ToolOutput, 'structuredText'> & { readonly structuredText?: string | true }
  readonly error?: PackedError
  readonly tooLarge?: TooLarge
}

/** Packs an answer for the ledger: a digest stands for one that is too large (reliability.md case 220). */
export function packAnswer(answer: Answer): Uint8Array {
  const plain = plainJson(answer.output)
  if (plain !== null && plain.length < MIN_COMPRESSED) return flagged(JSON_TEXT, plain)
  const bytes = Buffer.from(JSON.stringify(packed(answer)))
  if (bytes.byteLength > maxAnswerBytes) {
    return packedTooLarge({ bytes: bytes.byteLength, sha256: sha256Hex(bytes) })
  }
  return compressed(bytes)
}

const packedTooLarge = (tooLarge: TooLarge) => compressed(Buffer.from(JSON.stringify({ tooLarge })))

function packed({ output, error }: Answer): Packed {
  if (error !== null) {
    const { code, message: detail, reason } = error
    return { error: { code, detail, reason: reason ?? null } }
  }
  if (output === null) return {}
  const { structuredText, ...rest } = output
  if (structuredText === null) return { output: rest }
  const [block] = output.content
  const isSaidTwice = block?.type === 'text' && block.text === structuredText
  return { output: { ...rest, structuredText: isSaidTwice ? true : structuredText } }
}

/** Opens what `packAnswer` made. */
export function unpackAnswer(bytes: Uint8Array): Answer | TooLarge {
  if (bytes[0] === JSON_TEXT) {
    const text = Buffer.from(bytes.subarray(1)).toString('utf8')
    return { output: plainOutput(text), error: null }
  }
  const { output, error, tooLarge }: Packed = JSON.parse(expanded(bytes))
  if (tooLarge !== undefined) return tooLarge
  if (error !== undefined) return { output: null, error: errorOf(error) }
  if (output === undefined) return { output: null, error: null }
  const [block] = output.content
  const { structuredText = null } = output
  const text = structuredText !== true ? structuredText : block?.type === 'text' ? block.text : null
  return { output: { ...output, structuredText: text }, error: null }
}

function errorOf({ code, detail, reason }: PackedError): AppError {
  const known = Object.hasOwn(catalogue, code) ? code : 'tool_execution_failed'
  return new AppError(known, reason === null ? { detail } : { detail, reason })
}

/** The text of an answer that is JSON and nothing else, as most are. */
function plainJson(output: ToolOutput | null): string | null {
  if (output === null || output.kind !== 'json' || output.structuredText === null) return null
  const [block, ...others] = output.content
  const isPlain = others.length === 0 && output.flaw === null && block?.type === 'text'
  return isPlain && block.text === output.structuredText ? block.text : null
}

const plainOutput = (text: string): ToolOutput => ({
  kind: 'json',
  content: [{ type: 'text', text }],
  structuredText: text,
  flaw: null,
})

const PLAIN = 0
const ZSTD = 1
const JSON_TEXT = 2

function flagged(flag: number, text: string): Uint8Array {
  const bytes = Buffer.allocUnsafe(1 + Buffer.byteLength(text))
  bytes[0] = flag
  bytes.write(text, 1)
  return bytes
}

function compressed(bytes: Buffer): Uint8Array {
  if (bytes.byteLength < MIN_COMPRESSED) return Buffer.concat([Buffer.of(PLAIN), bytes])
  return Buffer.concat([Buffer.of(ZSTD), Bun.zstdCompressSync(bytes, { level: 1 })])
}

function expanded(bytes: Uint8Array): string {
  const body = Buffer.from(bytes.subarray(1))
  return (bytes[0] === ZSTD ? Buffer.from(Bun.zstdDecompressSync(body)) : body).toString('utf8')
}
