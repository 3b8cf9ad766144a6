import { randomBytes } from 'node:crypto'
import { clientSecretPrefix, newToken } from '../crypto/opaque_token.ts'
import { AppError } from '../errors.ts'
import type { Administrator } from '../model/admin_token.ts'
import { claudeRedirectUris, type Integration } from '../model/integration.ts'
import { findIntegration, insertClientIntegration } from '../store/integration_store.ts'
import { updateClientSecret } from '../store/oauth_client_store.ts'
import { findProject } from '../store/project_store.ts'
import { audited } from './audit.ts'
import { getIntegration, integrationEvent, rotateApiKey } from './integrations.ts'
import type { ManageDeps } from './manage_deps.ts'
import { inReach, notFound, projectInReach } from './reach.ts'
import { checkRedirectUris } from './redirect_uris.ts'

/** What a new integration that is an OAuth client says. */
export interface ClientIntegrationInput {
  readonly projectId: number | null
  readonly name: string
  /** Claude's own when null. */
  readonly redirectUris: readonly string[] | null
}

/** What an AI client is given to connect as this OAuth client. */
export interface ClientCredentials {
  readonly clientId: string
  /** Shown this once. */
  readonly clientSecret: string
  /** The project's MCP URL. */
  readonly mcpUrl: string
}

/** An integration with its credential in full: an API key, or an OAuth client's id and secret. */
export interface IntegrationWithSecret {
  readonly integration: Integration
  readonly apiKey: string | null
  readonly client: ClientCredentials | null
}

/** Creates an integration that is a confidential OAuth client (wire.md §8). */
export async function createClientIntegration(
  deps: ManageDeps,
  admin: Administrator,
  input: ClientIntegrationInput,
): Promise<IntegrationWithSecret> {
  const projectId = projectInReach(admin, input.projectId)
  const redirectUris = input.redirectUris ?? claudeRedirectUris
  checkRedirectUris(redirectUris)
  if ((await deps.database.read(() => findProject(projectId))) === null) throw notFound('project')
  const { token, ...secret } = newToken(clientSecretPrefix)
  const clientId = `mcp_${randomBytes(18).toString('base64url')}`
  const { name } = input
  const client = { clientId, redirectUris, secret }
  const nowMs = deps.clock.nowMs()
  const made = await audited(deps, admin, {
    operation: () => insertClientIntegration({ projectId, name, client, nowMs }),
    event: (integration) => integration && integrationEvent('create', integration),
  })
  return shown(deps, inReach(admin, made, 'integration'), token)
}

async function shown(
  deps: ManageDeps,
  integration: Integration,
  clientSecret: string,
): Promise<IntegrationWithSecret> {
  const project = await deps.database.read(() => findProject(integration.projectId))
  if (project === null || integration.oauthClient === null) throw notFound('integration')
  const { clientId } = integration.oauthClient
  const mcpUrl = deps.mcpUrlOf(project.slug)
  return { integration, apiKey: null, client: { clientId, clientSecret, mcpUrl } }
}

/**
 * Replaces an integration's credential. The old one ends now; that of an OAuth client counts on for
 * `overlapSeconds` (reliability.md case 121).
 * @throws AppError bad_request - it has no credential of its own; validation_failed - an API key has
 * no overlap
 */
export async function rotateCredential(
  deps: ManageDeps,
  admin: Administrator,
  target: { readonly id: number; readonly overlapSeconds: number },
): Promise<IntegrationWithSecret> {
  const integration = await getIntegration(deps, admin, target.id)
  const { apiKey, oauthClient } = integration
  if (oauthClient !== null) return rotateSecret(deps, admin, { integration, ...target })
  if (apiKey === null) {
    throw new AppError('bad_request', { reason: 'This integration has no credential of its own.' })
  }
  if (target.overlapSeconds > 0) {
    const message = 'is for OAuth clients; an API key ends when it is replaced'
    throw new AppError('validation_failed', { errors: [{ pointer: '/overlap_seconds', message }] })
  }
  return { ...(await rotateApiKey(deps, admin, { ...integration, apiKey })), client: null }
}

async function rotateSecret(
  deps: ManageDeps,
  admin: Administrator,
  target: { readonly integration: Integration; readonly overlapSeconds: number },
): Promise<IntegrationWithSecret> {
  const { integration, overlapSeconds } = target
  const { token, ...secret } = newToken(clientSecretPrefix)
  const nowMs = deps.clock.nowMs()
  const previousUntilMs = overlapSeconds === 0 ? null : nowMs + overlapSeconds * 1000
  const id = integration.oauthClient?.id ?? 0
  const written = await audited(deps, admin, {
    operation: function* () {
      yield* updateClientSecret({ id, secret, previousUntilMs })
      return yield* findIntegration(integration.id)
    },
    event: (after) =>
      after && integrationEvent('rotate', after, { overlap_seconds: overlapSeconds }),
  })
  return shown(deps, inReach(admin, written, 'integration'), token)
}
