import type { ConsoleDeps, ConsoleSession } from '../../access/console_session.ts'
import type { ExternalSignIn } from '../../access/external_sign_in.ts'
import {
  beginPasskeySignIn,
  passkeyCookie,
  signInWithPasskey,
} from '../../access/passkeys/passkey_sign_in.ts'
import { AppError } from '../../errors.ts'
import { passkeyPage } from '../../web/pages/passkey_page.ts'
import { pagePaths } from '../../web/pages/views.ts'
import {
  arrivalOf,
  enter,
  formOf,
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
import { type SignInHouse, signInResponse } from '../sign_in_response.ts'

/** Adds the pages on which people sign in with a passkey, alone or after their password. */
export function addPasskeySignInRoutes(router: ManagementRouter, house: ManagementDeps): void {
  const { console: deps, external } = house
  router.get(pagePaths.beginPasskeySignIn, (c) =>
    seeOther(withNext(pagePaths.signIn, ownPath(c.req.query('next')))),
  )
  router.post(pagePaths.beginPasskeySignIn, async (c) => {
    const form = await formOf(deps, c)
    const next = ownPath(form.get('next'))
    await waitingSession(deps, external, c)
    return refusable({ console: deps, external, next }, async () => {
      const { options, cookie } = await beginPasskeySignIn(deps, c.env.address)
      const page = passkeyPage({ next, options })
      return pageResponse(page, { ...pageOptionsFor(next), cookie, asksPasskeys: true })
    })
  })
  router.post(pagePaths.answerPasskey, async (c) => {
    const form = await formOf(deps, c)
    const next = ownPath(form.get('next'))
    const waiting = await waitingSession(deps, external, c)
    return refusable({ console: deps, external, next }, async () => {
      const sent = { answer: form.get('answer') ?? '', waiting }
      const entered = enter(deps, await signInWithPasskey(deps, sent, arrivalOf(c)), next)
      entered.headers.append('set-cookie', passkeyCookie(deps, null))
      return entered
    })
  })
}

/**
 * The session that waits for its second factor, if there is one. Without one this is a whole
 * sign-in, which is the provider's where that is the only way in.
 * @throws AppError password_sign_in_off
 */
async function waitingSession(
  deps: ConsoleDeps,
  external: ExternalSignIn | null,
  c: PageContext,
): Promise<ConsoleSession | null> {
  const session = await sessionOf(deps, c)
  if (session?.stage === 'second_factor') return session
  if (external?.isRequired) throw new AppError('password_sign_in_off')
  return null
}

async function refusable(
  { next, ...house }: SignInHouse & { readonly next: string | null },
  act: () => Promise<Response>,
): Promise<Response> {
  try {
    return await act()
  } catch (error) {
    return signInResponse(house, next, { refused: signInRefusal(error), isPasskeyRefused: true })
  }
}
