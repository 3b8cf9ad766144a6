import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { mcpHeaders } from '../helpers/mcp_client.ts'
import { type RepeatWorld, startRepeatWorld } from './repeat_world.ts'

let world: RepeatWorld
let count = 0

beforeAll(async () => {
  world = await startRepeatWorld()
})
beforeEach(() => {
  world.upstream.hits.length = 0
  world.upstream.answer = () => Response.json({ number: ++count })
})
afterAll(() => world.stop())

const schema = { type: 'object', properties: { id: { type: 'string' } } }
async function newTool(fields: Record<string, unknown> = {}): Promise<string> {
  const name = `tool-${++count}`
  await world.addTool(name, { http_method: 'POST', input_schema: schema, ...fields })
  return name
}
const hits = () => world.upstream.hits.length
const newKey = () => `key-${crypto.randomUUID()}`

describe('a request that its caller names', () => {
  test.each(['identical', 'key'])(
    'case 205: in mode %s is answered from the first for 24 h',
    async (mode) => {
      const tool = await newTool({ deduplication: { mode, window_seconds: 5 } })
      const key = newKey()
      const first = await world.call(tool, { id: 'a' }, { key })
      world.pass(86_000_000)
      const again = await world.call(tool, { id: 'a' }, { key })
      expect(again).toMatchObject({ isReplayed: true, runId: first.runId, code: null })
      expect(again.structured).toEqual(first.structured)
      expect(again.text).toContain('under the same idempotency key, nothing was sent again')
      expect(hits()).toBe(1)
      const run = await world.run(first.runId)
      expect(run.idempotency_key).toBe(`${key.slice(0, 8)}…`)
      expect(run.explanation).toContain('1 later same-key call was answered from it')
      world.pass(500_000)
      expect((await world.call(tool, { id: 'a' }, { key })).isReplayed).toBe(false)
    },
  )

  test('may be named by the header too, and both doors know the same key', async () => {
    const tool = await newTool()
    const header = newKey()
    const first = await world.call(tool, {}, { header })
    expect(await world.call(tool, {}, { key: header })).toMatchObject({
      isReplayed: true,
      runId: first.runId,
    })
    expect(hits()).toBe(1)
  })

  test('is sent under another key, within the window of an identical call', async () => {
    const tool = await newTool()
    const runs = [
      await world.call(tool),
      await world.call(tool, {}, { key: newKey() }),
      await world.call(tool, {}, { key: newKey() }),
    ]
    expect(runs.map(({ isReplayed }) => isReplayed)).toEqual([false, false, false])
    expect(hits()).toBe(3)
  })

  test('case 205: an error of the upstream is its answer', async () => {
    const tool = await newTool()
    const key = newKey()
    world.upstream.answer = () => new Response('{"why":"taken"}', { status: 422 })
    const first = await world.call(tool, {}, { key })
    world.upstream.answer = () => Response.json({ ok: true })
    const again = await world.call(tool, {}, { key })
    expect(again).toMatchObject({
      code: 'upstream_status',
      isReplayed: true,
      runId: first.runId,
      status: 422,
    })
    expect(again.text).toContain('taken')
    expect(hits()).toBe(1)
  })

  test('case 204: other arguments or another tool under the key are refused unsent', async () => {
    const [tool, other] = [await newTool(), await newTool()]
    const key = newKey()
    const first = await world.call(tool, { id: 'a' }, { key })
    for (const refused of [
      await world.call(tool, { id: 'b' }, { key }),
      await world.call(other, { id: 'a' }, { key }),
    ]) {
      expect(refused).toMatchObject({ code: 'idempotency_key_reuse', errorStatus: 422 })
      expect(refused.text).toContain(first.runId)
    }
    expect(hits()).toBe(1)
    expect(await world.run(first.runId)).toMatchObject({ replays: 0 })
  })

  test('case 204: the same while the first is under way', async () => {
    const tool = await newTool()
    const key = newKey()
    const { promise, resolve } = Promise.withResolvers<Response>()
    world.upstream.answer = () => promise
    const first = world.call(tool, { id: 'a' }, { key })
    while (hits() === 0) await Bun.sleep(2)
    expect((await world.call(tool, { id: 'b' }, { key })).code).toBe('idempotency_key_reuse')
    resolve(Response.json({ ok: true }))
    expect((await first).code).toBeNull()
    expect(hits()).toBe(1)
  })

  test("case 216: another caller's equal key is another key", async () => {
    const tool = await newTool()
    const key = newKey()
    const second = await world.addIntegration()
    await world.call(tool, { id: 'a' }, { key })
    const other = await world.call(tool, { id: 'b' }, { key, token: second.key })
    expect(other).toMatchObject({ isReplayed: false, code: null })
    expect(hits()).toBe(2)
  })

  test.each([
    ['empty', ''],
    ['10 KB', 'x'.repeat(10_240)],
    ['256 characters', 'x'.repeat(256)],
    ['beyond ASCII', 'schlüssel'],
    ['with a space', 'a b'],
    ['a number', 7],
    ['an object', {}],
  ])('case 216: a key that is %s is refused unsent', async (_what, key) => {
    const refused = await world.call(await newTool(), {}, { key })
    expect(refused).toMatchObject({ code: 'idempotency_key_invalid', errorStatus: 400 })
    expect(hits()).toBe(0)
  })

  test('case 216: 255 characters are a key', async () => {
    const options = { key: '~'.repeat(255) }
    const tool = await newTool()
    await world.call(tool, {}, options)
    expect((await world.call(tool, {}, options)).isReplayed).toBe(true)
  })

  test('a tool whose deduplication is off refuses a key, for it would keep no promise', async () => {
    const tool = await newTool({ deduplication: { mode: 'off' } })
    const refused = await world.call(tool, {}, { key: newKey() })
    expect(refused).toMatchObject({ code: 'idempotency_key_off', errorStatus: 422 })
    expect(hits()).toBe(0)
  })

  test('a read is answered from the first too', async () => {
    const tool = await newTool({ http_method: 'GET' })
    const key = newKey()
    await world.call(tool, {}, { key })
    expect((await world.call(tool, {}, { key })).isReplayed).toBe(true)
    expect(hits()).toBe(1)
  })

  test('a read that its caller left is asked again under its key', async () => {
    const tool = await newTool({ http_method: 'GET' })
    const key = newKey()
    world.upstream.answer = () => new Promise(() => {})
    const leave = new AbortController()
    const params = { name: tool, arguments: {}, _meta: { 'tengine/idempotency_key': key } }
    fetch(world.url, {
      method: 'POST',
      headers: mcpHeaders(world.project.api_key),
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
      signal: leave.signal,
    }).catch(() => {})
    while (hits() === 0) await Bun.sleep(2)
    world.upstream.answer = () => Response.json({ ok: true })
    leave.abort()
    expect(await world.call(tool, {}, { key })).toMatchObject({ code: null, isReplayed: false })
    expect(hits()).toBe(2)
  })

  test('execute takes the header, with real statuses', async () => {
    const name = `tool-${++count}`
    const id = await world.addTool(name, { http_method: 'POST', input_schema: schema })
    const execute = async (key: string, args: object) => {
      const response = await fetch(`${world.app.url}/api/v1/custom-tools/${id}/execute`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${world.project.admin_token}`,
          'content-type': 'application/json',
          'idempotency-key': key,
        },
        body: JSON.stringify({ arguments: args }),
      })
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    }
    const key = newKey()
    const first = await execute(key, { id: 'a' })
    const again = await execute(key, { id: 'a' })
    expect(again).toMatchObject({
      status: 200,
      body: { replayed: true, run_id: first.body.run_id },
    })
    const reused = await execute(key, { id: 'b' })
    expect(reused).toMatchObject({ status: 422, body: { code: 'idempotency_key_reuse' } })
    const bad = await execute('a b', {})
    expect(bad).toMatchObject({ status: 400, body: { code: 'idempotency_key_invalid' } })
    expect(hits()).toBe(1)
  })
})

describe('what does not use a key up', () => {
  test('case 206: arguments that do not fit, an upstream out of bounds, one that is not there', async () => {
    const key = newKey()
    const tool = await newTool()
    expect((await world.call(tool, { id: 7 }, { key })).code).toBe('invalid_arguments')
    const outside = await newTool({ base_url: 'https://10.1.2.3' })
    expect((await world.call(outside, { id: 'a' }, { key })).code).toBe('egress_denied')
    expect(hits()).toBe(0)
    const sent = await world.call(tool, { id: 'a' }, { key })
    expect(sent).toMatchObject({ code: null, isReplayed: false })
    expect(hits()).toBe(1)
  })
})

describe('what a stored answer does not get around', () => {
  test('case 219: a tool that was switched off, a key that was revoked', async () => {
    const { id, key: token } = await world.addIntegration()
    const name = `tool-${++count}`
    const tool = await world.addTool(name, { http_method: 'POST' })
    const key = newKey()
    await world.call(name, {}, { key, token })
    await world.app.api('PATCH', `/api/v1/custom-tools/${tool}`, { is_enabled: false })
    expect((await world.call(name, {}, { key, token })).code).toBe('tool_not_enabled')
    await world.app.api('PATCH', `/api/v1/custom-tools/${tool}`, { is_enabled: true })
    expect((await world.call(name, {}, { key, token })).isReplayed).toBe(true)
    await world.app.api('PATCH', `/api/v1/integrations/${id}`, { is_active: false })
    await expect(world.call(name, {}, { key, token })).rejects.toThrow()
    expect(hits()).toBe(1)
  })

  test('case 220: an answer too large to keep is told of, never another body', async () => {
    const tool = await newTool({ max_response_bytes: 4_000_000 })
    const key = newKey()
    world.upstream.answer = () => Response.json({ text: crypto.randomUUID().repeat(40_000) })
    const first = await world.call(tool, {}, { key })
    const again = await world.call(tool, {}, { key })
    expect(hits()).toBe(1)
    expect(again).toMatchObject({ isReplayed: true, runId: first.runId, status: 200, code: null })
    expect(again.structured).toBeUndefined()
    expect(again.text).toMatch(/its answer of \d+ bytes \(SHA-256 [0-9a-f]{64}\) is above/)
    expect(again.text).toContain(first.runId)
    expect(again.text.length).toBeLessThan(800)
  })

  test('case 218: setting the clock ends no claim early and lets none live on', async () => {
    const tool = await newTool({ deduplication: { window_seconds: 60 } })
    for (const byMs of [7_200_000, -7_200_000]) {
      const id = crypto.randomUUID()
      await world.call(tool, { id })
      world.setClock(byMs)
      expect((await world.call(tool, { id })).isReplayed).toBe(true)
      world.pass(61_000)
      expect((await world.call(tool, { id })).isReplayed).toBe(false)
      world.setClock(-byMs)
    }
    expect(hits()).toBe(4)
  })
})
