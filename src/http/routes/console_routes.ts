import { HTTPException } from 'hono/http-exception'
import { AppError } from '../../errors.ts'
import { refusalPage } from '../../web/pages/refusal_page.ts'
import { pagePaths } from '../../web/pages/views.ts'
import { type PageContext, pageResponse, seeOther } from '../console_exchange.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { addAccountRoutes } from './account_routes.ts'
import { addExternalSignInRoutes } from './external_sign_in_routes.ts'
import { addPasskeySignInRoutes } from './passkey_sign_in_routes.ts'
import { addSetupRoutes } from './setup_routes.ts'
import { addSignInRoutes } from './sign_in_routes.ts'

/** The pages people meet: signing in, the first owner's setup, the own account. */
export function consoleRoutes(deps: ManagementDeps): ManagementRouter {
  const router = createRouter()
  addSignInRoutes(router, deps)
  addPasskeySignInRoutes(router, deps)
  addExternalSignInRoutes(router, deps)
  addSetupRoutes(router, deps.console)
  addAccountRoutes(router, deps.console)
  router.onError((error, c) => refuse(deps, error, c))
  return router
}

/** Failures are told on a page here: it is a person who reads them. */
function refuse({ logger }: ManagementDeps, error: Error, c: PageContext): Response {
  const known = appErrorOf(error)
  if (known.code === 'not_signed_in') return seeOther(pagePaths.signIn)
  if (known.kind === 'internal') {
    const { code, cause } = known
    logger.error('internal_error', { request_id: c.get('requestId'), code, cause })
  }
  const { message: title, reason, status, retryAfterSeconds } = known
  const page = refusalPage({ title, reason: reason ?? advice[known.code] ?? null })
  return pageResponse(page, { status, retryAfterSeconds })
}

const advice: Readonly<Record<string, string>> = {
  csrf_failed: 'Open the page again and send the form from there.',
  setup_link_invalid: 'Ask an administrator for another link.',
  setup_done: 'Sign in as that person.',
  password_sign_in_off: 'Sign in through the provider.',
}

function appErrorOf(error: Error): AppError {
  if (error instanceof AppError) return error
  if (error instanceof HTTPException) return new AppError('bad_request', { cause: error })
  return new AppError('internal', { cause: error })
}
