import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { createHash, createHmac } from 'node:crypto'
import { callLegacy } from '../helpers/mcp_client.ts'
import { type Hit, type House, startHouse } from './house.ts'

const startMs = Date.parse('2026-03-01T12:00:00Z')
let nowMs = startMs
let house: House

beforeAll(async () => {
  const clock = { nowMs: () => nowMs, monotonicMs: () => performance.now() }
  house = await startHouse({ clock })
})
beforeEach(() => {
  nowMs = startMs
  house.reset()
})
afterAll(() => house.stop())

const secret = 'first-secret-of-this-tool'
const newer = 'second-secret-of-this-tool'
const inMinutes = (minutes: number) => new Date(startMs + minutes * 60_000).toISOString()
let count = 0

interface Tool {
  readonly path: string
  readonly call: () => Promise<Hit | undefined>
  readonly patch: (fields: object) => ReturnType<House['api']>
}

/** A tool with a secret, unless told otherwise; `call` gives what reached the upstream. */
async function tool(fields: object = {}): Promise<Tool> {
  const name = `secret-${++count}`
  const made = await house.addTool({
    name,
    auth_strategy: 'static_bearer',
    encrypted_auth_secret: secret,
    deduplication: { mode: 'off' },
    ...fields,
  })
  const path = `/api/v1/custom-tools/${made.id}`
  return {
    path,
    call: async () => {
      const before = house.upstream.hits.length
      await callLegacy(`${house.url}/mcp`, house.apiKey, 'tools/call', { name, arguments: {} })
      return house.upstream.hits[before]
    },
    patch: (change) => house.api('PATCH', path, change),
  }
}

const authorizationOf = (hit: Hit | undefined) => hit?.headers.get('authorization')

/** What `X-Tengine-Signature` must be, from wire.md §6 alone. */
function signatureOf(hit: Hit, key: string): string {
  const { headers, method, target, body } = hit
  const digest = createHash('sha256').update(body).digest('hex')
  const stamp = `${headers.get('x-tengine-timestamp')} ${headers.get('x-tengine-request-id')}`
  const line = `tng2 ${stamp} ${method} ${target} ${digest}`
  return `tng2=${createHmac('sha256', key).update(line).digest('hex')}`
}

describe('case 250: a tool secret', () => {
  test('is in no answer of the API, whatever is asked', async () => {
    const { path, patch, call } = await tool()
    await call()
    const texts = [
      await patch({ description: 'changed' }),
      await house.api('GET', path),
      await house.api('GET', `/api/v1/custom-tools?limit=200&project_id=${house.projectId}`),
      await house.api('GET', `${path}/versions`),
      await house.api('POST', `${path}/rollback`, { version: 1 }),
      await house.api('POST', `${path}/execute`, { dry_run: true }),
      await house.api('POST', `${path}/execute`, {}),
      await house.api('GET', `/api/v1/runs?project_id=${house.projectId}`),
      await patch({ auth_strategy: 'basic' }),
      await house.api('DELETE', path),
    ].map((answer) => JSON.stringify(answer.body))
    expect(texts.filter((text) => text.includes(secret))).toEqual([])
    expect(JSON.parse(texts[1] ?? '')).toMatchObject({ has_auth_secret: true })
    expect(texts[1]).not.toContain('encrypted_auth_secret')
  })

  test('stays where PATCH does not name it, and where content changes', async () => {
    const { patch, call } = await tool()
    for (const fields of [{}, { description: 'x' }, { endpoint_path: '/other' }]) {
      expect(await patch(fields)).toMatchObject({ status: 200, body: { has_auth_secret: true } })
      expect(authorizationOf(await call())).toBe(`Bearer ${secret}`)
    }
  })

  test('is replaced by another from the next call on', async () => {
    const { patch, call } = await tool()
    expect((await patch({ encrypted_auth_secret: newer })).status).toBe(200)
    expect(authorizationOf(await call())).toBe(`Bearer ${newer}`)
  })

  test('is deleted by an empty one, which a strategy that needs it does not allow', async () => {
    const { patch, call } = await tool()
    expect(await patch({ encrypted_auth_secret: '' })).toMatchObject({
      status: 400,
      body: { detail: "encrypted_auth_secret is required when auth_strategy is 'static_bearer'" },
    })
    expect(authorizationOf(await call())).toBe(`Bearer ${secret}`)
    const gone = await patch({ encrypted_auth_secret: '', auth_strategy: 'none' })
    expect(gone).toMatchObject({ status: 200, body: { has_auth_secret: false } })
    expect(authorizationOf(await call())).toBeNull()
    expect((await patch({ auth_strategy: 'static_bearer' })).body.code).toBe('auth_secret_required')
  })

  test('is checked for the strategy that takes it over', async () => {
    const { patch, call } = await tool()
    const refused = await patch({ auth_strategy: 'basic' })
    expect(refused).toMatchObject({ status: 422, body: { code: 'validation_failed' } })
    expect(refused.body.errors[0].pointer).toBe('/encrypted_auth_secret')
    expect(authorizationOf(await call())).toBe(`Bearer ${secret}`)
    expect((await patch({ auth_strategy: 'hmac_signature' })).status).toBe(200)
    const hit = await call()
    expect(hit?.headers.get('x-tengine-signature')).toBe(String(hit && signatureOf(hit, secret)))
    expect(authorizationOf(hit)).toBeNull()
  })

  test.each([
    ['basic', 'no-colon'],
    ['static_bearer', 'line\nbreak'],
    ['static_bearer', ' spaces around '],
    ['static_bearer', 'ümlaut'],
    ['hmac_signature', 'tab\there'],
  ])('that %s could not send (%j) is refused', async (auth_strategy, encrypted_auth_secret) => {
    const answer = await house.api('POST', '/api/v1/custom-tools', {
      project_id: house.projectId,
      name: `refused-${++count}`,
      base_url: house.upstream.url,
      http_method: 'GET',
      endpoint_path: '/',
      auth_strategy,
      encrypted_auth_secret,
    })
    expect(answer).toMatchObject({ status: 422, body: { code: 'validation_failed' } })
    expect(JSON.stringify(answer.body)).not.toContain(encrypted_auth_secret)
  })
})

describe('rotating a signing secret', () => {
  const signing = () => tool({ auth_strategy: 'hmac_signature', http_method: 'POST' })
  const rotate = { encrypted_auth_secret: newer, keep_previous_secret_until: inMinutes(10) }

  test('signs with both, the newer first, until the time given and not longer', async () => {
    const { path, patch, call } = await signing()
    const rotated = await patch(rotate)
    expect(rotated.body.previous_secret_expires_at).toBe(inMinutes(10))
    nowMs = startMs + 10 * 60_000 - 1
    const both = await call()
    const expected = both && `${signatureOf(both, newer)},${signatureOf(both, secret)}`
    expect(both?.headers.get('x-tengine-signature')).toBe(String(expected))
    nowMs = startMs + 10 * 60_000
    const one = await call()
    expect(one?.headers.get('x-tengine-signature')).toBe(String(one && signatureOf(one, newer)))
    expect((await house.api('GET', path)).body.previous_secret_expires_at).toBeNull()
  })

  test('without a time drops the old one at once, a kept one too', async () => {
    const { patch, call } = await signing()
    await patch(rotate)
    expect(
      (await patch({ encrypted_auth_secret: 'third-secret-of-this-tool' })).body,
    ).toMatchObject({
      previous_secret_expires_at: null,
    })
    const hit = await call()
    expect(hit?.headers.get('x-tengine-signature')).toBe(
      String(hit && signatureOf(hit, 'third-secret-of-this-tool')),
    )
  })

  test('until a moment that is past keeps nothing', async () => {
    const { patch, call } = await signing()
    const past = { ...rotate, keep_previous_secret_until: inMinutes(-1) }
    expect((await patch(past)).body.previous_secret_expires_at).toBeNull()
    const hit = await call()
    expect(hit?.headers.get('x-tengine-signature')).toBe(String(hit && signatureOf(hit, newer)))
  })

  test('a time without a new secret is refused, not ignored', async () => {
    const { patch } = await signing()
    const answer = await patch({ keep_previous_secret_until: inMinutes(10) })
    expect(answer.status).toBe(422)
    expect(answer.body.errors[0].pointer).toBe('/keep_previous_secret_until')
  })

  test('another strategy does not inherit the old secret', async () => {
    const { patch, call } = await signing()
    await patch(rotate)
    const fields = { auth_strategy: 'basic', encrypted_auth_secret: 'user:a-password' }
    const changed = await patch({ ...fields, keep_previous_secret_until: inMinutes(10) })
    expect(changed).toMatchObject({ status: 200, body: { previous_secret_expires_at: null } })
    expect(authorizationOf(await call())).toBe(`Basic ${btoa('user:a-password')}`)
  })
})
