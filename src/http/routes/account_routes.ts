import {
  type ConsoleDeps,
  readConsoleSession,
  sessionCookie,
} from '../../access/console_session.ts'
import { changePassword, endOtherSessions, endOwnSession } from '../../access/own_account.ts'
import { revokeOwnConnection, revokeOwnConnections } from '../../access/own_connections.ts'
import {
  beginSecondFactor,
  confirmSecondFactor,
  type NewRecoveryCodes,
  removeSecondFactor,
  renewRecoveryCodes,
} from '../../access/second_factor.ts'
import { AppError } from '../../errors.ts'
import { pagePaths } from '../../web/pages/views.ts'
import { accountResponse, type DoneKey, doneMessages } from '../account_response.ts'
import { ownFormOf, type PageContext, seeOther, sessionOf, withNext } from '../console_exchange.ts'
import type { ManagementRouter } from '../management_router.ts'
import { askPassword, done, type OnForm, refusable } from './account_forms.ts'
import { addPasskeyForms } from './passkey_forms.ts'

/** Adds a person's own page and its forms. */
export function addAccountRoutes(router: ManagementRouter, deps: ConsoleDeps): void {
  const on: OnForm = (path, act) => router.post(path, async (c) => act(await ownFormOf(deps, c), c))
  router.get(pagePaths.account, (c) => show(deps, c))
  on(pagePaths.changePassword, (own, c) =>
    refusable({ deps, ...own, of: 'changePassword' }, async () => {
      const { session, form } = own
      const wanted = form.get('password') ?? ''
      if (wanted !== form.get('password_again')) throw fault('/password_again', differ)
      const current = form.get('current_password') ?? ''
      const change = { current, wanted, address: c.env.address }
      return done(deps, 'password', await changePassword(deps, session, change))
    }),
  )
  on(pagePaths.beginSecondFactor, async ({ session }) => {
    await beginSecondFactor(deps, session.user)
    return done(deps, 'second_factor_begun')
  })
  on(pagePaths.confirmSecondFactor, (own, c) =>
    refusable({ deps, ...own, of: 'confirmSecondFactor' }, async () => {
      const typed = { code: own.form.get('code') ?? '', address: c.env.address }
      return showCodes(deps, await confirmSecondFactor(deps, own.session, typed))
    }),
  )
  on(pagePaths.removeSecondFactor, (own, c) =>
    refusable({ deps, ...own, of: 'removeSecondFactor' }, async () => {
      await askPassword(deps, own, c)
      const opened = await removeSecondFactor(deps, own.session, c.env.address)
      return done(deps, 'second_factor_removed', opened)
    }),
  )
  on(pagePaths.renewRecoveryCodes, (own, c) =>
    refusable({ deps, ...own, of: 'renewRecoveryCodes' }, async () => {
      await askPassword(deps, own, c)
      return showCodes(deps, await renewRecoveryCodes(deps, own.session, c.env.address))
    }),
  )
  addPasskeyForms(on, deps)
  addListForms(on, deps)
}

/** The forms of the lists at the page's end. */
function addListForms(on: OnForm, deps: ConsoleDeps): void {
  on(pagePaths.endSession, async ({ session, form }, c) => {
    const ended = { id: Number(form.get('session_id')), address: c.env.address }
    await endOwnSession(deps, session, ended)
    return done(deps, 'session_ended')
  })
  on(pagePaths.endOtherSessions, async ({ session }, c) => {
    await endOtherSessions(deps, session, c.env.address)
    return done(deps, 'sessions_ended')
  })
  on(pagePaths.revokeConnection, async ({ session, form }, c) => {
    const ended = { grantId: form.get('grant_id') ?? '', address: c.env.address }
    await revokeOwnConnection(deps, session, ended)
    return done(deps, 'connection_revoked')
  })
  on(pagePaths.revokeAllConnections, async ({ session }, c) => {
    await revokeOwnConnections(deps, session, c.env.address)
    return done(deps, 'connections_revoked')
  })
}

async function show(deps: ConsoleDeps, c: PageContext): Promise<Response> {
  const session = await sessionOf(deps, c)
  if (session === null) return seeOther(withNext(pagePaths.signIn, pagePaths.account))
  if (session.stage !== 'signed_in') return seeOther(pagePaths.secondFactor)
  const key = c.req.query('done') ?? ''
  const message = Object.hasOwn(doneMessages, key) ? doneMessages[key as DoneKey] : null
  return accountResponse(deps, session, { news: { message } })
}

/** The codes are nowhere else: they go out with the answer itself, under the session's new token. */
async function showCodes(deps: ConsoleDeps, made: NewRecoveryCodes): Promise<Response> {
  const cookie = sessionCookie(deps, made.opened.token)
  const session = await readConsoleSession(deps, cookie)
  if (session === null) throw new AppError('not_signed_in')
  const { recoveryCodes } = made
  const news = { recoveryCodes, message: doneMessages.codes }
  return accountResponse(deps, session, { news, page: { cookie } })
}

const differ = 'The two passwords differ.'
const fault = (pointer: string, message: string) =>
  new AppError('validation_failed', { errors: [{ pointer, message }] })
