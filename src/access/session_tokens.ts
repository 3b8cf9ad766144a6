import { sha256 } from '../crypto/digest.ts'
import type { MasterKey } from '../crypto/master_key.ts'
import { seal, unseal } from '../crypto/seal.ts'
import {
  type SessionClaims,
  signingKidOf,
  signSessionToken,
  verifySessionToken,
} from '../crypto/session_token.ts'
import { newSigningKeyPair, signingKeySeal } from '../crypto/signing_key.ts'
import { AppError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import { dropOldest } from '../lib/drop_oldest.ts'
import type { Database } from '../store/database.ts'
import {
  findCurrentSigningKey,
  findSigningKey,
  insertFirstSigningKey,
  type StoredSigningKey,
} from '../store/signing_key_store.ts'

/** What session tokens are made and read with. */
export interface SessionTokensOptions {
  readonly database: Database
  readonly clock: Clock
  readonly masterKey: MasterKey
  readonly minutes: number
  /** Whether a token that no assertion stands behind counts (wire.md §3). */
  readonly allowUnverified: boolean
}

/** A session token whose signature was found good. */
export interface ReadSession extends SessionClaims {
  /** The key it was signed with, whose time may be over. */
  readonly signingKid: string
}

/** Tokens whose signature is remembered as good, so that it is computed once per token. */
const MAX_REMEMBERED = 10_000
/** How many of them stay when room is made. */
const KEPT_WHEN_FULL = 9_900

/**
 * Signs and reads session tokens. A signature is a sum that comes out the same every time, so its
 * result is remembered; whether the token still counts is read from the store at every request.
 */
export class SessionTokens {
  readonly minutes: number
  readonly allowUnverified: boolean
  private readonly options: SessionTokensOptions
  private readonly remembered = new Map<string, ReadSession>()

  constructor(options: SessionTokensOptions) {
    this.options = options
    this.minutes = options.minutes
    this.allowUnverified = options.allowUnverified
  }

  /** Signs a token that lives for the set minutes from now. */
  async sign(
    claims: Omit<SessionClaims, 'issuedAtSeconds' | 'expiresAtSeconds'>,
  ): Promise<{ readonly token: string; readonly expiresAtMs: number }> {
    const { clock, masterKey, minutes } = this.options
    const issuedAtSeconds = Math.floor(clock.nowMs() / 1000)
    const expiresAtSeconds = issuedAtSeconds + minutes * 60
    const { kid, sealedPrivateKey } = await this.currentKey()
    const privateJwk = unseal(masterKey, signingKeySeal(kid), sealedPrivateKey)
    const dated = { ...claims, issuedAtSeconds, expiresAtSeconds }
    const token = await signSessionToken(dated, { kid, privateJwk })
    return { token, expiresAtMs: expiresAtSeconds * 1000 }
  }

  /** Reads a token; null when no key of this instance has signed it. */
  async read(token: string): Promise<ReadSession | null> {
    const digest = Buffer.from(sha256(token)).toString('latin1')
    const known = this.remembered.get(digest)
    if (known !== undefined) return known
    const kid = signingKidOf(token)
    if (kid === null) return null
    const key = await this.options.database.read(() => findSigningKey(kid))
    const claims = key === null ? null : await verifySessionToken(token, key.publicJwk)
    if (claims === null) return null
    const session = { ...claims, signingKid: kid }
    this.remember(digest, session)
    return session
  }

  private remember(digest: string, session: ReadSession): void {
    if (this.remembered.size >= MAX_REMEMBERED) dropOldest(this.remembered, KEPT_WHEN_FULL)
    this.remembered.set(digest, session)
  }

  private async currentKey(): Promise<StoredSigningKey> {
    const { database, clock, masterKey } = this.options
    const found = await database.read(() => findCurrentSigningKey())
    if (found !== null) return found
    const { kid, publicJwk, privateJwk } = await newSigningKeyPair()
    const sealedPrivateKey = seal(masterKey, signingKeySeal(kid), privateJwk)
    const first = { kid, publicJwk, sealedPrivateKey, createdAtMs: clock.nowMs() }
    const current = await database.write(() => insertFirstSigningKey(first))
    if (current === null) throw new AppError('internal', { cause: new Error('no signing key') })
    return current
  }
}
