import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { callLegacy, callModern } from '../helpers/mcp_client.ts'
import { type McpFixture, startMcpFixture } from './mcp_fixture.ts'

let fixture: McpFixture
let key: string

const rows = Array.from(
  { length: 400 },
  (_, id) => `{"id":${10n ** 17n + BigInt(id)},"name":"row ${id}"}`,
)
const list = `{"items":[${rows.join(',')}],"total":12345678901234567890}`
const outputSchema = {
  type: 'object',
  properties: { items: { type: 'array', minItems: 400 }, total: { type: 'integer' } },
  required: ['items', 'total'],
  additionalProperties: false,
}

beforeAll(async () => {
  fixture = await startMcpFixture()
  key = fixture.project.api_key
  const output_schema = outputSchema
  const projection = 'items[?id > `5`] | [0:2].{id: id}'
  await fixture.addTool('plain', { output_schema })
  await fixture.addTool('projected', { output_schema, response: { projection } })
  await fixture.addTool('picked', { output_schema, response: { fields: ['items.name'] } })
  await fixture.addTool('capped', { output_schema, response: { max_result_bytes: 2048 } })
  await fixture.addTool('short', { response: { max_result_bytes: 1024 } })
  await fixture.addTool('failing', {
    http_method: 'POST',
    deduplication: { mode: 'off' },
    response: { projection: 'sum(items[].id)' },
  })
})
afterAll(() => fixture.stop())

const answerWith = (body: string, type = 'application/json') => {
  fixture.upstream.answer = () => new Response(body, { headers: { 'content-type': type } })
}
const eras = [
  ['initialize', callLegacy],
  ['2026-07-28', callModern],
] as const

describe.each(eras)('a shaped answer, era %s', (era, call) => {
  const result = async (name: string) =>
    (await call(fixture.url, key, 'tools/call', { name })).body.result

  test('is what the projection makes of it, numbers digit for digit', async () => {
    answerWith(list)
    const { content, structuredContent, isError } = await result('projected')
    const text = '[{"id":100000000000000000},{"id":100000000000000001}]'
    expect(content).toEqual([{ type: 'text', text }])
    expect(isError).toBeUndefined()
    if (era === 'initialize') expect(structuredContent).toBeUndefined()
    else expect(structuredContent).toHaveLength(2)
  })

  test('is what the list of fields leaves', async () => {
    answerWith(list)
    const { content } = await result('picked')
    const items = rows.map((_, id) => ({ name: `row ${id}` }))
    expect(JSON.parse(content[0].text)).toEqual({ items })
  })

  test('that is too long is cut, valid JSON within the cap, and says how to read on', async () => {
    answerWith(list)
    const { content, structuredContent } = await result('capped')
    const [shown, note] = content
    expect(Buffer.byteLength(shown.text + note.text)).toBeLessThanOrEqual(2048)
    expect(list.startsWith(shown.text.slice(0, shown.text.lastIndexOf(']')))).toBe(true)
    const value = JSON.parse(shown.text)
    expect(shown.text).toEndWith('"total":12345678901234567890}')
    const said = `/items shows ${value.items.length} of 400 items.`
    expect(note.text).toContain(said)
    expect(note.text).toMatch(/result_read: \{"handle":"[\w-]{24}","path":"\/items","offset":\d+\}/)
    expect(structuredContent).toBeUndefined()
  })

  test('that fits comes as it was received, to the space', async () => {
    const text = '{ "a" : [1.50, 12345678901234567890] }'
    answerWith(text)
    const { content } = await result('short')
    expect(content).toEqual([{ type: 'text', text }])
  })

  test('case 192: the output schema is held against what the upstream sent', async () => {
    answerWith('{"items":[],"total":0}')
    const { isError, _meta } = await result('picked')
    expect([isError, _meta['tengine/error'].code]).toEqual([true, 'output_schema'])
  })

  test('in text is cut at the end of a line', async () => {
    answerWith('a line of text, äöü\n'.repeat(500), 'text/plain')
    const { content } = await result('short')
    const [shown, note] = content
    expect(shown.text).toMatch(/^(a line of text, äöü\n)+$/)
    expect(Buffer.byteLength(shown.text + note.text)).toBeLessThanOrEqual(1024)
    expect(note.text).toContain(`The whole shows ${shown.text.length} of 10000 characters.`)
  })

  test('is read as JSON even where it repeats a key, or uses one that no caller may', async () => {
    const odd = `{"constructor":12345678901234567890,"a":1,"a":2,"pad":"${'x'.repeat(2_000)}"}`
    answerWith(odd)
    const { content } = await result('short')
    expect(content).toHaveLength(2)
    expect(content[0].text).toStartWith('{"constructor":12345678901234567890,"a":2,"pad":"xxx')
    expect(JSON.parse(content[0].text).a).toBe(2)
  })

  test('that is an image comes whole', async () => {
    answerWith(`GIF89a${'.'.repeat(5_000)}`, 'image/gif')
    const { content } = await result('short')
    expect(content.map(({ type }: { type: string }) => type)).toEqual(['image'])
  })

  test('that cannot be shaped is an error which says that the request was carried out', async () => {
    answerWith(list)
    const before = fixture.upstream.hits.length
    const { isError, content, _meta } = await result('failing')
    expect(isError).toBe(true)
    expect(_meta['tengine/error']).toMatchObject({ status: 502, code: 'response_shape' })
    expect(content[0].text).toContain('The request was carried out; do not repeat it.')
    expect(content[0].text).toContain('sum() would round')
    expect(fixture.upstream.hits.length - before).toBe(1)
  })
})

describe('clients that hold results against output schemas', () => {
  const names = ['plain', 'projected', 'picked', 'capped']
  const headers = () => ({ headers: { authorization: `Bearer ${key}` } })

  test.each(['legacy', 'auto'] as const)(
    'SDK v2 takes every shaped answer, mode %s',
    async (mode) => {
      answerWith(list)
      const client = new Client({ name: 'v2', version: '1' }, { versionNegotiation: { mode } })
      const transport = new StreamableHTTPClientTransport(new URL(fixture.url), {
        requestInit: headers(),
      })
      await client.connect(transport)
      const { tools } = await client.listTools()
      const withSchema = tools.filter((tool) => tool.outputSchema !== undefined)
      expect(withSchema.map(({ name }) => name)).toEqual(['plain'])
      for (const name of names) {
        const { isError } = await client.callTool({ name, arguments: {} })
        expect(isError).toBeFalsy()
      }
      await client.close()
    },
  )

  test('SDK v1 takes every shaped answer', async () => {
    answerWith(list)
    const client = new ClientV1({ name: 'v1', version: '1' })
    const transport = new TransportV1(new URL(fixture.url), { requestInit: headers() })
    // The SDK's own types part ways under exactOptionalPropertyTypes.
    await client.connect(transport as Parameters<typeof client.connect>[0])
    await client.listTools()
    for (const name of names) {
      const { isError } = await client.callTool({ name, arguments: {} })
      expect(isError).toBeFalsy()
    }
    await client.close()
  })
})
