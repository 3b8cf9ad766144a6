import type { ExternalSignIn } from '../../access/external_sign_in.ts'
import { AppError } from '../../errors.ts'
import { externalCallbackPath, externalSignInPath } from '../../model/external_sign_in_path.ts'
import { arrivalOf, enter, ownPath, type PageContext, seeOther } from '../console_exchange.ts'
import type { ManagementDeps, ManagementRouter } from '../management_router.ts'
import { type SignInHouse, signInResponse } from '../sign_in_response.ts'

/** Adds the way to the OpenID provider and back; there is none where no provider is configured. */
export function addExternalSignInRoutes(router: ManagementRouter, deps: ManagementDeps): void {
  const { external } = deps
  if (external === null) return
  router.get(externalSignInPath, (c) => leave(deps, external, c))
  router.get(externalCallbackPath, (c) => comeBack(deps, external, c))
}

async function leave(
  { console }: ManagementDeps,
  external: ExternalSignIn,
  c: PageContext,
): Promise<Response> {
  const next = ownPath(c.req.query('next'))
  try {
    const { location, cookie } = await external.begin(next, c.env.address)
    return seeOther(location, cookie)
  } catch (error) {
    return refusal({ console, external }, error, next)
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
      : refusal({ console, external }, result.error, next)
  if (cookie !== null) response.headers.append('set-cookie', cookie)
  return response
}

/** The sign-in page again, with what went wrong and another try. @throws what is no refusal */
function refusal(house: SignInHouse, error: unknown, next: string | null): Response {
  if (!(error instanceof AppError) || error.kind === 'internal') throw error
  const { message, reason, status, retryAfterSeconds } = error
  const text = reason === undefined ? `${message}.` : `${message}. ${reason}`
  return signInResponse(house, next, { refused: { text, status, retryAfterSeconds } })
}
