import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type RunningBinary, startBinary } from './running_binary.ts'

let server: RunningBinary
beforeAll(async () => {
  server = await startBinary([])
})
afterAll(async () => {
  await server.stop()
})

const document = JSON.stringify({
  openapi: '3.1.0',
  info: { title: 'T', version: '1' },
  servers: [{ url: 'https://api.example.com' }],
  paths: { '/a': { get: { summary: 'Read', responses: { 200: { description: 'ok' } } } } },
})

test('the executable reads an OpenAPI document in its worker', async () => {
  const { admin_token, project_id } = await server.run(['bootstrap', '--project', 'demo'])
  const call = async (path: string, init: { body?: string; type?: string } = {}) => {
    const response = await fetch(`${server.url}/api/v1/openapi-sources${path}`, {
      method: init.body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${admin_token}`,
        'content-type': init.type ?? 'application/json',
      },
      ...(init.body === undefined ? {} : { body: init.body }),
    })
    // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
    return (await response.json()) as any
  }
  const { id } = await call('', { body: JSON.stringify({ project_id, name: 'a' }) })
  const upload = { body: document, type: 'application/octet-stream' }
  let found = await call(`/${id}/imports`, upload)
  while (found.state === 'reading') {
    await Bun.sleep(20)
    found = await call(`/${id}/imports/${found.id}`)
  }
  expect(found).toMatchObject({ state: 'ready', counts: { tools: 1 }, error: null })
})
