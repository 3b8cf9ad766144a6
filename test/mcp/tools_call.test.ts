import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { callLegacy, callModern, postMcp } from '../helpers/mcp_client.ts'
import { type McpFixture, startMcpFixture } from './mcp_fixture.ts'

let fixture: McpFixture
let key: string
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

beforeAll(async () => {
  fixture = await startMcpFixture()
  key = fixture.project.api_key
  const anything = { type: 'object', additionalProperties: true }
  await fixture.addTool('read', { input_schema: anything })
  await fixture.addTool('write', {
    http_method: 'POST',
    input_schema: anything,
    deduplication: { mode: 'off' },
  })
})
afterAll(() => fixture.stop())
beforeEach(() => {
  fixture.upstream.answer = () => Response.json({ ok: true })
})

const answerWith = (body: string, type = 'application/json', status = 200) => {
  fixture.upstream.answer = () => new Response(body, { status, headers: { 'content-type': type } })
}
const eras = [
  ['initialize', callLegacy],
  ['2026-07-28', callModern],
] as const

describe.each(eras)('a call that succeeds, era %s', (_, call) => {
  test('gives the body as text and as structured content, and says what happened', async () => {
    answerWith('{"id": 7,  "title": "Seven"}')
    const { status, body } = await call(fixture.url, key, 'tools/call', { name: 'read' })
    expect(status).toBe(200)
    const { content, structuredContent, isError, _meta } = body.result
    expect(content).toEqual([{ type: 'text', text: '{"id": 7,  "title": "Seven"}' }])
    expect(structuredContent).toEqual({ id: 7, title: 'Seven' })
    expect(isError).toBeUndefined()
    expect(_meta).toEqual({
      'tengine/request_id': expect.stringMatching(uuid),
      'tengine/status': 200,
      'tengine/replayed': false,
      'tengine/duration_ms': expect.any(Number),
    })
  })

  test('its request id is the one the upstream got and the one of the run', async () => {
    const { body } = await call(fixture.url, key, 'tools/call', { name: 'write' })
    const id = body.result._meta['tengine/request_id']
    expect(fixture.upstream.hits.at(-1)?.headers.get('x-tengine-request-id')).toBe(id)
    const run = await fixture.app.api('GET', `/api/v1/runs/${id}`)
    expect(run.body).toMatchObject({ id, state: 'done', tool_name: 'write', source: 'mcp' })
  })

  test('text that is no JSON has no structured content', async () => {
    answerWith('Seven', 'text/plain')
    const { body } = await call(fixture.url, key, 'tools/call', { name: 'read' })
    expect(body.result.content).toEqual([{ type: 'text', text: 'Seven' }])
    expect(body.result.structuredContent).toBeUndefined()
  })

  test('case 11: no integer is rounded on its way in or out', async () => {
    const exact =
      '{"big":9007199254740993,"small":-123456789012345678901234567890,"d":0.10000000000000000001}'
    answerWith(exact)
    const params = `{"name":"write","arguments":${exact}}`
    const legacy = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`
    const meta =
      ',"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",' +
      '"io.modelcontextprotocol/clientCapabilities":{}}}}'
    const isModern = call === callModern
    const sent = isModern ? legacy.replace(/\}\}$/, meta) : legacy
    const headers = {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'write',
    }
    const { text } = await postMcp(fixture.url, key, sent, isModern ? headers : {})
    expect(fixture.upstream.hits.at(-1)?.body).toBe(exact)
    expect(text).toContain(`"structuredContent":${exact}`)
    expect(text).toContain(`"text":${JSON.stringify(exact)}`)
  })
})

describe('structured content that is no object', () => {
  const bodies = ['[1,2]', '7', '"seven"', 'true', 'null']

  test.each(bodies)('%s: stands in 2026-07-28, before there is its text alone', async (json) => {
    answerWith(json)
    const modern = (await callModern(fixture.url, key, 'tools/call', { name: 'read' })).body.result
    expect(modern.structuredContent).toEqual(JSON.parse(json))
    expect('structuredContent' in modern).toBe(true)
    const legacy = (await callLegacy(fixture.url, key, 'tools/call', { name: 'read' })).body.result
    expect('structuredContent' in legacy).toBe(false)
    for (const { content } of [modern, legacy])
      expect(content).toEqual([{ type: 'text', text: json }])
  })
})

describe.each(eras)('a call that fails, era %s', (_, call) => {
  test('is a result that says what, why and what to do, with the code for machines', async () => {
    answerWith('{"error":"no such post"}', 'application/json', 404)
    const { status, body } = await call(fixture.url, key, 'tools/call', { name: 'read' })
    expect(status).toBe(200)
    const { content, isError, structuredContent, _meta } = body.result
    expect(isError).toBe(true)
    expect(structuredContent).toBeUndefined()
    const detail = 'Upstream tool call failed — non-2xx response'
    const id = _meta['tengine/request_id']
    expect(_meta['tengine/status']).toBe(404)
    expect(_meta['tengine/error']).toEqual({
      status: 502,
      code: 'upstream_status',
      detail,
      request_id: id,
    })
    expect(id).toMatch(uuid)
    expect(content).toHaveLength(1)
    expect(content[0].text).toStartWith(`${detail}\n`)
    expect(content[0].text).toContain('no such post')
    expect(content[0].text).toContain(`Run ID: ${id}`)
  })

  test('arguments that do not fit: each failing path is named and nothing is sent', async () => {
    const input_schema = {
      type: 'object',
      properties: { id: { type: 'integer' }, tags: { type: 'array', items: { type: 'string' } } },
      required: ['id', 'when'],
    }
    const name = `strict_${call.name.toLowerCase()}`
    await fixture.addTool(name, { input_schema })
    const sent = await fixture.hitsDuring(async () => {
      const params = { name, arguments: { id: 'x', tags: [1] } }
      const { result } = (await call(fixture.url, key, 'tools/call', params)).body
      expect(result._meta['tengine/error']).toMatchObject({
        status: 400,
        code: 'invalid_arguments',
      })
      for (const place of ['/id', '/tags/0', 'when']) {
        expect(result.content[0].text).toContain(place)
      }
    })
    expect(sent).toBe(0)
  })

  test('a reserved variable at any depth: the literal sentence and nothing is sent', async () => {
    const sent = await fixture.hitsDuring(async () => {
      const params = { name: 'write', arguments: { a: [{ member_id: 'm_1' }] } }
      const { result } = (await call(fixture.url, key, 'tools/call', params)).body
      expect(result._meta['tengine/error']).toMatchObject({
        status: 400,
        code: 'reserved_variable',
        detail: 'Reserved variable cannot be provided as user input',
      })
    })
    expect(sent).toBe(0)
  })

  test('a tool that is off: 403 and nothing is sent', async () => {
    const name = `off_${call.name.toLowerCase()}`
    await fixture.addTool(name, { is_enabled: false })
    const sent = await fixture.hitsDuring(async () => {
      const { result } = (await call(fixture.url, key, 'tools/call', { name })).body
      expect(result._meta['tengine/error']).toMatchObject({
        status: 403,
        code: 'tool_not_enabled',
        detail: 'Tool not enabled for this project',
      })
    })
    expect(sent).toBe(0)
  })

  test('a tool that needs a member, called by a key without: 403 and nothing is sent', async () => {
    const name = `member_${call.name.toLowerCase()}`
    await fixture.addTool(name, { require_member: true })
    const sent = await fixture.hitsDuring(async () => {
      const { result } = (await call(fixture.url, key, 'tools/call', { name })).body
      expect(result._meta['tengine/error']).toMatchObject({
        status: 403,
        code: 'member_required',
        detail: 'Member context required for this tool',
      })
    })
    expect(sent).toBe(0)
  })

  test.each(['no_such_tool', '', 'x'.repeat(5_000), '__proto__'])(
    'an unknown tool is -32602, and nothing is sent: %.20s',
    async (name) => {
      const sent = await fixture.hitsDuring(async () => {
        const { status, body } = await call(fixture.url, key, 'tools/call', { name })
        expect({ status, code: body.error?.code }).toEqual({ status: 200, code: -32602 })
        expect(body.error.message.length).toBeLessThan(100)
      })
      expect(sent).toBe(0)
    },
  )

  test('a tool of another project is unknown', async () => {
    const { body: other } = await fixture.app.api('POST', '/api/v1/projects', { name: call.name })
    await fixture.addTool('theirs', { project_id: other.id })
    const sent = await fixture.hitsDuring(async () => {
      const { body } = await call(fixture.url, key, 'tools/call', { name: 'theirs' })
      expect(body.error.code).toBe(-32602)
    })
    expect(sent).toBe(0)
  })
})

describe('a key without the permission to call tools', () => {
  test('may list them; its calls are refused and nothing is sent', async () => {
    const { key: weak } = await fixture.addIntegration({ permissions: ['sessions.mint'] })
    const sent = await fixture.hitsDuring(async () => {
      const { result } = (await callModern(fixture.url, weak, 'tools/call', { name: 'read' })).body
      expect(result._meta['tengine/error']).toMatchObject({
        status: 403,
        code: 'permission_denied',
      })
    })
    expect(sent).toBe(0)
  })
})
