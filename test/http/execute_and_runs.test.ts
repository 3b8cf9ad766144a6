import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { callLegacy } from '../helpers/mcp_client.ts'
import { type Hit, type House, startHouse } from './house.ts'
import { readServedApi, type ServedApi } from './served_api.ts'

type Fields = Record<string, unknown>

const startMs = Date.parse('2026-03-01T12:00:00Z')
let nowMs = startMs
let house: House
let served: ServedApi
let count = 0

beforeAll(async () => {
  const clock = { nowMs: () => nowMs, monotonicMs: () => performance.now() }
  house = await startHouse({ clock })
  served = await readServedApi(house)
})
beforeEach(() => {
  nowMs = startMs
  house.reset()
})
afterAll(() => house.stop())

const api = (method: string, path: string, body?: unknown, token?: string) =>
  token === undefined
    ? served.api(method, `/api/v1${path}`, body)
    : served.api(method, `/api/v1${path}`, body, token)
const newTool = (fields: Fields = {}) => house.addTool({ name: `run-${++count}`, ...fields })
const execute = (tool: { id: number }, body: Fields = {}, token?: string) =>
  api('POST', `/custom-tools/${tool.id}/execute`, body, token)
const call = (tool: { name: string }, args: Fields = {}) =>
  callLegacy(`${house.url}/mcp`, house.apiKey, 'tools/call', { name: tool.name, arguments: args })

const posting = {
  http_method: 'POST',
  endpoint_path: '/contacts/{id}/notes',
  input_schema: {
    type: 'object',
    properties: { id: { type: 'string' }, text: { type: 'string' }, lang: { type: 'string' } },
  },
  headers_template: { 'X-Lang': '{lang}' },
  query_template: { via: 'api key & more' },
  body_template: { note: '{text}', by: { project: '{project_id}' } },
}
const args = { id: 'a b/ü', text: 'It\'s "so"\n$(id) `x` \\', lang: 'de' }

describe('a dry run', () => {
  test('sends nothing and records nothing', async () => {
    const tool = await newTool(posting)
    const answer = await execute(tool, { dry_run: true, arguments: args })
    expect(answer.status).toBe(200)
    expect(house.upstream.hits).toEqual([])
    expect(await house.runs(`&tool_id=${tool.id}`)).toEqual([])
  })

  test('shows the very request that the call then sends', async () => {
    const tool = await newTool(posting)
    const { body: shown } = await execute(tool, { dry_run: true, arguments: args })
    await execute(tool, { arguments: args })
    const sent = house.upstream.hits[0] as Hit
    expect(shown).toMatchObject({
      method: sent.method,
      url: house.upstream.url + sent.target,
      body: sent.body,
      canonical_line: null,
      egress_refusal: null,
    })
    // Of each run its own.
    const own = ['x-tengine-request-id', 'idempotency-key', 'traceparent']
    for (const [name, value] of shown.headers) {
      if (own.includes(name.toLowerCase())) expect(sent.headers.has(name)).toBe(true)
      else expect([name, sent.headers.get(name)]).toEqual([name, value])
    }
  })

  test('shows the canonical line that the signature covers', async () => {
    const secret = 'a-signing-secret'
    const signing = { auth_strategy: 'hmac_signature', encrypted_auth_secret: secret }
    const tool = await newTool({ ...posting, ...signing })
    const { body: shown } = await execute(tool, { dry_run: true, arguments: args })
    await execute(tool, { arguments: args })
    const { headers, method, target, body } = house.upstream.hits[0] as Hit
    const stamp = headers.get('x-tengine-timestamp')
    expect(stamp).toBe(String(startMs / 1000))
    const digest = createHash('sha256').update(body).digest('hex')
    const lineOf = (id: unknown) => `tng2 ${stamp} ${id} ${method} ${target} ${digest}`
    const shownId = new Map(shown.headers).get('X-Tengine-Request-Id')
    expect(shown.canonical_line).toBe(lineOf(shownId))
    const signature = new Bun.CryptoHasher('sha256', secret)
      .update(lineOf(headers.get('x-tengine-request-id')))
      .digest('hex')
    expect(headers.get('x-tengine-signature')).toBe(`tng2=${signature}`)
  })

  test.each([
    ['static_bearer', 'bearer-canary', 'Authorization', 'Bearer ***'],
    ['basic', 'user:basic-canary', 'Authorization', 'Basic ***'],
    ['static_header', 'header-canary', 'X-Api-Key', '***'],
    ['hmac_signature', 'hmac-canary', 'X-Tengine-Signature', 'tng2=***'],
  ])('masks what %s sends', async (auth_strategy, encrypted_auth_secret, name, masked) => {
    const auth_header_name = auth_strategy === 'static_header' ? name : null
    const tool = await newTool({ auth_strategy, encrypted_auth_secret, auth_header_name })
    const { body } = await execute(tool, { dry_run: true })
    expect(new Map(body.headers).get(name)).toBe(masked)
    const text = JSON.stringify(body)
    expect(text).not.toContain('canary')
    expect(text).not.toContain(btoa(encrypted_auth_secret))
    await execute(tool)
    expect(house.upstream.hits[0]?.headers.get(name)).not.toContain('***')
  })

  test('gives a curl line that a shell turns into that request', async () => {
    const tool = await newTool(posting)
    const { body: shown } = await execute(tool, { dry_run: true, arguments: args })
    const words = Bun.spawnSync(['sh', '-c', `printf '%s\\0' ${shown.curl}`])
    const [program, ...given] = words.stdout.toString().split('\0').slice(0, -1)
    expect(program).toBe('curl')
    expect(given.slice(0, 3)).toEqual(['-X', 'POST', shown.url])
    expect(given.slice(-2)).toEqual(['--data-raw', shown.body])
    for (const [name, value] of shown.headers) expect(given).toContain(`${name}: ${value}`)
  })

  test('says why the egress policy would stop the call, and is refused as the call would be', async () => {
    const outside = await newTool({ base_url: 'https://10.1.2.3' })
    const { body } = await execute(outside, { dry_run: true })
    expect(body.egress_refusal).toContain('10.1.2.3')
    const tool = await newTool(posting)
    const refused = await execute(tool, { dry_run: true, arguments: { id: '..' } })
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_argument' } })
    expect(house.upstream.hits).toEqual([])
  })
})

describe('executing a tool', () => {
  test('answers with what came back, digit for digit, and the run it is recorded as', async () => {
    const text = '{"id":9007199254740993,"tiny":1e-400}'
    house.upstream.answer = () =>
      new Response(text, { headers: { 'content-type': 'application/json' } })
    const tool = await newTool()
    const response = await fetch(`${house.url}/api/v1/custom-tools/${tool.id}/execute`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${house.adminToken}`,
        'content-type': 'application/json',
      },
      body: '{}',
    })
    const answered = await response.text()
    expect(answered).toContain(`"structured_content":${text}`)
    const { run_id: id, upstream_status: status, content } = JSON.parse(answered)
    expect({ status, content }).toEqual({ status: 200, content: [{ type: 'text', text }] })
    const run = (await api('GET', `/runs/${id}`)).body
    expect(run).toMatchObject({ id, state: 'done', source: 'execute', error_code: null })
    expect(house.upstream.hits[0]?.headers.get('x-tengine-request-id')).toBe(id)
  })

  test('as a member sends that member; only an admin token may', async () => {
    const tool = await newTool({
      require_member: true,
      endpoint_path: '/of/{member_id}',
      inject_member_identity: { id: true, email: true, roles: true },
    })
    const as_member = { external_id: 'm-1', email: 'm@example.com', roles: ['a', 'b'] }
    expect((await execute(tool, { as_member })).status).toBe(200)
    const { target, headers } = house.upstream.hits[0] as Hit
    expect(target).toBe('/of/m-1')
    expect(headers.get('x-tengine-member-id')).toBe('m-1')
    expect(headers.get('x-tengine-member-email')).toBe('m@example.com')
    expect(headers.get('x-tengine-member-roles')).toBe('a,b')
    const refused = await execute(tool, { as_member }, house.apiKey)
    expect(refused).toMatchObject({ status: 403, body: { code: 'permission_denied' } })
    expect(house.upstream.hits).toHaveLength(1)
  })

  test('case 80: a member id that no header can carry is refused unsent', async () => {
    const tool = await newTool()
    for (const external_id of ['a\r\nX-Evil: 1', 'ü', ' a', 'x'.repeat(256), '']) {
      const { status } = await execute(tool, { as_member: { external_id } })
      expect([400, 422]).toContain(status)
    }
    expect(house.upstream.hits).toEqual([])
  })

  test('through a chosen integration sends its id', async () => {
    const made = await api('POST', '/integrations', { project_id: house.projectId, name: 'second' })
    const { id } = made.body.integration
    const tool = await newTool()
    await execute(tool, { integration_id: id })
    await execute(tool)
    const ids = house.upstream.hits.map((hit) => hit.headers.get('x-tengine-integration-id'))
    expect(ids).toEqual([String(id), String(house.integrationId)])
  })
})

describe('runs', () => {
  test('are listed newest first, filtered, and page by page', async () => {
    const [good, bad] = [await newTool(), await newTool({ http_method: 'POST' })]
    const made: string[] = []
    for (const [minute, tool] of [good, bad, good, bad, good].entries()) {
      nowMs = startMs + minute * 60_000
      const status = tool === good ? 200 : 500
      house.upstream.answer = () => new Response('{}', { status })
      await (minute < 3 ? call(tool) : execute(tool))
      made.unshift(house.upstream.hits.at(-1)?.headers.get('x-tengine-request-id') ?? '')
    }
    const ids = async (query: string) => (await house.runs(query)).map(({ id }) => id)
    const at = (minute: number) =>
      encodeURIComponent(new Date(startMs + minute * 60_000).toISOString())
    const ours = (await ids('')).filter((id) => made.includes(id))
    expect(ours).toEqual(made)
    const ofGood = made.filter((_id, index) => index % 2 === 0)
    const ofBad = made.filter((_id, index) => index % 2 === 1)
    expect(await ids(`&tool_id=${good.id}`)).toEqual(ofGood)
    expect(await ids(`&tool_id=${bad.id}&state=done`)).toEqual(ofBad)
    expect(await ids(`&tool_id=${bad.id}&state=unknown`)).toEqual([])
    expect(await ids(`&tool_id=${bad.id}&error_code=upstream_status`)).toEqual(ofBad)
    expect(await ids(`&tool_id=${good.id}&since=${at(1)}&until=${at(4)}`)).toEqual(made.slice(2, 3))
    expect(await ids(`&tool_id=${good.id}&integration_id=999`)).toEqual([])
    const sources = (await house.runs(`&tool_id=${good.id}`)).map(({ source }) => source)
    expect(sources).toEqual(['execute', 'mcp', 'mcp'])
    expect(await paged(`&tool_id=${good.id}&limit=1`)).toEqual(ofGood)
  })

  async function paged(query: string): Promise<string[]> {
    const ids: string[] = []
    let cursor: string | null = null
    do {
      const at: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const { body } = await api('GET', `/runs?project_id=${house.projectId}${query}${at}`)
      ids.push(...body.items.map((run: { id: string }) => run.id))
      cursor = body.next_cursor
    } while (cursor !== null)
    return ids
  }

  test('case 290: a cursor that is forged, cut or of another list is 400', async () => {
    await execute(await newTool())
    await execute(await newTool())
    const list = `/runs?project_id=${house.projectId}&limit=1`
    const cursor: string = (await api('GET', list)).body.next_cursor
    const flipped = cursor.startsWith('A') ? `B${cursor.slice(1)}` : `A${cursor.slice(1)}`
    for (const forged of ['x', flipped, cursor.slice(2), `${cursor}AAAA`, btoa('1')]) {
      const answer = await api('GET', `${list}&cursor=${encodeURIComponent(forged)}`)
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } })
    }
    const tools = `/custom-tools?project_id=${house.projectId}&cursor=${cursor}`
    expect((await api('GET', tools)).body.code).toBe('invalid_cursor')
  })

  test('filters that are none are 422 and named', async () => {
    for (const [query, pointer] of [
      ['limit=0', '/limit'],
      ['limit=201', '/limit'],
      ['state=lost', '/state'],
      ['tool_id=x', '/tool_id'],
      ['since=yesterday', '/since'],
      ['project_id=-1', '/project_id'],
    ] as const) {
      const { status, body } = await api('GET', `/runs?${query}`)
      expect({ status, pointer: body.errors[0].pointer }).toEqual({ status: 422, pointer })
    }
  })

  test('are not found under an id that is none', async () => {
    const path = ['x', '0', crypto.randomUUID(), '%00', "'%20or%201=1"]
    for (const id of path) expect((await api('GET', `/runs/${id}`)).status).toBe(404)
  })
})
