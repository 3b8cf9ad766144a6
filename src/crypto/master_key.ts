import { hkdfSync, randomBytes } from 'node:crypto'
import { sha256Hex } from './digest.ts'

const derive = (key: Uint8Array, purpose: string) =>
  Buffer.from(hkdfSync('sha256', key, '', `gatehouse/${purpose}`, 32))

/**
 * The keys an instance derives from its 32-byte master key (HKDF-SHA256, RFC 5869), one per purpose.
 * The master key itself encrypts nothing.
 */
export class MasterKey {
  /** Names the key in logs and sealed values; tells nothing about it. */
  readonly id: string
  /** Wraps the key of every sealed secret. */
  readonly wrappingKey: Buffer
  /** Signs list cursors. */
  readonly cursorKey: Buffer
  /** Binds forms to the session of the person they were made for. */
  readonly formKey: Buffer
  /** Chains the audit log. */
  readonly auditKey: Buffer
  /** Gives the keys that answers are sealed with while repeats may ask for them. */
  readonly answerKey: Buffer

  constructor(key: Uint8Array) {
    if (key.byteLength !== 32) throw new TypeError('a master key has 32 bytes')
    this.wrappingKey = derive(key, 'wrap')
    this.cursorKey = derive(key, 'cursor')
    this.formKey = derive(key, 'form')
    this.auditKey = derive(key, 'audit')
    this.answerKey = derive(key, 'answer')
    this.id = sha256Hex(derive(key, 'id')).slice(0, 16)
  }
}

/** 32 new random bytes. */
export function newMasterKeyBytes(): Uint8Array {
  return randomBytes(32)
}
