import { afterAll, beforeAll, expect, test } from 'bun:test'
import { callModern } from '../helpers/mcp_client.ts'
import { type Bootstrapped, type RunningApp, startApp } from '../helpers/running_app.ts'

let app: RunningApp
let made: Bootstrapped
let answer = () => Response.json({ id: 1 })
const upstream = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => answer() })

beforeAll(async () => {
  const origin = `http://127.0.0.1:${upstream.port}`
  app = await startApp({ settings: { egress_allow: [origin] } })
  made = await app.bootstrap()
  const created = await app.api('POST', '/api/v1/custom-tools', {
    project_id: made.project_id,
    name: 'order',
    http_method: 'POST',
    deduplication: { mode: 'off' },
    base_url: origin,
    endpoint_path: '/order',
    output_schema: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] },
  })
  expect(created.status).toBe(201)
})
afterAll(async () => {
  await app.stop()
  await upstream.stop(true)
})

const order = async () => {
  const { body } = await callModern(made.mcp_url, made.api_key, 'tools/call', { name: 'order' })
  return body.result
}

test('case 192: an answer that fits the output_schema is handed over as structured content', async () => {
  answer = () => Response.json({ id: 1 })
  expect(await order()).toMatchObject({ structuredContent: { id: 1 } })
})

test.each([
  ['breaks the schema', () => Response.json({ id: 'one' })],
  ['is not JSON', () => new Response('done')],
  [
    'repeats a key',
    () => new Response('{"id":1,"id":2}', { headers: { 'content-type': 'application/json' } }),
  ],
])(
  'case 192: an answer that %s is an error that says the request was carried out',
  async (_, make) => {
    answer = make
    const result = await order()
    expect(result).toMatchObject({ isError: true })
    expect(result._meta['tengine/error']).toMatchObject({ status: 502, code: 'output_schema' })
    expect(result.content[0].text).toContain('The request was carried out; do not repeat it.')
    const runs = await app.api('GET', `/api/v1/runs?project_id=${made.project_id}&limit=1`)
    expect(runs.body.items[0]).toMatchObject({
      state: 'done',
      upstream_status: 200,
      error_code: 'output_schema',
    })
  },
)
