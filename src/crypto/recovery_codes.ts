import { randomBytes } from 'node:crypto'
import { toBase32 } from './base32.ts'
import { sha256Hex } from './digest.ts'

const codeCount = 10

/** Codes that stand in for a lost authenticator app, each once. */
export interface RecoveryCodes {
  /** As people keep them: `ABCD-EFGH-IJKL-MNOP`, 80 random bits each. */
  readonly codes: readonly string[]
  /** What is stored: SHA-256 in hex; 80 bits need no slow hash. */
  readonly hashes: readonly string[]
}

/** Makes ten recovery codes. */
export function newRecoveryCodes(): RecoveryCodes {
  const texts = Array.from({ length: codeCount }, () => toBase32(randomBytes(10)))
  const codes = texts.map((text) => text.replace(/.{4}(?=.)/g, '$&-'))
  return { codes, hashes: texts.map((text) => sha256Hex(text)) }
}

/** The stored form of what a person typed, in whatever case and grouping; null where it is no code. */
export function hashRecoveryCode(typed: string): string | null {
  const text = typed.replace(/[\s-]/g, '').toUpperCase()
  return /^[A-Z2-7]{16}$/.test(text) ? sha256Hex(text) : null
}
