import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { temporaryDir } from '../helpers/temporary_dir.ts'
import type { Hit } from './mcp_fixture.ts'
import { type RepeatWorld, startRepeatWorld } from './repeat_world.ts'

let world: RepeatWorld
let count = 0

const never = () => new Promise<Response>(() => {})
/** What the API knows of its orders; asked for by a search. */
const orders = new Set<string>()
let writes: (hit: Hit) => Response | Promise<Response> = never

beforeAll(async () => {
  world = await startRepeatWorld()
})
beforeEach(() => {
  world.rightClocks()
  world.upstream.hits.length = 0
  orders.clear()
  writes = never
  world.upstream.answer = (hit) => (hit.method === 'GET' ? search(hit) : writes(hit))
})
afterAll(() => world.stop())

function search({ target }: Hit): Response {
  const wanted = new URLSearchParams(target.split('?')[1]).get('ref') ?? ''
  return Response.json({ items: orders.has(wanted) ? [{ ref: wanted }] : [] })
}

const schema = { type: 'object', properties: { ref: { type: 'string' } } }
const rule = { path: '/orders', query: { ref: '{ref}' }, done: 'items[0]' }
async function newTool(fields: Record<string, unknown> = {}): Promise<string> {
  const name = `tool-${++count}`
  const basics = { http_method: 'POST', input_schema: schema, timeout_ms: 300 }
  await world.addTool(name, { ...basics, ...fields })
  return name
}
const sent = () => world.upstream.hits.filter(({ method }) => method === 'POST').length
const asked = () => world.upstream.hits.filter(({ method }) => method === 'GET')
const settle = (id: string, verb: string, body: object = {}) =>
  world.app.api('POST', `/api/v1/runs/${id}/${verb}`, body)

describe('a write whose outcome is unknown', () => {
  test('case 209: is not sent again when the call is repeated, with a key or without', async () => {
    for (const options of [{}, { key: crypto.randomUUID() }]) {
      world.upstream.hits.length = 0
      const tool = await newTool()
      const first = await world.call(tool, {}, options)
      expect(first).toMatchObject({ code: 'outcome_unknown', errorStatus: 409 })
      writes = () => Response.json({ ok: true })
      const again = await world.call(tool, {}, options)
      writes = never
      expect(again).toMatchObject({
        code: 'outcome_unknown',
        runId: first.runId,
        isReplayed: false,
      })
      expect(again.text).toContain(`(run ${first.runId}) and nobody knows what became of it`)
      expect(sent()).toBe(1)
      const run = await world.run(first.runId)
      expect(run).toMatchObject({ state: 'unknown', replays: 1, attempts: 1 })
      expect(run.explanation).toContain('it may have taken effect')
      expect(run.explanation).toContain(`gatehouse runs resolve ${first.runId}`)
    }
  })

  test('a new key sends it for certain', async () => {
    const tool = await newTool()
    await world.call(tool)
    writes = () => Response.json({ ok: true })
    expect((await world.call(tool, {}, { key: crypto.randomUUID() })).code).toBeNull()
    expect(sent()).toBe(2)
  })

  test('case 217: holds its request for 24 h, not for the window', async () => {
    const tool = await newTool({ deduplication: { window_seconds: 5 } })
    const first = await world.call(tool)
    writes = () => Response.json({ ok: true })
    world.pass(86_390_000)
    expect(await world.call(tool)).toMatchObject({ runId: first.runId, code: 'outcome_unknown' })
    world.pass(20_000)
    expect(await world.call(tool)).toMatchObject({ code: null, isReplayed: false })
  })

  test('case 207: holds its request across a restart', async () => {
    const dataDir = temporaryDir()
    const one = await startRepeatWorld({ dataDir })
    const basics = { http_method: 'POST', timeout_ms: 300 }
    await one.addTool('write', basics)
    one.upstream.answer = never
    const key = crypto.randomUUID()
    const unknown = await one.call('write', {}, { key })
    one.upstream.answer = () => Response.json({ ok: true })
    const done = await one.call('write', {}, { key: 'done' })
    await one.app.stop()
    const egress_allow = [one.upstream.url]
    const { startApp } = await import('../helpers/running_app.ts')
    const app = await startApp({ dataDir, settings: { egress_allow, drain_seconds: '0' } })
    const two = { url: `${app.url}/mcp`, key: one.project.api_key }
    const { callLegacy } = await import('../helpers/mcp_client.ts')
    const call = async (name: string) => {
      const params = { name: 'write', arguments: {}, _meta: { 'tengine/idempotency_key': name } }
      return (await callLegacy(two.url, two.key, 'tools/call', params)).body.result
    }
    expect((await call(key))._meta['tengine/error']).toMatchObject({
      code: 'outcome_unknown',
      request_id: unknown.runId,
    })
    const replayed = await call('done')
    expect(replayed._meta).toMatchObject({
      'tengine/replayed': true,
      'tengine/request_id': done.runId,
    })
    expect(replayed.structuredContent).toEqual({ ok: true })
    expect(one.upstream.hits).toHaveLength(2)
    await app.stop()
    await one.upstream.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })
})

describe('an administrator settles it', () => {
  test('as done: repeats are told so, and nothing is sent', async () => {
    const tool = await newTool()
    const { runId } = await world.call(tool)
    const { status, body } = await settle(runId, 'resolve', {
      outcome: 'done',
      note: 'seen in the shop',
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      state: 'done',
      settled_by: 'operator',
      settled_note: 'seen in the shop',
      error_code: null,
    })
    expect(body.explanation).toContain('an administrator found out that it took effect')
    const again = await world.call(tool)
    expect(again).toMatchObject({ runId, isReplayed: true, code: null })
    expect(again.text).toContain('The request took effect: an administrator found out')
    expect(sent()).toBe(1)
  })

  test('as not done: the same request is sent afresh', async () => {
    const tool = await newTool()
    const key = crypto.randomUUID()
    const { runId } = await world.call(tool, {}, { key })
    const { body } = await settle(runId, 'resolve', { outcome: 'not_done' })
    expect(body).toMatchObject({ state: 'failed_not_sent', settled_by: 'operator' })
    writes = () => Response.json({ ok: true })
    const again = await world.call(tool, {}, { key })
    expect(again).toMatchObject({ isReplayed: false, code: null })
    expect(again.runId).not.toBe(runId)
    expect(sent()).toBe(2)
  })

  test('once, and only what is unknown; who did is in the audit log', async () => {
    const tool = await newTool()
    const { runId } = await world.call(tool)
    await settle(runId, 'resolve', { outcome: 'done', note: 'why' })
    for (const verb of ['resolve', 'verify']) {
      const refused = await settle(runId, verb, verb === 'resolve' ? { outcome: 'not_done' } : {})
      expect(refused).toMatchObject({ status: 409, body: { code: 'run_not_unknown' } })
    }
    const { body } = await world.app.api(
      'GET',
      `/api/v1/audit?project_id=${world.project.project_id}`,
    )
    const event = body.items.find((one: { target: string }) => one.target === `run:${runId}`)
    expect(event).toMatchObject({
      action: 'run.resolve',
      details: { outcome: 'done', note: 'why' },
    })
    expect((await settle(crypto.randomUUID(), 'resolve', { outcome: 'done' })).status).toBe(404)
    expect((await settle(runId, 'resolve', { outcome: 'maybe' })).status).toBe(422)
  })
})

describe('a tool with a verify rule', () => {
  test('finds out on a repeat that it was done', async () => {
    const tool = await newTool({ verify: rule })
    const first = await world.call(tool, { ref: 'a b' })
    orders.add('a b')
    const again = await world.call(tool, { ref: 'a b' })
    expect(again).toMatchObject({ runId: first.runId, isReplayed: true, code: null })
    expect(again.text).toContain('The request took effect: asked afterwards, the API shows it')
    const [question] = asked()
    expect(question?.target).toBe('/orders?ref=a%20b')
    expect(question?.headers.get('x-tengine-request-id')).not.toBe(first.runId)
    expect(question?.headers.has('idempotency-key')).toBe(false)
    expect(await world.run(first.runId)).toMatchObject({ state: 'done', settled_by: 'verify' })
    expect((await world.call(tool, { ref: 'a b' })).isReplayed).toBe(true)
    expect([sent(), asked().length]).toEqual([1, 1])
  })

  test('finds out that it was not, once the API had time, and sends it afresh', async () => {
    const tool = await newTool({ verify: rule })
    const first = await world.call(tool, { ref: 'x' })
    const early = await world.call(tool, { ref: 'x' })
    expect(early).toMatchObject({ runId: first.runId, code: 'outcome_unknown' })
    expect(early.text).toContain('may still be at work')
    expect(sent()).toBe(1)
    world.pass(600)
    writes = () => Response.json({ ok: true })
    const again = await world.call(tool, { ref: 'x' })
    expect(again).toMatchObject({ code: null, isReplayed: false })
    expect(sent()).toBe(2)
    expect(await world.run(first.runId)).toMatchObject({
      state: 'failed_not_sent',
      settled_by: 'verify',
    })
  })

  test.each([
    ['answers 404', () => new Response('{}', { status: 404 })],
    ['answers no JSON', () => new Response('<p>busy</p>')],
    ['breaks the predicate', () => Response.json({ items: 7 })],
  ])('stays unknown where the API %s', async (_what, answer) => {
    const tool = await newTool({ verify: { ...rule, done: 'length(items)' } })
    const first = await world.call(tool, { ref: 'x' })
    world.pass(5_000)
    world.upstream.answer = (hit) => (hit.method === 'GET' ? answer() : never())
    const again = await world.call(tool, { ref: 'x' })
    expect(again).toMatchObject({ runId: first.runId, code: 'outcome_unknown' })
    expect(again.text).toContain('The API could not be asked')
    expect(sent()).toBe(1)
  })

  test('is verified by an administrator, who has no arguments', async () => {
    const tool = await newTool({ verify: rule })
    const { runId } = await world.call(tool, { ref: 'k' })
    const unclear = await settle(runId, 'verify')
    expect(unclear.body).toMatchObject({ outcome: 'unclear', run: { state: 'unknown' } })
    orders.add('k')
    const { status, body } = await settle(runId, 'verify')
    expect(status).toBe(200)
    expect(body).toMatchObject({ outcome: 'done', run: { state: 'done', settled_by: 'verify' } })
    expect((await world.call(tool, { ref: 'k' })).isReplayed).toBe(true)
    expect(sent()).toBe(1)
    const plain = await world.call(await newTool())
    expect(await settle(plain.runId, 'verify')).toMatchObject({
      status: 409,
      body: { code: 'run_not_verifiable' },
    })
  })

  test.each([
    [{ ...rule, path: 'orders' }, '/verify/path'],
    [{ ...rule, path: '/a//b' }, '/verify/path'],
    [{ ...rule, query: { ref: { deep: 1 } } }, '/verify/query'],
    [{ ...rule, done: 'items[' }, '/verify/done'],
  ])('is refused where it could not be asked: %j', async (verify, pointer) => {
    const { project, app, upstream } = world
    const answer = await app.api('POST', '/api/v1/custom-tools', {
      project_id: project.project_id,
      name: `tool-${++count}`,
      base_url: upstream.url,
      http_method: 'POST',
      endpoint_path: '/x',
      input_schema: schema,
      verify,
    })
    expect(answer.status).toBe(422)
    expect(answer.body.errors[0].pointer).toBe(pointer)
  })
})
