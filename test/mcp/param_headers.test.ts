import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { callLegacy, postMcp } from '../helpers/mcp_client.ts'
import { modernRequest } from './event_stream.ts'
import { type McpFixture, startMcpFixture } from './mcp_fixture.ts'

let fixture: McpFixture

beforeAll(async () => {
  fixture = await startMcpFixture()
  await fixture.addTool('mirrored', {
    http_method: 'POST',
    deduplication: { mode: 'off' },
    input_schema: {
      type: 'object',
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        limit: { type: 'integer', 'x-mcp-header': 'Limit' },
        dry: { type: 'boolean', 'x-mcp-header': 'Dry' },
        where: {
          type: 'object',
          properties: { city: { type: 'string', 'x-mcp-header': 'City' } },
        },
        note: { type: 'string' },
      },
    },
  })
})
afterAll(() => fixture.stop())

/** Calls the tool; yields the JSON-RPC error code, null where it was called. */
async function outcome(args: object | string, headers: Record<string, string>) {
  const request = modernRequest('tools/call', { name: 'mirrored' })
  const json = typeof args === 'string' ? args : JSON.stringify(args)
  const body = request.body.replace('"name":', `"arguments":${json},"name":`)
  const answer = await postMcp(fixture.url, fixture.project.api_key, body, {
    ...request.headers,
    ...headers,
  })
  return { status: answer.status, code: answer.body.error?.code ?? null }
}

const served = { status: 200, code: null }
const mismatch = { status: 400, code: -32020 }

describe('arguments that a tool wants mirrored in headers', () => {
  const fitting: [string, object, Record<string, string>][] = [
    ['a string', { region: 'eu' }, { 'mcp-param-region': 'eu' }],
    ['a string in Base64', { region: 'Zürich' }, { 'mcp-param-region': '=?base64?WsO8cmljaA==?=' }],
    [
      'a string that only looks like Base64',
      { region: '=?base64?x' },
      { 'mcp-param-region': '=?base64?x' },
    ],
    ['an integer', { limit: 42 }, { 'mcp-param-limit': '42' }],
    ['an integer written otherwise', { limit: 42 }, { 'mcp-param-limit': '42.0' }],
    ['a boolean', { dry: true }, { 'mcp-param-dry': 'true' }],
    ['a nested one', { where: { city: 'Bern' } }, { 'mcp-param-city': 'Bern' }],
    ['none, where the argument is absent', { note: 'x' }, {}],
    ['one too many, where the argument is absent', {}, { 'mcp-param-region': 'eu' }],
  ]

  test.each(fitting)('%s: the call is made', async (_, args, headers) => {
    const sent = await fixture.hitsDuring(async () => {
      expect(await outcome(args, headers)).toEqual(served)
    })
    expect(sent).toBe(1)
  })

  const unfit: [string, object, Record<string, string>][] = [
    ['absent', { region: 'eu' }, {}],
    ['another', { region: 'eu' }, { 'mcp-param-region': 'us' }],
    ['another in case', { region: 'eu' }, { 'mcp-param-region': 'EU' }],
    ['another number', { limit: 42 }, { 'mcp-param-limit': '43' }],
    ['a number for a string of digits', { region: '042' }, { 'mcp-param-region': '42' }],
    ['another boolean', { dry: true }, { 'mcp-param-dry': 'false' }],
    ['absent for a nested one', { where: { city: 'Bern' } }, {}],
    ['broken Base64', { region: 'eu' }, { 'mcp-param-region': '=?base64?ZX?=' }],
    ['Base64 of no UTF-8', { region: 'eu' }, { 'mcp-param-region': '=?base64?/w==?=' }],
  ]

  test.each(unfit)(
    'case 17: a header that is %s: 400, -32020, nothing is sent',
    async (_, args, headers) => {
      const sent = await fixture.hitsDuring(async () => {
        expect(await outcome(args, headers)).toEqual(mismatch)
      })
      expect(sent).toBe(0)
    },
  )

  test('an integer beyond 2^53 needs no header, which clients cannot write, but one must agree', async () => {
    const args = '{"limit":9007199254740993}'
    expect(await outcome(args, {})).toEqual(served)
    expect(await outcome(args, { 'mcp-param-limit': '9007199254740993' })).toEqual(served)
    expect(await outcome(args, { 'mcp-param-limit': '9007199254740992' })).toEqual(mismatch)
  })

  test('the initialize era knows no such headers', async () => {
    const params = { name: 'mirrored', arguments: { region: 'eu' } }
    const { body } = await callLegacy(fixture.url, fixture.project.api_key, 'tools/call', params)
    expect(body.result.isError).toBeUndefined()
  })
})
