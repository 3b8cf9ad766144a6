import { afterEach, describe, expect, test } from 'bun:test'
import { generateKeyPairSync } from 'node:crypto'
import {
  type Call,
  type ClientSettings,
  type Driver,
  drivePython,
  driveTypeScript,
  type Outcome,
  type Step,
} from './example_client_drivers.ts'
import {
  apiKey,
  type EndpointSettings,
  problem,
  startTokenEndpoint,
  type TokenEndpoint,
} from './example_token_endpoint.ts'

const now = 1_760_000_000
const alice: Call = { userId: 'alice' }
const bob: Call = { userId: 'bob' }

function pemPair(pair: ReturnType<typeof generateKeyPairSync>) {
  return {
    privateKeyPem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKeyPem: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}

const pairs = {
  ES256: pemPair(generateKeyPairSync('ec', { namedCurve: 'P-256' })),
  ES384: pemPair(generateKeyPairSync('ec', { namedCurve: 'P-384' })),
  Ed25519: pemPair(generateKeyPairSync('ed25519')),
  RS256: pemPair(generateKeyPairSync('rsa', { modulusLength: 2048 })),
}
const accepted = {
  ES256: ['ES256'],
  ES384: ['ES384'],
  Ed25519: ['Ed25519', 'EdDSA'],
  RS256: ['RS256'],
}
const algorithms = Object.keys(accepted) as (keyof typeof pairs)[]
const keys = Object.fromEntries(
  algorithms.map((name) => [`kid-${name}`, { ...pairs[name], algorithms: accepted[name] }]),
)

let endpoint: TokenEndpoint | null = null
afterEach(() => endpoint?.stop())

function start(settings: Omit<EndpointSettings, 'keys'> = {}): TokenEndpoint {
  endpoint = startTokenEndpoint({ keys, ...settings })
  return endpoint
}

function client(url: string, changes: Partial<ClientSettings> = {}): ClientSettings {
  const { privateKeyPem } = pairs.ES256
  return { baseUrl: url, privateKeyPem, kid: 'kid-ES256', ...changes }
}

/** Each call in a step of its own, at a time. */
function oneByOne(calls: readonly Call[], seconds = now): Step[] {
  return calls.map((call) => ({ now: seconds, calls: [call] }))
}

function tokensOf(outcomes: readonly Outcome[][]): (string | undefined)[] {
  return outcomes.flat().map(({ token }) => token)
}

const drivers: [string, Driver][] = [
  ['Python', drivePython],
  ['TypeScript', driveTypeScript],
]

describe.each(drivers)('the published client in %s', (_, drive) => {
  test.each(algorithms)('states who the user is with an %s key', async (algorithm) => {
    const { url, exchanges } = start()
    const { privateKeyPem } = pairs[algorithm]
    const settings = client(`${url}/`, { privateKeyPem, kid: `kid-${algorithm}` })
    const who = { userId: 'user|7', email: 'alice@example.com', roles: ['admin', 'sales'] }
    const outcomes = await drive(settings, oneByOne([who], now + 0.9))
    expect(tokensOf(outcomes)).toEqual(['tng_mst_1'])
    expect(accepted[algorithm]).toContain(String(exchanges[0]?.header.alg))
    expect(exchanges[0]?.claims).toEqual({
      sub: 'user|7',
      aud: 'tengine:project:42',
      iat: now,
      exp: now + 60,
      jti: expect.any(String),
      email: 'alice@example.com',
      roles: ['admin', 'sales'],
    })
  })

  test('states no email and no roles where there are none', async () => {
    const { url, exchanges } = start()
    await drive(client(url), oneByOne([{ userId: 'alice', email: '', roles: [] }]))
    const names = Object.keys(exchanges[0]?.claims ?? {})
    expect(names.sort()).toEqual(['aud', 'exp', 'iat', 'jti', 'sub'])
  })

  test('keeps a token until 60 s before its expires_at', async () => {
    const { url, exchanges } = start({ expiresAfterSeconds: 300 })
    const steps = [0, 1, 239, 240, 479, 480].flatMap((after) => oneByOne([alice], now + after))
    const tokens = tokensOf(await drive(client(url), steps))
    expect(tokens.map((token) => token?.slice(-1))).toEqual(['1', '1', '1', '2', '2', '3'])
    expect(exchanges.map(({ claims }) => (claims.iat ?? 0) - now)).toEqual([0, 240, 480])
  })

  test('goes by expires_in_minutes where there is no expires_at', async () => {
    const { url } = start({ expiresAfterSeconds: null })
    const steps = [0, 839, 840].flatMap((after) => oneByOne([alice], now + after))
    expect(tokensOf(await drive(client(url), steps))).toEqual([
      'tng_mst_1',
      'tng_mst_1',
      'tng_mst_2',
    ])
  })

  test('makes one exchange for twenty callers of one user', async () => {
    const { url, exchanges } = start({ holdsUntil: 'released' })
    const calls = Array.from({ length: 19 }, () => alice)
    const outcomes = await drive(client(url), [{ now, calls: [alice], whileHeld: { calls } }])
    expect(tokensOf(outcomes)).toEqual(Array.from({ length: 20 }, () => 'tng_mst_1'))
    expect(exchanges.length).toBe(1)
  })

  test('lets callers of different users not wait for each other', async () => {
    const { url, exchanges } = start({ holdsUntil: 3 })
    const calls = [alice, bob, { userId: 'carol' }]
    const outcomes = await drive(client(url), [
      { now, calls },
      { now, calls },
    ])
    expect(tokensOf(outcomes.slice(0, 1)).sort()).toEqual(['tng_mst_1', 'tng_mst_2', 'tng_mst_3'])
    expect(outcomes[1]).toEqual(outcomes[0] ?? [])
    const subjects = exchanges.map(({ claims }) => claims.sub ?? '')
    expect(subjects.sort()).toEqual(['alice', 'bob', 'carol'])
  })

  test('gives a failure to all who wait for it, and keeps it for none', async () => {
    const parts = { code: 'member_blocked', detail: 'Member is blocked', reason: 'Ask for help.' }
    const answer = (exchange: number) => (exchange === 1 ? problem(403, parts) : null)
    const { url, exchanges } = start({ holdsUntil: 'released', answer })
    const calls = Array.from({ length: 9 }, () => alice)
    const steps = [{ now, calls: [alice], whileHeld: { calls } }, ...oneByOne([alice, alice])]
    const [failed = [], ...later] = await drive(client(url), steps)
    const outcome = {
      error: { status: 403, ...parts },
      text: '403 member_blocked: Member is blocked (Ask for help.)',
    }
    expect(failed).toEqual(Array.from({ length: 10 }, () => outcome))
    expect(tokensOf(later)).toEqual(['tng_mst_2', 'tng_mst_2'])
    expect(exchanges.length).toBe(2)
  })

  test('never gives a token of other roles or of another email', async () => {
    const { url, exchanges } = start()
    const calls: Call[] = [
      { userId: 'alice', email: 'a@example.com', roles: ['admin'] },
      { userId: 'alice', email: 'a@example.com', roles: ['reader'] },
      { userId: 'alice', email: 'a@example.com' },
      { userId: 'alice', email: 'b@example.com', roles: ['admin'] },
      { userId: 'alice', roles: ['admin'] },
      { userId: 'alice', email: 'admin' },
      { userId: 'alice', roles: ['admin,reader'] },
      { userId: 'alice', roles: ['admin', 'reader'] },
    ]
    const tokens = tokensOf(await drive(client(url), oneByOne([...calls, ...calls])))
    expect(new Set(tokens).size).toBe(calls.length)
    expect(tokens.slice(calls.length)).toEqual(tokens.slice(0, calls.length))
    expect(exchanges.map(({ claims }) => [claims.email, claims.roles])).toEqual(
      calls.map(({ email, roles }) => [email, roles]),
    )
  })

  test('forgets every token of a user, and of nobody else', async () => {
    const { url } = start()
    const admin = { ...alice, roles: ['admin'] }
    const all = oneByOne([alice, admin, bob])
    const outcomes = await drive(client(url), [...all, { forget: 'alice' }, ...all])
    expect(tokensOf(outcomes).map((token) => token?.slice(-1))).toEqual([...'123453'])
  })

  test('gives no token that was asked for before the user was forgotten', async () => {
    const parts = { code: 'invalid_token', detail: 'Token validation failed' }
    const answer = (exchange: number) => (exchange === 1 ? problem(401, parts) : null)
    const { url, exchanges } = start({ holdsUntil: 'released', answer })
    const whileHeld = { forget: 'alice', calls: [alice] }
    const steps = [{ now, calls: [alice], whileHeld }, ...oneByOne([alice])]
    const [[early, late] = [], [last] = []] = await drive(client(url), steps)
    expect(early?.error).toEqual({ status: 401, ...parts, reason: null })
    expect(late?.token).toBe('tng_mst_2')
    expect(last?.token).toBe('tng_mst_2')
    expect(exchanges.length).toBe(2)
  })

  test('keeps so many tokens and no more, those used last', async () => {
    const { url, exchanges } = start()
    const carol = { userId: 'carol' }
    const steps = oneByOne([alice, bob, alice, carol, alice, bob])
    await drive(client(url, { maxCached: 2 }), steps)
    expect(exchanges.map(({ claims }) => claims.sub)).toEqual(['alice', 'bob', 'carol', 'bob'])
  })

  const page = '<html>Bad Gateway</html>'
  const strange: [string, () => Response, number][] = [
    ['a page of a proxy', () => new Response(page, { status: 502 }), 502],
    ['a page that looks like success', () => new Response(page), 200],
    ['JSON without a token', () => Response.json({ ok: true }), 200],
    ['JSON that is no object', () => Response.json(['token']), 200],
    ['null', () => Response.json(null), 200],
    ['a token without an expiry', () => Response.json({ token: 'tng_mst_x' }), 200],
    ['an expiry that is no time', () => Response.json({ token: 'x', expires_at: 'soon' }), 200],
  ]
  test.each(strange)('takes %s for no answer of Gatehouse', async (_name, answer, status) => {
    const { url } = start({ answer })
    const [[outcome] = []] = await drive(client(url), oneByOne([alice]))
    expect(outcome?.error).toMatchObject({ status, code: 'unexpected_answer', reason: null })
  })

  test('follows no redirect with its key and assertion', async () => {
    const other = startTokenEndpoint({ keys })
    const location = `${other.url}/api/v1/mcp/session-token`
    const { url } = start({
      answer: () => new Response(null, { status: 307, headers: { location } }),
    })
    const [[outcome] = []] = await drive(client(url), oneByOne([alice]))
    await other.stop()
    expect(outcome?.error).toMatchObject({ status: 307, code: 'unexpected_answer' })
    expect(other.exchanges).toEqual([])
  })

  test('says so where nobody answers, and where nobody answers in time', async () => {
    const { url } = start({ answer: () => new Promise<Response>(() => {}) })
    const [[late] = []] = await drive(client(url, { timeoutMs: 200 }), oneByOne([alice]))
    expect(late?.error).toMatchObject({ status: 0, code: 'unreachable', reason: null })
    await endpoint?.stop()
    const [[gone] = []] = await drive(client(url), oneByOne([alice]))
    expect(gone?.error).toMatchObject({ status: 0, code: 'unreachable', reason: null })
    for (const outcome of [late, gone]) {
      expect(outcome?.text).not.toContain(apiKey)
      expect(outcome?.text).not.toContain('eyJ')
    }
  })

  test('refuses a key of another kind before anything is sent', async () => {
    const { url, exchanges } = start()
    const { privateKeyPem } = pemPair(generateKeyPairSync('ec', { namedCurve: 'P-521' }))
    const refused = drive(client(url, { privateKeyPem }), oneByOne([alice]))
    await expect(refused).rejects.toThrow('The private key must be P-256, P-384, Ed25519 or RSA')
    expect(exchanges).toEqual([])
  })
})
