import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { callLegacy, callModern, mcpHeaders, postMcp } from '../helpers/mcp_client.ts'
import { type McpFixture, startMcpFixture } from './mcp_fixture.ts'

let fixture: McpFixture
let key: string
const anything = { type: 'object', properties: { a: true } }
const maxBytes = 512 * 1024

beforeAll(async () => {
  fixture = await startMcpFixture({ settings: { max_body_bytes: String(maxBytes) } })
  key = fixture.project.api_key
  await fixture.addTool('ping', { input_schema: anything })
})
afterAll(() => fixture.stop())

const call = (args: string) =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ping","arguments":${args}}}`

/** What a refused body gives: its status and JSON-RPC code, and that nothing was sent. */
async function refusal(body: string | Uint8Array<ArrayBuffer>): Promise<object> {
  let refused: object = {}
  const sent = await fixture.hitsDuring(async () => {
    const response = await fetch(fixture.url, { method: 'POST', headers: mcpHeaders(key), body })
    const { error, code } = (await response.json()) as { error?: { code: number }; code?: string }
    refused = { status: response.status, code: error?.code ?? code }
  })
  return { ...refused, sent }
}

const broken = new Uint8Array(Buffer.from(call('{"a":"?"}')))
broken[broken.indexOf(0x3f)] = 0xff

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

describe('a body that is not what it should be executes nothing', () => {
  const bodies: [string, string | Uint8Array<ArrayBuffer>, number, number][] = [
    ['no JSON', '{"jsonrpc"', 400, -32700],
    ['nothing', '', 400, -32700],
    ['case 8: JSON nested too deep', call(`{"a":${nested(70)}}`), 400, -32700],
    ['case 8: JSON nested absurdly deep', call(`{"a":${nested(20_000)}}`), 400, -32700],
    ['case 9: invalid UTF-8', broken, 400, -32700],
    ['case 10: a repeated key in the arguments', call('{"a":1,"a":2}'), 400, -32600],
    ['case 10: a repeated key in the envelope', call('{}').replace('{', '{"id":2,'), 400, -32600],
    ['case 12: a prototype key', call('{"__proto__":{"polluted":true}}'), 400, -32600],
    ['case 13: a NUL character', call('{"a":"\\u0000"}'), 400, -32600],
    ['case 14: a lone surrogate', call('{"a":"\\ud800"}'), 400, -32600],
    ['a string', '"tools/call"', 400, -32600],
    ['null', 'null', 400, -32600],
    ['case 15: a batch', `[${call('{}')},${call('{}')}]`, 400, -32600],
    ['case 15: an empty batch', '[]', 400, -32600],
    ['case 16: a result', '{"jsonrpc":"2.0","id":1,"result":{}}', 400, -32600],
    ['case 16: an error', '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}', 400, -32600],
  ]

  test.each(bodies)('%s', async (_, body, status, code) => {
    expect(await refusal(body)).toEqual({ status, code, sent: 0 })
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  test('case 15: a batch of 10,000 calls, at once', async () => {
    const body = `[${Array(10_000).fill('{"jsonrpc":"2.0","id":1,"method":"ping"}').join(',')}]`
    const startedAtMs = performance.now()
    expect(await refusal(body)).toEqual({ status: 400, code: -32600, sent: 0 })
    expect(performance.now() - startedAtMs).toBeLessThan(500)
  })

  const requests: [string, string, number, number][] = [
    ['arguments that are no object', call('[1]'), 200, -32602],
    ['a name that is no string', call('{}').replace('"ping"', '7'), 200, -32602],
    ['no name', call('{}').replace('"name":"ping",', ''), 200, -32602],
    ['no params', '{"jsonrpc":"2.0","id":1,"method":"tools/call"}', 200, -32602],
    ['params that are no object', call('{}').replace(/"params":.*/, '"params":[]}'), 400, -32602],
    ['a _meta that is no object', call('{}').replace('"name"', '"_meta":null,"name"'), 400, -32602],
    ['an id that is an object', call('{}').replace('"id":1', '"id":{}'), 400, -32600],
    ['an id that is null', call('{}').replace('"id":1', '"id":null'), 400, -32600],
    ['an id beyond 2^53', call('{}').replace('"id":1', '"id":9007199254740993'), 400, -32600],
    ['another version of JSON-RPC', call('{}').replace('"2.0"', '"1.0"'), 400, -32600],
    ['no version of JSON-RPC', call('{}').replace('"jsonrpc":"2.0",', ''), 400, -32600],
  ]

  test.each(requests)('case 19: %s', async (_, body, status, code) => {
    expect(await refusal(body)).toEqual({ status, code, sent: 0 })
  })

  const mistyped: [string, object][] = [
    ['tools/list', { cursor: 7 }],
    ['prompts/get', {}],
    ['resources/read', { uri: 7 }],
    ['logging/setLevel', { level: 'loud' }],
    ['initialize', {}],
  ]

  test.each(mistyped)(
    'case 19: %s with params of a wrong type is -32602',
    async (method, params) => {
      const { body } = await callLegacy(fixture.url, key, method, params)
      expect(body.error.code).toBe(-32602)
      expect(body.id).toBeNumber()
    },
  )

  test('a tools/call without an id is a notification: 202 and zero calls', async () => {
    const sent = await fixture.hitsDuring(async () => {
      const answer = await postMcp(fixture.url, key, call('{}').replace('"id":1,', ''))
      expect(answer).toMatchObject({ status: 202, text: '' })
    })
    expect(sent).toBe(0)
  })

  test.each([
    ['a string', 'x'],
    ['null', null],
    ['an object of strings', { user_name: 'x' }],
  ])('inputResponses that are %s', async (_, inputResponses) => {
    const sent = await fixture.hitsDuring(async () => {
      const params = { name: 'ping', inputResponses }
      const { body } = await callModern(fixture.url, key, 'tools/call', params)
      expect(body.error.code).toBe(-32602)
    })
    expect(sent).toBe(0)
  })
})

describe('a body that is too large', () => {
  const filler = call(`{"a":"${'x'.repeat(maxBytes)}"}`)

  test('case 1: is refused with 413 by its declared length', async () => {
    const sent = await fixture.hitsDuring(async () => {
      const headers = mcpHeaders(key)
      const response = await fetch(fixture.url, { method: 'POST', headers, body: filler })
      expect(response.status).toBe(413)
    })
    expect(sent).toBe(0)
  })

  test('case 2: is refused with 413 where its length is not declared', async () => {
    const sent = await fixture.hitsDuring(async () => {
      const body = new Blob([filler]).stream()
      const response = await fetch(fixture.url, { method: 'POST', headers: mcpHeaders(key), body })
      expect(response.status).toBe(413)
    })
    expect(sent).toBe(0)
  })

  test('case 20: is never inflated', async () => {
    const sent = await fixture.hitsDuring(async () => {
      const headers = { ...mcpHeaders(key), 'content-encoding': 'gzip' }
      const body = Bun.gzipSync(call('{}'))
      const response = await fetch(fixture.url, { method: 'POST', headers, body })
      expect(response.status).toBe(415)
    })
    expect(sent).toBe(0)
  })

  test('the largest allowed is served', async () => {
    await fixture.addTool('upload', { http_method: 'POST', input_schema: anything })
    const frame = call('{"a":""}').replace('"ping"', '"upload"')
    const body = frame.replace('"a":""', `"a":"${'x'.repeat(maxBytes - frame.length)}"`)
    expect(body.length).toBe(maxBytes)
    const answer = await postMcp(fixture.url, key, body)
    expect(answer.body.result.structuredContent).toEqual({ ok: true })
    expect((await postMcp(fixture.url, key, `${body} `)).status).toBe(413)
  })
})
