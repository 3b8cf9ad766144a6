import {
  type ConsoleDeps,
  type ConsoleSession,
  type OpenedSession,
  sessionCookie,
} from '../../access/console_session.ts'
import { confirmPassword } from '../../access/console_sign_in.ts'
import { type AccountForm, pagePaths } from '../../web/pages/views.ts'
import { accountResponse, type DoneKey } from '../account_response.ts'
import { type OwnForm, type PageContext, seeOther } from '../console_exchange.ts'
import { refusedForm } from '../field_errors.ts'

/** Adds a form of the account page. */
export type OnForm = (
  path: string,
  act: (own: OwnForm, c: PageContext) => Promise<Response>,
) => void

/** The page again with a GET, so that reloading it sends no form twice. */
export function done(deps: ConsoleDeps, key: DoneKey, opened?: OpenedSession): Response {
  const cookie = opened === undefined ? undefined : sessionCookie(deps, opened.token)
  return seeOther(`${pagePaths.account}?done=${key}`, cookie)
}

/** Refuses who does not know the password. @throws AppError sign_in_failed or too_many_sign_ins */
export function askPassword(
  deps: ConsoleDeps,
  { session, form }: OwnForm,
  c: PageContext,
): Promise<void> {
  const typed = { password: form.get('current_password') ?? '', address: c.env.address }
  return confirmPassword(deps, session, typed)
}

interface Refusable {
  readonly deps: ConsoleDeps
  readonly session: ConsoleSession
  readonly of: AccountForm
}

/** Shows the page again with what was wrong beside the form's own field. */
export async function refusable(
  { deps, session, of }: Refusable,
  act: () => Promise<Response>,
): Promise<Response> {
  try {
    return await act()
  } catch (error) {
    const { status, errors, retryAfterSeconds } = refusedForm(error, of)
    const page = { status, retryAfterSeconds }
    return accountResponse(deps, session, { news: { errors }, page })
  }
}
