import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { type RepeatWorld, startRepeatWorld } from './repeat_world.ts'

let world: RepeatWorld
let count = 0

beforeAll(async () => {
  world = await startRepeatWorld()
})
beforeEach(() => {
  world.upstream.hits.length = 0
  world.upstream.answer = () => Response.json({ ok: true, number: ++count })
})
afterAll(() => world.stop())

const schema = { type: 'object', properties: { id: { type: 'string' }, n: { type: 'number' } } }
async function newTool(fields: Record<string, unknown> = {}): Promise<string> {
  const name = `tool-${++count}`
  await world.addTool(name, { http_method: 'POST', input_schema: schema, ...fields })
  return name
}
const hits = () => world.upstream.hits.length

/** An upstream that answers when told to. */
function heldAnswer() {
  const { promise, resolve } = Promise.withResolvers<Response>()
  world.upstream.answer = () => promise
  return { release: () => resolve(Response.json({ held: true })) }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await Bun.sleep(2)
}

describe('an identical write within the window', () => {
  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('%s is answered from the first', async (method) => {
    const tool = await newTool({ http_method: method })
    const first = await world.call(tool, { id: 'a', n: 1 })
    world.pass(12_000)
    const again = await world.call(tool, { n: 1, id: 'a' })
    expect(hits()).toBe(1)
    expect(first).toMatchObject({ isReplayed: false, code: null, status: 200 })
    expect(again).toMatchObject({ isReplayed: true, code: null, status: 200, runId: first.runId })
    expect(again.structured).toEqual(first.structured)
    expect(again.text.startsWith(`${first.text}\nAnswered from the identical call made 1`)).toBe(
      true,
    )
    expect(again.text).toContain(
      'nothing was sent again: to repeat it on purpose, change an argument',
    )
    const run = await world.run(first.runId)
    expect(run).toMatchObject({ state: 'done', replays: 1, joined: 0, attempts: 1 })
    expect(run.replayed_at).not.toBeNull()
    expect(run.explanation).toContain('1 later identical call was answered from it')
  })

  test('carries structured content and its mark for a client of 2026-07-28 too', async () => {
    const tool = await newTool()
    const first = await world.call(tool, {}, { era: 'modern' })
    const again = await world.call(tool, {}, { era: 'modern' })
    expect(again).toMatchObject({ isReplayed: true, runId: first.runId })
    expect(again.structured).toEqual(first.structured)
  })

  test('is sent with other arguments, another tool, or another caller', async () => {
    const [tool, other] = [await newTool(), await newTool()]
    const { key } = await world.addIntegration()
    const first = await world.call(tool, { id: 'a' })
    for (const fresh of [
      await world.call(tool, { id: 'b' }),
      await world.call(other, { id: 'a' }),
      await world.call(tool, { id: 'a' }, { token: key }),
    ]) {
      expect(fresh.isReplayed).toBe(false)
      expect(fresh.runId).not.toBe(first.runId)
    }
    expect(hits()).toBe(4)
  })

  test('is sent again once the window is over, 300 s unless the tool says otherwise', async () => {
    const tool = await newTool()
    const short = await newTool({ deduplication: { window_seconds: 5 } })
    const none = await newTool({ deduplication: { window_seconds: 0 } })
    for (const name of [tool, short, none]) await world.call(name)
    expect((await world.call(none)).isReplayed).toBe(false)
    world.pass(4_000)
    expect((await world.call(short)).isReplayed).toBe(true)
    world.pass(2_000)
    expect((await world.call(short)).isReplayed).toBe(false)
    world.pass(293_000)
    expect((await world.call(tool)).isReplayed).toBe(true)
    world.pass(2_000)
    expect((await world.call(tool)).isReplayed).toBe(false)
  })

  test('runs afresh after a failure', async () => {
    const tool = await newTool()
    world.upstream.answer = () => new Response('no', { status: 422 })
    expect((await world.call(tool)).code).toBe('upstream_status')
    world.upstream.answer = () => Response.json({ ok: true })
    expect(await world.call(tool)).toMatchObject({ code: null, isReplayed: false })
    expect(hits()).toBe(2)
  })

  test('is not sent again where the API did it and its answer was the fault', async () => {
    const tool = await newTool({ output_schema: { type: 'object', required: ['missing'] } })
    const first = await world.call(tool)
    const again = await world.call(tool)
    expect(hits()).toBe(1)
    expect(again).toMatchObject({ code: 'output_schema', isReplayed: true, runId: first.runId })
  })

  test('mode off and mode key send every call', async () => {
    for (const mode of ['off', 'key']) {
      const tool = await newTool({ deduplication: { mode } })
      const runs = [await world.call(tool), await world.call(tool)]
      expect(runs.map(({ isReplayed }) => isReplayed)).toEqual([false, false])
    }
    expect(hits()).toBe(4)
  })

  test('a trial by an administrator is its own', async () => {
    const name = `tool-${++count}`
    const id = await world.addTool(name, { http_method: 'POST' })
    await world.call(name)
    const path = `/api/v1/custom-tools/${id}/execute`
    const first = await world.app.api('POST', path, {})
    const again = await world.app.api('POST', path, {})
    expect([first.body.replayed, again.body.replayed]).toEqual([false, true])
    expect(again.body.run_id).toBe(first.body.run_id)
    expect(again.body.structured_content).toEqual(first.body.structured_content)
    expect(hits()).toBe(2)
  })
})

describe('a read', () => {
  test('is not replayed', async () => {
    const tool = await newTool({ http_method: 'GET' })
    const runs = [await world.call(tool), await world.call(tool)]
    expect(runs.map(({ isReplayed }) => isReplayed)).toEqual([false, false])
    expect(hits()).toBe(2)
  })

  test('is replayed where the tool sets a window', async () => {
    const tool = await newTool({ http_method: 'GET', deduplication: { window_seconds: 60 } })
    const first = await world.call(tool)
    expect(await world.call(tool)).toMatchObject({ isReplayed: true, runId: first.runId })
    expect(hits()).toBe(1)
    world.pass(61_000)
    expect((await world.call(tool)).isReplayed).toBe(false)
  })
})

describe('identical calls in flight', () => {
  test.each(['GET', 'POST'])('case 203: %s joins: one request, one result', async (method) => {
    const tool = await newTool({ http_method: method })
    const held = heldAnswer()
    const calls = Array.from({ length: 5 }, () => world.call(tool, { id: 'x' }))
    await until(() => hits() === 1)
    await Bun.sleep(30)
    held.release()
    const seen = await Promise.all(calls)
    expect(hits()).toBe(1)
    expect(new Set(seen.map(({ runId }) => runId)).size).toBe(1)
    expect(new Set(seen.map(({ text }) => text)).size).toBe(1)
    const run = await world.run(seen[0]?.runId ?? '')
    expect(run).toMatchObject({ joined: 4, attempts: 1 })
    expect(run.explanation).toContain('4 identical calls waited for it')
  })

  test.each(['GET', 'POST'])(
    'case 37: %s goes on for one who waits when the first goes away',
    async (method) => {
      const tool = await newTool({ http_method: method })
      const held = heldAnswer()
      const { url, project } = world
      const gone = new AbortController()
      const body = JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: tool, arguments: { id: 'x' } },
      })
      const headers = {
        authorization: `Bearer ${project.api_key}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      }
      const first = fetch(url, { method: 'POST', headers, body, signal: gone.signal })
      first.catch(() => {})
      await until(() => hits() === 1)
      const joined = world.call(tool, { id: 'x' })
      await Bun.sleep(30)
      gone.abort()
      await Bun.sleep(30)
      expect(world.upstream.hits[0]?.signal.aborted).toBe(false)
      held.release()
      expect((await joined).text).toContain('held')
      expect(hits()).toBe(1)
    },
  )

  test('one who waited and went away cancels nothing; a read that everybody left is broken off', async () => {
    const tool = await newTool({ http_method: 'GET' })
    heldAnswer()
    const { url, project } = world
    const leave = [new AbortController(), new AbortController()]
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: tool, arguments: { id: 'x' } },
    })
    for (const { signal } of leave) {
      const headers = {
        authorization: `Bearer ${project.api_key}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      }
      fetch(url, { method: 'POST', headers, body, signal }).catch(() => {})
      await until(() => hits() === 1)
      await Bun.sleep(30)
    }
    leave[1]?.abort()
    await Bun.sleep(50)
    expect(world.upstream.hits[0]?.signal.aborted).toBe(false)
    leave[0]?.abort()
    await until(() => world.upstream.hits[0]?.signal.aborted === true)
    expect(hits()).toBe(1)
  })

  test('case 219: one whose rights ended does not join', async () => {
    const { id, key } = await world.addIntegration()
    const tool = await newTool({ http_method: 'GET' })
    heldAnswer().release()
    const strict = await newTool({ http_method: 'GET', require_member: true })
    await world.app.api('PATCH', `/api/v1/integrations/${id}`, { is_active: false })
    const refused = await fetch(world.url, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool } }),
    })
    expect(refused.status).toBe(401)
    expect((await world.call(strict)).code).toBe('member_required')
    expect(hits()).toBe(0)
  })
})
