import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { AppError } from '../errors.ts'
import type { MasterKey } from './master_key.ts'

const FORMAT = 1
const SALT = 16
const NONCE = 12
const TAG = 16
const HEAD = 1 + SALT + NONCE
/** Far below what one key of AES-GCM may seal (NIST SP 800-38D §8.3), even with a counter as nonce. */
const MAX_SEALED = 2 ** 24

/**
 * Seals many small answers cheaply: AES-256-GCM under a key of this process, derived from the master
 * key and a random salt, with a counter as nonce. Layout: format byte, salt, nonce, value, tag.
 */
export class AnswerSealer {
  private readonly masterKey: MasterKey
  private readonly opened = new Map<string, Buffer>()
  private salt: Buffer = Buffer.alloc(0)
  private key: Buffer = Buffer.alloc(0)
  private count = MAX_SEALED

  constructor(masterKey: MasterKey) {
    this.masterKey = masterKey
  }

  /** Seals bytes for one owner; they open for no other. */
  seal(owner: string, value: Uint8Array): Uint8Array {
    if (this.count >= MAX_SEALED) this.renew()
    const sealed = Buffer.allocUnsafe(HEAD + value.byteLength + TAG)
    sealed[0] = FORMAT
    this.salt.copy(sealed, 1)
    const nonce = sealed.subarray(1 + SALT, HEAD).fill(0)
    nonce.writeUInt32BE(++this.count, NONCE - 4)
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce).setAAD(Buffer.from(owner))
    sealed.set(cipher.update(value), HEAD)
    cipher.final()
    sealed.set(cipher.getAuthTag(), HEAD + value.byteLength)
    return sealed
  }

  /** Opens what `seal` made for that owner. @throws AppError secret_undecryptable */
  unseal(owner: string, sealed: Uint8Array): Uint8Array {
    try {
      const bytes = Buffer.from(sealed)
      if (bytes[0] !== FORMAT) throw new Error('not a sealed answer')
      const key = this.keyOf(bytes.subarray(1, 1 + SALT))
      const nonce = bytes.subarray(1 + SALT, HEAD)
      const end = bytes.byteLength - TAG
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG })
      decipher.setAAD(Buffer.from(owner)).setAuthTag(bytes.subarray(end))
      return Buffer.concat([decipher.update(bytes.subarray(HEAD, end)), decipher.final()])
    } catch (cause) {
      throw new AppError('secret_undecryptable', { cause })
    }
  }

  private renew(): void {
    this.salt = randomBytes(SALT)
    this.key = this.keyOf(this.salt)
    this.count = 0
  }

  private keyOf(salt: Buffer): Buffer {
    const name = salt.toString('hex')
    const known = this.opened.get(name)
    if (known !== undefined) return known
    if (this.opened.size >= 64) this.opened.clear()
    const key = Buffer.from(hkdfSync('sha256', this.masterKey.answerKey, salt, 'answer', 32))
    this.opened.set(name, key)
    return key
  }
}
