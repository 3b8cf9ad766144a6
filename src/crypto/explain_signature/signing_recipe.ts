import { createHmac } from 'node:crypto'
import { sha256 } from '../digest.ts'

/** The parts of a request that a signature covers, as somebody has them. */
export interface SignedText {
  /** `X-Tengine-Timestamp`, character for character. */
  readonly timestamp: string
  /** `X-Tengine-Request-Id`, character for character. */
  readonly requestId: string
  readonly method: string
  /** Raw path and query. */
  readonly target: string
  readonly body: Uint8Array
}

/** A body and its SHA-256. */
export interface HashedBody {
  readonly bytes: Uint8Array
  readonly sha256: Buffer
}

/** All that goes into one signature: the parts of the line, how they are put together, and the key. */
export interface SigningRecipe extends Omit<SignedText, 'body'> {
  /** What the line begins with; '' for nothing. */
  readonly version: string
  readonly body: HashedBody
  /** What stands in the line for the body. */
  readonly writeBody: (body: HashedBody) => string | Uint8Array
  readonly separator: string
  /** After the last part. */
  readonly ending: string
  /** Whether what stands for the body is all there is. */
  readonly isBodyAlone: boolean
  /** The HMAC key that a secret gives; null where it gives none. */
  readonly keyOf: (secret: string) => string | Uint8Array | null
}

/** Hashes a body. */
export const hashedBody = (bytes: Uint8Array): HashedBody => ({
  bytes,
  sha256: Buffer.from(sha256(bytes)),
})

/** The recipe of wire.md §6 over these parts, taken as they are. */
export function rightRecipe(text: SignedText): SigningRecipe {
  return {
    ...text,
    version: 'tng2',
    body: hashedBody(text.body),
    writeBody: ({ sha256 }) => sha256.toString('hex'),
    separator: ' ',
    ending: '',
    isBodyAlone: false,
    keyOf: (secret) => secret,
  }
}

/** The bytes a recipe signs. */
export function lineOf(recipe: SigningRecipe): Buffer {
  const { version, timestamp, requestId, method, target, separator, ending } = recipe
  const head = version === '' ? [] : [version]
  const words = recipe.isBodyAlone ? [] : [...head, timestamp, requestId, method, target, '']
  const body = recipe.writeBody(recipe.body)
  if (typeof body === 'string') return Buffer.from(words.join(separator) + body + ending)
  return Buffer.concat([Buffer.from(words.join(separator)), body, Buffer.from(ending)])
}

/** The 32 bytes of HMAC-SHA256 that a recipe gives with a secret; null where it gives no key. */
export function signatureOf(recipe: SigningRecipe, secret: string): Buffer | null {
  const key = recipe.keyOf(secret)
  return key === null ? null : createHmac('sha256', key).update(lineOf(recipe)).digest()
}
