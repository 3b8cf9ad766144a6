import { generateKeyPairSync } from 'node:crypto'
import type { ErrorCode } from '../../src/errors.ts'
import { newAssertionKey } from '../helpers/assertions.ts'
import {
  anotherIntegration,
  anotherKey,
  answered,
  asserting,
  assertionOf,
  calling,
  changing,
  damaged,
  exchanging,
  type Failure,
  fresh,
  offering,
  pinging,
  type Refusal,
  registering,
  sessionOf,
  unknownKey,
} from './error_reference_world.ts'

/** A row of the error reference: what it promises, and every way we know to come by it. */
export interface ReferenceRow {
  /** From 1, as it stands in its table. */
  readonly row: number
  readonly status: number
  /** The text of the table. */
  readonly text: string
  /** The literal detail, which begins with the text of the table. */
  readonly detail: string
  readonly code: ErrorCode
  /** Requests that are refused as they arrive. */
  readonly refusals: Readonly<Record<string, Refusal>>
  /** Tool calls that fail. */
  readonly failures: Readonly<Record<string, Failure>>
}

function refused(
  row: number,
  status: number,
  text: string,
  code: ErrorCode,
  refusals: ReferenceRow['refusals'],
): ReferenceRow {
  return { row, status, text, detail: text, code, refusals, failures: {} }
}

/** @param texts of the table, and the detail where it goes on from there */
function failing(
  row: number,
  status: number,
  texts: readonly [text: string, detail?: string],
  code: ErrorCode,
  failures: ReferenceRow['failures'],
): ReferenceRow {
  const [text, detail = text] = texts
  return { row, status, text, detail, code, refusals: {}, failures }
}

const memberRequired = 'Member context required for this tool'
const nonSuccess = 'Upstream tool call failed — non-2xx response'
const rejected = 'Invalid member assertion'

const withoutMember: Failure = calling({
  require_member: true,
  endpoint_path: '/members/{member_id}',
})
const saying = (status: number) => answered(() => new Response('no such contact', { status }))
const signed = (world: Parameters<Refusal>[0]) => ({ member_assertion: assertionOf(world) })
const pem = { type: 'spki', format: 'pem' } as const

const toolExecution = [
  refused(1, 401, 'Invalid or inactive API key', 'invalid_api_key', {
    'a wrong key': pinging(async () => unknownKey),
    'a revoked key': pinging(async (world) => {
      const { path, apiKey } = await anotherIntegration(world)
      await world.house.api('DELETE', path)
      return apiKey
    }),
    'a key from a different project': pinging(async (world) => {
      const project = await world.house.api('POST', '/api/v1/projects', { name: fresh('other') })
      return (await anotherIntegration(world, project.body.id)).apiKey
    }, '/mcp/demo'),
  }),
  refused(2, 401, rejected, 'invalid_member_assertion', {
    'an assertion that was not exchanged': pinging(async (world) => assertionOf(world)),
    'a session whose assertion key was deactivated': pinging(async (world) => {
      const { key, path } = await anotherKey(world)
      const token = await sessionOf(world, key)
      await world.house.api('DELETE', path)
      return token
    }),
  }),
  refused(3, 401, 'Member JWT has expired', 'member_token_expired', {
    'a session token of 15 minutes ago': pinging(async (world) => {
      const token = await sessionOf(world)
      world.later(15 * 60)
      return token
    }),
  }),
  failing(4, 403, ['Tool not enabled for this project'], 'tool_not_enabled', {
    'a tool that was registered switched off': calling({ is_enabled: false }),
    'a tool that was switched off since': async (world) => {
      const call = await calling()(world)
      const path = `/api/v1/custom-tools/${call.tool.id}`
      await world.house.api('PATCH', path, { is_enabled: false })
      return call
    },
  }),
  refused(5, 403, 'member_external_id mode disabled in production', 'unverified_minting_disabled', {
    'a bare member_external_id': exchanging(() => ({ member_external_id: 'mallory' })),
    'an empty assertion beside it': exchanging(() => ({
      member_assertion: '',
      member_external_id: 'mallory',
    })),
  }),
  failing(6, 403, ['Member context required', memberRequired], 'member_required', {
    'a credential without a member': withoutMember,
  }),
  failing(7, 500, ['Tool execution failed'], 'tool_execution_failed', {
    'a tool that was damaged on disk': damaged(
      `UPDATE tool_versions SET definition = json_set(definition, '$.requiredScopes', json('null'))
        WHERE tool_id = ?`,
    ),
  }),
  failing(8, 502, ['Upstream tool call failed', nonSuccess], 'upstream_status', {
    'an API that answers 404': saying(404),
    'an API that answers 500': saying(500),
  }),
]

const sessionTokens = [
  refused(1, 400, 'Provide member_assertion or member_external_id', 'assertion_required', {
    'no body': exchanging(() => undefined),
    'an empty object': exchanging(() => ({})),
    'other fields': exchanging(() => ({ assertion: 'eyJ', member_id: 'alice' })),
    'both of them null': exchanging(() => ({ member_assertion: null, member_external_id: null })),
  }),
  refused(2, 400, 'Could not resolve member_external_id', 'member_unresolved', {
    'no sub': asserting(() => ({ sub: undefined })),
    'an empty sub': asserting(() => ({ sub: '' })),
    'a sub that is not a string': asserting(() => ({ sub: 42 })),
  }),
  refused(3, 400, 'API key missing project or integration', 'key_without_integration', {
    'an admin token in its place': exchanging(signed, async ({ house }) => house.adminToken),
  }),
  refused(4, 401, 'Invalid or inactive API key', 'invalid_api_key', {
    'a wrong key': exchanging(signed, async () => unknownKey),
    'an inactive key': exchanging(signed, async (world) => {
      const { path, apiKey } = await anotherIntegration(world)
      await world.house.api('PATCH', path, { is_active: false })
      return apiKey
    }),
    'a session token in its place': exchanging(signed, sessionOf),
  }),
  refused(5, 401, `${rejected}: MISSING_KID`, 'assertion_missing_kid', {
    'a header without kid': exchanging((world) => {
      const [, claims = ''] = assertionOf(world).split('.')
      const { alg } = world.key
      return { member_assertion: world.key.signWith({ alg }, Buffer.from(claims, 'base64url')) }
    }),
  }),
  refused(6, 401, `${rejected}: KEY_NOT_FOUND`, 'assertion_key_not_found', {
    'a key that was never registered': exchanging((world) => ({
      member_assertion: assertionOf(world, {}, newAssertionKey('ES256', fresh('unregistered'))),
    })),
    'a key that is not active any more': async (world) => {
      const { key, path } = await anotherKey(world)
      await world.house.api('DELETE', path)
      return exchanging(() => ({ member_assertion: assertionOf(world, {}, key) }))(world)
    },
  }),
  refused(7, 401, `${rejected}: AUD_MISMATCH`, 'assertion_aud_mismatch', {
    'another project': asserting(({ house }) => ({ aud: `tengine:project:${house.projectId}0` })),
    'the bare id': asserting(({ house }) => ({ aud: String(house.projectId) })),
    'no aud': asserting(() => ({ aud: undefined })),
  }),
  refused(8, 401, `${rejected}: EXPIRED`, 'assertion_expired', {
    'an assertion past its exp': asserting((world) => {
      const exp = world.nowSeconds() - 10
      return { iat: exp - 60, exp }
    }),
  }),
  refused(9, 401, `${rejected}: INVALID_SIGNATURE`, 'assertion_invalid_signature', {
    'another private key': exchanging((world) => ({
      member_assertion: assertionOf(world, {}, newAssertionKey('ES256', world.key.kid)),
    })),
    'claims changed after signing': exchanging((world) => {
      const [header, , signature] = assertionOf(world).split('.')
      const [, claims] = assertionOf(world, { sub: 'mallory' }).split('.')
      return { member_assertion: [header, claims, signature].join('.') }
    }),
  }),
]

const reserved = 'Reserved variable cannot be provided as user input'
const closed =
  (which: 'read' | 'write', fields: object = {}) =>
  (world: Parameters<Failure>[0]) =>
    calling({ base_url: world.closedUrls[which], ...fields })(world)

const customTools = [
  failing(1, 400, [reserved], 'reserved_variable', {
    'member_id as an argument': calling({}, { member_id: 'mallory' }),
    'project_id as an argument': calling({}, { project_id: 2 }),
    'integration_id as an argument': calling({}, { integration_id: 2 }),
  }),
  refused(2, 400, 'base_url must use HTTPS', 'base_url_not_https', {
    'a new tool': registering({ base_url: 'http://api.example.com' }),
    'a change': changing({ base_url: 'http://api.example.com' }),
  }),
  refused(3, 400, 'endpoint_path must start with /', 'endpoint_path_relative', {
    'a new tool': registering({ endpoint_path: 'v1/things' }),
    'a change': changing({ endpoint_path: 'v1/things' }),
  }),
  failing(4, 403, [memberRequired], 'member_required', {
    'a credential without a member': withoutMember,
  }),
  failing(5, 500, ['Failed to decrypt auth secret'], 'secret_undecryptable', {
    'a sealed secret that was cut short': damaged(
      'UPDATE tool_secrets SET sealed = substr(sealed, 1, length(sealed) - 1) WHERE tool_id = ?',
      { auth_strategy: 'hmac_signature', encrypted_auth_secret: 'a-signing-secret' },
    ),
  }),
  failing(6, 500, ['Tool execution timed out'], 'upstream_timeout', {
    'an API that does not answer': answered(() => new Promise(() => {}), { timeout_ms: 100 }),
  }),
  failing(7, 502, [nonSuccess], 'upstream_status', {
    'an API that answers 401': saying(401),
    'an API that answers 503': saying(503),
  }),
  failing(8, 502, ['Upstream tool call failed — connection error'], 'upstream_connection', {
    'a read where nothing listens': closed('read'),
    'a write where nothing listens': closed('write', { http_method: 'POST' }),
  }),
]

const secretless = "encrypted_auth_secret is required when auth_strategy is 'hmac_signature'"
const memberless = 'endpoint_path uses {{member_id}} but require_member=False'

const toolRegistration = [
  refused(1, 400, 'base_url must be origin-only (no paths)', 'base_url_not_origin', {
    'a path': registering({ base_url: 'https://api.example.com/v1' }),
  }),
  refused(2, 400, secretless, 'auth_secret_required', {
    'a signed tool without a secret': registering({ auth_strategy: 'hmac_signature' }),
  }),
  refused(3, 400, memberless, 'member_id_without_member', {
    'single braces': registering({ endpoint_path: '/users/{member_id}' }),
    'doubled braces': registering({ endpoint_path: '/users/{{member_id}}' }),
  }),
  refused(4, 422, 'Validation error', 'validation_failed', {
    'a malformed JSON Schema': registering({
      input_schema: { type: 'object', properties: { a: { type: 'whole number' } } },
    }),
    'an invalid value of a field': registering({ http_method: 'FETCH' }),
  }),
]

const assertionKeys = [
  refused(1, 400, 'Invalid public key format', 'invalid_public_key', {
    'a malformed PEM': offering(({ key }) => ({
      public_key: key.publicPem.replace('PUBLIC', 'PUBIC'),
    })),
    'a key of another type': offering(() => ({ algorithm: 'RS256' })),
    'a private key': offering(({ key }) => ({
      public_key: key.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    })),
  }),
  refused(2, 400, 'Unsupported algorithm', 'unsupported_algorithm', {
    'an algorithm by its name': offering(() => ({ algorithm: 'HS256' })),
    'a key on another curve': offering(() => ({
      public_key: generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey.export(pem),
    })),
  }),
  refused(3, 409, 'kid already exists for this project', 'kid_taken', {
    'a kid in use': offering(({ key }) => ({ kid: key.kid })),
  }),
]

/** Every row of every table of the error reference. */
export const tables: Readonly<Record<string, readonly ReferenceRow[]>> = {
  'tool execution': toolExecution,
  'session tokens': sessionTokens,
  'custom tools': customTools,
  'tool registration': toolRegistration,
  'assertion keys': assertionKeys,
}
