import type { ConsoleSession } from '../../access/console_session.ts'
import { AppError } from '../../errors.ts'
import {
  type Authorization,
  type Person,
  RefusedAuthorization,
} from '../../oauth/authorize/authorization.ts'
import { findOpenings } from '../../oauth/authorize/openings.ts'
import { readAuthorization, readAuthorizationForm } from '../../oauth/authorize.ts'
import { approve, deny } from '../../oauth/decide.ts'
import { oauthPaths } from '../../oauth/oauth_paths.ts'
import { consentPage } from '../../web/pages/consent_page.ts'
import { continuePage } from '../../web/pages/continue_page.ts'
import { authorizeErrorPage } from '../../web/pages/plain_pages.ts'
import { pagePaths } from '../../web/pages/views.ts'
import { approvalOf, consentView, queryField, redirectHostOf } from '../consent_view.ts'
import {
  ownFormOf,
  type PageContext,
  pageResponse,
  seeOther,
  sessionOf,
  withNext,
} from '../console_exchange.ts'
import { createRouter, type ManagementDeps, type ManagementRouter } from '../management_router.ts'
import { refuseOtherMethods } from '../other_methods.ts'

/**
 * `/api/v1/mcp-oauth/authorize`: where a client sends a person's browser to ask for access (RFC 6749
 * §3.1), and where the consent form goes.
 */
export function authorizeRoutes(deps: ManagementDeps): ManagementRouter {
  const router = createRouter()
  router.get(oauthPaths.authorize, (c) => told(deps, () => ask(deps, c)))
  router.post(oauthPaths.authorize, (c) => told(deps, () => decide(deps, c)))
  refuseOtherMethods(router, [oauthPaths.authorize], ['GET', 'POST'])
  return router
}

async function ask(deps: ManagementDeps, c: PageContext): Promise<Response> {
  const query = queryOf(c.req.url)
  const authorization = await readRequest(deps, c, query)
  const session = await sessionOf(deps.console, c)
  if (session?.stage !== 'signed_in') {
    const page = session === null ? pagePaths.signIn : pagePaths.secondFactor
    return seeOther(withNext(page, `${oauthPaths.authorize}?${query}`))
  }
  const openings = await findOpenings(deps.oauth, authorization, personOf(session, c))
  const { redirectUri } = authorization
  const view = consentView({ authorization, openings, session, query })
  return pageResponse(consentPage(view), { formAction: redirectUri, keepsOpener: true })
}

async function decide(deps: ManagementDeps, c: PageContext): Promise<Response> {
  const { form, session } = await ownFormOf(deps.console, c)
  const authorization = await readRequest(deps, c, form.get(queryField) ?? '')
  const decision = form.get('decision')
  if (decision === 'deny') return leadOn(c, authorization, deny(authorization))
  if (decision !== 'approve') {
    throw new AppError('authorize_invalid', { reason: 'The form says neither yes nor no.' })
  }
  const person = personOf(session, c)
  const given = await approve(deps.oauth, authorization, { person, approval: approvalOf(form) })
  return leadOn(c, authorization, given)
}

const readRequest = ({ oauth }: ManagementDeps, c: PageContext, query: string) =>
  readAuthorization(oauth, readAuthorizationForm(query), c.env.address)

/** The query exactly as it came. */
function queryOf(url: string): string {
  const start = url.indexOf('?')
  return start < 0 ? '' : url.slice(start + 1)
}

const personOf = ({ id, user, memberships }: ConsoleSession, c: PageContext): Person => ({
  sessionId: id,
  user,
  memberships,
  address: c.env.address,
})

/**
 * Browsers hold every further redirect of the client to the form's `form-action`, and would stop at one
 * that leads elsewhere; they are led on by a page. Everything else is redirected.
 */
function leadOn(c: PageContext, authorization: Authorization, location: string): Response {
  if (c.req.header('sec-fetch-dest') !== 'document') return toClient(location)
  const redirectHost = redirectHostOf(authorization.redirectUri)
  return withoutReferrer(pageResponse(continuePage({ url: location, redirectHost })))
}

/** A code must not travel on as a referrer (case 131). */
function withoutReferrer(response: Response): Response {
  response.headers.set('referrer-policy', 'no-referrer')
  return response
}

const toClient = (location: string) => withoutReferrer(seeOther(location))

/** What is refused is told to the client where that is safe, else to the person. */
async function told({ logger }: ManagementDeps, step: () => Promise<Response>): Promise<Response> {
  try {
    return await step()
  } catch (error) {
    if (error instanceof RefusedAuthorization) {
      const { error: code, description } = error.refusal
      logger.info('authorization_refused', { error: code, reason: description })
      return toClient(error.location)
    }
    if (!(error instanceof AppError) || error.kind === 'internal') throw error
    logger.info('authorization_refused', { error: error.code, reason: error.reason })
    return errorPage(error)
  }
}

function errorPage(error: AppError): Response {
  const { message: detail, reason = null, code, status, retryAfterSeconds } = error
  const page = authorizeErrorPage({ title: 'This connection cannot be made', detail, reason, code })
  return pageResponse(page, { status, retryAfterSeconds })
}
