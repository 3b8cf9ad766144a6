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
const show: Op = { path: '/others', summary: 'List others' }
const bearer = { strategy: 'static_bearer', secret: 'a-secret-of-the-source' }

/** A document whose second operation is served elsewhere. */
function twoHosts(second: Op = show, url = 'https://elsewhere.example'): string {
  const document = JSON.parse(documentOf(house, [list, second]))
  document.paths[second.path][second.method ?? 'get'].servers = [{ url }]
  return JSON.stringify(document)
}

test('case 282: a new tool does not take the secret of its source to a host nobody accepted', async () => {
  desk = await SourceDesk.open(house)
  await desk.become(documentOf(house, [list]))
  await desk.call('PUT', '/auth', bearer)
  const { id, counts } = await desk.import(twoHosts())
  expect(counts).toMatchObject({ added: 1, dangerous: 1 })
  const refused = await desk.apply(id)
  expect(refused).toMatchObject({ status: 409, body: { code: 'dangerous_changes' } })
  expect(refused.body.errors).toEqual([{ pointer: '/GET ~1others', message: 'list_others: host' }])
  expect(Object.keys(await desk.tools())).toEqual(['list_things'])
  expect((await desk.apply(id, { accept_dangerous: true })).body).toMatchObject({ added: 1 })
})

test('case 282: nor where a filter chooses it only when the plan is applied', async () => {
  desk = await SourceDesk.open(house, { filter: { paths: ['/things'] } })
  await desk.become(documentOf(house, [list]))
  const { id, counts } = await desk.import(twoHosts())
  expect(counts).toMatchObject({ added: 0, dangerous: 0, left_out: 1 })
  const refused = await desk.apply(id, { filter: {} })
  expect(refused).toMatchObject({ status: 409, body: { code: 'dangerous_changes' } })
  expect(Object.keys(await desk.tools())).toEqual(['list_things'])
})

test('the hosts of a first import are as they are chosen', async () => {
  desk = await SourceDesk.open(house)
  expect(await desk.become(twoHosts())).toMatchObject({ added: 2 })
})

test('what stands where another was and cannot be called stays quarantined', async () => {
  desk = await SourceDesk.open(house)
  await desk.become(documentOf(house, [list, show]))
  const heir: Op = { ...show, method: 'delete' }
  const { id, counts } = await desk.import(twoHosts(heir, 'http://plain.example'))
  expect(counts).toMatchObject({ quarantined: 1, added: 0, dangerous: 0 })
  const found = (await desk.operations(id)).find(({ method }) => method === 'DELETE')
  expect(found).toMatchObject({ change: 'unchanged', is_dangerous: false })
  expect(found?.quarantine).toContain('HTTPS')
})

test.each([
  [{ strategy: 'static_header', header_name: 'Content-Length', secret: '5' }, '/header_name'],
  [{ strategy: 'static_bearer', secret: 'abc\r\nX: 1' }, '/secret'],
  [
    { strategy: 'oauth_client_credentials', secret: 'a:b', oauth: { token_url: 'file:///x' } },
    '/oauth/token_url',
  ],
])(
  'auth that no tool could be called with is refused before there are tools: %j',
  async (auth, pointer) => {
    desk = await SourceDesk.open(house)
    const refused = await desk.call('PUT', '/auth', auth)
    expect(refused).toMatchObject({ status: 422, body: { code: 'validation_failed' } })
    expect(refused.body.errors[0].pointer).toBe(pointer)
    expect((await desk.call('GET', '')).body.auth).toBeNull()
  },
)

test('an override that no answer could be shaped with is refused before there is a tool', async () => {
  desk = await SourceDesk.open(house)
  const path = `/overrides/${encodeURIComponent('GET /things')}`
  const refused = await desk.call('PUT', path, { response: { projection: 'a[[[' } })
  expect(refused).toMatchObject({ status: 422, body: { code: 'validation_failed' } })
  expect(refused.body.errors[0].pointer).toBe('/response/projection')
  expect((await desk.call('GET', '/overrides')).body.items).toEqual([])
})

test('auth that was set after an apply survives its rollback', async () => {
  desk = await SourceDesk.open(house)
  await desk.become(documentOf(house, [list]))
  await desk.become(documentOf(house, [list, show]))
  await desk.call('PUT', '/auth', bearer)
  expect((await desk.call('POST', '/rollback')).body).toMatchObject({ removed: 1, changed: 0 })
  const tool = (await desk.tools())['list_things']
  await house.api('POST', `/api/v1/custom-tools/${tool.id}/execute`, { arguments: {} })
  const sent = house.upstream.hits.map(({ headers }) => headers.get('authorization'))
  expect(sent).toEqual([`Bearer ${bearer.secret}`])
})
