import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { type House, startHouse } from './house.ts'
import { documentOf, type Op, SourceDesk } from './openapi_world.ts'

let house: House
let desk: SourceDesk

beforeAll(async () => {
  house = await startHouse()
})
afterEach(async () => {
  await desk.call('DELETE', '')
  house.reset()
})
afterAll(() => house.stop())

const open = async (fields: object = {}) => {
  desk = await SourceDesk.open(house, fields)
  return desk
}
const query = (name: string, schema: object = { type: 'string' }, required = false) => ({
  in: 'query',
  name,
  required,
  schema,
})
const list: Op = { path: '/things', summary: 'List things', tags: ['things'] }
const create: Op = {
  path: '/things',
  method: 'post',
  summary: 'Create a thing',
  tags: ['things'],
  requestBody: { content: { 'application/json': { schema: { type: 'object' } } } },
}
const show: Op = {
  path: '/things/{id}',
  summary: 'Show a thing',
  tags: ['one'],
  parameters: [{ in: 'path', name: 'id', required: true, schema: { type: 'string' } }],
}
const text = (...ops: Op[]) => documentOf(house, ops)

test('reads become enabled tools and writes disabled ones, all at once, with one audit event', async () => {
  await open()
  expect(await desk.become(text(list, create, show))).toEqual({ added: 3, changed: 0, removed: 0 })
  const tools = await desk.tools()
  expect(Object.keys(tools).sort()).toEqual(['create_thing', 'list_things', 'show_thing'])
  expect(tools['list_things']).toMatchObject({ is_enabled: true, version: 1, tags: ['things'] })
  expect(tools['create_thing']).toMatchObject({ is_enabled: false })
  const { body } = await house.api('GET', '/api/v1/audit?limit=1')
  expect(body.items[0]).toMatchObject({
    action: 'openapi_source.apply',
    details: { added: 3, changed: 0, removed: 0 },
  })
})

test('an imported tool is called as the document says', async () => {
  await open()
  await desk.become(text(show))
  const tool = (await desk.tools())['show_thing']
  const call = { arguments: { pathParams: { id: 'a b' } } }
  const answer = await house.api('POST', `/api/v1/custom-tools/${tool.id}/execute`, call)
  expect(answer.status).toBe(200)
  expect(house.upstream.hits.map(({ method, target }) => `${method} ${target}`)).toEqual([
    'GET /things/a%20b',
  ])
})

test('a second apply of the same import is refused and changes nothing', async () => {
  await open()
  const { id } = await desk.import(text(list))
  expect((await desk.apply(id)).status).toBe(200)
  expect(await desk.apply(id)).toMatchObject({ status: 409, body: { code: 'import_not_ready' } })
  expect((await desk.tools())['list_things'].version).toBe(1)
})

test('two applies at the same moment: one happens', async () => {
  await open()
  const { id } = await desk.import(text(list, show))
  const answers = await Promise.all([desk.apply(id), desk.apply(id)])
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
  expect(Object.keys(await desk.tools())).toHaveLength(2)
})

test('a plan made before another was applied is superseded', async () => {
  await open()
  const first = await desk.import(text(list))
  await desk.become(text(list, show))
  expect(await desk.apply(first.id)).toMatchObject({
    status: 409,
    body: { code: 'import_superseded' },
  })
  expect(Object.keys(await desk.tools())).toHaveLength(2)
})

test('a re-import shows what is added, changed and removed, and applies exactly that', async () => {
  await open()
  await desk.become(text(list, create))
  const before = await desk.tools()
  const changed = { ...list, parameters: [query('limit', { type: 'integer' })] }
  const { id, counts } = await desk.import(text(changed, show))
  expect(counts).toMatchObject({ added: 1, changed: 1, removed: 1, unchanged: 0, tools: 2 })
  const byKey = Object.fromEntries((await desk.operations(id)).map((one) => [one.key, one]))
  expect(byKey['GET /things']).toMatchObject({ change: 'changed', is_dangerous: false })
  expect(byKey['GET /things'].changes[0].field).toContain('limit')
  expect(byKey['POST /things']).toMatchObject({ change: 'removed', is_gone: true })
  expect((await desk.operations(id, '&change=added')).map(({ key }) => key)).toEqual([
    'GET /things/{id}',
  ])
  expect((await desk.apply(id)).body).toEqual({ added: 1, changed: 1, removed: 1 })
  const after = await desk.tools()
  expect(Object.keys(after).sort()).toEqual(['list_things', 'show_thing'])
  expect(after['list_things']).toMatchObject({ id: before['list_things'].id, version: 2 })
  const gone = await house.api('GET', `/api/v1/custom-tools/${before['create_thing'].id}`)
  expect(gone.status).toBe(404)
})

test('a tool keeps its name and its id when the summary of its operation changes', async () => {
  await open()
  await desk.become(text(list))
  const { id } = (await desk.tools())['list_things']
  await desk.become(text({ ...list, summary: 'Enumerate all of them' }))
  expect((await desk.tools())['list_things'].id).toBe(id)
})

test('case 282: a dangerous change is named and refused until it is accepted', async () => {
  await open()
  await desk.become(text(list))
  const moved = documentOf(house, [list], { servers: [{ url: 'https://elsewhere.example' }] })
  const { id, counts } = await desk.import(moved)
  expect(counts.dangerous).toBe(1)
  const refused = await desk.apply(id)
  expect(refused).toMatchObject({ status: 409, body: { code: 'dangerous_changes' } })
  expect(refused.body.errors).toEqual([{ pointer: '/GET ~1things', message: 'list_things: host' }])
  expect((await desk.tools())['list_things'].base_url).toBe(house.upstream.url)
  expect((await desk.apply(id, { accept_dangerous: true })).status).toBe(200)
  expect((await desk.tools())['list_things'].base_url).toBe('https://elsewhere.example')
})

test('case 282: a write that stands where a read was is dangerous', async () => {
  await open()
  await desk.become(text(list))
  const { id } = await desk.import(text({ ...list, method: 'delete' }))
  const refused = await desk.apply(id)
  expect(refused).toMatchObject({ status: 409, body: { code: 'dangerous_changes' } })
  expect(refused.body.errors[0].pointer).toBe('/DELETE ~1things')
  expect((await desk.tools())['list_things'].http_method).toBe('GET')
})

test('a tool changed by hand while it is applied: conflict, and nothing changed', async () => {
  await open()
  const many = Array.from({ length: 150 }, (_, n) => ({
    ...list,
    path: `/t${n}`,
    summary: `T ${n}`,
  }))
  await desk.become(text(...many))
  const tool = (await desk.tools())['t_0']
  const { id } = await desk.import(text(...many.map((op) => ({ ...op, parameters: [query('q')] }))))
  const applying = desk.apply(id)
  let isApplying = true
  const done = applying.finally(() => {
    isApplying = false
  })
  const edits: { status: number }[] = []
  for (let n = 2; isApplying && n < 40; n++) {
    const change = { timeout_ms: 1000 * n }
    edits.push(await house.api('PATCH', `/api/v1/custom-tools/${tool.id}`, change))
  }
  await done
  const answer = await applying
  expect(edits.some(({ status }) => status === 200)).toBe(true)
  expect(answer).toMatchObject({ status: 409, body: { code: 'version_conflict' } })
  const tools = Object.values(await desk.tools())
  expect(tools.filter(({ version }) => version > 1).map(({ name }) => name)).toEqual(['t_0'])
  const { body } = await house.api('GET', `/api/v1/custom-tools/${tools[5].id}/versions`)
  expect(body.items).toHaveLength(1)
  // Nothing is in the way of trying again.
  expect((await desk.apply(id)).body).toMatchObject({ changed: 150 })
})

test('rollback restores definitions, enabled flags and deleted tools in one step', async () => {
  await open()
  await desk.become(text(list, create))
  const before = await desk.tools()
  await desk.become(text({ ...list, parameters: [query('q')] }, show))
  const rolled = await desk.call('POST', '/rollback')
  expect(rolled).toMatchObject({ status: 200, body: { added: 1, changed: 1, removed: 1 } })
  const after = await desk.tools()
  expect(Object.keys(after).sort()).toEqual(['create_thing', 'list_things'])
  for (const name of Object.keys(after)) {
    expect(after[name].content_hash).toBe(before[name].content_hash)
    expect(after[name].is_enabled).toBe(before[name].is_enabled)
    expect(after[name].id).toBe(before[name].id)
  }
  expect(await desk.call('POST', '/rollback')).toMatchObject({
    status: 409,
    body: { code: 'nothing_to_roll_back' },
  })
  // The next import starts from there.
  const { counts } = await desk.import(text(list, create))
  expect(counts).toMatchObject({ added: 0, changed: 0, removed: 0, unchanged: 2 })
})

test('rollback of the first apply deletes what it made', async () => {
  await open()
  await desk.become(text(list))
  expect((await desk.call('POST', '/rollback')).body).toEqual({ added: 0, changed: 0, removed: 1 })
  expect(await desk.tools()).toEqual({})
})

test('what is changed by hand is kept as an override and survives; what the document says is refused', async () => {
  await open()
  await desk.become(text(list))
  const { id } = (await desk.tools())['list_things']
  const edit = { name: 'things', description: 'Mine.', is_enabled: false, timeout_ms: 1234 }
  expect((await house.api('PATCH', `/api/v1/custom-tools/${id}`, edit)).status).toBe(200)
  const { body } = await desk.call('GET', '/overrides')
  expect(body.items).toMatchObject([
    { key: 'GET /things', name: 'things', description: 'Mine.', is_enabled: false },
  ])
  await desk.become(text({ ...list, parameters: [query('q')], description: 'New prose' }))
  expect((await desk.tools())['things']).toMatchObject({ id, ...edit })
  const response = { projection: 'items' }
  const shaped = await house.api('PATCH', `/api/v1/custom-tools/${id}`, { response })
  expect(shaped.body.response).toMatchObject(response)
  await house.api('PATCH', `/api/v1/custom-tools/${id}`, { response: null })
  const { body: left } = await desk.call('GET', '/overrides')
  expect(left.items[0]).not.toHaveProperty('response')
  expect(left.items[0]).toMatchObject({ name: 'things', is_enabled: false })
  for (const change of [{ base_url: 'https://other.example' }, { http_method: 'DELETE' }]) {
    const refused = await house.api('PATCH', `/api/v1/custom-tools/${id}`, change)
    expect(refused).toMatchObject({ status: 422, body: { code: 'validation_failed' } })
  }
})

test('an override is applied at once, survives, and can be taken back', async () => {
  await open()
  await desk.become(text(list))
  const key = encodeURIComponent('GET /things')
  const put = await desk.call('PUT', `/overrides/${key}`, { name: 'mine', is_enabled: false })
  expect(put).toMatchObject({ status: 200, body: { key: 'GET /things', name: 'mine' } })
  expect((await desk.tools())['mine']).toMatchObject({ version: 2, is_enabled: false })
  await desk.become(text(list, show))
  expect((await desk.tools())['mine']).toMatchObject({ version: 2, is_enabled: false })
  expect((await desk.call('DELETE', `/overrides/${key}`)).status).toBe(204)
  expect((await desk.call('GET', '/overrides')).body.items).toEqual([])
})

test('an override while a plan waits makes the plan anew', async () => {
  await open()
  const { id } = await desk.import(text(list))
  const key = encodeURIComponent('GET /things')
  await desk.call('PUT', `/overrides/${key}`, { name: 'mine' })
  expect((await desk.settled(id)).state).toBe('superseded')
  const newest = await desk.newest()
  expect(newest).toMatchObject({ state: 'ready' })
  expect((await desk.operations(newest.id)).map(({ name }) => name)).toEqual(['mine'])
})

test('new settings plan the kept document anew without fetching it', async () => {
  await open()
  await desk.become(text(list))
  expect((await desk.call('PATCH', '', { settings: { name_prefix: 'x_' } })).status).toBe(200)
  expect(await desk.newest()).toMatchObject({ state: 'ready' })
  expect(house.upstream.hits).toEqual([])
})

test('a filter chooses at apply time, is kept, and what it leaves out goes', async () => {
  await open()
  await desk.become(text(list, create, show))
  const { id } = await desk.import(text(list, create, show))
  const applied = await desk.apply(id, { filter: { tags: ['one'] } })
  expect(applied.body).toEqual({ added: 0, changed: 0, removed: 2 })
  expect(Object.keys(await desk.tools())).toEqual(['show_thing'])
  expect((await desk.call('GET', '')).body.filter.tags).toEqual(['one'])
  const back = await desk.import(text(list, create, show))
  expect(back.counts).toMatchObject({ operations: 3, left_out: 2, tools: 1, unchanged: 1 })
})

test('enable says which new tools are enabled', async () => {
  await open()
  await desk.become(text(list, create), { enable: { reads: false, writes: true } })
  const tools = await desk.tools()
  expect([tools['list_things'].is_enabled, tools['create_thing'].is_enabled]).toEqual([false, true])
})

test('names of other tools of the project are left alone', async () => {
  const other = await house.addTool({ name: 'list_things' })
  await open()
  await desk.become(text(list))
  const names = Object.keys(await desk.tools())
  expect(names).toHaveLength(2)
  expect((await desk.tools())['list_things'].id).toBe(other.id)
  await house.api('DELETE', `/api/v1/custom-tools/${other.id}`)
})

test('a name that another tool takes after the plan was made: refused, nothing changed', async () => {
  await open()
  const { id } = await desk.import(text(list, show))
  const other = await house.addTool({ name: 'list_things' })
  expect(await desk.apply(id)).toMatchObject({ status: 409, body: { code: 'name_taken' } })
  expect(Object.keys(await desk.tools())).toEqual(['list_things'])
  await house.api('DELETE', `/api/v1/custom-tools/${other.id}`)
})

test('auth is set on all tools at once, sealed, and used for tools added later', async () => {
  await open()
  await desk.become(text(list))
  const auth = { strategy: 'static_header', header_name: 'X-Key', secret: 'upstream secret' }
  const set = await desk.call('PUT', '/auth', auth)
  expect(set).toMatchObject({ status: 200, body: { auth: { has_secret: true } } })
  expect(JSON.stringify(set.body)).not.toContain('upstream secret')
  await desk.become(text(list, show))
  const tools = await desk.tools()
  for (const name of ['list_things', 'show_thing']) {
    expect(tools[name]).toMatchObject({ auth_strategy: 'static_header', has_auth_secret: true })
    const call = { arguments: name === 'list_things' ? {} : { pathParams: { id: '1' } } }
    await house.api('POST', `/api/v1/custom-tools/${tools[name].id}/execute`, call)
  }
  expect(house.upstream.hits.map(({ headers }) => headers.get('x-key'))).toEqual([
    'upstream secret',
    'upstream secret',
  ])
  expect(await desk.call('PUT', '/auth', { strategy: 'basic', secret: '' })).toMatchObject({
    status: 400,
    body: { code: 'auth_secret_required' },
  })
})

test('a tool deleted by an apply comes back with its secret', async () => {
  await open()
  await desk.become(text(list, show))
  await desk.call('PUT', '/auth', { strategy: 'static_bearer', secret: 'kept' })
  await desk.become(text(show))
  await desk.call('POST', '/rollback')
  const tool = (await desk.tools())['list_things']
  await house.api('POST', `/api/v1/custom-tools/${tool.id}/execute`, { arguments: {} })
  expect(house.upstream.hits[0]?.headers.get('authorization')).toBe('Bearer kept')
})

test('deleting a source deletes its tools and leaves their runs', async () => {
  await open()
  await desk.become(text(list))
  const tool = (await desk.tools())['list_things']
  await house.api('POST', `/api/v1/custom-tools/${tool.id}/execute`, { arguments: {} })
  expect((await desk.call('DELETE', '')).status).toBe(204)
  expect(await desk.tools()).toEqual({})
  expect((await house.runs(`&tool_id=${tool.id}`)).length).toBe(1)
  expect((await desk.call('GET', '')).status).toBe(404)
})

test('the whole would-be tool is shown, with what the document takes as proof', async () => {
  await open()
  const secured = documentOf(house, [list], {
    components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Key' } } },
    security: [{ key: [] }],
  })
  const { id } = await desk.import(secured)
  const key = encodeURIComponent('GET /things')
  const { body } = await desk.call('GET', `/imports/${id}/operations/${key}/definition`)
  expect(body).toMatchObject({
    operation: { key: 'GET /things' },
    definition: { name: 'list_things', http_method: 'GET', endpoint_path: '/things' },
    auth_choices: [{ strategy: 'static_header', header_name: 'X-Key' }],
  })
})
