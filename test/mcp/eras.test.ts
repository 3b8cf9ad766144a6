import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { callLegacy, callModern, postMcp } from '../helpers/mcp_client.ts'
import { type McpFixture, startMcpFixture } from './mcp_fixture.ts'

let fixture: McpFixture
let key: string
const description = 'Orders of the workshop. Ask before you cancel one.'

beforeAll(async () => {
  fixture = await startMcpFixture()
  key = fixture.project.api_key
  await fixture.addTool('ping')
  const { project_id } = fixture.project
  await fixture.app.api('PATCH', `/api/v1/projects/${project_id}`, {
    description,
    name: 'Workshop',
  })
})
afterAll(() => fixture.stop())

const initialize = (protocolVersion: string) =>
  callLegacy(fixture.url, key, 'initialize', {
    protocolVersion,
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  })

describe('the initialize era', () => {
  test.each(['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'])(
    'initialize with %s agrees on it and carries the project description as instructions',
    async (version) => {
      const { status, body } = await initialize(version)
      expect(status).toBe(200)
      expect(body.result).toMatchObject({
        protocolVersion: version,
        instructions: description,
        serverInfo: { name: 'gatehouse', title: 'Workshop' },
        capabilities: { tools: { listChanged: true } },
      })
    },
  )

  test('initialize with a revision from the future is answered with the newest of the era', async () => {
    const { body } = await initialize('2031-01-01')
    expect(body.result.protocolVersion).toBe('2025-11-25')
  })

  test('needs no handshake and no session: any instance can take any request', async () => {
    const headers = { 'mcp-session-id': 'of-another-instance' }
    const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ping"}}'
    const answer = await postMcp(fixture.url, key, body, headers)
    expect(answer.body.result.structuredContent).toEqual({ ok: true })
  })

  test('case 18: an unknown MCP-Protocol-Version header is refused', async () => {
    const sent = await fixture.hitsDuring(async () => {
      const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ping"}}'
      const headers = { 'mcp-protocol-version': '2023-01-01' }
      const answer = await postMcp(fixture.url, key, body, headers)
      expect(answer.status).toBe(400)
      expect(answer.body.error.message).toContain('Unsupported protocol version')
    })
    expect(sent).toBe(0)
  })

  test('case 16: a notification is accepted with 202 and no body', async () => {
    const body = '{"jsonrpc":"2.0","method":"notifications/initialized"}'
    const answer = await postMcp(fixture.url, key, body)
    expect(answer).toMatchObject({ status: 202, text: '' })
  })

  test('ping answers an empty result', async () => {
    expect((await callLegacy(fixture.url, key, 'ping')).body.result).toEqual({})
  })

  test('an unknown method is -32601', async () => {
    const { status, body } = await callLegacy(fixture.url, key, 'no/such')
    expect({ status, code: body.error.code }).toEqual({ status: 200, code: -32601 })
  })

  test('a result carries nothing that is known to 2026-07-28 alone', async () => {
    const list = await callLegacy(fixture.url, key, 'tools/list')
    expect(Object.keys(list.body.result)).toEqual(['tools'])
    const called = await callLegacy(fixture.url, key, 'tools/call', { name: 'ping' })
    expect(called.body.result.resultType).toBeUndefined()
  })
})

describe('revision 2026-07-28', () => {
  test('server/discover carries the project description as instructions, for its caller alone', async () => {
    const { status, body } = await callModern(fixture.url, key, 'server/discover')
    expect(status).toBe(200)
    expect(body.result).toMatchObject({
      supportedVersions: ['2026-07-28'],
      instructions: description,
      resultType: 'complete',
      cacheScope: 'private',
      capabilities: { tools: { listChanged: true }, prompts: {}, resources: {}, logging: {} },
    })
    expect(body.result._meta['io.modelcontextprotocol/serverInfo']).toMatchObject({
      name: 'gatehouse',
    })
  })

  test('a change of the project is in the very next answer', async () => {
    const path = `/api/v1/projects/${fixture.project.project_id}`
    await fixture.app.api('PATCH', path, { description: '' })
    const { body } = await callModern(fixture.url, key, 'server/discover')
    expect(body.result.instructions).toBeUndefined()
    await fixture.app.api('PATCH', path, { description })
  })

  test('every result names its type, and lists say how long they hold and for whom', async () => {
    for (const method of ['tools/list', 'prompts/list', 'resources/list']) {
      const { result } = (await callModern(fixture.url, key, method)).body
      expect(result).toMatchObject({ resultType: 'complete', cacheScope: 'private' })
      expect(result.ttlMs).toBeGreaterThanOrEqual(0)
    }
    const called = await callModern(fixture.url, key, 'tools/call', { name: 'ping' })
    expect(called.body.result.resultType).toBe('complete')
  })

  test.each(['no/such', 'initialize', 'ping', 'logging/setLevel', 'tasks/get'])(
    'case 19: %s is 404 and -32601',
    async (method) => {
      const { status, body } = await callModern(fixture.url, key, method)
      expect({ status, code: body.error.code }).toEqual({ status: 404, code: -32601 })
    },
  )

  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const call = (params: object) =>
    JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params })
  const good = call({ name: 'ping', _meta: meta })
  const standard = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'ping',
  }
  const without = (name: keyof typeof standard) => {
    const { [name]: _, ...rest } = standard
    return rest
  }

  const mismatches: [string, Record<string, string>][] = [
    ['Mcp-Method names another method', { ...standard, 'mcp-method': 'tools/list' }],
    ['Mcp-Method is missing', without('mcp-method')],
    ['Mcp-Name names another tool', { ...standard, 'mcp-name': 'pong' }],
    ['Mcp-Name is missing', without('mcp-name')],
    ['Mcp-Name is not Base64 behind its prefix', { ...standard, 'mcp-name': '=?base64?cGl?=' }],
    ['MCP-Protocol-Version is another', { ...standard, 'mcp-protocol-version': '2025-11-25' }],
    ['MCP-Protocol-Version is missing', without('mcp-protocol-version')],
  ]

  test.each(mismatches)('case 17: %s: 400, -32020, nothing is sent', async (_, headers) => {
    const sent = await fixture.hitsDuring(async () => {
      const { status, body } = await postMcp(fixture.url, key, good, headers)
      expect({ status, code: body.error.code, id: body.id }).toEqual({
        status: 400,
        code: -32020,
        id: 7,
      })
    })
    expect(sent).toBe(0)
  })

  test('case 17: Mcp-Name may be written in Base64', async () => {
    const headers = { ...standard, 'mcp-name': '=?base64?cGluZw==?=' }
    const { body } = await postMcp(fixture.url, key, good, headers)
    expect(body.result.structuredContent).toEqual({ ok: true })
  })

  test('case 18: an unknown revision is 400 and -32022 with the supported ones', async () => {
    const sent = await fixture.hitsDuring(async () => {
      const future = { ...meta, 'io.modelcontextprotocol/protocolVersion': '2099-01-01' }
      const headers = { ...standard, 'mcp-protocol-version': '2099-01-01' }
      const answer = await postMcp(fixture.url, key, call({ name: 'ping', _meta: future }), headers)
      expect(answer.status).toBe(400)
      expect(answer.body.error).toMatchObject({
        code: -32022,
        data: { supported: ['2026-07-28'], requested: '2099-01-01' },
      })
    })
    expect(sent).toBe(0)
  })

  const envelopes: [string, object][] = [
    ['no _meta', { name: 'ping' }],
    [
      'no client capabilities',
      { name: 'ping', _meta: { ...meta, 'io.modelcontextprotocol/clientCapabilities': undefined } },
    ],
    [
      'a log level that is none',
      { name: 'ping', _meta: { ...meta, 'io.modelcontextprotocol/logLevel': 'loud' } },
    ],
  ]

  test.each(envelopes)('%s is 400 and -32602, nothing is sent', async (_, params) => {
    const sent = await fixture.hitsDuring(async () => {
      const { status, body } = await postMcp(fixture.url, key, call(params), standard)
      expect({ status, code: body.error.code }).toEqual({ status: 400, code: -32602 })
    })
    expect(sent).toBe(0)
  })

  test('clientInfo may be left out', async () => {
    const { body } = await postMcp(fixture.url, key, good, standard)
    expect(body.result.structuredContent).toEqual({ ok: true })
  })
})
