import { auditChain } from '../../crypto/audit_chain.ts'
import type { JsonObject } from '../../lib/json.ts'
import { type RoleMapEntry, rolesOf } from '../../model/role_map.ts'
import type { User } from '../../model/user.ts'
import { appendAuditEvent } from '../../store/audit_store.ts'
import type { Operation } from '../../store/database.ts'
import { findIdentityUserId, insertIdentity, touchIdentity } from '../../store/identity_store.ts'
import { findUser, findUserByEmail, insertUser, listMemberships } from '../../store/user_store.ts'
import type { ConsoleDeps } from '../console_session.ts'
import type { ClaimedIdentity } from './claimed_identity.ts'
import { syncRoles } from './sync_roles.ts'

/** Who may come in. */
export interface AdmissionRules {
  readonly roleMap: readonly RoleMapEntry[]
  /** Whether a person without an account gets one where a group gives a role. */
  readonly createsUsers: boolean
}

/** Whose account it is, or why there is none to enter. */
export type Admission = { readonly userId: number } | { readonly refusal: string }

const refusals = {
  noEmail: 'The provider names no email address for you.',
  unverified: 'The provider does not vouch that your email address is yours.',
  otherIdentity:
    'Your email address belongs to an account that is somebody else at the provider. An administrator can tell.',
  noAccount:
    'You have no account here, and none of your groups gives you one. Ask an administrator for an invitation.',
  noRole: 'You have no role here any more. Ask an administrator for one.',
  disabled: 'Your account is disabled. Ask an administrator.',
} as const
type Refused = { readonly refusal: string }

/** Writes down, in the transaction it is done in, what a sign-in changed (case 264). */
export type Recorder = (
  action: string,
  change: { readonly user: User; readonly projectId: number | null; readonly details: JsonObject },
) => Operation<void>

/**
 * Finds the account of who the provider says it is, links or makes it where that is due, and brings
 * its roles in line with the groups. Roles that the groups took away are lost even if the person is
 * refused for it.
 */
export function admitPerson(
  deps: ConsoleDeps,
  rules: AdmissionRules,
  came: { readonly identity: ClaimedIdentity; readonly address: string | null },
): Operation<Admission> {
  const nowMs = deps.clock.nowMs()
  const chain = auditChain(deps.masterKey)
  const record: Recorder = (action, { user, projectId, details }) => {
    const person = `user:${user.id}`
    const event = { action, target: person, projectId, details, address: came.address }
    return appendAuditEvent({ ...event, atMs: nowMs, actor: person }, chain)
  }
  return admit(came.identity, { ...rules, nowMs, record })
}

interface Surroundings extends AdmissionRules {
  readonly nowMs: number
  readonly record: Recorder
}

function* admit(identity: ClaimedIdentity, at: Surroundings): Operation<Admission> {
  const roles = rolesOf(at.roleMap, identity.groups)
  const knownId = yield* findIdentityUserId(identity)
  const known = knownId === null ? null : yield* findUser(knownId)
  const user = known ?? (yield* newcomer(identity, roles.length > 0, at))
  if ('refusal' in user) return user
  if (user.isDisabled) return { refusal: refusals.disabled }
  yield* touchIdentity(identity, at.nowMs)
  yield* syncRoles(user, roles, at)
  const held = yield* listMemberships(user.id)
  return held.length === 0 ? { refusal: refusals.noRole } : { userId: user.id }
}

/** An address links an account only if the provider vouches for it: anyone can write any address. */
function* newcomer(
  identity: ClaimedIdentity,
  hasRole: boolean,
  at: Surroundings,
): Operation<User | Refused> {
  const { email, isEmailVerified, name } = identity
  if (email === null) return { refusal: refusals.noEmail }
  if (!isEmailVerified) return { refusal: refusals.unverified }
  const existing = yield* findUserByEmail(email)
  if (existing?.isDisabled) return existing
  if (existing === null && !(hasRole && at.createsUsers)) return { refusal: refusals.noAccount }
  const account = { email, name: name ?? email, passwordHash: null, nowMs: at.nowMs }
  const user = existing ?? (yield* insertUser(account))
  if (user === null) return { refusal: refusals.noAccount }
  // A provider may hand an address on to another person; the account is not handed on with it.
  const isLinked = yield* insertIdentity(identity, user.id, at.nowMs)
  if (!isLinked) return { refusal: refusals.otherIdentity }
  const details = { email: user.email, issuer: identity.issuer, subject: identity.subject }
  const action = existing === null ? 'user.create' : 'user.link_identity'
  yield* at.record(action, { user, projectId: null, details })
  return user
}
