import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { toBase32 } from './base32.ts'

const stepSeconds = 30
const digits = 6

/** A new secret for an authenticator app: 20 bytes, as long as what SHA-1 gives (RFC 4226 §4 R6). */
export function newTotpSecret(): Uint8Array {
  return randomBytes(20)
}

/** The number of the half minute that a moment lies in (RFC 6238 §4.2). */
export function totpStep(nowMs: number): number {
  return Math.floor(nowMs / 1000 / stepSeconds)
}

/** The six digits of a half minute (RFC 6238 with SHA-1; RFC 4226 §5.3). */
export function totpCode(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', secret).update(counter).digest()
  const offset = mac.readUInt8(mac.length - 1) & 15
  const number = mac.readUInt32BE(offset) & 0x7fffffff
  return String(number % 10 ** digits).padStart(digits, '0')
}

/**
 * The half minute a code belongs to: this one, the one before or the one after (RFC 6238 §5.2); null
 * when it belongs to none of them. Whoever takes the code must see to it that no step, nor one before
 * it, is taken again.
 */
export function matchTotp(secret: Uint8Array, code: string, nowMs: number): number | null {
  if (!/^\d{6}$/.test(code)) return null
  const presented = Buffer.from(code)
  const now = totpStep(nowMs)
  const steps = [now, now - 1, now + 1]
  // Every step is tried whichever fits: how long it takes says nothing.
  const matching = steps.filter((step) => isEqual(presented, totpCode(secret, step)))
  return matching[0] ?? null
}

const isEqual = (presented: Buffer, code: string) => timingSafeEqual(presented, Buffer.from(code))

/** The address an authenticator app reads a secret from, for the person of this account. */
export function otpauthUri(secret: Uint8Array, account: string, issuer: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`
  const query = `secret=${toBase32(secret)}&issuer=${encodeURIComponent(issuer)}`
  return `otpauth://totp/${label}?${query}&algorithm=SHA1&digits=${digits}&period=${stepSeconds}`
}
