import { newToken, setupLinkPrefix } from '../crypto/opaque_token.ts'
import type { Operation } from '../store/database.ts'
import { insertSetupLink, type SetupPurpose } from '../store/setup_link_store.ts'
import type { ManageDeps } from './manage_deps.ts'

/** A one-time link by which a person chooses a password; to be passed on by whoever asked for it. */
export interface UserLink {
  /** Shown once, never stored. */
  readonly url: string
  readonly expiresAtMs: number
}

/** How long whoever gets a link may take. */
const linkMs: Readonly<Record<Exclude<SetupPurpose, 'setup'>, number>> = {
  invite: 72 * 60 * 60_000,
  reset: 24 * 60 * 60_000,
}

/** A link and the write that makes it good, in place of the person's earlier ones. */
export interface NewUserLink extends UserLink {
  /** Belongs into the transaction of the change itself. */
  insert(userId: number): Operation<void>
}

/** Makes a link. */
export function newUserLink(deps: ManageDeps, purpose: 'invite' | 'reset'): NewUserLink {
  const { token, hash } = newToken(setupLinkPrefix)
  const expiresAtMs = deps.clock.nowMs() + linkMs[purpose]
  return {
    url: deps.setupUrlOf(token),
    expiresAtMs,
    insert: (userId) => insertSetupLink(hash, { purpose, userId, expiresAtMs }),
  }
}
