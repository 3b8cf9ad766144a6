import { compactVerify, importJWK, SignJWT } from 'jose'
import { isJsonObject, type JsonValue } from '../lib/json.ts'
import type { Member } from '../model/principal.ts'
import { readCompactJws } from './compact_jws.ts'
import { sessionTokenPrefix } from './opaque_token.ts'
import { signingAlgorithm } from './signing_key.ts'

/** What a session token says (wire.md §2). */
export interface SessionClaims {
  readonly projectId: number
  readonly integrationId: number
  /** The key it was minted with. */
  readonly apiKeyId: number
  /** Null where the member was not proven by an assertion. */
  readonly assertionKeyId: number | null
  readonly memberId: number
  readonly member: Member
  readonly issuedAtSeconds: number
  readonly expiresAtSeconds: number
}

/** Tells this token from whatever else the same keys may sign (RFC 8725 §3.11). */
const TYPE = 'mst+jwt'

/** Signs a session token with a key of `newSigningKeyPair`. */
export async function signSessionToken(
  claims: SessionClaims,
  key: { readonly kid: string; readonly privateJwk: string },
): Promise<string> {
  const { member } = claims
  const payload = {
    project_id: claims.projectId,
    integration_id: claims.integrationId,
    member_external_id: member.externalId,
    ...(member.email === null ? {} : { email: member.email }),
    ...(member.roles.length === 0 ? {} : { roles: [...member.roles] }),
    api_key_id: claims.apiKeyId,
    assertion_key_id: claims.assertionKeyId,
    member_id: claims.memberId,
  }
  const jwt = await new SignJWT(payload)
    .setProtectedHeader({ alg: signingAlgorithm, typ: TYPE, kid: key.kid })
    .setIssuedAt(claims.issuedAtSeconds)
    .setExpirationTime(claims.expiresAtSeconds)
    .sign(await importJWK(JSON.parse(key.privateJwk), signingAlgorithm))
  return sessionTokenPrefix + jwt
}

/** The `kid` a session token names, unverified; null when it is no session token at all. */
export function signingKidOf(token: string): string | null {
  const jws = readCompactJws(token.slice(sessionTokenPrefix.length))
  if (!token.startsWith(sessionTokenPrefix) || 'fault' in jws) return null
  const { typ, kid } = jws.header
  return typ === TYPE && typeof kid === 'string' ? kid : null
}

/**
 * What a session token says, its signature verified with the public key of its `kid`; null when it was
 * not signed with that. Time and parents are the caller's to see.
 */
export async function verifySessionToken(
  token: string,
  publicJwk: string,
): Promise<SessionClaims | null> {
  const jwt = token.slice(sessionTokenPrefix.length)
  const jws = readCompactJws(jwt)
  if ('fault' in jws) return null
  const key = await importJWK(JSON.parse(publicJwk), signingAlgorithm)
  const isOurs = await compactVerify(jwt, key, { algorithms: [signingAlgorithm] }).then(
    () => true,
    () => false,
  )
  return isOurs ? claimsOf(jws.payload) : null
}

/** Our own signature stands on these, so they are of the shape we gave them. */
function claimsOf(payload: JsonValue): SessionClaims | null {
  if (!isJsonObject(payload)) return null
  const assertionKeyId = payload.assertion_key_id === null ? null : Number(payload.assertion_key_id)
  return {
    projectId: Number(payload.project_id),
    integrationId: Number(payload.integration_id),
    apiKeyId: Number(payload.api_key_id),
    assertionKeyId,
    memberId: Number(payload.member_id),
    member: {
      externalId: String(payload.member_external_id),
      email: typeof payload.email === 'string' ? payload.email : null,
      roles: Array.isArray(payload.roles) ? payload.roles.map(String) : [],
      source: assertionKeyId === null ? 'unverified' : 'assertion',
    },
    issuedAtSeconds: Number(payload.iat),
    expiresAtSeconds: Number(payload.exp),
  }
}
