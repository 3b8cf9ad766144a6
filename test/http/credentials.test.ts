import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { callText, type House, startHouse } from './house.ts'
import { exchange, requestText } from './raw_client.ts'

const startMs = Date.parse('2026-03-01T12:00:00Z')
let nowMs = startMs
let house: House

beforeAll(async () => {
  const clock = { nowMs: () => nowMs, monotonicMs: () => performance.now() }
  house = await startHouse({ clock })
  await house.addTool({ name: 'ping' })
})
beforeEach(() => {
  nowMs = startMs
  house.reset()
})
afterAll(() => house.stop())

/** A call of `ping` with these lines in place of an Authorization header. */
const call = (...lines: string[]) => {
  const others = ['Content-Type: application/json', 'Accept: application/json, text/event-stream']
  const head = [`Host: ${house.host}`, ...others, ...lines]
  return exchange(house.url, requestText('POST /mcp', head, callText('ping')))
}
const managing = (...lines: string[]) =>
  exchange(house.url, requestText('GET /api/v1/projects', [`Host: ${house.host}`, ...lines]))
const bearer = (token: string) => `Authorization: Bearer ${token}`
const unknownKey = `tengine_${'x'.repeat(43)}`

describe('credentials over the wire', () => {
  test('a good one is let through, its scheme in any case (case 48)', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      expect((await call(`Authorization: ${scheme} ${house.apiKey}`)).status).toBe(200)
      expect((await managing(`authorization: ${scheme} ${house.adminToken}`)).status).toBe(200)
    }
    expect(house.upstream.hits).toHaveLength(3)
  })

  test('case 38: none at all is 401 with a challenge that names no error', async () => {
    for (const answer of [await call(), await managing()]) {
      expect(answer).toMatchObject({ status: 401, body: { code: 'missing_credential' } })
      const challenge = answer.headers.get('www-authenticate')
      expect(challenge).toStartWith('Bearer ')
      expect(challenge).not.toContain('error')
    }
    expect(house.upstream.hits).toEqual([])
  })

  test('case 39: an unknown key and a wrong token are 401 with their literal texts', async () => {
    const key = await call(bearer(unknownKey))
    expect(key).toMatchObject({ status: 401, body: { detail: 'Invalid or inactive API key' } })
    expect(key.headers.get('www-authenticate')).toContain('error="invalid_token"')
    const token = await managing(bearer(`gha_${'x'.repeat(43)}`))
    expect(token).toMatchObject({
      status: 401,
      body: { detail: 'Invalid or inactive admin token' },
    })
    expect(house.upstream.hits).toEqual([])
  })

  test('case 47: one in the query or in another header is none', async () => {
    const key = house.apiKey
    const query = `access_token=${key}&api_key=${key}&authorization=Bearer%20${key}`
    const text = requestText(`POST /mcp?${query}`, [`Host: ${house.host}`], callText('ping'))
    expect((await exchange(house.url, text)).status).toBe(401)
    for (const header of ['X-Api-Key', 'Proxy-Authorization', 'Cookie', 'X-Authorization']) {
      expect((await call(`${header}: Bearer ${key}`)).status).toBe(401)
    }
    expect(house.upstream.hits).toEqual([])
  })

  test('case 48: two headers, a list, or another scheme are 401, a good key among them or not', async () => {
    const good = bearer(house.apiKey)
    const basic = `Authorization: Basic ${btoa(`${house.apiKey}:`)}`
    for (const lines of [
      [good, good],
      [good, bearer(unknownKey)],
      [bearer(unknownKey), good],
      [good, basic],
      [`${good}, Bearer ${unknownKey}`],
      [`Authorization: ${house.apiKey}`],
      [basic],
      [`Authorization: Token ${house.apiKey}`],
      [`Authorization: Digest username="${house.apiKey}"`],
    ]) {
      expect((await call(...lines)).status).toBe(401)
    }
    expect(house.upstream.hits).toEqual([])
  })

  test('case 49: a key with anything before, within or after it is 401 or no header at all', async () => {
    const key = house.apiKey
    const wide = key.replace('tengine_', 'ｔｅｎｇｉｎｅ_')
    for (const token of [
      `${key}\u0000`,
      `${key}\u000b`,
      `${key}\u00a0`,
      wide,
      `"${key}"`,
      `${key}%00`,
      `${key};`,
    ]) {
      expect([400, 401]).toContain((await call(bearer(token))).status)
    }
    expect(house.upstream.hits).toEqual([])
  })

  test('case 50: a key and a token end with the millisecond they expire in', async () => {
    const expires_at = new Date(startMs + 60_000).toISOString()
    const terms = { name: 'short', project_id: house.projectId, expires_at }
    const { api_key: key } = (await house.api('POST', '/api/v1/integrations', terms)).body
    const { token } = (await house.api('POST', '/api/v1/admin-tokens', terms)).body
    for (const [ms, status] of [
      [59_999, 200],
      [60_000, 401],
      [60_001, 401],
    ] as const) {
      nowMs = startMs + ms
      expect((await call(bearer(key))).status).toBe(status)
      expect((await managing(bearer(key))).status).toBe(status)
      expect((await managing(bearer(token))).status).toBe(status)
    }
    expect(house.upstream.hits).toHaveLength(1)
  })

  test('case 63: identity headers of the caller are never passed on', async () => {
    const claimed = [
      'X-Tengine-Member-Id: root',
      'X-Tengine-Project-Id: 9',
      'X-Tengine-Signature: x',
    ]
    expect((await call(bearer(house.apiKey), ...claimed)).status).toBe(200)
    const [hit] = house.upstream.hits
    expect(hit?.headers.get('x-tengine-member-id')).toBeNull()
    expect(hit?.headers.get('x-tengine-signature')).toBeNull()
    expect(hit?.headers.get('x-tengine-project-id')).toBe(String(house.projectId))
    expect(hit?.headers.get('authorization')).toBeNull()
  })
})
