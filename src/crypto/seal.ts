import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { AppError } from '../errors.ts'
import type { MasterKey } from './master_key.ts'

/** What a sealed value belongs to; it opens nowhere else (reliability.md case 244). */
export interface SealContext {
  readonly projectId: number
  /** 0 where it belongs to no tool. */
  readonly toolId: number
  readonly field: string
}

const FORMAT = 1
const NONCE = 12
const TAG = 16
const WRAPPED_KEY = NONCE + 32 + TAG

/**
 * Seals a secret: AES-256-GCM under a key of its own, which is wrapped by the master key's wrapping
 * key; both are bound to the context. Layout: format byte, 8-byte master key id, wrapped key, value.
 */
export function seal(key: MasterKey, context: SealContext, plaintext: string): Uint8Array {
  const aad = associated(context)
  const valueKey = randomBytes(32)
  return Buffer.concat([
    Buffer.from([FORMAT]),
    Buffer.from(key.id, 'hex'),
    encrypt(key.wrappingKey, aad, valueKey),
    encrypt(valueKey, aad, Buffer.from(plaintext, 'utf8')),
  ])
}

/**
 * Opens what `seal` made for the same context.
 * @throws AppError secret_undecryptable - another key, another context, or a changed byte
 */
export function unseal(key: MasterKey, context: SealContext, sealed: Uint8Array): string {
  try {
    const bytes = Buffer.from(sealed)
    if (bytes[0] !== FORMAT || bytes.toString('hex', 1, 9) !== key.id) {
      throw new Error(`sealed by master key ${bytes.toString('hex', 1, 9)}`)
    }
    const aad = associated(context)
    const valueKey = decrypt(key.wrappingKey, aad, bytes.subarray(9, 9 + WRAPPED_KEY))
    return decrypt(valueKey, aad, bytes.subarray(9 + WRAPPED_KEY)).toString('utf8')
  } catch (cause) {
    throw new AppError('secret_undecryptable', { cause })
  }
}

const associated = (context: SealContext) =>
  Buffer.from(`${context.projectId}|${context.toolId}|${context.field}`)

function encrypt(key: Buffer, aad: Buffer, plaintext: Buffer): Buffer {
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad)
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return Buffer.concat([nonce, body, cipher.getAuthTag()])
}

function decrypt(key: Buffer, aad: Buffer, sealed: Buffer): Buffer {
  const end = sealed.byteLength - TAG
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE), {
    authTagLength: TAG,
  })
  decipher.setAAD(aad).setAuthTag(sealed.subarray(end))
  return Buffer.concat([decipher.update(sealed.subarray(NONCE, end)), decipher.final()])
}
