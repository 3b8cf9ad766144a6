import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { callLegacy, callModern } from '../helpers/mcp_client.ts'
import { type EventStream, modernRequest, openEventStream } from './event_stream.ts'
import { type McpFixture, startMcpFixture } from './mcp_fixture.ts'

let fixture: McpFixture
let key: string
const json = { 'content-type': 'application/json' }
const pretty = '{\n  "id": 7,\r\n\r"text": "two\\nlines"\n}\n'

beforeAll(async () => {
  fixture = await startMcpFixture()
  key = fixture.project.api_key
  await fixture.addTool('quick')
  await fixture.addTool('slow', { timeout_ms: 20_000 })
  await fixture.addTool('slowish')
  await fixture.addTool('failing')
  await fixture.addTool('pretty')
  fixture.upstream.answer = async ({ target }) => {
    if (target === '/failing') return new Response('no', { status: 500 })
    if (target === '/slow') await Bun.sleep(1_700)
    if (target === '/slowish') await Bun.sleep(700)
    if (target === '/pretty') return new Response(pretty, { headers: json })
    return Response.json({ target })
  }
})
afterAll(() => fixture.stop())

const meta = (fields: object) => ({ _meta: fields })
const logLevel = (level: string) => meta({ 'io.modelcontextprotocol/logLevel': level })

async function allOf(stream: EventStream) {
  // biome-ignore lint/suspicious/noExplicitAny: tests look into messages of every shape
  const messages: any[] = []
  for (let message = await stream.next(); message !== null; message = await stream.next()) {
    messages.push(message)
  }
  return messages
}

const callStreaming = async (name: string, params: object) =>
  openEventStream(fixture.url, key, modernRequest('tools/call', { name, ...params }))

describe('progress of a call that named a token', () => {
  test('is told from half a second on, rising, and ends with the result', async () => {
    const stream = await callStreaming('slow', meta({ progressToken: 'p-1' }))
    expect(stream.headers.get('content-type')).toBe('text/event-stream')
    expect(stream.headers.get('x-accel-buffering')).toBe('no')
    expect(stream.headers.get('cache-control')).toBe('no-store')
    const messages = await allOf(stream)
    const last = messages.pop()
    expect(last).toMatchObject({ id: 1, result: { structuredContent: { target: '/slow' } } })
    expect(messages.map(({ method }) => method)).toEqual(Array(2).fill('notifications/progress'))
    const [first, second] = messages.map(({ params }) => params)
    expect(first).toMatchObject({ progressToken: 'p-1', total: 20 })
    expect(first.progress).toBeCloseTo(0.5, 0)
    expect(second.progress).toBeGreaterThan(first.progress)
  })

  test('a token may be a number, 0 included', async () => {
    const stream = await callStreaming('slowish', meta({ progressToken: 0 }))
    expect((await stream.next()).params.progressToken).toBe(0)
    stream.leave()
  })

  test.each([
    ['a quick call', 'quick', { progressToken: 'p' }],
    ['a slow call without a token', 'slowish', {}],
    ['a slow call with a token that is none', 'slowish', { progressToken: {} }],
  ])('%s is answered in JSON', async (_, name, fields) => {
    const { headers, body } = await callLegacy(fixture.url, key, 'tools/call', {
      name,
      ...meta(fields),
    })
    expect(headers.get('content-type')).toBe('application/json')
    expect(body.result.structuredContent).toEqual({ target: `/${name}` })
  })
})

describe('log messages of revision 2026-07-28', () => {
  test('debug: the beginning, the waiting and the end of a call', async () => {
    const messages = await allOf(await callStreaming('slowish', logLevel('debug')))
    const { result } = messages.pop()
    const logs = messages.map(({ params }) => params)
    expect(logs.map(({ level }) => level)).toEqual(['info', 'debug', 'info'])
    for (const log of logs) expect(log.logger).toBe('gatehouse')
    expect(logs.at(-1).data).toEqual({
      message: 'slowish: the API answered 200',
      run_id: result._meta['tengine/request_id'],
      status: 200,
      duration_ms: result._meta['tengine/duration_ms'],
    })
  })

  test('info: without the waiting', async () => {
    const messages = await allOf(await callStreaming('quick', logLevel('info')))
    expect(messages.map((message) => message.params?.level)).toEqual(['info', 'info', undefined])
    expect(messages.at(-1).result.structuredContent).toEqual({ target: '/quick' })
  })

  test('error: only a call that failed says something', async () => {
    const calm = await allOf(await callStreaming('quick', logLevel('error')))
    expect(calm.map(({ id }) => id)).toEqual([1])
    const [log, { result }] = await allOf(await callStreaming('failing', logLevel('error')))
    expect(log.params).toMatchObject({
      level: 'error',
      data: { code: 'upstream_status', status: 500, run_id: result._meta['tengine/request_id'] },
    })
  })

  test('a body with line breaks arrives whole', async () => {
    const messages = await allOf(await callStreaming('pretty', logLevel('info')))
    const { content, structuredContent } = messages.at(-1).result
    expect(structuredContent).toEqual({ id: 7, text: 'two\nlines' })
    expect(content).toEqual([{ type: 'text', text: pretty }])
  })

  test('a call that asked for none gets none', async () => {
    const { headers } = await callModern(fixture.url, key, 'tools/call', { name: 'quick' })
    expect(headers.get('content-type')).toBe('application/json')
  })
})

describe('log messages of the initialize era', () => {
  const session = async () => {
    const { headers } = await callLegacy(fixture.url, key, 'initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'test', version: '1' },
    })
    return { 'mcp-session-id': headers.get('mcp-session-id') ?? '' }
  }
  const post = (method: string, params: object, headers: Record<string, string>) =>
    openEventStream(fixture.url, key, {
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      headers,
    })
  const call = (headers: Record<string, string>) => post('tools/call', { name: 'quick' }, headers)

  test('come after logging/setLevel, to the client that asked and no other', async () => {
    const [asking, quiet] = [await session(), await session()]
    expect(asking['mcp-session-id']).toMatch(/^[\x21-\x7e]{16,}$/)
    const set = await post('logging/setLevel', { level: 'info' }, asking)
    expect(set.status).toBe(200)
    const logs = await allOf(await call(asking))
    expect(logs.map((message) => message.params?.level)).toEqual(['info', 'info', undefined])
    for (const other of [quiet, {}]) {
      expect((await call(other)).headers.get('content-type')).toBe('application/json')
    }
  })

  test('stop when the level is raised', async () => {
    const asking = await session()
    await post('logging/setLevel', { level: 'debug' }, asking)
    await post('logging/setLevel', { level: 'emergency' }, asking)
    expect((await allOf(await call(asking))).map(({ id }) => id)).toEqual([1])
  })

  test('another key with the same session id hears nothing', async () => {
    const asking = await session()
    await post('logging/setLevel', { level: 'debug' }, asking)
    const { key: other } = await fixture.addIntegration()
    const stream = await openEventStream(fixture.url, other, {
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"quick"}}',
      headers: asking,
    })
    expect(stream.headers.get('content-type')).toBe('application/json')
  })

  test('a level that is none is -32602', async () => {
    const { body } = await callLegacy(fixture.url, key, 'logging/setLevel', { level: 'loud' })
    expect(body.error.code).toBe(-32602)
  })
})
