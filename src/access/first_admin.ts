import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { auditChain } from '../crypto/audit_chain.ts'
import { newToken, setupLinkPrefix } from '../crypto/opaque_token.ts'
import type { AuditEntry } from '../model/audit_event.ts'
import { setupUrl } from '../model/setup_url.ts'
import { appendAuditEvent } from '../store/audit_store.ts'
import { insertSetupLink } from '../store/setup_link_store.ts'
import { countOwners } from '../store/user_store.ts'
import type { ConsoleDeps } from './console_session.ts'

const setupLinkMs = 60 * 60_000

/** The link that makes its holder the first owner. */
export interface FirstOwnerLink {
  readonly url: string
  readonly expiresAtMs: number
}

const madeLink = {
  action: 'setup_link.create',
  target: '',
  projectId: null,
  details: {},
  address: null,
} as const

/**
 * Makes the link for the first owner, in place of the one before: good for an hour and one use. Only
 * its hash is stored; its text is kept beside the database, readable by who owns that (case 260).
 * Null where somebody owns the installation already.
 * @param actor who asked for it: the start of the server, or who is on the machine itself
 */
export async function makeFirstOwnerLink(
  deps: ConsoleDeps,
  actor: 'system' | 'local',
): Promise<FirstOwnerLink | null> {
  const { token, hash } = newToken(setupLinkPrefix)
  const atMs = deps.clock.nowMs()
  const expiresAtMs = atMs + setupLinkMs
  const entry: AuditEntry = { ...madeLink, atMs, actor }
  const isOpen = await deps.database.write(function* () {
    if ((yield* countOwners()) > 0) return false
    yield* insertSetupLink(hash, { purpose: 'setup', userId: null, expiresAtMs })
    yield* appendAuditEvent(entry, auditChain(deps.masterKey))
    return true
  })
  if (!isOpen) {
    forgetSetupUrl(deps)
    return null
  }
  const url = setupUrl(deps.publicUrl(), token)
  keepSetupUrl(deps, url)
  return { url, expiresAtMs }
}

/** Whether nobody owns the installation yet. */
export async function needsFirstOwner({ database }: ConsoleDeps): Promise<boolean> {
  return (await database.read(() => countOwners())) === 0
}

/** Takes the link's text away once it is of no use. */
export function forgetSetupUrl({ setupUrlPath }: ConsoleDeps): void {
  if (setupUrlPath !== null) rmSync(setupUrlPath, { force: true })
}

function keepSetupUrl({ setupUrlPath }: ConsoleDeps, url: string): void {
  if (setupUrlPath === null) return
  // A file that is there already would keep the rights it has.
  rmSync(setupUrlPath, { force: true })
  writeFileSync(setupUrlPath, `${url}\n`, { mode: 0o600, flag: 'wx' })
  chmodSync(setupUrlPath, 0o600)
}
