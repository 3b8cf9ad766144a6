import type { ConsoleDeps, ConsoleSession } from '../access/console_session.ts'
import { type OwnAccount, readOwnAccount } from '../access/own_account.ts'
import { qrModules } from '../lib/qr_modules.ts'
import { minPasswordLength } from '../model/password_length.ts'
import { accountPage } from '../web/pages/account_page.ts'
import type { AccountView } from '../web/pages/views.ts'
import { type PageOptions, pageResponse } from './console_exchange.ts'

/** What was done, by the word its address carries. */
export const doneMessages = {
  password: 'Your password is changed. You are signed out everywhere else.',
  second_factor_begun: 'Now add the key to your app, and type the code it shows.',
  second_factor_removed: 'Your authenticator app is no longer asked for.',
  codes: 'Your authenticator app is asked for from now on. Keep your recovery codes.',
  passkey_added: 'Your passkey is added. You can sign in with it from now on.',
  passkey_removed: 'That passkey signs nobody in any more.',
  session_ended: 'That session is ended.',
  sessions_ended: 'You are signed out everywhere else.',
  connection_revoked: 'That client is disconnected.',
  connections_revoked: 'All clients are disconnected.',
} as const

/** A word of `doneMessages`. */
export type DoneKey = keyof typeof doneMessages

/** What happened before the page is shown. */
export type AccountNews = Partial<
  Pick<AccountView, 'message' | 'errors' | 'recoveryCodes' | 'newPasskey'>
>

/** Answers with the account page of a session's person. */
export async function accountResponse(
  deps: ConsoleDeps,
  session: ConsoleSession,
  { news, page }: { readonly news: AccountNews; readonly page?: PageOptions },
): Promise<Response> {
  const account = await readOwnAccount(deps, session)
  const none = { message: null, errors: [], recoveryCodes: null, newPasskey: null }
  const view = { ...viewOf(session, account), ...none, ...news }
  return pageResponse(accountPage(view), { ...page, asksPasskeys: view.passkeys.isOffered })
}

type Standing = Omit<AccountView, keyof AccountNews>

function viewOf(session: ConsoleSession, account: OwnAccount): Standing {
  const { user, csrfToken: csrf } = session
  const { roles: memberships, secondFactor, passkeys } = account
  const sessions = account.sessions.map((each) => ({ ...each, isCurrent: each.id === session.id }))
  const connections = account.connections.map(({ grant, ...names }) => ({
    ...names,
    grantId: grant.id,
    scopes: grant.scopes,
    createdAtMs: grant.createdAtMs,
    lastUsedAtMs: grant.lastUsedAtMs,
    lastAddress: grant.lastAddress,
  }))
  const totp =
    secondFactor.state === 'enrolling'
      ? { ...secondFactor, qrModules: qrModules(secondFactor.uri) }
      : secondFactor
  return { user, memberships, totp, passkeys, sessions, connections, minPasswordLength, csrf }
}
