import type { ConsoleDeps } from '../access/console_session.ts'
import type { ExternalSignIn } from '../access/external_sign_in.ts'
import { passkeySite } from '../access/passkeys/passkey_site.ts'
import { signInPage } from '../web/pages/sign_in_page.ts'
import type { SignInView } from '../web/pages/views.ts'
import { pageOptionsFor, pageResponse } from './console_exchange.ts'
import { otherWayIn } from './other_way_in.ts'
import type { SignInRefusal } from './sign_in_refusal.ts'

/** What signing in goes by. */
export interface SignInHouse {
  readonly console: ConsoleDeps
  readonly external: ExternalSignIn | null
}

/** Why the page is shown again, and what was typed. */
export interface SignInAgain extends Pick<SignInView, 'isPasskeyRefused'> {
  readonly refused: SignInRefusal
  readonly email?: string
}

/** Answers with the sign-in page, with every way in that is open. */
export function signInResponse(
  { console, external }: SignInHouse,
  next: string | null,
  again?: SignInAgain,
): Response {
  const offersPasskeys = passkeySite(console) !== null && external?.isRequired !== true
  const view = {
    next,
    email: (again?.email ?? '').slice(0, 320),
    error: again?.refused.text ?? null,
    offersPasskeys,
    isPasskeyRefused: again?.isPasskeyRefused === true,
    ...otherWayIn(external, next),
  }
  const page = { ...pageOptionsFor(next), ...again?.refused, asksPasskeys: offersPasskeys }
  return pageResponse(signInPage(view), page)
}
