import type { Context } from 'hono'
import {
  type ConsoleDeps,
  type ConsoleSession,
  checkCsrf,
  checkSameOrigin,
  type OpenedSession,
  readConsoleSession,
  sessionCookie,
} from '../access/console_session.ts'
import type { Arrival } from '../access/console_sign_in.ts'
import { AppError } from '../errors.ts'
import { type FormParameters, readForm } from '../oauth/form_parameters.ts'
import { OAuthError } from '../oauth/oauth_error.ts'
import { type PageHeaderOptions, pageHeaders } from '../web/pages/page_headers.ts'
import { pagePaths } from '../web/pages/views.ts'
import type { ManagementEnv } from './management_router.ts'

/** A request for one of the pages. */
export type PageContext = Context<ManagementEnv>

const maxFormBytes = 64 * 1024

/** How a page is answered, beside its text. */
export interface PageOptions extends PageHeaderOptions {
  readonly status?: number
  /** A `Set-Cookie` header. */
  readonly cookie?: string
  readonly retryAfterSeconds?: number | undefined
}

/** Answers with a page. */
export function pageResponse(text: string, options: PageOptions = {}): Response {
  const headers = new Headers(pageHeaders(options))
  if (options.cookie !== undefined) headers.set('set-cookie', options.cookie)
  if (options.retryAfterSeconds !== undefined) {
    headers.set('retry-after', String(options.retryAfterSeconds))
  }
  return new Response(text, { status: options.status ?? 200, headers })
}

/** Sends the browser on with a GET, and with another cookie where one is given. */
export function seeOther(location: string, cookie?: string): Response {
  const headers = new Headers({ location, 'cache-control': 'no-store' })
  if (cookie !== undefined) headers.set('set-cookie', cookie)
  return new Response(null, { status: 303, headers })
}

/** Where a request comes from. */
export const arrivalOf = (c: PageContext): Arrival => ({
  address: c.env.address,
  userAgent: c.req.header('user-agent') ?? null,
  cookieHeader: c.req.header('cookie') ?? null,
})

/** The session of a request's cookie, whatever its stage; null where there is none. */
export const sessionOf = (deps: ConsoleDeps, c: PageContext) =>
  readConsoleSession(deps, c.req.header('cookie') ?? null)

/**
 * The fields of a form that was sent from a page of this server.
 * @throws AppError csrf_failed, unsupported_media_type, body_too_large or bad_request
 */
export async function formOf(deps: ConsoleDeps, c: PageContext): Promise<FormParameters> {
  checkSameOrigin(deps, c.req.raw.headers)
  const type = c.req.header('content-type') ?? ''
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
    throw new AppError('unsupported_media_type', {
      detail: 'Content-Type must be application/x-www-form-urlencoded',
    })
  }
  if (Number(c.req.header('content-length') ?? 0) > maxFormBytes) {
    throw new AppError('body_too_large')
  }
  const text = await c.req.raw.clone().text()
  if (text.length > maxFormBytes) throw new AppError('body_too_large')
  try {
    return readForm(text)
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    throw new AppError('bad_request', { cause: error })
  }
}

/** A form of a signed-in person's session, and that session. */
export interface OwnForm {
  readonly session: ConsoleSession
  readonly form: FormParameters
}

/**
 * As `formOf` for a form that only a session of this stage may send (case 259).
 * @throws AppError not_signed_in, csrf_failed, or what `formOf` throws
 */
export async function ownFormOf(
  deps: ConsoleDeps,
  c: PageContext,
  stage: ConsoleSession['stage'] = 'signed_in',
): Promise<OwnForm> {
  const form = await formOf(deps, c)
  const session = await sessionOf(deps, c)
  if (session?.stage !== stage) throw new AppError('not_signed_in')
  checkCsrf(session, form.get('csrf'))
  return { session, form }
}

/**
 * Where to go after signing in: a path of this very server, or null (case 116). Whatever a browser
 * might take for another host is none.
 */
export function ownPath(next: string | null | undefined): string | null {
  if (!next || next.length > 8192 || !/^\/(?!\/)[\x21-\x5b\x5d-\x7e]*$/.test(next)) return null
  const base = 'http://own.invalid'
  const url = URL.parse(next, base)
  return url?.origin === base && !url.pathname.startsWith('//') ? url.pathname + url.search : null
}

/** A page's address that remembers where to go afterwards. */
export const withNext = (path: string, next: string | null) =>
  next === null ? path : `${path}?next=${encodeURIComponent(next)}`

/** Where an opened session goes: to the second factor, or on. */
export function enter(deps: ConsoleDeps, opened: OpenedSession, next: string | null): Response {
  const goal =
    opened.stage === 'second_factor'
      ? withNext(pagePaths.secondFactor, next)
      : (next ?? pagePaths.account)
  return seeOther(goal, sessionCookie(deps, opened.token))
}

/**
 * The headers of the pages on the way to an authorization: its answer may go to the client at once,
 * and browsers count that as a target of the form that led there.
 */
export function pageOptionsFor(next: string | null): PageHeaderOptions {
  if (!next?.startsWith(`${pagePaths.authorize}?`)) return {}
  const query = new URLSearchParams(next.slice(pagePaths.authorize.length))
  const redirectUri = query.get('redirect_uri')
  return { keepsOpener: true, ...(redirectUri === null ? {} : { formAction: redirectUri }) }
}
