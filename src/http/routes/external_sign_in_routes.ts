import type { ExternalSignIn } from '../../access/external_sign_in.ts'
import { AppError } from '../../errors.ts'
import { externalCallbackPath, externalSignInPath } from '../../model/external_sign_in_path.ts'
import { signInPage } from '../../web/pages/sign_in_page.ts'
import {
  arrivalOf,
  enter,
  ownPath,
  type PageContext,
  pageOptionsFor,
  pageResponse,
  seeOther,
} from '../console_exchange.ts'
import type { ManagementDeps, ManagementRouter } from '../management_router.ts'
import { otherWayIn } from '../other_way_in.ts'

/** Adds the way to the OpenID provider and back; there is none where no provider is configured. */
export function addExternalSignInRoutes(router: ManagementRouter, deps: ManagementDeps): void {
  const { external } = deps
  if (external === null) return
  router.get(externalSignInPath, (c) => leave(external, c))
  router.get(externalCallbackPath, (c) => comeBack(deps, external, c))
}

async function leave(external: ExternalSignIn, c: PageContext): Promise<Response> {
  const next = ownPath(c.req.query('next'))
  try {
    const { location, cookie } = await external.begin(next, c.env.address)
    return seeOther(location, cookie)
  } catch (error) {
    return refusal(external, error, next)
  }
}

async function comeBack(
  { console }: ManagementDeps,
  external: ExternalSignIn,
  c: PageContext,
): Promise<Response> {
  const { search } = new URL(c.req.url, console.publicUrl())
  const { result, next: kept, cookie } = await external.complete(search, arrivalOf(c))
  const next = ownPath(kept)
  const response =
    result.kind === 'opened'
      ? enter(console, result.session, next)
      : refusal(external, result.error, next)
  if (cookie !== null) response.headers.append('set-cookie', cookie)
  return response
}

/** The sign-in page again, with what went wrong and another try. @throws what is no refusal */
function refusal(external: ExternalSignIn, error: unknown, next: string | null): Response {
  if (!(error instanceof AppError) || error.kind === 'internal') throw error
  const { message, reason, status, retryAfterSeconds } = error
  const text = reason === undefined ? `${message}.` : `${message}. ${reason}`
  const view = { next, email: '', error: text, ...otherWayIn(external, next) }
  return pageResponse(signInPage(view), { ...pageOptionsFor(next), status, retryAfterSeconds })
}
