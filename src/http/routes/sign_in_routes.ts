import {
  type ConsoleDeps,
  checkCsrf,
  endConsoleSession,
  sessionCookie,
} from '../../access/console_session.ts'
import { passSecondFactor, signIn } from '../../access/console_sign_in.ts'
import type { ExternalSignIn } from '../../access/external_sign_in.ts'
import { needsFirstOwner } from '../../access/first_admin.ts'
import { readOwnPasskeys } from '../../access/passkeys/own_passkeys.ts'
import { AppError } from '../../errors.ts'
import { setupHintPage, signedOutPage } from '../../web/pages/plain_pages.ts'
import { secondFactorPage } from '../../web/pages/second_factor_page.ts'
import { pagePaths } from '../../web/pages/views.ts'
import {
  arrivalOf,
  enter,
  formOf,
  ownFormOf,
  ownPath,
  type PageContext,
  pageOptionsFor,
  pageResponse,
  seeOther,
  sessionOf,
  withNext,
} from '../console_exchange.ts'
import type { ManagementDeps, ManagementRouter } from '../management_router.ts'
import { signInRefusal } from '../sign_in_refusal.ts'
import { signInResponse } from '../sign_in_response.ts'

/** Adds the pages on which people sign in and out. */
export function addSignInRoutes(router: ManagementRouter, house: ManagementDeps): void {
  const { console: deps, external } = house
  router.get(pagePaths.signIn, (c) => showSignIn(deps, external, c))
  router.post(pagePaths.signIn, (c) => takeSignIn(deps, external, c))
  router.get(pagePaths.secondFactor, (c) => showSecondFactor(deps, c))
  router.post(pagePaths.secondFactor, (c) => takeSecondFactor(deps, c))
  router.post(pagePaths.signOut, (c) => signOut(deps, c))
}

async function showSignIn(
  deps: ConsoleDeps,
  external: ExternalSignIn | null,
  c: PageContext,
): Promise<Response> {
  if (!external?.makesOwners && (await needsFirstOwner(deps))) return pageResponse(setupHintPage())
  const next = ownPath(c.req.query('next'))
  const session = await sessionOf(deps, c)
  if (session?.stage === 'signed_in') return seeOther(next ?? pagePaths.account)
  return signInResponse({ console: deps, external }, next)
}

async function takeSignIn(
  deps: ConsoleDeps,
  external: ExternalSignIn | null,
  c: PageContext,
): Promise<Response> {
  if (external?.isRequired) throw new AppError('password_sign_in_off')
  const form = await formOf(deps, c)
  const next = ownPath(form.get('next'))
  const email = form.get('email')?.trim() ?? ''
  try {
    const typed = { email, password: form.get('password') ?? '' }
    return enter(deps, await signIn(deps, typed, arrivalOf(c)), next)
  } catch (error) {
    return signInResponse({ console: deps, external }, next, {
      refused: signInRefusal(error),
      email,
    })
  }
}

async function showSecondFactor(deps: ConsoleDeps, c: PageContext): Promise<Response> {
  const next = ownPath(c.req.query('next'))
  const session = await sessionOf(deps, c)
  if (session === null) return seeOther(withNext(pagePaths.signIn, next))
  if (session.stage === 'signed_in') return seeOther(next ?? pagePaths.account)
  const { csrfToken: csrf, user } = session
  const asksPasskeys = await hasPasskeys(deps, user.id)
  const view = { next, email: user.email, error: null, csrf, offersPasskeys: asksPasskeys }
  return pageResponse(secondFactorPage(view), { ...pageOptionsFor(next), asksPasskeys })
}

async function takeSecondFactor(deps: ConsoleDeps, c: PageContext): Promise<Response> {
  const { session, form } = await ownFormOf(deps, c, 'second_factor')
  const next = ownPath(form.get('next'))
  try {
    return enter(deps, await passSecondFactor(deps, session, form.get('code') ?? ''), next)
  } catch (error) {
    const refused = signInRefusal(error)
    const { csrfToken: csrf, user } = session
    const asksPasskeys = await hasPasskeys(deps, user.id)
    const view = {
      next,
      email: user.email,
      error: refused.text,
      csrf,
      offersPasskeys: asksPasskeys,
    }
    return pageResponse(secondFactorPage(view), {
      ...{ ...pageOptionsFor(next), ...refused },
      asksPasskeys,
    })
  }
}

async function hasPasskeys(deps: ConsoleDeps, userId: number): Promise<boolean> {
  const { isOffered, list } = await readOwnPasskeys(deps, userId)
  return isOffered && list.length > 0
}

/** Who is signed out already stays so; a session ends only by a form made for it. */
async function signOut(deps: ConsoleDeps, c: PageContext): Promise<Response> {
  const form = await formOf(deps, c)
  const session = await sessionOf(deps, c)
  if (session !== null) {
    checkCsrf(session, form.get('csrf'))
    await endConsoleSession(deps, session)
  }
  const page = signedOutPage({ next: ownPath(form.get('next')) })
  return pageResponse(page, { cookie: sessionCookie(deps, null) })
}
