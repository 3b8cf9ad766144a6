import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import {
  type AssertionHome,
  assertionClaims,
  exchangeAssertion,
  mintToken,
  newAssertionKey,
  registerKey,
  type SigningAlgorithm,
} from '../helpers/assertions.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import { type House, startHouse } from './house.ts'

const now = 1_790_000_000
const key = newAssertionKey('ES256', 'main')

let house: House

beforeAll(async () => {
  const clock = { nowMs: () => now * 1000 + 700, monotonicMs: () => performance.now() }
  house = await startHouse({ clock, settings: { failed_auth_per_minute: '0' } })
  await registerKey(house, key)
})
afterAll(() => house.stop())
beforeEach(() => house.reset())

const path = '/api/v1/mcp/session-token'
const claims = (changes: object = {}) => assertionClaims(house.projectId, now, changes)
const call = (token: string, name: string, args: object = {}) =>
  callLegacy(`${house.url}/mcp`, token, 'tools/call', { name, arguments: args })
const memberHeaders = (headers: Headers | undefined) =>
  Object.fromEntries([...(headers ?? [])].filter(([name]) => name.startsWith('x-tengine-member')))
const payloadOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

describe('an assertion is exchanged for a token that works', () => {
  const algorithms: readonly SigningAlgorithm[] = ['ES256', 'ES384', 'Ed25519', 'EdDSA', 'RS256']

  test.each(algorithms)('signed with %s', async (alg) => {
    const own = newAssertionKey(alg, `key-of-${alg}`)
    await registerKey(house, own)
    const tool = await house.addTool({ name: `for_${alg}`, require_member: true })
    const { status, headers, body } = await exchangeAssertion(house, own.sign(claims()))
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('application/json')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(Object.entries(body)).toEqual([
      ['token', expect.stringMatching(/^tng_mst_eyJ[\w-]+\.[\w-]+\.[\w-]{86}$/)],
      ['expires_in_minutes', 15],
      ['expires_at', '2026-09-21T14:28:20.000Z'],
      ['token_type', 'Bearer'],
    ])
    const answer = await call(body.token, tool.name)
    expect(answer.body.result.isError).toBeFalsy()
    expect(memberHeaders(house.upstream.hits[0]?.headers)).toEqual({
      'x-tengine-member-id': 'alice',
    })
  })

  test('case 65: one Ed25519 key takes both names of its algorithm', async () => {
    const own = newAssertionKey('Ed25519', 'both-names')
    await registerKey(house, own)
    for (const alg of ['EdDSA', 'Ed25519']) {
      expect((await exchangeAssertion(house, own.sign(claims(), { alg }))).status).toBe(200)
    }
  })

  test('the token says which project, integration and member it is for, and when it ends', async () => {
    const identity = { email: 'carol@example.com', roles: ['admin', 'editor'] }
    const full = await mintToken(house, key.sign(claims({ sub: 'carol', ...identity })))
    expect(payloadOf(full)).toMatchObject({
      project_id: house.projectId,
      integration_id: house.integrationId,
      member_external_id: 'carol',
      ...identity,
      iat: now,
      exp: now + 900,
    })
    const bare = payloadOf(await mintToken(house, key.sign(claims({ email: '', roles: [] }))))
    expect(bare).not.toHaveProperty('email')
    expect(bare).not.toHaveProperty('roles')
  })

  test('the tokens of two members never mix, whoever minted last', async () => {
    const { name } = await house.addTool({ name: 'whose' })
    const [alice, bob] = [
      await mintToken(house, key.sign(claims({ sub: 'alice' }))),
      await mintToken(house, key.sign(claims({ sub: 'bob' }))),
    ]
    for (const token of [alice, bob, alice, house.apiKey, bob]) await call(token, name)
    const seen = house.upstream.hits.map(({ headers }) => headers.get('x-tengine-member-id'))
    expect(seen).toEqual(['alice', 'bob', 'alice', null, 'bob'])
  })
})

describe('email and roles reach an upstream only where the tool says so', () => {
  const alice = { email: 'alice@example.com', roles: ['admin', 'editor'] }
  const id = { 'x-tengine-member-id': 'alice' }
  const email = { 'x-tengine-member-email': 'alice@example.com' }
  const roles = { 'x-tengine-member-roles': 'admin,editor' }
  const tools: readonly [string, object | undefined, object][] = [
    ['nothing', undefined, id],
    ['all', { id: true, email: true, roles: true }, { ...id, ...email, ...roles }],
    ['none', { id: false, email: false, roles: false }, {}],
    ['email', { id: false, email: true, roles: false }, email],
    ['roles', { id: false, email: false, roles: true }, roles],
  ]

  test.each(tools)('inject_member_identity: %s', async (name, inject, expected) => {
    const fields = inject === undefined ? {} : { inject_member_identity: inject }
    await house.addTool({
      name: `inject_${name}`,
      http_method: 'POST',
      deduplication: { mode: 'off' },
      ...fields,
    })
    await call(await mintToken(house, key.sign(claims(alice))), `inject_${name}`)
    await call(await mintToken(house, key.sign(claims())), `inject_${name}`)
    await call(house.apiKey, `inject_${name}`)
    const [full, bare, nobody] = house.upstream.hits.map(({ headers }) => memberHeaders(headers))
    expect(full).toEqual(expected as Record<string, string>)
    expect(bare).toEqual('x-tengine-member-id' in expected ? id : {})
    expect(nobody).toEqual({})
  })
})

describe('who may exchange', () => {
  const home = (): AssertionHome => house
  const exchange = (apiKey: string | null, assertion: unknown = key.sign(claims())) =>
    house.api('POST', path, { member_assertion: assertion }, apiKey)
  const refused = async (answer: ReturnType<typeof exchange>) => {
    const { status, body } = await answer
    expect(body).not.toHaveProperty('token')
    return [status, body.code, body.detail]
  }
  const badKey = [401, 'invalid_api_key', 'Invalid or inactive API key']

  test('nobody without a credential', async () => {
    const detail = 'A bearer credential is required'
    expect(await refused(exchange(null))).toEqual([401, 'missing_credential', detail])
  })

  test('case 39: no unknown key, and no key that has expired', async () => {
    expect(await refused(exchange(`tengine_${'A'.repeat(43)}`))).toEqual(badKey)
    const expires_at = new Date(now * 1000 + 700).toISOString()
    const fields = { project_id: house.projectId, name: 'past', expires_at }
    const { body } = await house.api('POST', '/api/v1/integrations', fields)
    expect(await refused(exchange(body.api_key))).toEqual(badKey)
  })

  test('case 51: no session token: who holds one cannot renew it', async () => {
    const token = await mintToken(home(), key.sign(claims()))
    expect(await refused(exchange(token))).toEqual(badKey)
  })

  test('no administrator, who comes through no integration', async () => {
    const detail = 'API key missing project or integration'
    expect(await refused(exchange(house.adminToken))).toEqual([
      400,
      'key_without_integration',
      detail,
    ])
    expect(await refused(exchange(`gha_${'A'.repeat(43)}`))).toEqual([
      401,
      'invalid_admin_token',
      'Invalid or inactive admin token',
    ])
  })

  test('no key without sessions.mint', async () => {
    const fields = { project_id: house.projectId, name: 'caller', permissions: ['tools.call'] }
    const { body } = await house.api('POST', '/api/v1/integrations', fields)
    const [status, code] = await refused(exchange(body.api_key))
    expect([status, code]).toEqual([403, 'permission_denied'])
  })

  test('case 56: nobody while the project is suspended, whatever they bring', async () => {
    const project = `/api/v1/projects/${house.projectId}`
    await house.api('PATCH', project, { is_suspended: true })
    const suspended = [403, 'project_suspended', 'Project is suspended']
    expect(await refused(exchange(house.apiKey))).toEqual(suspended)
    expect(await refused(exchange(house.apiKey, 'rubbish'))).toEqual(suspended)
    await house.api('PATCH', project, { is_suspended: false })
    expect((await exchange(house.apiKey)).status).toBe(200)
  })

  test('nobody for a member who is blocked', async () => {
    const sub = 'blocked-1'
    await mintToken(house, key.sign(claims({ sub })))
    const query = `?project_id=${house.projectId}&external_id=${sub}`
    const { body } = await house.api('GET', `/api/v1/members${query}`)
    await house.api('PATCH', `/api/v1/members/${body.items[0].id}`, { is_blocked: true })
    const answer = exchange(house.apiKey, key.sign(claims({ sub })))
    expect(await refused(answer)).toEqual([403, 'member_blocked', 'Member is blocked'])
  })
})

describe('a request that is none', () => {
  const send = (body: unknown) => house.api('POST', path, body, house.apiKey)
  const provide = [400, 'Provide member_assertion or member_external_id']
  const requests: readonly [string, unknown, readonly unknown[]][] = [
    ['an empty object', {}, provide],
    ['no body', undefined, provide],
    ['a list', [{ member_assertion: 'x' }], provide],
    ['both null', { member_assertion: null, member_external_id: null }, provide],
    ['an id that is a number', { member_external_id: 7 }, provide],
    ['broken JSON', '{"member_assertion":', [400, 'The body is not valid JSON']],
    [
      'the field twice',
      '{"member_assertion":"a","member_assertion":"b"}',
      [400, 'A JSON object repeats a key'],
    ],
    ['more than 64 KiB', { x: 'x'.repeat(65_536) }, [413, 'The request body is too large']],
  ]

  test.each(requests)('%s', async (_, sent, expected) => {
    const { status, body } = await send(sent)
    expect([status, body.detail]).toEqual(expected as [number, string])
  })

  test('case 20: a body that is not JSON by its type', async () => {
    const { status } = await fetch(house.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${house.apiKey}`, 'content-type': 'text/plain' },
      body: JSON.stringify({ member_assertion: key.sign(claims()) }),
    })
    expect(status).toBe(415)
  })

  test('another method', async () => {
    const { status, headers } = await house.api('GET', path, undefined, house.apiKey)
    expect([status, headers.get('allow')]).toEqual([405, 'POST'])
  })
})
