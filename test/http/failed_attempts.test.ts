import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import {
  type AssertionKeyPair,
  assertionClaims,
  mintToken,
  newAssertionKey,
  registerKey,
} from '../helpers/assertions.ts'
import { type House, type HouseOptions, startHouse } from './house.ts'

const clock = { nowMs: Date.parse('2026-03-01T12:00:00Z'), monotonicMs: performance.now() }
const origin = 'https://app.example.com'
const wrongKey = `tengine_${'x'.repeat(43)}`
const wrongAdminToken = `gha_${'x'.repeat(43)}`
const signer: AssertionKeyPair = newAssertionKey('ES256', 'backend')
let house: House

/** A house that lets an address fail this often; its only callers are on 127.0.0.1. */
async function strictHouse(
  failed_auth_per_minute: string,
  trusted_proxies: readonly string[],
): Promise<House> {
  const frozen = { nowMs: () => clock.nowMs, monotonicMs: () => clock.monotonicMs }
  const settings: HouseOptions['settings'] = { failed_auth_per_minute, trusted_proxies }
  const made = await startHouse({
    clock: frozen,
    settings: { ...settings, allowed_origins: [origin] },
  })
  await made.addTool({ name: 'ping' })
  await registerKey(made, signer)
  return made
}

beforeAll(async () => {
  house = await strictHouse('5', ['127.0.0.1'])
})
beforeEach(() => {
  later(60)
  house.reset()
})
afterAll(() => house.stop())

const later = (seconds: number) => {
  clock.nowMs += seconds * 1000
  clock.monotonicMs += seconds * 1000
}

/** What one request shows, and where it comes from. */
interface Shown {
  readonly token: string | null
  /** `X-Forwarded-For`; the peer is 127.0.0.1. */
  readonly from?: string
  readonly at?: House
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
}

interface Seen {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly body: any
}

async function send(method: string, path: string, shown: Shown): Promise<Seen> {
  const { token, from, at = house, body, headers } = shown
  const response = await fetch(at.url + path, {
    method,
    headers: {
      accept: 'application/json, text/event-stream',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(from === undefined ? {} : { 'x-forwarded-for': from }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

const ping = { name: 'ping', arguments: {} }
const callBody = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: ping }
const call = (shown: Shown) => send('POST', '/mcp', { body: callBody, ...shown })
const manage = (shown: Shown) => send('GET', '/api/v1/projects', shown)
const mint = (shown: Shown) =>
  send('POST', '/api/v1/mcp/session-token', {
    body: { member_assertion: assertion(shown.at) },
    ...shown,
  })
const doors = { '/mcp': call, '/api/v1': manage, 'session-token': mint } as const

function assertion(at = house, changes: object = {}): string {
  const nowSeconds = Math.floor(clock.nowMs / 1000)
  return signer.sign(assertionClaims(at.projectId, nowSeconds, changes))
}

type Door = (shown: Shown) => Promise<Seen>

/** Fails this often with a wrong key; each must be told as what it is. */
async function fail(door: Door, times: number, shown: Partial<Shown> = {}): Promise<void> {
  for (let each = 0; each < times; each++) {
    const { status, body } = await door({ token: wrongKey, ...shown })
    expect({ status, code: body.code }).toEqual({ status: 401, code: 'invalid_api_key' })
  }
}

/** One more failure, which is held back; gives its wait in seconds. */
async function heldBack(door: Door, shown: Partial<Shown> = {}): Promise<number> {
  const { status, headers, body } = await door({ token: wrongKey, ...shown })
  expect({ status, body }).toMatchObject({
    status: 429,
    body: { status: 429, code: 'too_many_failures', detail: 'Too many failed authentications' },
  })
  expect(headers.get('content-type')).toStartWith('application/problem+json')
  expect(headers.get('www-authenticate')).toBeNull()
  expect(headers.get('retry-after')).toMatch(/^\d+$/)
  return Number(headers.get('retry-after'))
}

describe('case 60: past 5 failures a minute', () => {
  for (const [name, door] of Object.entries(doors)) {
    test(`${name} answers a wrong key with 429 and an honest Retry-After`, async () => {
      await fail(door, 5)
      expect(await heldBack(door)).toBe(12)
      later(11)
      expect(await heldBack(door)).toBe(1)
      later(1)
      await fail(door, 1)
      expect(await heldBack(door)).toBe(12)
      later(60)
      await fail(door, 5)
      await heldBack(door)
      expect(house.upstream.hits).toEqual([])
    })

    test(`${name} still lets a good credential in from the same address`, async () => {
      await fail(door, 5)
      for (let each = 0; each < 10; each++) {
        await heldBack(door)
        expect((await door({ token: house.apiKey })).status).toBe(200)
      }
      expect((await manage({ token: house.adminToken })).status).toBe(200)
      const token = await mintToken(house, assertion())
      expect((await call({ token })).status).toBe(200)
      expect(house.upstream.hits).toHaveLength(door === call ? 11 : 1)
    })
  }

  test('every door counts the same failures', async () => {
    await fail(call, 2)
    await fail(manage, 2)
    await fail(mint, 1)
    for (const door of Object.values(doors)) await heldBack(door)
    expect(await heldBack(manage, { token: wrongAdminToken })).toBe(12)
  })

  test('a mistyped request is held back like any other: only the credential counts', async () => {
    await fail(call, 5)
    await heldBack((shown) => send('GET', '/mcp', shown))
    await heldBack((shown) => send('POST', '/mcp', { ...shown, body: { not: 'a call' } }))
    await heldBack((shown) => send('GET', '/api/v1/no-such-thing', shown))
    expect(house.upstream.hits).toEqual([])
  })
})

describe('case 60: what counts as a failure', () => {
  const counted: readonly (readonly [string, Door, () => Promise<string>])[] = [
    ['a wrong API key', call, async () => wrongKey],
    ['a wrong admin token', manage, async () => wrongAdminToken],
    ['text that is no credential at all', call, async () => 'hunter2'],
    ['a forged session token', call, async () => `tng_mst_${assertion()}`],
    ['an admin token at /mcp', call, async () => house.adminToken],
    [
      'a deleted key',
      call,
      async () => {
        const body = { project_id: house.projectId, name: 'gone' }
        const made = (await house.api('POST', '/api/v1/integrations', body)).body
        await house.api('DELETE', `/api/v1/integrations/${made.integration.id}`)
        return made.api_key
      },
    ],
    [
      'the session of a blocked member',
      call,
      async () => {
        const token = await mintToken(house, assertion(house, { sub: 'blocked' }))
        const path = `/api/v1/members?project_id=${house.projectId}&external_id=blocked`
        const { id } = (await house.api('GET', path)).body.items[0]
        await house.api('PATCH', `/api/v1/members/${id}`, { is_blocked: true })
        return token
      },
    ],
  ]
  test.each(counted)('%s does', async (_what, door, tokenOf) => {
    const token = await tokenOf()
    for (let each = 0; each < 5; each++) expect((await door({ token })).status).toBe(401)
    await heldBack(door, { token })
    expect(house.upstream.hits).toEqual([])
  })

  test("a good key at another project's address does", async () => {
    const elsewhere: Door = (shown) =>
      send('POST', '/mcp/elsewhere', { body: callBody, ...shown, token: house.apiKey })
    await fail(elsewhere, 5)
    await heldBack(elsewhere)
    expect(house.upstream.hits).toEqual([])
  })

  const assertionFailures = {
    'an expired assertion': () => assertion(house, { iat: 1_000_000, exp: 1_000_060 }),
    'an assertion for another project': () => assertion(house, { aud: 'tengine:project:4711' }),
    'an assertion without sub': () => assertion(house, { sub: undefined }),
    'an assertion under an unknown kid': () =>
      newAssertionKey('ES256', 'unknown').sign(assertionClaims(house.projectId, 0)),
    'a mangled assertion': () => `${assertion()}x`,
  }
  const uncounted: readonly (readonly [string, number, () => Promise<() => Promise<Seen>>])[] = [
    ['no credential at /mcp', 401, async () => () => call({ token: null })],
    ['no credential at /api/v1', 401, async () => () => manage({ token: null })],
    ['no credential at session-token', 401, async () => () => mint({ token: null })],
    [
      'an expired session token',
      401,
      async () => {
        const token = await mintToken(house, assertion())
        later(15 * 60)
        return () => call({ token })
      },
    ],
    ['an assertion that was not exchanged', 401, async () => () => call({ token: assertion() })],
    ...Object.entries(assertionFailures).map(
      ([what, text]) =>
        [
          what,
          what === 'an assertion without sub' ? 400 : 401,
          async () => () => mint({ token: house.apiKey, body: { member_assertion: text() } }),
        ] as const,
    ),
    [
      'a key without the permission',
      403,
      async () => {
        const body = { project_id: house.projectId, name: 'caller', permissions: ['tools.call'] }
        const token = (await house.api('POST', '/api/v1/integrations', body)).body.api_key
        return () => manage({ token })
      },
    ],
    [
      'a key of a suspended project',
      403,
      async () => {
        const { id } = (await house.api('POST', '/api/v1/projects', { name: 'asleep' })).body
        const body = { project_id: id, name: 'caller' }
        const token = (await house.api('POST', '/api/v1/integrations', body)).body.api_key
        await house.api('PATCH', `/api/v1/projects/${id}`, { is_suspended: true })
        return () => call({ token })
      },
    ],
  ]
  test.each(uncounted)('%s does not', async (_what, status, prepare) => {
    const ask = await prepare()
    for (let each = 0; each < 12; each++) expect((await ask()).status).toBe(status)
    await fail(call, 5)
    await heldBack(call)
    expect((await ask()).status).toBe(status)
    expect(house.upstream.hits).toEqual([])
  })
})

describe('cases 32, 60: whose failures they are', () => {
  test('behind a trusted proxy each client has its own', async () => {
    const [alice, bob] = ['198.51.100.1', '198.51.100.2']
    for (const door of Object.values(doors)) {
      later(60)
      await fail(door, 5, { from: alice })
      await heldBack(door, { from: alice })
      await fail(door, 5, { from: bob })
      await heldBack(door, { from: bob })
      await fail(door, 5)
      await heldBack(door)
    }
  })

  test('a client behind it gains nothing by what it writes in front of its own address', async () => {
    for (let each = 0; each < 5; each++) {
      await fail(call, 1, { from: `203.0.113.${each}, 127.0.0.1, 198.51.100.3` })
    }
    await heldBack(call, { from: '203.0.113.99, 198.51.100.3' })
    await heldBack(manage, { from: '198.51.100.3' })
    await fail(call, 1, { from: '203.0.113.99' })
  })

  test('a host with a whole IPv6 /64 counts as one', async () => {
    for (let each = 1; each <= 5; each++) await fail(call, 1, { from: `2001:db8:1:2::${each}` })
    await heldBack(call, { from: '2001:db8:1:2:ffff::1' })
    await fail(call, 1, { from: '2001:db8:1:3::1' })
  })

  test('X-Forwarded-For of a peer that is not trusted changes nothing', async () => {
    for (const trusted of [[], ['10.0.0.0/8']]) {
      const at = await strictHouse('5', trusted)
      try {
        for (const door of Object.values(doors)) {
          later(60)
          for (let each = 0; each < 5; each++) {
            await fail(door, 1, { at, from: `198.51.100.${each}` })
          }
          for (const from of ['198.51.100.99', '10.0.0.1', '127.0.0.1']) {
            expect(await heldBack(door, { at, from })).toBe(12)
          }
          expect(await heldBack(door, { at })).toBe(12)
        }
        expect(at.upstream.hits).toEqual([])
      } finally {
        await at.stop()
      }
    }
  })

  test("the machine's own socket is never held back", async () => {
    const unix = join(house.dataDir, 'admin.sock')
    const headers = { authorization: `Bearer ${wrongAdminToken}` }
    for (let each = 0; each < 12; each++) {
      const answer = await fetch('http://localhost/api/v1/projects', { unix, headers })
      expect(answer.status).toBe(401)
    }
    await fail(manage, 5)
  })

  test('0 switches it off', async () => {
    const at = await strictHouse('0', [])
    try {
      for (const door of Object.values(doors)) await fail(door, 70, { at })
      expect(at.upstream.hits).toEqual([])
    } finally {
      await at.stop()
    }
  })
})

describe('case 33: a page of an allowed origin', () => {
  const headers = { origin }

  test('may read at /mcp that it is held back, and for how long', async () => {
    await fail(call, 5)
    const answer = await call({ token: wrongKey, headers })
    expect(answer).toMatchObject({ status: 429, body: { code: 'too_many_failures' } })
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
    expect(answer.headers.get('vary')).toBe('Origin')
    const exposed = answer.headers.get('access-control-expose-headers')?.split(', ')
    expect(exposed).toContain('Retry-After')
    expect(exposed).toContain('WWW-Authenticate')
    expect(answer.headers.get('retry-after')).toBe('12')
  })

  test('of another origin learns nothing and counts for nothing', async () => {
    for (let each = 0; each < 12; each++) {
      const {
        status,
        headers: got,
        body,
      } = await call({
        token: wrongKey,
        headers: { origin: 'https://evil.example' },
      })
      expect({ status, code: body.code }).toEqual({ status: 403, code: 'origin_not_allowed' })
      expect(got.get('access-control-allow-origin')).toBeNull()
    }
    await fail(call, 5)
    await heldBack(call)
  })
})
