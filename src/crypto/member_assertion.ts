import { createPublicKey } from 'node:crypto'
import { compactVerify } from 'jose'
import { AppError, type ErrorCode } from '../errors.ts'
import type { JsonObject, JsonValue } from '../lib/json.ts'
import { escapeUnprintable } from '../lib/printable.ts'
import {
  type AssertionAlgorithm,
  type AssertionKey,
  assertionAlgorithms,
  kidPattern,
} from '../model/assertion_key.ts'
import { emailFault, externalIdFault, rolesFault } from '../model/member.ts'
import type { Member } from '../model/principal.ts'
import { readCompactJws } from './compact_jws.ts'
import { sha256 } from './digest.ts'

/** Longest assertion that is looked at (reliability.md case 87). */
export const maxAssertionChars = 8192
/** Longest life of an assertion, from `iat` to `exp` (wire.md §3). */
const MAX_TTL_SECONDS = 60
/** How far the signer's clock may be off. */
const SKEW_SECONDS = 5
const MAX_JTI_CHARS = 255

/** What an assertion is held against. */
export interface AssertionRules {
  readonly projectId: number
  readonly nowSeconds: number
  readonly requireJti: boolean
  /** The project's active key of that `kid`. */
  readonly findKey: (kid: string) => Promise<AssertionKey | null>
}

/** What a good assertion says. */
export interface VerifiedAssertion {
  readonly key: AssertionKey
  readonly member: Member
  /** Names its `jti`, which may be presented once, among all there are; null where it has none. */
  readonly singleUseHash: Uint8Array | null
  /** Past this moment, skew included, the assertion is refused as expired. */
  readonly refusedFromSeconds: number
}

/** The checks in their order; each presumes the ones before. */
export const assertionChecks = [
  'form',
  'algorithm',
  'kid',
  'key',
  'signature',
  'audience',
  'times',
  'subject',
  'identity',
  'jti',
] as const
export type AssertionCheck = (typeof assertionChecks)[number]

/** The `aud` an assertion for a project must have, exactly (wire.md §3). */
export const audienceOf = (projectId: number) => `tengine:project:${projectId}`

/**
 * Verifies a member assertion: every rule of wire.md §3, those included that a JWT library leaves open
 * (reliability.md cases 64–90). Whether its `jti` was used before is the caller's to see.
 * @param passed told of each check as it is passed
 * @throws AppError assertion_*, member_unresolved or sub_invalid; its reason names `kid`, audience and
 * the server's time
 */
export async function verifyAssertion(
  token: string,
  rules: AssertionRules,
  passed: (check: AssertionCheck) => void = () => {},
): Promise<VerifiedAssertion> {
  const failures = new Failures(rules)
  const jws = readCompactJws(token)
  if ('fault' in jws) throw failures.of('assertion_malformed', jws.fault)
  passed('form')
  const { header, payload } = jws
  const named = algorithmNamed(header.alg, failures)
  passed('algorithm')
  const kid = kidOf(header.kid, failures)
  passed('kid')
  const key = await rules.findKey(kid)
  if (key === null) throw failures.of('assertion_key_not_found', 'No active key has this kid.')
  passed('key')
  await checkSignature(token, { key, named }, failures)
  passed('signature')
  checkAudience(payload.aud, rules, failures)
  passed('audience')
  const expiresAtSeconds = checkTimes(payload, rules, failures)
  passed('times')
  const externalId = subjectOf(payload.sub, failures)
  passed('subject')
  const member = { externalId, ...identityOf(payload, failures), source: 'assertion' } as const
  passed('identity')
  const jti = jtiOf(payload.jti, rules, failures)
  passed('jti')
  return {
    key,
    member,
    singleUseHash: jti === null ? null : sha256(JSON.stringify([rules.projectId, kid, jti])),
    refusedFromSeconds: expiresAtSeconds + SKEW_SECONDS,
  }
}

/** Failures of one assertion, each with what a developer needs to see beside its code. */
class Failures {
  private readonly rules: AssertionRules
  private kid = ''

  constructor(rules: AssertionRules) {
    this.rules = rules
  }

  name(kid: string): void {
    this.kid = kid
  }

  of(code: ErrorCode, what: string, cause?: unknown): AppError {
    const { projectId, nowSeconds } = this.rules
    const kid = this.kid === '' ? '' : `kid "${this.kid}"; `
    const time = new Date(nowSeconds * 1000).toISOString().replace('.000', '')
    const reason = `${what} (${kid}expected aud "${audienceOf(projectId)}"; server time ${time})`
    return new AppError(code, { reason, cause })
  }
}

function algorithmNamed(alg: JsonValue | undefined, failures: Failures): AssertionAlgorithm {
  const canonical = alg === 'EdDSA' ? 'Ed25519' : alg
  const algorithm = assertionAlgorithms.find((known) => known === canonical)
  if (algorithm !== undefined) return algorithm
  const names = assertionAlgorithms.join(', ')
  throw failures.of('assertion_alg_not_allowed', `The header's alg is not one of ${names}.`)
}

function kidOf(kid: JsonValue | undefined, failures: Failures): string {
  if (kid === undefined) throw failures.of('assertion_missing_kid', 'The header has no kid.')
  if (typeof kid !== 'string' || !kidPattern.test(kid)) {
    throw failures.of('assertion_malformed', 'kid is not 1 to 128 visible ASCII characters.')
  }
  failures.name(kid)
  return kid
}

interface SigningTerms {
  readonly key: AssertionKey
  readonly named: AssertionAlgorithm
}

/** The key's row decides the algorithm; what the token names may only agree (cases 65, 66). */
async function checkSignature(
  token: string,
  { key, named }: SigningTerms,
  failures: Failures,
): Promise<void> {
  const { algorithm, publicKey } = key
  if (named !== algorithm) {
    const what = `The header names ${named}; this key is registered for ${algorithm}.`
    throw failures.of('assertion_invalid_signature', what)
  }
  const algorithms = algorithm === 'Ed25519' ? ['Ed25519', 'EdDSA'] : [algorithm]
  try {
    await compactVerify(token, createPublicKey(publicKey), { algorithms })
  } catch (cause) {
    const what = 'The signature does not verify with the public key registered for this kid.'
    throw failures.of('assertion_invalid_signature', what, cause)
  }
}

/** One exact string: a list could name other projects too (case 78). */
function checkAudience(
  aud: JsonValue | undefined,
  rules: AssertionRules,
  failures: Failures,
): void {
  if (aud === audienceOf(rules.projectId)) return
  const what =
    aud === undefined
      ? 'The assertion has no aud.'
      : typeof aud === 'string'
        ? `aud is "${escapeUnprintable(aud.slice(0, 100))}".`
        : 'aud is not a single string.'
  throw failures.of('assertion_aud_mismatch', what)
}

/** @returns `exp` */
function checkTimes(payload: JsonObject, rules: AssertionRules, failures: Failures): number {
  const iat = wholeSeconds('iat', payload.iat, failures)
  const exp = wholeSeconds('exp', payload.exp, failures)
  const nbf = payload.nbf === undefined ? iat : wholeSeconds('nbf', payload.nbf, failures)
  const { nowSeconds: now } = rules
  const late = now - exp
  if (late > SKEW_SECONDS) {
    throw failures.of('assertion_expired', `It expired ${late} s ago.`)
  }
  if (iat > now + SKEW_SECONDS) {
    const what = `iat is ${iat - now} s ahead of the server's clock.`
    throw failures.of('assertion_iat_in_future', what)
  }
  if (exp <= iat) throw failures.of('assertion_malformed', 'exp is not after iat.')
  if (exp - iat > MAX_TTL_SECONDS) {
    const what = `It lives ${exp - iat} s; ${MAX_TTL_SECONDS} s are the most.`
    throw failures.of('assertion_ttl_too_long', what)
  }
  if (nbf > now + SKEW_SECONDS) {
    throw failures.of('assertion_not_yet_valid', `It is not valid for another ${nbf - now} s.`)
  }
  return exp
}

function wholeSeconds(name: string, value: JsonValue | undefined, failures: Failures): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  const what = value === undefined ? 'is missing' : 'is not a whole number of Unix seconds'
  throw failures.of('assertion_malformed', `${name} ${what}.`)
}

function subjectOf(sub: JsonValue | undefined, failures: Failures): string {
  if (typeof sub !== 'string' || sub === '') {
    throw failures.of('member_unresolved', 'sub is missing, empty or not a string.')
  }
  const fault = externalIdFault(sub)
  if (fault !== null) throw failures.of('sub_invalid', `sub ${fault}.`)
  return sub
}

/** What says nothing, null or an empty email, counts as absent. */
function identityOf(payload: JsonObject, failures: Failures): Pick<Member, 'email' | 'roles'> {
  const email = payload.email === '' ? null : (payload.email ?? null)
  const roles = payload.roles ?? []
  const malformed = (what: string) => failures.of('assertion_malformed', what)
  if (email !== null && typeof email !== 'string') throw malformed('email is not a string.')
  const aboutEmail = email === null ? null : emailFault(email)
  if (aboutEmail !== null) throw malformed(`email ${aboutEmail}.`)
  if (!isStrings(roles)) throw malformed('roles is not a list of strings.')
  const aboutRoles = rolesFault(roles)
  if (aboutRoles !== null) throw malformed(`roles ${aboutRoles}.`)
  return { email, roles }
}

const isStrings = (value: JsonValue): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string')

function jtiOf(
  jti: JsonValue | undefined,
  { requireJti }: AssertionRules,
  failures: Failures,
): string | null {
  if (jti === undefined && !requireJti) return null
  if (typeof jti === 'string' && jti !== '' && jti.length <= MAX_JTI_CHARS) return jti
  const what =
    jti === undefined ? 'This project requires a jti.' : 'jti is not 1 to 255 characters of text.'
  throw failures.of('assertion_malformed', what)
}

/** A replay, told like the other failures. */
export function replayed(rules: AssertionRules, kid: string): AppError {
  const failures = new Failures(rules)
  failures.name(kid)
  return failures.of('assertion_replayed', 'This jti was presented before.')
}
