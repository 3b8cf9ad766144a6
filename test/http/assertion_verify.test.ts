import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { exchangeAssertion, registerKey } from '../helpers/assertions.ts'
import { audience, dead, ec, ed, good, now, p384, place, rsa } from './assertion_makers.ts'
import { harmless, hostile } from './assertion_vectors.ts'
import { type House, startHouse } from './house.ts'

const path = '/api/v1/assertions/verify'
let house: House
let keyId = 0

beforeAll(async () => {
  const clock = { nowMs: () => now * 1000 + 499, monotonicMs: () => performance.now() }
  house = await startHouse({ clock })
  Object.assign(place, { projectId: house.projectId, apiKey: house.apiKey, decoyUrl: 'http://x' })
  keyId = await registerKey(house, ec)
  for (const key of [p384, ed, rsa]) await registerKey(house, key)
  await house.api('DELETE', `/api/v1/assertion-keys/${await registerKey(house, dead)}`)
})
afterAll(() => house.stop())

const verify = (assertion: unknown, token = house.adminToken) =>
  house.api('POST', path, { project_id: house.projectId, assertion }, token)
const members = async () =>
  (await house.api('GET', `/api/v1/members?project_id=${house.projectId}`)).body.items
const names = [
  'form',
  'algorithm',
  'kid',
  'key',
  'signature',
  'audience',
  'times',
  'subject',
  'identity',
  'jti',
  'single_use',
  'welcome',
]
const checksUntil = (failed: string | null) => {
  const at = failed === null ? names.length : names.indexOf(failed)
  return names.map((name, i) => ({ name, ok: i < at ? true : i === at ? false : null }))
}

describe('assertions/verify', () => {
  test('shows what a good assertion says, and every check that it passes', async () => {
    const assertion = ec.sign(good({ email: 'alice@example.com', roles: ['admin'] }))
    const { status, body, headers } = await verify(assertion)
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body).toEqual({
      valid: true,
      code: null,
      detail: null,
      reason: null,
      checks: checksUntil(null),
      header: { alg: 'ES256', kid: 'ec-1' },
      claims: good({ email: 'alice@example.com', roles: ['admin'] }),
      expected_audience: audience(''),
      server_time: '2026-09-21T14:13:20.499Z',
      key: { id: keyId, kid: 'ec-1', algorithm: 'ES256' },
    })
    const [, , signature] = assertion.split('.')
    expect(JSON.stringify(body)).not.toContain(signature ?? assertion)
  })

  test('says of a blocked member what the exchange would', async () => {
    const { projectId: project_id } = house
    const token = ec.sign(good({ sub: 'blocked' }))
    await house.api('POST', '/api/v1/mcp/session-token', { member_assertion: token }, house.apiKey)
    const [member] = (
      await house.api('GET', `/api/v1/members?project_id=${project_id}&external_id=blocked`)
    ).body.items
    await house.api('PATCH', `/api/v1/members/${member.id}`, { is_blocked: true })
    expect((await verify(token)).body).toMatchObject({
      valid: false,
      code: 'member_blocked',
      checks: checksUntil('welcome'),
    })
  })

  const stops: readonly [string, () => string, string][] = [
    ['form', () => `${ec.sign(good())}\n`, 'assertion_malformed'],
    ['algorithm', () => ec.sign(good(), { alg: 'none' }), 'assertion_alg_not_allowed'],
    ['kid', () => ec.sign(good(), { kid: undefined }), 'assertion_missing_kid'],
    ['key', () => dead.sign(good()), 'assertion_key_not_found'],
    ['signature', () => ed.sign(good(), { kid: 'ec-1' }), 'assertion_invalid_signature'],
    ['audience', () => ec.sign(good({ aud: 'x' })), 'assertion_aud_mismatch'],
    ['times', () => ec.sign(good({ exp: now + 61 })), 'assertion_ttl_too_long'],
    ['subject', () => ec.sign(good({ sub: '' })), 'member_unresolved'],
    ['identity', () => ec.sign(good({ roles: 'admin' })), 'assertion_malformed'],
    ['jti', () => ec.sign(good({ jti: 7 })), 'assertion_malformed'],
  ]
  test.each(stops)(
    'names the one check that fails, and none after it: %s',
    async (name, make, code) => {
      const { body } = await verify(make())
      expect(body).toMatchObject({ valid: false, code, checks: checksUntil(name) })
      const hasKey = names.indexOf(name) > names.indexOf('key')
      expect(body.key?.id ?? null).toBe(hasKey ? keyId : null)
      expect(body.header === null).toBe(name === 'form')
    },
  )

  test('shows a number that no double holds digit for digit', async () => {
    const claims = JSON.stringify(good({ exp: undefined })).replace('}', ',"exp":9007199254740993}')
    const response = await fetch(house.url + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${house.adminToken}`,
      },
      body: JSON.stringify({ project_id: house.projectId, assertion: ec.sign(claims) }),
    })
    expect(await response.text()).toContain('"exp":9007199254740993')
  })

  test.each(['', 'x'.repeat(8193), 7, null, undefined])('takes no %j', async (assertion) => {
    const { status, body } = await verify(assertion)
    expect([status, body.code]).toEqual([422, 'validation_failed'])
  })

  test('is for those who manage the project', async () => {
    const assertion = ec.sign(good())
    const fields = { project_id: house.projectId, name: 'm', permissions: ['sessions.mint'] }
    const { body: minter } = await house.api('POST', '/api/v1/integrations', fields)
    expect((await verify(assertion, minter.api_key)).status).toBe(403)
    expect((await verify(assertion, house.apiKey)).body.valid).toBe(true)
    const { body: other } = await house.api('POST', '/api/v1/projects', { name: 'Other' })
    const elsewhere = { project_id: other.id, assertion }
    expect((await house.api('POST', path, elsewhere, house.apiKey)).status).toBe(403)
    // The kid of one project is unknown in another.
    expect((await house.api('POST', path, elsewhere)).body).toMatchObject({
      valid: false,
      code: 'assertion_key_not_found',
      expected_audience: `tengine:project:${other.id}`,
      key: null,
    })
  })
})

describe('assertions/verify foretells the exchange', () => {
  const readable = (make: () => unknown) => {
    const assertion = make()
    const isShort = typeof assertion === 'string' && assertion.length <= 8192
    return isShort && assertion !== '' ? assertion : null
  }

  test('case 64 to 90: with its very code, detail and reason, for every hostile vector', async () => {
    let compared = 0
    for (const [name, , make] of hostile) {
      const assertion = readable(make)
      if (assertion === null) continue
      const { body: told } = await verify(assertion)
      const { body: refused } = await exchangeAssertion(house, assertion)
      expect({ name, ...pick(told) }).toEqual({ name, ...pick(refused) })
      expect({ name, valid: told.valid }).toEqual({ name, valid: false })
      const results = told.checks.map((check: { ok: boolean | null }) => check.ok)
      expect(results.filter((ok: boolean | null) => ok === false)).toHaveLength(1)
      compared++
    }
    expect(compared).toBeGreaterThan(140)
  })

  test('nothing was minted, noted or logged on the way', async () => {
    const before = await members()
    for (const [, make] of harmless) {
      const assertion = readable(make)
      expect((await verify(assertion)).body.valid).toBe(true)
      expect((await verify(assertion)).body.valid).toBe(true)
      for (const part of String(assertion).split('.')) {
        expect(house.logLines().some((line) => line.includes(part))).toBe(false)
      }
    }
    expect(await members()).toEqual(before)
    // Only the member another test has blocked: no verification made one known.
    expect(before.map((member: { external_id: string }) => member.external_id)).toEqual(['blocked'])
  })
})

const pick = ({ code, detail, reason }: Record<string, unknown>) => ({ code, detail, reason })
