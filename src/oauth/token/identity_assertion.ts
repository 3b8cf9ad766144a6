import { auditChain } from '../../crypto/audit_chain.ts'
import { sha256 } from '../../crypto/digest.ts'
import { type IdJag, readIdJag, verifyIdJag } from '../../crypto/id_jag.ts'
import { federatedMemberId, type TrustedIssuer } from '../../model/trusted_issuer.ts'
import { deleteExpiredAssertions, insertUsedAssertion } from '../../store/assertion_key_store.ts'
import { appendAuditEvent } from '../../store/audit_store.ts'
import type { Operation } from '../../store/database.ts'
import { upsertMember } from '../../store/member_store.ts'
import { touchOauthClient } from '../../store/oauth_client_store.ts'
import { findTrustedIssuer } from '../../store/trusted_issuer_store.ts'
import { askedScopes } from '../authorize/asked_scopes.ts'
import type { OauthDeps } from '../oauth_deps.ts'
import { OAuthError } from '../oauth_error.ts'
import {
  type DirectAnswer,
  type DirectWish,
  giveDirect,
  integrationOf,
  newDirectAnswer,
  resourceNamed,
} from './direct_grant.ts'
import type { TokenAnswer } from './token_answer.ts'
import type { TokenRequest } from './token_request.ts'

/** How the grant is named at the token endpoint (RFC 7523 §2.1). */
export const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/**
 * Exchanges an identity assertion of a trusted provider for an access token of the person it names
 * (MCP enterprise-managed authorization, RFC 7523 §2.1). Its scopes, those asked for and the policy's
 * are intersected; each assertion counts once.
 * @throws OAuthError invalid_request, unauthorized_client, invalid_grant, invalid_target, invalid_scope
 */
export async function redeemIdentityAssertion(
  deps: OauthDeps,
  request: TokenRequest,
): Promise<TokenAnswer> {
  const { client, form } = request
  const token = form.get('assertion')
  if (token === null) throw new OAuthError('invalid_request', 'assertion is missing')
  const asking = { ...integrationOf(request), clientId: client.clientId }
  const { issuer, assertion } = await verified(deps, token, asking)
  const resource = resourceNamed(deps, assertion.resource)
  const named = form.get('resource')
  if (named !== null && resourceNamed(deps, named).url !== resource.url) {
    throw new OAuthError('invalid_target', "resource is not the assertion's")
  }
  const asked = askedScopes({
    get: (name) => (name === 'scope' ? narrowed(form.get(name), assertion) : null),
  })
  const wish = { ...asking, resource, asked }
  const answer = newDirectAnswer(deps)
  return deps.database.write(function* () {
    yield* touchOauthClient(client.id, answer.nowMs)
    yield* useUp(issuer, assertion, answer.nowMs)
    const given = yield* giveTo(wish, { issuer, assertion }, answer)
    const at = { atMs: answer.nowMs, address: request.address }
    const entry = entryOf(wish, { issuer, assertion }, at)
    yield* appendAuditEvent(entry, auditChain(deps.masterKey))
    return given
  })
}

interface Vouched {
  readonly issuer: TrustedIssuer
  readonly assertion: IdJag
}

async function verified(
  deps: OauthDeps,
  token: string,
  { projectId, clientId }: Pick<DirectWish, 'projectId' | 'clientId'>,
): Promise<Vouched> {
  const unverified = readIdJag(token)
  if ('fault' in unverified) throw invalid(unverified.fault)
  const issuer = await deps.database.read(() => findTrustedIssuer(projectId, unverified.issuer))
  if (issuer === null) throw invalid('The issuer of the assertion is not trusted by this project')
  const assertion = await verifyIdJag(token, issuer.jwks, {
    audience: deps.publicUrl(),
    clientId,
    nowSeconds: Math.floor(deps.clock.nowMs() / 1000),
  })
  if ('fault' in assertion) throw invalid(assertion.fault)
  return { issuer, assertion }
}

const invalid = (fault: string) => new OAuthError('invalid_grant', fault)

/** Of the scopes asked for, none beyond the assertion's; the assertion's where none are asked for. */
function narrowed(asked: string | null, { scope }: IdJag): string {
  if (asked === null || asked === '' || scope === '') return asked || scope
  const allowed = new Set(scope.split(' '))
  if (asked.split(' ').every((one) => one === '' || allowed.has(one))) return asked
  throw new OAuthError('invalid_scope', 'Requested scopes are not allowed')
}

function* useUp({ id }: TrustedIssuer, { jti, refusedFromSeconds }: IdJag, nowMs: number) {
  yield* deleteExpiredAssertions(nowMs)
  const hash = sha256(JSON.stringify(['id-jag', id, jti]))
  const isFirst = yield* insertUsedAssertion({
    hash,
    expiresAtMs: refusedFromSeconds * 1000 + 1000,
  })
  if (!isFirst) throw invalid('The assertion was used before')
}

function* giveTo(
  wish: DirectWish,
  { issuer, assertion }: Vouched,
  answer: DirectAnswer,
): Operation<TokenAnswer> {
  const member = yield* upsertMember({
    projectId: wish.projectId,
    externalId: federatedMemberId(issuer, assertion.subject),
    email: assertion.email,
    roles: [],
    source: 'sign_in',
    nowMs: answer.nowMs,
  })
  if (member === null || member.isBlocked) throw invalid('Member is blocked')
  return yield* giveDirect(wish, member.id, answer)
}

const entryOf = (
  { projectId, clientId }: DirectWish,
  { issuer, assertion }: Vouched,
  { atMs, address }: { readonly atMs: number; readonly address: string | null },
) => ({
  atMs,
  actor: 'system',
  action: 'grant.identity_assertion',
  target: `trusted_issuer:${issuer.id}`,
  projectId,
  details: { client_id: clientId, member: federatedMemberId(issuer, assertion.subject) },
  address,
})
