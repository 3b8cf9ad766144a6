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

const list: Op = { path: '/things', summary: 'List things' }
const url = () => `${house.upstream.url}/openapi.json`
const open = async (fields: object = { url: url() }) => {
  desk = await SourceDesk.open(house, fields)
}
const answer = (body: string, init: ResponseInit = {}) => {
  house.upstream.answer = () => new Response(body, init)
}

test('a document is fetched, read and planned; nothing becomes a tool before it is applied', async () => {
  await open()
  answer(documentOf(house, [list]))
  const found = await desk.fetch()
  expect(found).toMatchObject({
    state: 'ready',
    document: { title: 'Things', version: '1', spec_version: '3.0' },
    counts: { operations: 1, tools: 1, added: 1 },
    error: null,
  })
  expect(found.tokens.all).toBeGreaterThan(0)
  expect(await desk.tools()).toEqual({})
  expect(house.upstream.hits.map(({ method, target }) => `${method} ${target}`)).toEqual([
    'GET /openapi.json',
  ])
})

test('the next fetch asks whether it changed, by ETag and date', async () => {
  await open()
  const date = 'Sat, 21 Nov 2026 10:00:00 GMT'
  answer(documentOf(house, [list]), { headers: { etag: '"a"', 'last-modified': date } })
  const first = await desk.fetch()
  await desk.apply(first.id)
  house.reset()
  house.upstream.answer = () => new Response(null, { status: 304 })
  expect(await desk.fetch()).toMatchObject({ state: 'unchanged', error: null })
  const [hit] = house.upstream.hits
  expect(hit?.headers.get('if-none-match')).toBe('"a"')
  expect(hit?.headers.get('if-modified-since')).toBe(date)
})

test('a plan that was dropped is fetched again, changed or not', async () => {
  await open()
  answer(documentOf(house, [list]), { headers: { etag: '"a"' } })
  const first = await desk.fetch()
  expect((await desk.call('POST', `/imports/${first.id}/cancel`)).body.state).toBe('cancelled')
  expect(await desk.fetch()).toMatchObject({ state: 'ready' })
  expect(house.upstream.hits.at(-1)?.headers.get('if-none-match')).toBeNull()
})

test.each([
  [404, 'gone', {}, 'status 404'],
  [500, 'oops', {}, 'status 500'],
  [200, '<!doctype html><html></html>', { 'content-type': 'text/html' }, 'web page'],
  [200, '', {}, 'nothing'],
  [302, '', { location: 'https://elsewhere.example/openapi.json' }, 'https://elsewhere.example'],
  [304, null, {}, 'status 304|leads elsewhere'],
] as const)('case 122: an answer of %d with %j fails the import and says why', async (...row) => {
  const [status, body, headers, reason] = row
  await open()
  house.upstream.answer = () => new Response(body, { status, headers })
  const found = await desk.fetch()
  expect(found).toMatchObject({ state: 'failed', error: { code: 'document_unavailable' } })
  expect(found.error.reason).toMatch(new RegExp(reason))
  expect(house.upstream.hits).toHaveLength(1)
})

test.each([
  ['http://169.254.169.254/openapi.json', /egress_denied|base_url_not_https/],
  ['https://10.0.0.1/openapi.json', /egress_denied/],
])('a URL that the egress policy refuses is not dialled: %s', async (address, code) => {
  await open({ url: address })
  const found = await desk.fetch()
  expect(found.state).toBe('failed')
  expect(found.error.code).toMatch(code)
  expect(house.upstream.hits).toEqual([])
})

test.each(['ftp://x.example/a', 'nonsense', 'https://user:pass@x.example/a'])(
  'a URL that is none to fetch is refused at once: %s',
  async (bad) => {
    await open({})
    const made = await house.api('POST', '/api/v1/openapi-sources', {
      project_id: house.projectId,
      name: 'bad',
      url: bad,
    })
    expect(made).toMatchObject({ status: 422, body: { code: 'validation_failed' } })
  },
)

test('an upstream that is not there fails the import', async () => {
  await open({ url: house.upstream.url.replace(/:\d+$/, ':9') })
  const found = await desk.fetch()
  expect(found.state).toBe('failed')
})

test.each([
  ['openapi: [3.0', 'broken YAML'],
  ['{"openapi": "3.0.0", ', 'broken JSON'],
  ['{"hello": "world"}', 'no OpenAPI'],
  ['just words', 'prose'],
])('%j fails the import as %s', async (text) => {
  await open({})
  const found = await desk.import(text)
  expect(found).toMatchObject({ state: 'failed', error: { code: 'document_unreadable' } })
  expect(await desk.operations(found.id)).toEqual([])
})

test('a document that is no UTF-8 is refused with its reason', async () => {
  await open({})
  const { body } = await desk.upload(new Uint8Array([0x7b, 0xff, 0xfe, 0xff, 0x7d]))
  expect(await desk.settled(body.id)).toMatchObject({
    state: 'failed',
    error: { code: 'document_unreadable' },
  })
})

test('an operation that cannot be called is quarantined and spoils no other', async () => {
  await open({})
  const other = { ...list, path: '/elsewhere', servers: [{ url: 'http://10.0.0.1' }] }
  const { id, counts } = await desk.import(documentOf(house, [list, other as Op]))
  expect(counts).toMatchObject({ operations: 2, tools: 1, quarantined: 1 })
  const operations = await desk.operations(id)
  expect(operations.map(({ quarantine }) => quarantine === null)).toEqual([true, false])
  expect((await desk.apply(id)).body).toEqual({ added: 1, changed: 0, removed: 0 })
})

test('a path that could never be sent is quarantined before it takes anybody time', async () => {
  await open({})
  const servers = [{ url: `https://a.example/${'a/'.repeat(300_000)}` }]
  const { id, counts } = await desk.import(documentOf(house, [list], { servers }))
  expect(counts).toMatchObject({ operations: 1, quarantined: 1, tools: 0 })
  const [found] = await desk.operations(id)
  expect(found.quarantine).toContain('longer than 8000 characters')
})

test('a bundle is read from its root, whichever file that is', async () => {
  await open({})
  const form = new FormData()
  const root = JSON.parse(documentOf(house, []))
  root.paths = { '/things': { $ref: './paths/things.json' } }
  const item = { get: { summary: 'List things', responses: { 200: { description: 'ok' } } } }
  form.append('entry', 'api/openapi.json')
  form.append('file', new File([JSON.stringify(item)], 'api/paths/things.json'))
  form.append('file', new File([JSON.stringify(root)], 'api/openapi.json'))
  const { status, body } = await desk.upload(form, '')
  expect({ status, body }).toMatchObject({ status: 202 })
  expect(await desk.settled(body.id)).toMatchObject({ state: 'ready', counts: { operations: 1 } })
})

test.each([
  ['no file', { entry: 'a' }, []],
  ['an entry that is not there', { entry: 'b' }, ['a']],
  ['no entry for several files', {}, ['a', 'b']],
  ['a path twice', { entry: 'a' }, ['a', 'a']],
] as const)('a bundle with %s is refused', async (_what, fields, files) => {
  await open({})
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  for (const name of files) form.append('file', new File(['{}'], name))
  expect(await desk.upload(form, '')).toMatchObject({
    status: 422,
    body: { code: 'validation_failed' },
  })
})

test('a form of very many parts is refused before it is taken apart', async () => {
  await open({})
  const part = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
  const startedAtMs = performance.now()
  const answer = await desk.upload(
    `${part.repeat(600_000)}--b--`,
    'multipart/form-data; boundary=b',
  )
  expect(answer).toMatchObject({ status: 422, body: { code: 'validation_failed' } })
  expect(answer.body.errors[0].message).toContain('more than 5000 files')
  expect(performance.now() - startedAtMs).toBeLessThan(10_000)
  expect((await desk.call('GET', '/imports')).body.items).toEqual([])
})

test('more than 32 MiB is refused, and other bodies are bound as before', async () => {
  await open({})
  const big = 'x'.repeat(32 * 1024 * 1024 + 1)
  expect(await desk.upload(big)).toMatchObject({ status: 413, body: { code: 'body_too_large' } })
  const patched = await desk.call('PATCH', '', `{"name":"${'x'.repeat(1024 * 1024)}"}`)
  expect(patched).toMatchObject({ status: 413, body: { code: 'body_too_large' } })
  const chunked = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024)),
  })
  const response = await fetch(`${house.url}/api/v1/openapi-sources/${desk.id}/imports`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${house.adminToken}`,
      'content-type': 'application/octet-stream',
    },
    body: chunked,
  }).catch(() => null)
  expect([413, undefined]).toContain(response?.status)
  expect((await desk.call('GET', '/imports')).body.items).toEqual([])
})

test('a document sent as application/json is taken as the document', async () => {
  await open({})
  const odd = { name: 'constructor', in: 'query', schema: { type: 'string' } }
  const text = documentOf(house, [{ ...list, parameters: [odd] }])
  for (const type of ['application/json', 'application/vnd.oai.openapi+json']) {
    const { status, body } = await desk.upload(text, type)
    expect(status).toBe(202)
    const settled = await desk.settled(body.id)
    expect(settled).toMatchObject({ state: 'ready', counts: { tools: 1, quarantined: 0 } })
  }
  expect(await desk.upload('{"reuse":1}', 'application/json')).toMatchObject({
    status: 422,
    body: { code: 'validation_failed' },
  })
})

test('a type that is no document is refused', async () => {
  await open({})
  expect(await desk.upload('GIF89a', 'image/gif')).toMatchObject({
    status: 415,
    body: { code: 'unsupported_media_type' },
  })
})

test('a source without a URL takes an upload only', async () => {
  await open({})
  expect(await desk.call('POST', '/imports', {})).toMatchObject({
    status: 422,
    body: { code: 'validation_failed' },
  })
})

test('one import of a source at a time; it can be cancelled while it is fetched', async () => {
  await open()
  const held = Promise.withResolvers<void>()
  house.upstream.answer = async () => {
    await held.promise
    return new Response(documentOf(house, [list]))
  }
  const first = await desk.call('POST', '/imports', {})
  expect(first.body.state).toBe('reading')
  expect(await desk.call('POST', '/imports', {})).toMatchObject({
    status: 409,
    body: { code: 'import_running' },
  })
  const path = `/imports/${first.body.id}/cancel`
  expect(await desk.call('POST', path)).toMatchObject({ body: { state: 'cancelled' } })
  expect(await desk.call('POST', path)).toMatchObject({
    status: 409,
    body: { code: 'import_not_ready' },
  })
  held.resolve()
  for (let round = 0; round < 100; round++) {
    const next = await desk.call('POST', '/imports', {})
    if (next.status === 202) return expect((await desk.settled(next.body.id)).state).toBe('ready')
    await Bun.sleep(10)
  }
  throw new Error('the place is not given back')
})

test('too many imports at once are told to come back', async () => {
  await open()
  const held = Promise.withResolvers<void>()
  house.upstream.answer = async () => {
    await held.promise
    return new Response(documentOf(house, [list]))
  }
  const desks = await Promise.all(
    Array.from({ length: 20 }, () => SourceDesk.open(house, { url: url() })),
  )
  const answers = await Promise.all(desks.map((one) => one.call('POST', '/imports', {})))
  const statuses = answers.map(({ status }) => status)
  expect(statuses.filter((status) => status === 202)).toHaveLength(18)
  expect(answers.find(({ status }) => status !== 202)).toMatchObject({
    status: 429,
    body: { code: 'too_many_imports' },
  })
  held.resolve()
  for (const [index, one] of desks.entries()) {
    if (statuses[index] === 202) await one.settled(answers[index]?.body.id)
    await one.call('DELETE', '')
  }
})

test('too many uploads at once are told to come back before they are in memory', async () => {
  await open({})
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const slow = () =>
    new ReadableStream({
      pull: async (controller) => {
        controller.enqueue(new TextEncoder().encode('x'))
        await released
        controller.close()
      },
    })
  const headers = {
    authorization: `Bearer ${house.adminToken}`,
    'content-type': 'application/octet-stream',
  }
  const target = `${house.url}/api/v1/openapi-sources/${desk.id}/imports`
  const held = Array.from({ length: 8 }, () =>
    fetch(target, { method: 'POST', headers, body: slow() }),
  )
  let refused = await desk.upload('', 'application/octet-stream')
  for (let round = 0; round < 500 && refused.status !== 429; round++) {
    await Bun.sleep(5)
    refused = await desk.upload('', 'application/octet-stream')
  }
  expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_imports' } })
  release()
  await Promise.all(held)
  expect(await desk.upload('', 'application/octet-stream')).toMatchObject({ status: 422 })
})

test('operations are found by tag, method, path, id and text, page by page', async () => {
  await open({})
  const ops = Array.from({ length: 7 }, (_, n) => ({
    path: `/a/${n}`,
    summary: `Op number ${n}`,
    tags: [n % 2 === 0 ? 'even' : 'odd "one"'],
    operationId: `op${n}`,
  }))
  const post = { path: '/b', method: 'post', summary: 'Write', tags: ['even'] }
  const { id } = await desk.import(documentOf(house, [...ops, post]))
  const keys = async (query: string) => (await desk.operations(id, query)).map(({ key }) => key)
  expect(await keys('&tag=even')).toHaveLength(5)
  expect(await keys(`&tag=${encodeURIComponent('odd "one"')}`)).toHaveLength(3)
  expect(await keys('&tag=eve')).toEqual([])
  expect(await keys('&method=POST')).toEqual(['POST /b'])
  expect(await keys('&path=/a/')).toHaveLength(7)
  expect(await keys('&operation_id=op3')).toEqual(['GET /a/3'])
  expect(await keys('&q=NUMBER%205')).toEqual(['GET /a/5'])
  const first = await desk.call('GET', `/imports/${id}/operations?limit=5`)
  const cursor = encodeURIComponent(first.body.next_cursor)
  const second = await desk.call('GET', `/imports/${id}/operations?limit=5&cursor=${cursor}`)
  expect([...first.body.items, ...second.body.items]).toHaveLength(8)
  const stolen = await desk.call('GET', `/imports/${id}/operations?tag=even&cursor=${cursor}`)
  expect(stolen).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } })
  const { body } = await desk.call('GET', `/imports/${id}/tags`)
  expect(body.items).toEqual([
    { name: 'even', description: null, parent: null, operations: 5, reads: 4, writes: 1 },
    { name: 'odd "one"', description: null, parent: null, operations: 3, reads: 3, writes: 0 },
  ])
})
