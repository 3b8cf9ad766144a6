import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { callLegacy, callModern } from '../helpers/mcp_client.ts'
import { type EventStream, modernRequest, openEventStream } from './event_stream.ts'
import { type McpFixture, startMcpFixture } from './mcp_fixture.ts'

let fixture: McpFixture
const open: EventStream[] = []

beforeAll(async () => {
  fixture = await startMcpFixture()
})
afterAll(() => fixture.stop())
afterEach(() => {
  for (const stream of open.splice(0)) stream.leave()
})

const subscriptionId = 'io.modelcontextprotocol/subscriptionId'

async function listen(key: string, notifications: object = { toolsListChanged: true }) {
  const request = modernRequest('subscriptions/listen', { notifications } as object)
  const stream = await openEventStream(fixture.url, key, request)
  open.push(stream)
  return stream
}

/** A stream whose acknowledgement came. */
async function listening(key = fixture.project.api_key): Promise<EventStream> {
  const stream = await listen(key)
  expect((await stream.next()).method).toBe('notifications/subscriptions/acknowledged')
  return stream
}

async function msUntilEnd(stream: EventStream): Promise<number> {
  const startedAtMs = performance.now()
  // A result may come before the end.
  while ((await stream.next()) !== null);
  return performance.now() - startedAtMs
}

describe('subscriptions/listen', () => {
  test('acknowledges what it will tell, then tells each change of the tools', async () => {
    const stream = await listen(fixture.project.api_key)
    expect(stream.headers.get('content-type')).toContain('text/event-stream')
    expect(stream.headers.get('cache-control')).toContain('no-store')
    expect(await stream.next()).toMatchObject({
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: { toolsListChanged: true }, _meta: { [subscriptionId]: 1 } },
    })
    const id = await fixture.addTool('one')
    const changed = {
      method: 'notifications/tools/list_changed',
      params: { _meta: { [subscriptionId]: 1 } },
    }
    expect(await stream.next()).toMatchObject(changed)
    const path = `/api/v1/custom-tools/${id}`
    await fixture.app.api('PATCH', path, { is_enabled: false })
    expect(await stream.next()).toMatchObject(changed)
    await fixture.app.api('DELETE', path)
    expect(await stream.next()).toMatchObject(changed)
  })

  test('hears nothing of another project', async () => {
    const { body: other } = await fixture.app.api('POST', '/api/v1/projects', { name: 'Other' })
    const stream = await listening()
    await fixture.addTool('theirs', { project_id: other.id })
    await fixture.addTool('ours')
    expect((await stream.next()).method).toBe('notifications/tools/list_changed')
    expect(await stream.next(200).catch(() => 'silence')).toBe('silence')
  })

  const ends: [string, (id: number) => Promise<unknown>][] = [
    ['deleted', (id) => fixture.app.api('DELETE', `/api/v1/integrations/${id}`)],
    ['rotated', (id) => fixture.app.api('POST', `/api/v1/integrations/${id}/rotate`, {})],
    [
      'deactivated',
      (id) => fixture.app.api('PATCH', `/api/v1/integrations/${id}`, { is_active: false }),
    ],
  ]

  test.each(ends)('case 45: ends within a second of its credential being %s', async (_, end) => {
    const { id, key } = await fixture.addIntegration()
    const [stream, bystander] = [await listening(key), await listening()]
    await end(id)
    expect(await msUntilEnd(stream)).toBeLessThan(1_000)
    await fixture.addTool(`after_${id}`)
    expect((await bystander.next()).method).toBe('notifications/tools/list_changed')
  })

  test('what can never be told ends at once, with a result', async () => {
    const stream = await listen(fixture.project.api_key, { promptsListChanged: true })
    expect((await stream.next()).params.notifications).toEqual({})
    expect(await stream.next()).toMatchObject({ id: 1, result: { resultType: 'complete' } })
    expect(await stream.next()).toBeNull()
  })

  test('is unknown to the initialize era', async () => {
    const key = fixture.project.api_key
    const { body } = await callLegacy(fixture.url, key, 'subscriptions/listen', {})
    expect(body.error.code).toBe(-32601)
  })
})

describe('case 6: the streams of one integration', () => {
  test('are 64 at most; the next is 429, others are unaffected, and a free place is taken', async () => {
    const { key } = await fixture.addIntegration()
    const streams = await Promise.all(Array.from({ length: 64 }, () => listening(key)))
    const refused = await listen(key)
    expect(refused.status).toBe(429)
    const { body } = await callModern(fixture.url, key, 'subscriptions/listen', {
      notifications: { toolsListChanged: true },
    })
    expect(body.code).toBe('too_many_streams')
    expect((await listening()).status).toBe(200)
    expect((await callModern(fixture.url, key, 'tools/list')).status).toBe(200)
    streams[0]?.leave()
    const places = async (attempt = 0): Promise<number> => {
      const { status } = await listen(key)
      if (status === 200 || attempt === 100) return status
      await Bun.sleep(20)
      return places(attempt + 1)
    }
    expect(await places()).toBe(200)
  })

  test('are not used up by requests that opened none, nor by streams that ended', async () => {
    const { key } = await fixture.addIntegration()
    for (let count = 0; count < 70; count++) {
      const { body } = await callModern(fixture.url, key, 'subscriptions/listen', {})
      expect(body.error.code).toBe(-32602)
      await msUntilEnd(await listen(key, { promptsListChanged: true }))
    }
    expect((await listening(key)).status).toBe(200)
  })
})
