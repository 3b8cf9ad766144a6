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
const url = () => `${house.upstream.url}/openapi.json`

/** Serves a document as servers do that know what the asker has. */
function serve(text: string, etag: string): void {
  house.upstream.answer = ({ headers }) =>
    headers.get('if-none-match') === etag
      ? new Response(null, { status: 304 })
      : new Response(text, { headers: { etag } })
}

async function fetchAndApply(): Promise<void> {
  const { id, state } = await desk.fetch()
  expect(state).toBe('ready')
  expect(await desk.apply(id)).toMatchObject({ status: 200 })
}

test('a source with another URL is not asked whether the document of the first one changed', async () => {
  desk = await SourceDesk.open(house, { url: url() })
  serve(documentOf(house, [list]), '"a"')
  await fetchAndApply()
  await desk.call('PATCH', '', { url: `${house.upstream.url}/v2.json` })
  serve(documentOf(house, [list, show]), '"a"')
  expect(await desk.fetch()).toMatchObject({ state: 'ready', counts: { added: 1 } })
})

test('what was rolled back is proposed again by the next import, changed or not', async () => {
  desk = await SourceDesk.open(house, { url: url() })
  serve(documentOf(house, [list]), '"a"')
  await fetchAndApply()
  serve(documentOf(house, [list, show]), '"b"')
  await fetchAndApply()
  expect((await desk.call('POST', '/rollback')).status).toBe(200)
  expect(await desk.fetch()).toMatchObject({ state: 'ready', counts: { added: 1 } })
})

test('a plan that an edit by hand made void is made again by the next import', async () => {
  desk = await SourceDesk.open(house, { url: url() })
  serve(documentOf(house, [list]), '"a"')
  await fetchAndApply()
  serve(documentOf(house, [list, show]), '"b"')
  const plan = await desk.fetch()
  const { id } = (await desk.tools())['list_things']
  const edit = { description: 'By hand.' }
  expect((await house.api('PATCH', `/api/v1/custom-tools/${id}`, edit)).status).toBe(200)
  expect((await desk.call('GET', `/imports/${plan.id}`)).body.state).toBe('superseded')
  expect(await desk.fetch()).toMatchObject({ state: 'ready', counts: { added: 1 } })
})
