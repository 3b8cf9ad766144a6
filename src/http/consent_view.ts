import type { ConsoleSession } from '../access/console_session.ts'
import { isLoopbackRedirect } from '../model/oauth_client.ts'
import { isPrivateSchemeRedirect } from '../model/redirect_uri.ts'
import type { Authorization } from '../oauth/authorize/authorization.ts'
import type { Opening } from '../oauth/authorize/openings.ts'
import type { FormParameters } from '../oauth/form_parameters.ts'
import {
  type ConsentClient,
  type ConsentProject,
  type ConsentView,
  pagePaths,
  scopeField,
} from '../web/pages/views.ts'

/**
 * The field of the consent form that holds the whole query of the request. In a field of its own each
 * parameter would be rewritten by the browser, which makes CRLF of every line break.
 */
export const queryField = 'authorization'

/** What the consent page is made of. */
export interface ConsentParts {
  readonly authorization: Authorization
  readonly openings: readonly Opening[]
  readonly session: ConsoleSession
  /** The query of the request, as it was sent. */
  readonly query: string
}

/** Shows a request for authorization to the person who decides. */
export function consentView(parts: ConsentParts): ConsentView {
  const { authorization, openings, session, query } = parts
  const open = openings.filter(({ refusal }) => refusal === null)
  const only = open.length === 1 ? open[0] : undefined
  return {
    client: consentClient(authorization),
    user: { name: session.user.name, email: session.user.email },
    projects: openings.map(consentProject),
    chosenProjectId: only?.project.id ?? null,
    asksForEverything: authorization.scopes.length === 0,
    warnings: [],
    hidden: [[queryField, query]],
    next: `${pagePaths.authorize}?${query}`,
    csrf: session.csrfToken,
    error: null,
  }
}

function consentClient({ client, redirectUri }: Authorization): ConsentClient {
  const { name, clientId, kind, verifiedHost } = client
  return {
    name,
    clientId,
    kind,
    verifiedHost,
    redirectHost: redirectHostOf(redirectUri),
    isLoopback: isLoopbackRedirect(redirectUri),
    isUnverified: kind === 'registered',
  }
}

/** Whom the answer goes to, as people are shown it: host and port, or the scheme of a program. */
export function redirectHostOf(redirectUri: string): string {
  const url = URL.parse(redirectUri)
  return (isPrivateSchemeRedirect(redirectUri) ? url?.protocol : url?.host) ?? redirectUri
}

const consentProject = ({ project, offered, refusal }: Opening): ConsentProject => ({
  id: project.id,
  name: project.name,
  slug: project.slug,
  scopes: offered.map(({ name, description }) => ({
    name,
    description,
    isWrite: name === 'ALL' || name.endsWith('_WRITE'),
    isGranted: true,
  })),
  isAllowed: refusal === null,
})

/** What was checked in the consent form; the scopes are those of the chosen project. */
export function approvalOf(form: FormParameters): {
  readonly projectId: number
  readonly scopes: readonly string[]
} {
  const projectId = Number(form.get('project') ?? 0)
  const prefix = scopeField(projectId, '')
  const checked = form.entries().filter(([name]) => name.startsWith(prefix))
  return { projectId, scopes: checked.map(([name]) => name.slice(prefix.length)) }
}
