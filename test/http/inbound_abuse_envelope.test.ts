import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { callText, type House, rawMcp, startHouse } from './house.ts'

let house: House

beforeAll(async () => {
  house = await startHouse()
  await house.addTool({ name: 'ping' })
})
beforeEach(() => house.reset())
afterAll(() => house.stop())

const revision = '2026-07-28'
const meta = (version: string) => ({
  'io.modelcontextprotocol/protocolVersion': version,
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
})
const request = (method: string, params: object, version = revision) =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta(version) } })
const call = (params: object, lines: readonly string[], version = revision) =>
  rawMcp(house, request('tools/call', params, version), lines)

const ping = { name: 'ping', arguments: {} }
const good = [`MCP-Protocol-Version: ${revision}`, 'Mcp-Method: tools/call', 'Mcp-Name: ping']

describe('the headers that mirror the body (2026-07-28)', () => {
  test('case 17: agreeing with the body, the call goes through', async () => {
    const answer = await call(ping, good)
    expect(answer).toMatchObject({ status: 200, body: { result: { resultType: 'complete' } } })
    expect(house.upstream.hits).toHaveLength(1)
  })

  const name = Buffer.from('ping').toString('base64')
  const other = Buffer.from('pong').toString('base64')

  test('case 17: a base64 name is decoded before it is compared', async () => {
    const encoded = (text: string) => [...good.slice(0, 2), `Mcp-Name: =?base64?${text}?=`]
    expect((await call(ping, encoded(name))).status).toBe(200)
    expect(house.upstream.hits).toHaveLength(1)
    for (const text of [other, `${name}!`, '']) {
      expect(await call(ping, encoded(text))).toMatchObject({
        status: 400,
        body: { error: { code: -32020 } },
      })
    }
    expect(house.upstream.hits).toHaveLength(1)
  })

  test.each([
    ['without Mcp-Method', [good[0], good[2]]],
    ['without Mcp-Name', good.slice(0, 2)],
    ['without MCP-Protocol-Version', good.slice(1)],
    ['with another method', [good[0], 'Mcp-Method: tools/list', good[2]]],
    ['with another name', [...good.slice(0, 2), 'Mcp-Name: mcp_whoami']],
    ['with a name in other case', [...good.slice(0, 2), 'Mcp-Name: Ping']],
    ['with two names', [...good, 'Mcp-Name: mcp_whoami']],
    ['with an older version than the body', ['MCP-Protocol-Version: 2025-11-25', ...good.slice(1)]],
  ])('case 17: a call %s is refused unexecuted', async (_what, lines) => {
    const answer = await call(ping, lines as string[])
    expect(answer).toMatchObject({ status: 400, body: { error: { code: -32020 } } })
    expect(house.upstream.hits).toEqual([])
  })
})

describe('versions and methods', () => {
  test('case 18: an unknown revision is refused with the list of known ones', async () => {
    for (const version of ['2027-01-01', '2026-07-29']) {
      const lines = [`MCP-Protocol-Version: ${version}`, ...good.slice(1)]
      const answer = await call(ping, lines, version)
      expect(answer).toMatchObject({ status: 400, body: { error: { code: -32022 } } })
      expect(answer.body.error.data.supported).toContain(revision)
    }
    expect(house.upstream.hits).toEqual([])
  })

  test('case 18: of the older era only listed versions are served', async () => {
    for (const version of ['2024-01-01', 'banana', '2025-13-99']) {
      const answer = await rawMcp(house, callText('ping'), [`MCP-Protocol-Version: ${version}`])
      expect(answer.status).toBe(400)
    }
    expect(house.upstream.hits).toEqual([])
    for (const version of ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05']) {
      const answer = await rawMcp(house, callText('ping'), [`MCP-Protocol-Version: ${version}`])
      expect(answer.body.result.isError).toBeUndefined()
    }
    expect(house.upstream.hits).toHaveLength(4)
  })

  test('case 19: an unknown method is -32601, with HTTP 404 in the stateless revision', async () => {
    const lines = [`MCP-Protocol-Version: ${revision}`, 'Mcp-Method: tools/destroy']
    expect(await rawMcp(house, request('tools/destroy', {}), lines)).toMatchObject({
      status: 404,
      body: { id: 1, error: { code: -32601 } },
    })
    const legacy = await rawMcp(house, '{"jsonrpc":"2.0","id":1,"method":"tools/destroy"}')
    expect(legacy.body).toMatchObject({ id: 1, error: { code: -32601 } })
  })

  test.each([
    ['params that are an array', '[]'],
    ['a name that is a number', '{"name":1}'],
    ['no name', '{}'],
    ['arguments that are an array', '{"name":"ping","arguments":[]}'],
    ['arguments that are a string', '{"name":"ping","arguments":"{}"}'],
    ['_meta that is a string', '{"name":"ping","_meta":"x"}'],
  ])('case 19: %s are refused unexecuted', async (_what, params) => {
    const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`
    const answer = await rawMcp(house, body)
    expect([-32602, -32600, -32700]).toContain(answer.body.error.code)
    expect(house.upstream.hits).toEqual([])
  })

  test('case 19: in the stateless revision too', async () => {
    for (const params of [{ name: 1 }, {}, { name: 'ping', arguments: [] }]) {
      expect((await call(params, good)).body).toMatchObject({ id: 1, error: { code: -32602 } })
    }
    expect(house.upstream.hits).toEqual([])
  })

  test('an id that is no string or integer is refused unexecuted', async () => {
    for (const id of ['null', '1.5', '{}', '[1]', 'true']) {
      const answer = await rawMcp(house, callText('ping').replace('"id":1', `"id":${id}`))
      expect(answer.status).toBe(400)
    }
    expect(house.upstream.hits).toEqual([])
  })
})
