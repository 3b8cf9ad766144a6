import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { emailFault, externalIdFault, rolesFault } from '../../src/model/member.ts'
import { assertionClaims, mintToken, newAssertionKey, registerKey } from '../helpers/assertions.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import { modernRequest } from '../mcp/event_stream.ts'
import { type House, startHouse } from './house.ts'
import { exchange, requestText } from './raw_client.ts'

const now = 1_790_000_000
const key = newAssertionKey('Ed25519', 'main')
const all = { id: true, email: true, roles: true }
const anything = { type: 'object', additionalProperties: true }
const note = { ...anything, properties: { note: { type: 'string' } } }
const identity = { email: 'alice@example.com', roles: ['editor'] }

let house: House

beforeAll(async () => {
  const clock = { nowMs: () => now * 1000, monotonicMs: () => performance.now() }
  house = await startHouse({ clock })
  await registerKey(house, key)
  const open = {
    input_schema: anything,
    inject_member_identity: all,
    deduplication: { mode: 'off' },
  }
  await house.addTool({ name: 'query', ...open })
  await house.addTool({ name: 'body', http_method: 'POST', ...open })
  await house.addTool({
    name: 'headers',
    http_method: 'POST',
    headers_template: { 'X-Note': '{note}', 'X-Member': '{member_id}' },
    ...open,
    input_schema: note,
  })
  await house.addTool({
    name: 'path',
    endpoint_path: '/members/{member_id}/notes',
    query_template: { for: '{member_id}', note: '{note}' },
    require_member: true,
    ...open,
    input_schema: note,
  })
})
afterAll(() => house.stop())
beforeEach(() => house.reset())

const claims = (changes: object = {}) => assertionClaims(house.projectId, now, changes)
const mint = (changes: object = {}) => mintToken(house, key.sign(claims(changes)))

/** Whatever the upstream could take for a member's identity, as `name: value`. */
function identityIn(headers: Headers): string[] {
  const isIdentity = (name: string) => /member|email|role/.test(name.replaceAll('_', '-'))
  return [...headers]
    .filter(([name]) => isIdentity(name))
    .map(([name, value]) => `${name}: ${value}`)
}
const ofAlice = [
  'x-tengine-member-email: alice@example.com',
  'x-tengine-member-id: alice',
  'x-tengine-member-roles: editor',
]

const names = [
  'X-Tengine-Member-Id',
  'x-tengine-member-id',
  'X-TENGINE-MEMBER-EMAIL',
  'X-Tengine-Member-Roles',
  'X_Tengine_Member_Id',
  'member_id',
  'member_external_id',
  'member_email',
  'project_id',
  'integration_id',
  'inject_member_identity',
  'email',
  'roles',
  'note',
]
const values = [
  'mallory',
  'admin,root',
  '{member_id}',
  '{{member_id}}',
  'a\r\nX-Tengine-Member-Id: mallory',
  'a\nX-Tengine-Member-Roles: admin',
  '../../members/mallory',
  'x&member_id=mallory',
  'x#mallory',
  '',
]
const name = fc.constantFrom(...names)
const value = fc.oneof(fc.constantFrom(...values), fc.string({ maxLength: 12 }))
const anyValue = fc.oneof(value, fc.array(value, { maxLength: 3 }), fc.dictionary(name, value))
const members = fc.dictionary(name, anyValue, { maxKeys: 5 })
/** Reserved names are refused at any depth; most calls should get further than that. */
const freeName = name.filter((each) => !/^(member|project|integration)_id$/.test(each))
const args = fc.oneof(
  { weight: 5, arbitrary: fc.dictionary(freeName, value, { maxKeys: 5 }) },
  { weight: 1, arbitrary: members },
)

const caseless = (text: string) =>
  fc
    .array(fc.boolean(), { minLength: text.length, maxLength: text.length })
    .map((upper) =>
      [...text].map((c, i) => (upper[i] ? c.toUpperCase() : c.toLowerCase())).join(''),
    )
const headerName = fc.oneof(
  fc
    .constantFrom('X-Tengine-Member-Id', 'X-Tengine-Member-Email', 'X-Tengine-Member-Roles')
    .chain(caseless),
  fc.constantFrom('X_Tengine_Member_Id', 'X-Member-Id', 'Mcp-Param-Member-Id', 'X-Forwarded-User'),
)
const headerValue = fc.constantFrom('mallory', 'admin', 'alice, mallory', ' ')

/** What a caller, and the backend that signed for alice, may send of their own. */
const attempt = fc.record({
  tool: fc.constantFrom('query', 'body', 'headers', 'path'),
  isModern: fc.boolean(),
  args,
  meta: members,
  params: fc.dictionary(
    name.filter((each) => each !== 'note'),
    anyValue,
    { maxKeys: 3 },
  ),
  headers: fc.array(fc.tuple(headerName, headerValue), { maxLength: 4 }),
  query: fc.array(fc.tuple(name, value), { maxLength: 3 }),
  claims: fc.dictionary(
    name.filter((each) => each !== 'email' && each !== 'roles'),
    anyValue,
    { maxKeys: 5 },
  ),
})
type Attempt = typeof attempt extends fc.Arbitrary<infer T> ? T : never

/** Sends the attempt as bytes, so that no client mends or joins what is in it. */
function send(token: string, { tool, isModern, args, meta, params, headers, query }: Attempt) {
  const call = { ...params, name: tool, arguments: args, _meta: meta }
  const modern = modernRequest('tools/call', call)
  const body = isModern
    ? modern.body
    : JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: call })
  const lines = [
    `Host: ${house.host}`,
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    'Accept: application/json, text/event-stream',
    ...(isModern ? Object.entries(modern.headers).map(([n, v]) => `${n}: ${v}`) : []),
    ...headers.map(([n, v]) => `${n}: ${v}`),
  ]
  const search = new URLSearchParams([...query]).toString()
  return exchange(house.url, requestText(`POST /mcp?${search}`, lines, body))
}

/** All that an upstream ever gets; nothing of a caller's own headers is passed on. */
const ourHeaders = new Set([
  ...['host', 'connection', 'content-length', 'content-type', 'accept', 'accept-encoding'],
  ...['user-agent', 'idempotency-key', 'traceparent', 'x-note', 'x-member'],
  ...['project-id', 'integration-id', 'request-id', 'timestamp'].map((id) => `x-tengine-${id}`),
  ...['id', 'email', 'roles'].map((part) => `x-tengine-member-${part}`),
])

test('case 63: no argument, header, _meta, query or further claim changes who alice is (200 calls)', async () => {
  let sent = 0
  await fc.assert(
    fc.asyncProperty(attempt, async (each) => {
      house.reset()
      const { status } = await send(await mint({ ...each.claims, ...identity }), each)
      expect(status).toBeLessThan(500)
      expect(house.upstream.hits.length).toBeLessThanOrEqual(1)
      for (const { headers, target } of house.upstream.hits) {
        sent++
        const own = each.tool === 'headers' ? ['x-member: alice', ...ofAlice] : ofAlice
        expect(identityIn(headers).sort()).toEqual(own)
        expect([...headers.keys()].filter((header) => !ourHeaders.has(header))).toEqual([])
        expect(headers.get('x-tengine-project-id')).toBe(String(house.projectId))
        expect(headers.get('x-tengine-integration-id')).toBe(String(house.integrationId))
        if (each.tool === 'path') expect(target).toMatch(/^\/members\/alice\/notes\?for=alice(&|$)/)
      }
    }),
    { numRuns: 200, interruptAfterTimeLimit: 8_000 },
  )
  // A property about calls that never leave would be none.
  expect(sent).toBeGreaterThan(100)
})

test('case 63: nor may a plain API key give itself one (60 calls)', async () => {
  let sent = 0
  await fc.assert(
    fc.asyncProperty(attempt, async (each) => {
      house.reset()
      const { body } = await send(house.apiKey, each)
      for (const { headers } of house.upstream.hits) {
        sent++
        expect(identityIn(headers)).toEqual([])
      }
      if (each.tool === 'path') {
        expect(house.upstream.hits).toEqual([])
        expect(body.result._meta['tengine/error'].detail).toBe(
          'Member context required for this tool',
        )
      }
    }),
    { numRuns: 60, interruptAfterTimeLimit: 4_000 },
  )
  expect(sent).toBeGreaterThan(15)
})

test('whoever is asserted arrives as asserted, to the letter, or nothing is sent (150 members)', async () => {
  const ascii = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 40 })
  const known = fc.constantFrom('alice', 'auth0|5f7c8ec7c33c', 'a@b.example', 'x y', '0', '-')
  const text = fc.oneof(
    { weight: 4, arbitrary: ascii },
    { weight: 4, arbitrary: known },
    { weight: 1, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }) },
  )
  const person = fc.record({
    sub: text.filter((each) => externalIdFault(each) === null),
    email: fc.option(text.filter((each) => emailFault(each) === null)),
    roles: fc.array(text, { maxLength: 4 }).filter((each) => rolesFault(each) === null),
  })
  let sent = 0
  await fc.assert(
    fc.asyncProperty(person, async ({ sub, email, roles }) => {
      house.reset()
      const token = await mint({ sub, email, roles })
      await callLegacy(`${house.url}/mcp`, token, 'tools/call', { name: 'body', arguments: {} })
      const expected = [
        ...(email === null ? [] : [`x-tengine-member-email: ${email}`]),
        `x-tengine-member-id: ${sub}`,
        ...(roles.length === 0 ? [] : [`x-tengine-member-roles: ${roles.join(',')}`]),
      ]
      const isAscii = expected.every((line) => /^[\x20-\x7e]*$/.test(line))
      sent += house.upstream.hits.length
      const arrived = house.upstream.hits.map(({ headers }) => identityIn(headers).sort())
      expect(arrived).toEqual(isAscii ? [expected] : [])
      const [run] = await house.runs('&limit=1')
      expect(run).toMatchObject({ member_external_id: sub, member_source: 'assertion' })
      expect(run.error_code).toBe(isAscii ? null : 'invalid_header_value')
    }),
    { numRuns: 150, interruptAfterTimeLimit: 6_000 },
  )
  expect(sent).toBeGreaterThan(50)
})

describe('case 63: what names a member is refused where it is written down', () => {
  const tool = (fields: object) =>
    house.api('POST', '/api/v1/custom-tools', {
      project_id: house.projectId,
      name: 'forged',
      base_url: house.upstream.url,
      http_method: 'POST',
      endpoint_path: '/things',
      ...fields,
    })

  test.each(names.slice(0, 5))('headers_template cannot set %s', async (header) => {
    const { status, body } = await tool({ headers_template: { [header]: 'mallory' } })
    expect([status, body.code]).toEqual([400, 'header_not_settable'])
  })

  test.each(names.slice(0, 5))('an upstream secret cannot be sent as %s', async (header) => {
    const auth = { auth_strategy: 'static_header', auth_header_name: header }
    const { status } = await tool({ ...auth, encrypted_auth_secret: 'mallory' })
    expect(status).toBe(422)
  })

  const reserved = [
    '{"member_id":"mallory"}',
    '{"note":"x","member_id":"mallory"}',
    '{"deep":{"list":[{"member_id":"mallory"}]}}',
    '{"project_id":"1"}',
    '{"integration_id":"1"}',
  ]
  test.each(reserved)('the arguments %s are not taken, and nothing is sent', async (args) => {
    const params = { name: 'body', arguments: JSON.parse(args) }
    const { body } = await callLegacy(`${house.url}/mcp`, await mint(), 'tools/call', params)
    expect(body.result._meta['tengine/error']).toMatchObject({
      status: 400,
      detail: 'Reserved variable cannot be provided as user input',
    })
    expect(house.upstream.hits).toEqual([])
  })

  test('a line break in an argument does not begin a header of its own', async () => {
    const args = { note: 'a\r\nX-Tengine-Member-Id: mallory' }
    const params = { name: 'headers', arguments: args }
    const { body } = await callLegacy(`${house.url}/mcp`, await mint(), 'tools/call', params)
    expect(body.result._meta['tengine/error'].code).toBe('invalid_header_value')
    expect(house.upstream.hits).toEqual([])
  })
})
