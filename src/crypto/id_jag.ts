import { compactVerify, importJWK, type JWK } from 'jose'
import type { JsonObject, JsonValue } from '../lib/json.ts'
import { emailFault, externalIdFault } from '../model/member.ts'
import { readCompactJws } from './compact_jws.ts'

/** The JWT type of an identity assertion authorization grant (draft-ietf-oauth-identity-assertion-authz-grant §3). */
const TYPE = 'oauth-id-jag+jwt'
/** The grant profile the metadata announces. */
export const idJagProfile = 'urn:ietf:params:oauth:grant-profile:id-jag'
const algorithms = ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256'] as const
const MAX_CHARS = 8192
const MAX_LIFE_SECONDS = 600
const SKEW_SECONDS = 5
const MIN_RSA_BYTES = 256

/** What an identity assertion is held against. */
export interface IdJagRules {
  /** The issuer of this authorization server: its `aud`. */
  readonly audience: string
  /** The client that presents it. */
  readonly clientId: string
  readonly nowSeconds: number
}

/** An identity assertion, taken apart and not verified: enough to know whose keys to ask. */
export interface UnverifiedIdJag {
  readonly issuer: string
  readonly resource: string
}

/** What a good identity assertion says. */
export interface IdJag extends UnverifiedIdJag {
  readonly subject: string
  readonly email: string | null
  readonly jti: string
  readonly scope: string
  /** From then on it is refused as expired. */
  readonly refusedFromSeconds: number
}

/** Why an identity assertion is not taken; one sentence, fit for the client. */
export interface IdJagFault {
  readonly fault: string
}

/** Reads who issued an identity assertion, and for which resource; nothing of it is proven yet. */
export function readIdJag(token: string): UnverifiedIdJag | IdJagFault {
  if (token.length > MAX_CHARS) return { fault: 'The assertion is too long' }
  const jws = readCompactJws(token)
  if ('fault' in jws) return { fault: 'The assertion is not a JWT' }
  const { iss, resource } = jws.payload
  if (jws.header.typ !== TYPE) return { fault: `The assertion's typ is not ${TYPE}` }
  if (typeof iss !== 'string' || iss === '') return { fault: 'The assertion has no iss' }
  if (typeof resource !== 'string') return { fault: 'The assertion names no single resource' }
  return { issuer: iss, resource }
}

/**
 * Verifies an identity assertion with its issuer's keys: signature by the key its `kid` names, `aud`
 * and `client_id` exact, a life of ten minutes at most, a subject that can be a member.
 */
export async function verifyIdJag(
  token: string,
  jwks: string,
  rules: IdJagRules,
): Promise<IdJag | IdJagFault> {
  const unverified = readIdJag(token)
  const jws = readCompactJws(token)
  if ('fault' in unverified) return unverified
  if ('fault' in jws) return { fault: 'The assertion is not a JWT' }
  if (!(await isSigned(token, jws.header, jwks))) {
    return { fault: "The assertion is not signed with a key of its issuer's" }
  }
  const { payload } = jws
  const fault = audienceFault(payload, rules) ?? timeFault(payload, rules.nowSeconds)
  if (fault !== null) return { fault }
  return claimsOf(payload, unverified)
}

async function isSigned(token: string, header: JsonObject, jwks: string): Promise<boolean> {
  const { kid, alg } = header
  const { keys } = JSON.parse(jwks) as { keys: JWK[] }
  const key = keys.find((each) => each.kid === kid)
  if (key === undefined || typeof alg !== 'string' || !isAllowed(alg, key)) return false
  try {
    await compactVerify(token, await importJWK(key, alg), { algorithms: [alg] })
    return true
  } catch {
    return false
  }
}

/** A key that names its algorithm is for that one alone; a symmetric key proves nothing. */
function isAllowed(alg: string, key: JWK): boolean {
  if (key.kty === 'oct' || !algorithms.some((allowed) => allowed === alg)) return false
  return key.alg === undefined || key.alg === alg
}

function audienceFault(
  { aud, client_id: client }: JsonObject,
  { audience, clientId }: IdJagRules,
): string | null {
  if (aud !== audience) return `The assertion's aud is not ${audience}`
  return client === clientId ? null : 'The assertion was issued for another client'
}

function timeFault({ iat, exp, nbf }: JsonObject, now: number): string | null {
  if (!isSeconds(iat) || !isSeconds(exp)) return 'The assertion has no whole iat and exp'
  if (now > exp + SKEW_SECONDS) return 'The assertion has expired'
  if (iat > now + SKEW_SECONDS) return "The assertion's iat is ahead of the server's clock"
  if (nbf !== undefined && (!isSeconds(nbf) || nbf > now + SKEW_SECONDS)) {
    return 'The assertion is not valid yet'
  }
  return exp - iat > MAX_LIFE_SECONDS ? 'The assertion lives longer than ten minutes' : null
}

const isSeconds = (value: JsonValue | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

function claimsOf(payload: JsonObject, { issuer, resource }: UnverifiedIdJag): IdJag | IdJagFault {
  const { sub, jti, scope = '', email: mail, email_verified: isVerified, exp } = payload
  if (typeof sub !== 'string' || externalIdFault(`idp0000000000:${sub}`) !== null || sub === '') {
    return { fault: "The assertion's sub cannot name a member" }
  }
  if (typeof jti !== 'string' || jti === '' || jti.length > 255) {
    return { fault: 'The assertion has no jti' }
  }
  if (typeof scope !== 'string') return { fault: "The assertion's scope is not text" }
  const hasEmail = typeof mail === 'string' && isVerified !== false && emailFault(mail) === null
  return {
    issuer,
    resource,
    subject: sub,
    email: hasEmail ? mail : null,
    jti,
    scope,
    refusedFromSeconds: Number(exp) + SKEW_SECONDS,
  }
}

/** What is wrong with a JWK Set that is to be trusted; null when nothing is. */
export async function jwksFault(jwks: JsonValue): Promise<string | null> {
  const keys = typeof jwks === 'object' && jwks !== null && 'keys' in jwks ? jwks.keys : null
  if (!Array.isArray(keys) || keys.length === 0) return 'must have a list `keys` that is not empty'
  for (const [index, key] of (keys as JWK[]).entries()) {
    const fault = await keyFault(key)
    if (fault !== null) return `keys[${index}] ${fault}`
  }
  return null
}

async function keyFault(key: JWK): Promise<string | null> {
  if (typeof key !== 'object' || key === null) return 'is not a JWK'
  if (typeof key.kid !== 'string' || key.kid === '') return 'has no kid'
  if ('d' in key || 'k' in key) return 'is a private or shared key: keep it secret, and replace it'
  if (key.kty === 'RSA' && Buffer.from(key.n ?? '', 'base64url').length < MIN_RSA_BYTES) {
    return 'is an RSA key of fewer than 2,048 bits'
  }
  const alg = key.alg ?? algorithmOf(key)
  if (alg === null || !isAllowed(alg, key)) return 'is for no algorithm that is taken here'
  return importJWK(key, alg).then(
    () => null,
    () => 'is not a public key',
  )
}

function algorithmOf({ kty, crv }: JWK): string | null {
  if (kty === 'RSA') return 'RS256'
  if (kty === 'OKP') return 'EdDSA'
  return crv === 'P-256' ? 'ES256' : crv === 'P-384' ? 'ES384' : null
}
