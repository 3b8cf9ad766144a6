import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import {
  assertionClaims,
  exchangeAssertion,
  mintToken,
  newAssertionKey,
  rawJws,
  registerKey,
} from '../helpers/assertions.ts'
import { callLegacy, callModern } from '../helpers/mcp_client.ts'
import { type House, startHouse } from './house.ts'

const start = 1_790_000_000
let nowMs = start * 1000
const clock = { nowMs: () => nowMs, monotonicMs: () => performance.now() }
const key = newAssertionKey('ES256', 'main')

let house: House

beforeAll(async () => {
  house = await startHouse({ clock, settings: { failed_auth_per_minute: '0' } })
  await registerKey(house, key)
  await house.addTool({ name: 'read' })
  await house.addTool({ name: 'write', http_method: 'POST' })
})
afterAll(() => house.stop())
beforeEach(() => {
  nowMs = start * 1000
  house.reset()
})

const assertion = (home: House = house, changes: object = {}) =>
  key.sign(assertionClaims(home.projectId, Math.floor(nowMs / 1000), changes))
const mint = () => mintToken(house, assertion())

const requests = (token: string, url = `${house.url}/mcp`) => [
  () => callLegacy(url, token, 'tools/call', { name: 'read' }),
  () => callModern(url, token, 'tools/call', { name: 'write' }),
  () => callLegacy(url, token, 'tools/list'),
  () => callModern(url, token, 'server/discover'),
]

async function expectServed(token: string): Promise<void> {
  for (const send of requests(token)) expect((await send()).status).toBe(200)
}

type Refusal = readonly [status: number, code: string, detail: string]
const badToken: Refusal = [401, 'invalid_token', 'Token validation failed']
const hasExpired: Refusal = [401, 'member_token_expired', 'Member JWT has expired']

async function expectRefused(token: string, expected: Refusal): Promise<void> {
  const sent = house.upstream.hits.length
  for (const send of requests(token)) {
    const { status, body, headers } = await send()
    expect([status, body.code, body.detail]).toEqual([...expected])
    expect(headers.get('www-authenticate')).toContain('error="invalid_token"')
  }
  expect(house.upstream.hits.length).toBe(sent)
}

describe('case 53: a session token', () => {
  test('lives to the last millisecond of its 15 minutes, and not one longer', async () => {
    nowMs += 700
    const { body } = await exchangeAssertion(house, assertion())
    const endMs = Date.parse(body.expires_at)
    expect(endMs).toBe((start + 900) * 1000)
    nowMs = endMs - 1
    await expectServed(body.token)
    for (const lateMs of [0, 1, 86_400_000]) {
      nowMs = endMs + lateMs
      await expectRefused(body.token, hasExpired)
    }
  })

  test('outlives the assertion that it was minted with', async () => {
    const token = await mint()
    nowMs += 120_000
    await expectServed(token)
  })

  test('tells its holder when it ends', async () => {
    const { body } = await callLegacy(`${house.url}/mcp`, await mint(), 'tools/call', {
      name: 'mcp_whoami',
    })
    expect(body.result.structuredContent.token_expires_at).toBe('2026-09-21T14:28:20.000Z')
  })

  test.each([2, 60])(
    'lives for %s minutes where member_session_minutes says so',
    async (minutes) => {
      const settings = { member_session_minutes: String(minutes), failed_auth_per_minute: '0' }
      const other = await startHouse({ clock, settings })
      try {
        await registerKey(other, key)
        const { body } = await exchangeAssertion(other, assertion(other))
        expect(body.expires_in_minutes).toBe(minutes)
        expect(Date.parse(body.expires_at)).toBe(nowMs + minutes * 60_000)
        const [, , list] = requests(body.token, `${other.url}/mcp`)
        nowMs += minutes * 60_000 - 1
        expect((await list?.())?.status).toBe(200)
        nowMs += 1
        expect((await list?.())?.body.detail).toBe('Member JWT has expired')
      } finally {
        await other.stop()
      }
    },
  )
})

describe('case 55: nobody but the instance makes or changes a session token', () => {
  const parts = (token: string) =>
    token.slice('tng_mst_'.length).split('.') as [string, string, string]
  const decoded = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  /** The token with other claims or another header under its own signature. */
  const edited = (token: string, claims: object, header: object = {}) => {
    const [first, second, third] = parts(token)
    const signature = Buffer.from(third, 'base64url')
    const made = rawJws(
      { ...decoded(first), ...header },
      { ...decoded(second), ...claims },
      signature,
    )
    return `tng_mst_${made}`
  }

  const edits: readonly [string, object, object][] = [
    ['another member', { member_external_id: 'mallory' }, {}],
    ['another member row', { member_id: 2 }, {}],
    ['another project', { project_id: 2 }, {}],
    ['another integration', { integration_id: 2 }, {}],
    ['another API key', { api_key_id: 2 }, {}],
    ['no assertion behind it', { assertion_key_id: null }, {}],
    ['more roles', { roles: ['admin'] }, {}],
    ['a later end', { exp: start + 86_400 }, {}],
    ['a claim more', { admin: true }, {}],
    ['another typ', {}, { typ: 'JWT' }],
    ['no typ', {}, { typ: undefined }],
    ['alg none', {}, { alg: 'none' }],
    ['alg HS256', {}, { alg: 'HS256' }],
    ['another kid', {}, { kid: 'unknown' }],
    ['a kid that is a path', {}, { kid: '../../etc/passwd' }],
    ['a kid that is a number', {}, { kid: 1 }],
    ['crit', {}, { crit: ['exp'] }],
    ['an embedded jwk', {}, { jwk: { kty: 'OKP' } }],
  ]

  test.each(edits)('%s', async (_, claims, header) => {
    const token = await mint()
    await expectServed(token)
    await expectRefused(edited(token, claims, header), badToken)
  })

  const damages: readonly [string, (token: string) => string][] = [
    ['its signature stripped', (token) => token.slice(0, token.lastIndexOf('.') + 1)],
    ['its signature and dot stripped', (token) => token.slice(0, token.lastIndexOf('.'))],
    ['its signature cut short', (token) => token.slice(0, -4)],
    ['a signature of zeros', (token) => token.replace(/[^.]+$/, 'A'.repeat(86))],
    ['one character of its payload changed', (token) => token.replace(/\../, '.X')],
    ['a character more', (token) => `${token}A`],
    ['a part more', (token) => `${token}.AAAA`],
    ['padding', (token) => `${token}==`],
    ['its prefix twice', (token) => `tng_mst_${token}`],
    ['nothing but its prefix', () => 'tng_mst_'],
    ['rubbish after its prefix', () => `tng_mst_${'A'.repeat(300)}`],
    ['three parts of rubbish', () => 'tng_mst_AAAA.BBBB.CCCC'],
    ['an API key after its prefix', () => `tng_mst_${'A'.repeat(43)}`],
    ['an assertion after its prefix', () => `tng_mst_${assertion()}`],
  ]

  test.each(damages)('%s', async (_, damage) => {
    const token = await mint()
    const damaged = damage(token)
    expect(damaged).not.toBe(token)
    await expectRefused(damaged, badToken)
    await expectServed(token)
  })

  test('signed by a key of somebody else, in the name of ours', async () => {
    const [first, second] = parts(await mint())
    const text = `${first}.${second}`
    const { privateKey } = generateKeyPairSync('ed25519')
    const signature = sign(null, Buffer.from(text), privateKey).toString('base64url')
    await expectRefused(`tng_mst_${text}.${signature}`, badToken)
  })

  test('case 65: an HMAC with what the JWKS shows of our key', async () => {
    const [first, second] = parts(await mint())
    const { body } = await house.api('GET', '/.well-known/jwks.json', undefined, null)
    const header = { ...decoded(first), alg: 'HS256' }
    const text = rawJws(header, decoded(second), '').slice(0, -1)
    for (const secret of [body.keys[0].x, Buffer.from(body.keys[0].x, 'base64url')]) {
      const signature = createHmac('sha256', secret).update(text).digest('base64url')
      await expectRefused(`tng_mst_${text}.${signature}`, badToken)
    }
  })

  test('of another instance, whose ids are the same', async () => {
    const other = await startHouse({ clock })
    try {
      expect([other.projectId, other.integrationId]).toEqual([house.projectId, house.integrationId])
      await registerKey(other, key)
      await expectRefused(await mintToken(other, assertion(other)), badToken)
    } finally {
      await other.stop()
    }
  })

  test('case 40: at the URL of another project', async () => {
    const { body } = await house.api('POST', '/api/v1/projects', { name: 'Elsewhere' })
    const token = await mint()
    for (const slug of [body.slug, 'no-such-project']) {
      const { status, body: said } = await callLegacy(
        `${house.url}/mcp/${slug}`,
        token,
        'tools/list',
      )
      expect([status, said.code, said.detail]).toEqual([...badToken])
    }
    expect((await callLegacy(`${house.url}/mcp/demo`, token, 'tools/list')).status).toBe(200)
  })
})

describe('case 51: credentials never stand in for one another', () => {
  const notExchanged: Refusal = [401, 'invalid_member_assertion', 'Invalid member assertion']

  test('an assertion calls nothing; it is exchanged', async () => {
    await expectRefused(assertion(), notExchanged)
    await expectRefused(assertion(house, { exp: start + 3600 }), notExchanged)
    await expectRefused((await mint()).slice('tng_mst_'.length), notExchanged)
  })

  test('a session token manages nothing', async () => {
    const token = await mint()
    const paths = ['projects', 'integrations', 'custom-tools', 'runs', 'assertion-keys', 'members']
    for (const path of [...paths, 'signing-keys', 'admin-tokens']) {
      const { status, body } = await house.api('GET', `/api/v1/${path}`, undefined, token)
      expect([status, body.code]).toEqual([401, 'invalid_admin_token'])
    }
    const { body: tools } = await house.api(
      'GET',
      `/api/v1/custom-tools?project_id=${house.projectId}`,
    )
    const execute = `/api/v1/custom-tools/${tools.items[0].id}/execute`
    expect((await house.api('POST', execute, { arguments: {} }, token)).status).toBe(401)
    expect(house.upstream.hits).toEqual([])
  })

  test('a session token is no assertion, even where its own key is registered as one', async () => {
    const token = await mint()
    const { body: jwks } = await house.api('GET', '/.well-known/jwks.json', undefined, null)
    const [jwk] = jwks.keys
    const pem = createPublicKey({ key: jwk, format: 'jwk' })
    const public_key = pem.export({ type: 'spki', format: 'pem' })
    const fields = { project_id: house.projectId, kid: jwk.kid, public_key }
    expect((await house.api('POST', '/api/v1/assertion-keys', fields)).status).toBe(201)
    const { status, body } = await exchangeAssertion(house, token.slice('tng_mst_'.length))
    expect([status, body.detail]).toEqual([401, 'Invalid member assertion: AUD_MISMATCH'])
  })
})
