import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { systemClock } from '../../src/lib/clock.ts'
import { callLegacy, callModern } from '../helpers/mcp_client.ts'
import { type McpFixture, startMcpFixture } from './mcp_fixture.ts'

let fixture: McpFixture
let laterByMs = 0
let longerByMs = 0

beforeAll(async () => {
  const clock = {
    nowMs: () => systemClock.nowMs() + laterByMs,
    monotonicMs: () => systemClock.monotonicMs() + longerByMs,
  }
  fixture = await startMcpFixture({ clock })
  await fixture.addTool('read')
  await fixture.addTool('write', { http_method: 'POST' })
})
afterAll(() => fixture.stop())

const callBoth = (key: string) => [
  () => callLegacy(fixture.url, key, 'tools/call', { name: 'read' }),
  () => callModern(fixture.url, key, 'tools/call', { name: 'write' }),
  () => callLegacy(fixture.url, key, 'tools/list'),
  () => callModern(fixture.url, key, 'server/discover'),
]

async function expectServed(key: string): Promise<void> {
  for (const call of callBoth(key)) expect((await call()).status).toBe(200)
}

async function expectRefused(key: string, status: number, code: string): Promise<void> {
  const sent = await fixture.hitsDuring(async () => {
    for (const call of callBoth(key)) {
      const answer = await call()
      expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code })
    }
  })
  expect(sent).toBe(0)
}

const integration = (id: number) => `/api/v1/integrations/${id}`

describe('case 44: revoked while the upstream works', () => {
  /** Calls `write`, and lets `meanwhile` happen between the upstream's getting it and its answer. */
  async function duringCall(key: string, meanwhile: () => Promise<unknown>) {
    const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    fixture.upstream.answer = async () => {
      reached.resolve()
      await released.promise
      return Response.json({ secret: 'result' })
    }
    const calling = callLegacy(fixture.url, key, 'tools/call', { name: 'write' })
    await reached.promise
    await meanwhile()
    longerByMs += 200
    released.resolve()
    const answer = await calling
    fixture.upstream.answer = () => Response.json({ ok: true })
    return answer
  }

  test('the caller gets 401 and nothing of the result; the run keeps what happened', async () => {
    const { id, key } = await fixture.addIntegration()
    const sent = await fixture.hitsDuring(async () => {
      const answer = await duringCall(key, () => fixture.app.api('DELETE', integration(id)))
      expect({ status: answer.status, code: answer.body.code }).toEqual({
        status: 401,
        code: 'invalid_api_key',
      })
      expect(JSON.stringify(answer.body)).not.toContain('result')
    })
    expect(sent).toBe(1)
    const path = `/api/v1/runs?project_id=${fixture.project.project_id}&integration_id=${id}`
    const [run] = (await fixture.app.api('GET', path)).body.items
    expect(run).toMatchObject({ state: 'done', upstream_status: 200, error_code: null })
  })

  test('what stays as it was is answered as ever', async () => {
    const { key } = await fixture.addIntegration()
    const answer = await duringCall(key, async () => undefined)
    expect(answer.status).toBe(200)
    expect(JSON.stringify(answer.body)).toContain('result')
  })
})

describe('case 42: from the very next request on', () => {
  test('a deactivated integration is refused, and served again once it is active', async () => {
    const { id, key } = await fixture.addIntegration()
    await expectServed(key)
    await fixture.app.api('PATCH', integration(id), { is_active: false })
    await expectRefused(key, 401, 'invalid_api_key')
    await fixture.app.api('PATCH', integration(id), { is_active: true })
    await expectServed(key)
  })

  test('a deleted integration is refused', async () => {
    const { id, key } = await fixture.addIntegration()
    await expectServed(key)
    await fixture.app.api('DELETE', integration(id))
    await expectRefused(key, 401, 'invalid_api_key')
  })

  test('a rotated key is refused, its successor served', async () => {
    const { id, key } = await fixture.addIntegration()
    await expectServed(key)
    const { body } = await fixture.app.api('POST', `${integration(id)}/rotate`, {})
    await expectRefused(key, 401, 'invalid_api_key')
    await expectServed(body.api_key)
  })

  test('an expired key is refused', async () => {
    const expires_at = new Date(systemClock.nowMs() + 60_000).toISOString()
    const { key } = await fixture.addIntegration({ expires_at })
    await expectServed(key)
    laterByMs = 60_000
    await expectRefused(key, 401, 'invalid_api_key')
    laterByMs = 0
  })

  test('case 39: revoked, expired and unknown keys are answered alike', async () => {
    const { id, key } = await fixture.addIntegration()
    await fixture.app.api('DELETE', integration(id))
    const answers = await Promise.all(
      [key, `tengine_${'B'.repeat(43)}`].map((each) => callLegacy(fixture.url, each, 'tools/list')),
    )
    const [revoked, unknown] = answers.map(({ status, headers, body }) => {
      const { request_id: _, ...said } = body
      return { status, challenge: headers.get('www-authenticate'), said }
    })
    expect(revoked).toEqual(unknown)
  })

  test('a suspended project is refused, and served again when it is resumed', async () => {
    const key = fixture.project.api_key
    const path = `/api/v1/projects/${fixture.project.project_id}`
    await expectServed(key)
    await fixture.app.api('PATCH', path, { is_suspended: true })
    await expectRefused(key, 403, 'project_suspended')
    await fixture.app.api('PATCH', path, { is_suspended: false })
    await expectServed(key)
  })

  test('an edited tool is called as it is now, a disabled or deleted one not at all', async () => {
    const id = await fixture.addTool('moving', { endpoint_path: '/old' })
    const key = fixture.project.api_key
    const call = async () =>
      (await callLegacy(fixture.url, key, 'tools/call', { name: 'moving' })).body
    await call()
    const path = `/api/v1/custom-tools/${id}`
    await fixture.app.api('PATCH', path, { endpoint_path: '/new' })
    await call()
    expect(fixture.upstream.hits.slice(-2).map(({ target }) => target)).toEqual(['/old', '/new'])
    const sent = await fixture.hitsDuring(async () => {
      await fixture.app.api('PATCH', path, { is_enabled: false })
      expect((await call()).result._meta['tengine/error'].code).toBe('tool_not_enabled')
      await fixture.app.api('DELETE', path)
      expect((await call()).error.code).toBe(-32602)
    })
    expect(sent).toBe(0)
  })
})
