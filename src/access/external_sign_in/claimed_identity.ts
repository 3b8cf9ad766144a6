import { AppError } from '../../errors.ts'
import { isEmail } from '../../model/email.ts'
import { isVisibleLine } from '../../model/visible_text.ts'
import type { IdentityKey } from '../../store/identity_store.ts'

/** Who somebody is, as the provider says. */
export interface ClaimedIdentity extends IdentityKey {
  /** Null where the provider names none that can be one. */
  readonly email: string | null
  /** Whether the provider vouches that the address is this person's. */
  readonly isEmailVerified: boolean
  /** What to call the person; null where there is nothing to show. */
  readonly name: string | null
  readonly groups: readonly string[]
}

/** Claims by name, of an ID token or of the userinfo endpoint (OpenID Connect Core 1.0 §5.1). */
export type Claims = Readonly<Record<string, unknown>>

const maxNameChars = 100
/** Beyond these a provider is asked for something else than the groups of one person. */
const maxGroups = 2_000

/** Whether the claims leave something open that the userinfo endpoint may know. */
export function isIncomplete(claims: Claims, issuer: string, groupsClaim: string): boolean {
  return !isVerified(claims, issuer) || !Object.hasOwn(claims, groupsClaim)
}

/**
 * Reads who somebody is from one or more sets of claims, the first that has something says it; an
 * address and whether it is verified come from the same set.
 * @throws AppError external_sign_in_refused - the provider left the groups out as too many
 */
export function readIdentity(
  key: IdentityKey,
  sources: readonly Claims[],
  groupsClaim: string,
): ClaimedIdentity {
  const { issuer } = key
  const vouching = sources.find((claims) => isVerified(claims, issuer))
  const email = emailOf(vouching) ?? sources.map(emailOf).find((each) => each !== null) ?? null
  return {
    ...key,
    email,
    isEmailVerified: vouching !== undefined,
    name: sources.map(nameOf).find((each) => each !== null) ?? null,
    groups: groupsOf(sources, groupsClaim),
  }
}

function emailOf(claims: Claims | undefined): string | null {
  const email = claims?.['email']
  return typeof email === 'string' && isEmail(email) ? email : null
}

function nameOf({ name }: Claims): string | null {
  const shown = typeof name === 'string' ? name.trim().slice(0, maxNameChars) : ''
  return shown !== '' && isVisibleLine(shown) ? shown : null
}

/**
 * Entra ID has no `email_verified`. It says in `xms_edov` whether the tenant owns the domain of the
 * address; from other providers that claim means nothing.
 */
function isVerified(claims: Claims, issuer: string): boolean {
  if (emailOf(claims) === null) return false
  if (claims['email_verified'] === true) return true
  const ownsDomain = claims['xms_edov']
  return entra.test(issuer) && (ownsDomain === true || ownsDomain === 1 || ownsDomain === '1')
}

const entra =
  /^https:\/\/login\.(?:microsoftonline\.com|microsoftonline\.us|partner\.microsoftonline\.cn)\//

function groupsOf(sources: readonly Claims[], groupsClaim: string): readonly string[] {
  const source = sources.find((claims) => Object.hasOwn(claims, groupsClaim))
  if (source === undefined) {
    // Taken for none, the roles of exactly those with the most groups would be lost.
    if (sources.some((claims) => isLeftOut(claims, groupsClaim))) throw tooManyGroups()
    return []
  }
  const value = source[groupsClaim]
  const groups = Array.isArray(value) ? value : [value]
  if (groups.length > maxGroups) throw tooManyGroups()
  return groups.filter((group) => typeof group === 'string')
}

/** Whether the claim is only pointed at (OpenID Connect Core 1.0 §5.6.2): Entra ID does so above 200. */
function isLeftOut(claims: Claims, groupsClaim: string): boolean {
  const elsewhere = claims['_claim_names']
  return (
    typeof elsewhere === 'object' && elsewhere !== null && Object.hasOwn(elsewhere, groupsClaim)
  )
}

const tooManyGroups = () =>
  new AppError('external_sign_in_refused', {
    reason:
      'You are in more groups than the provider passes on. An administrator can have it send only the groups that matter here.',
  })
