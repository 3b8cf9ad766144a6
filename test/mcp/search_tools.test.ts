import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { openStoreBeside, type StoreBeside } from '../helpers/connections.ts'
import { callLegacy, callModern, type RpcAnswer } from '../helpers/mcp_client.ts'
import { modernRequest, openEventStream } from './event_stream.ts'
import { type McpFixture, startMcpFixture } from './mcp_fixture.ts'

let fixture: McpFixture
let store: StoreBeside
let key: string
let people = 0
const ids: Record<string, number> = {}

const orderArguments = {
  type: 'object',
  properties: { id: { type: 'integer' }, note: { type: 'string', 'x-mcp-header': 'Note' } },
  required: ['id'],
}
const imported = {
  type: 'object',
  properties: {
    pathParams: {
      type: 'object',
      properties: { owner: { type: 'string' } },
      required: ['owner'],
    },
    query: { type: 'object', properties: { page: { type: 'integer' } } },
    body: { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] },
  },
  required: ['pathParams', 'body'],
}
const tools: readonly (readonly [string, Record<string, unknown>])[] = [
  ['list_orders', { description: 'Lists orders. Newest first.', tags: ['Orders', 'Sales'] }],
  [
    'get_order',
    { description: 'Reads one order.', tags: ['Orders'], input_schema: orderArguments },
  ],
  [
    'cancel_order',
    {
      http_method: 'POST',
      description: 'Cancels an order.',
      tags: ['Orders'],
      deduplication: { mode: 'off' },
    },
  ],
  ['open_ticket', { http_method: 'POST', description: 'Opens a ticket.', input_schema: imported }],
  ['list_secrets', { description: 'Lists the secrets.', required_scopes: ['SECRETS_READ'] }],
  ['old_orders', { description: 'Orders of old.', is_enabled: false }],
]

beforeAll(async () => {
  fixture = await startMcpFixture()
  store = openStoreBeside(fixture.app.dataDir)
  key = fixture.project.api_key
  for (const [name, fields] of tools) ids[name] = await fixture.addTool(name, fields)
  const path = `/api/v1/projects/${fixture.project.project_id}`
  expect((await fixture.app.api('PATCH', path, { tool_mode: 'search' })).status).toBe(200)
})
afterAll(async () => {
  await store.close()
  await fixture.stop()
})

const call = (name: string, args: object, token = key): Promise<RpcAnswer> =>
  callModern(fixture.url, token, 'tools/call', { name, arguments: args })

const connect = async (granted: readonly string[]) => {
  const { project_id: projectId } = fixture.project
  const n = ++people
  const terms = { email: `p${n}@example.com`, clientId: `client-${n}`, projectId }
  return (await store.connect({ ...terms, granted, scopes: granted })).token
}

const namesFor = async (args: object, token = key): Promise<string[]> =>
  (await call('search_tools', args, token)).body.result.structuredContent.tools.map(
    (tool: { name: string }) => tool.name,
  )

/** The newest run, and how many the upstream got of what `act` did. */
async function recorded(act: () => Promise<unknown>) {
  const sent = await fixture.hitsDuring(act)
  const path = `/api/v1/runs?limit=1&project_id=${fixture.project.project_id}`
  const [run] = (await fixture.app.api('GET', path)).body.items
  return { sent, run }
}

/** The text of a result that says what went wrong; nothing was sent and no run recorded. */
async function refused(name: string, args: object, token = key): Promise<string> {
  const path = `/api/v1/runs?limit=1&project_id=${fixture.project.project_id}`
  const before = (await fixture.app.api('GET', path)).body
  let text = ''
  const sent = await fixture.hitsDuring(async () => {
    const { status, body } = await call(name, args, token)
    expect([status, body.result.isError, body.result.content.length]).toEqual([200, true, 1])
    text = body.result.content[0].text
  })
  expect(sent).toBe(0)
  expect((await fixture.app.api('GET', path)).body).toEqual(before)
  return text
}

describe('search_tools', () => {
  test('gives name, first sentence, required arguments and whether it only reads', async () => {
    const { status, body } = await call('search_tools', { query: 'open a ticket' })
    expect(status).toBe(200)
    expect(body.result.structuredContent.tools[0]).toEqual({
      name: 'open_ticket',
      description: 'Opens a ticket.',
      required_arguments: ['pathParams.owner', 'body.title'],
      access: 'write',
    })
    expect(JSON.parse(body.result.content[0].text)).toEqual(body.result.structuredContent)
    expect(body.result.resultType).toBe('complete')
  })

  test('finds by verb, noun and number, best first, as many as were asked for', async () => {
    expect(await namesFor({ query: 'all orders' })).toContain('get_order')
    expect((await namesFor({ query: 'all orders' }))[0]).toBe('list_orders')
    expect((await namesFor({ query: 'show one order' }))[0]).toBe('get_order')
    expect((await namesFor({ query: 'abort an order' }))[0]).toBe('cancel_order')
    expect(await namesFor({ query: 'order', limit: 1 })).toHaveLength(1)
  })

  test('keeps to tags, in any case', async () => {
    expect(await namesFor({ query: 'orders', tags: ['sales'] })).toEqual(['list_orders'])
    expect(await namesFor({ query: 'orders', tags: ['none'] })).toEqual([])
  })

  test('never shows what the caller may not see, nor what is switched off', async () => {
    expect(await namesFor({ query: 'secrets' }, await connect([]))).toEqual([])
    expect(await namesFor({ query: 'secrets' }, await connect(['SECRETS_READ']))).toEqual([
      'list_secrets',
    ])
    expect(await namesFor({ query: 'orders of old' })).not.toContain('old_orders')
  })

  test('says what to try where it finds nothing', async () => {
    const { body } = await call('search_tools', { query: 'zebra' })
    expect(body.result.structuredContent).toEqual({
      tools: [],
      hint: expect.stringContaining('other words'),
      tags: ['orders', 'sales'],
    })
  })

  test('knows a tool that was added, changed or removed at the very next request', async () => {
    const id = await fixture.addTool('feed_giraffe')
    expect(await namesFor({ query: 'giraffe' })).toEqual(['feed_giraffe'])
    const path = `/api/v1/custom-tools/${id}`
    await fixture.app.api('PATCH', path, { name: 'feed_lion' })
    expect(await namesFor({ query: 'lion' })).toEqual(['feed_lion'])
    await fixture.app.api('DELETE', path)
    expect(await namesFor({ query: 'lion' })).toEqual([])
  })

  const wrong: [object, string][] = [
    [{}, 'query'],
    [{ query: '' }, 'query'],
    [{ query: 7 }, 'query'],
    [{ query: 'x', limit: 0 }, 'limit'],
    [{ query: 'x', limit: 1.5 }, 'limit'],
    [{ query: 'x', limit: 31 }, 'limit'],
    [{ query: 'x', tags: 'a' }, 'tags'],
    [{ query: 'x', tags: [1] }, 'tags'],
    [{ query: 'x', scope: 'a' }, 'scope'],
  ]
  test.each(wrong)('of %j says what is wrong', async (args, word) => {
    expect(await refused('search_tools', args)).toContain(word)
  })
})

describe('describe_tool', () => {
  test('gives what tools/list would', async () => {
    const path = `/api/v1/projects/${fixture.project.project_id}`
    await fixture.app.api('PATCH', path, { tool_mode: 'list' })
    const { body } = await callModern(fixture.url, key, 'tools/list')
    await fixture.app.api('PATCH', path, { tool_mode: 'search' })
    const [name] = ['get_order']
    const listed = body.result.tools.find((tool: { name: string }) => tool.name === name)
    const described = await call('describe_tool', { name })
    expect(described.body.result.structuredContent).toEqual(listed)
  })

  test('names the closest tools where there is none of that name', async () => {
    expect(await refused('describe_tool', { name: 'getOrders' })).toMatch(
      /^No tool is called "getOrders"\. Closest: .*get_order\b.*search_tools/,
    )
  })

  test('tells of no tool that the caller may not see', async () => {
    const token = await connect([])
    for (const name of ['list_secrets', 'old_orders', 'list_secret']) {
      const text = await refused('describe_tool', { name }, token)
      expect(text).toStartWith(`No tool is called "${name}".`)
      expect(text.replaceAll(`"${name}"`, '')).not.toContain('list_secrets')
    }
  })

  test('of no name says what is wrong', async () => {
    expect(await refused('describe_tool', {})).toContain('name')
  })
})

describe.each([
  ['directly', (name: string, args: object) => ({ name, arguments: args })],
  ['by call_tool', (name: string, args: object) => inside(name, args)],
])('a tool called %s in search mode', (_, params) => {
  const run = (name: string, args: object, token = key) =>
    callModern(fixture.url, token, 'tools/call', params(name, args))

  test('is sent, answered and recorded under its own name', async () => {
    const { sent, run: record } = await recorded(async () => {
      const { body } = await run('cancel_order', {})
      expect(body.result.structuredContent).toEqual({ ok: true })
    })
    expect(sent).toBe(1)
    expect(record).toMatchObject({ tool_id: ids.cancel_order, http_method: 'POST', state: 'done' })
  })

  test('is validated: each failing path is named, and nothing is sent', async () => {
    const { sent, run: record } = await recorded(async () => {
      const { body } = await run('get_order', { id: 'seven' })
      expect(body.result.isError).toBe(true)
      expect(body.result.content[0].text).toContain('/id')
    })
    expect([sent, record.tool_id, record.state]).toEqual([0, ids.get_order, 'failed_not_sent'])
  })

  test('is refused with a challenge to one who lacks its scopes', async () => {
    const token = await connect([])
    const { sent, run: record } = await recorded(async () => {
      const { status, headers } = await run('list_secrets', {}, token)
      expect(status).toBe(403)
      expect(headers.get('www-authenticate')).toContain('scope="SECRETS_READ"')
    })
    expect([sent, record.error_code]).toEqual([0, 'insufficient_scope'])
  })

  test('is refused when it is switched off', async () => {
    const sent = await fixture.hitsDuring(async () => {
      const { body } = await run('old_orders', {})
      expect(body.result._meta['tengine/error'].code).toBe('tool_not_enabled')
    })
    expect(sent).toBe(0)
  })

  test('counts against the limits once, and is refused above them', async () => {
    const { key: limited } = await fixture.addIntegration({ calls_per_minute: 2 })
    await call('search_tools', { query: 'orders' }, limited)
    await call('describe_tool', { name: 'get_order' }, limited)
    const sent = await fixture.hitsDuring(async () => {
      for (const status of [200, 200, 429]) {
        expect((await run('list_orders', {}, limited)).status).toBe(status)
      }
    })
    expect(sent).toBe(2)
  })

  test('tells how it goes while it runs', async () => {
    fixture.upstream.answer = () => Bun.sleep(700).then(() => Response.json({ ok: true }))
    const meta = { progressToken: 'p' }
    const request = modernRequest('tools/call', { ...params('list_orders', {}), _meta: meta })
    const stream = await openEventStream(fixture.url, key, request)
    const notice = await stream.next()
    fixture.upstream.answer = () => Response.json({ ok: true })
    expect(notice).toMatchObject({
      method: 'notifications/progress',
      params: { progressToken: 'p', total: 30 },
    })
    expect((await stream.next()).result.structuredContent).toEqual({ ok: true })
  })
})

const inside = (name: string, args: object) => ({
  name: 'call_tool',
  arguments: { name, arguments: args },
})

describe('call_tool', () => {
  test('asks for no headers that its caller could not know of; a direct call does', async () => {
    const args = { id: 7, note: 'x' }
    expect((await call('get_order', args)).status).toBe(400)
    const { status, body } = await call('call_tool', { name: 'get_order', arguments: args })
    expect([status, body.result.structuredContent]).toEqual([200, { ok: true }])
  })

  test('leaves out arguments where there are none, and calls built-in tools too', async () => {
    expect((await call('call_tool', { name: 'list_orders' })).body.result.isError).toBeUndefined()
    const who = await call('call_tool', { name: 'mcp_whoami' })
    expect(who.body.result.structuredContent.project.slug).toBe('demo')
  })

  test('names the closest tools where there is none of that name', async () => {
    expect(await refused('call_tool', { name: 'cancelOrders' })).toMatch(/Closest: .*cancel_order/)
    expect(await refused('call_tool', { name: 'x'.repeat(1_000) })).toContain('search_tools')
  })

  const wrong: [object, string][] = [
    [{}, 'name'],
    [{ name: 7 }, 'name'],
    [{ name: 'call_tool', arguments: { name: 'list_orders' } }, 'call_tool'],
    [{ name: 'get_order', arguments: [] }, '"arguments"'],
    [{ name: 'get_order', id: 7 }, '"arguments"'],
  ]
  test.each(wrong)('of %j says what is wrong', async (args, word) => {
    expect(await refused('call_tool', args)).toContain(word)
  })

  test('says honestly that it may destroy, and the others that they only read', async () => {
    const { body } = await callLegacy(fixture.url, key, 'tools/list')
    const hints = Object.fromEntries(
      body.result.tools.map((tool: { name: string; annotations: object }) => [
        tool.name,
        tool.annotations,
      ]),
    )
    expect(hints.call_tool).toEqual({
      readOnlyHint: false,
      destructiveHint: true,
      idempotentHint: false,
      openWorldHint: true,
    })
    for (const name of ['search_tools', 'describe_tool']) {
      expect(hints[name]).toMatchObject({ readOnlyHint: true, openWorldHint: false })
    }
  })
})

test('no tool may be registered under a built-in name, in any case', async () => {
  for (const name of ['search_tools', 'Describe_Tool', 'call_tool', 'result_read']) {
    await expect(fixture.addTool(name)).rejects.toThrow('name_taken')
  }
})
