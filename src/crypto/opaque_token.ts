import { randomBytes } from 'node:crypto'
import { sha256 } from './digest.ts'

/** Prefix of a project API key (wire.md §2). */
export const apiKeyPrefix = 'tengine_'
/** Prefix of an admin token (wire.md §2). */
export const adminTokenPrefix = 'gha_'

/** Prefix of a member session token (wire.md §2). */
export const sessionTokenPrefix = 'tng_mst_'

/** Prefix of an OAuth authorization code. */
export const oauthCodePrefix = 'tng_oac_'
/** Prefix of an OAuth access token (wire.md §2). */
export const accessTokenPrefix = 'tng_oat_'
/** Prefix of an OAuth refresh token. */
export const refreshTokenPrefix = 'tng_ort_'
/** Prefix of the secret of a confidential OAuth client. */
export const clientSecretPrefix = 'tng_ocs_'
/** Prefix of what a signed-in person's cookie holds. */
export const consoleSessionPrefix = 'gh_sess_'
/** Prefix of a one-time link's token. */
export const setupLinkPrefix = 'gh_setup_'
/** Prefix of what a browser keeps while its person is at the OpenID provider. */
export const externalSignInPrefix = 'gh_ext_'
/** Prefix of what a browser keeps while its person looks for a passkey. */
export const passkeyAttemptPrefix = 'gh_pass_'

/** A credential at its birth: the only moment its text exists here. */
export interface NewToken {
  /** Shown once, never stored. */
  readonly token: string
  /** What the store keeps: SHA-256 of the text. */
  readonly hash: Uint8Array
  readonly last4: string
}

/** Makes a credential: prefix and 32 random bytes in base64url (RFC 4648 §5). */
export function newToken(prefix: string): NewToken {
  const token = prefix + randomBytes(32).toString('base64url')
  return { token, hash: sha256(token), last4: token.slice(-4) }
}

const shape =
  /^(?:tengine_|gha_|tng_oac_|tng_oat_|tng_ort_|tng_ocs_|gh_sess_|gh_setup_|gh_ext_|gh_pass_)[A-Za-z0-9_-]{43}$/

/** The stored form of a presented credential; null when its shape is not one of ours, byte for byte. */
export function hashPresentedToken(token: string): Uint8Array | null {
  return shape.test(token) ? sha256(token) : null
}
