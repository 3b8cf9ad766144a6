import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { answer } from '../../helpers/raw_upstream.ts'
import { type CallingWorld, startCallingWorld } from './calling_world.ts'

let world: CallingWorld
beforeAll(async () => {
  world = await startCallingWorld()
})
afterAll(() => world.stop())

const freePort = () => {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = listener
  listener.stop(true)
  return port
}

/** Waits until something holds, at most two seconds. */
async function until(holds: () => Promise<boolean>): Promise<boolean> {
  for (let i = 0; i < 100; i++) {
    if (await holds()) return true
    await Bun.sleep(20)
  }
  return false
}

describe('case 197: an upstream that is down', () => {
  test('case 210: a refused connection is tried again for a write; nothing is called unknown', async () => {
    const { code, run } = await world.call(await world.tool(freePort(), { http_method: 'POST' }))
    expect(code).toBe('upstream_connection')
    expect(run).toMatchObject({ state: 'failed_not_sent', upstream_status: null })
    expect(run.timeline).toHaveLength(3)
    for (const attempt of run.timeline) expect(attempt).toMatchObject({ was_sent: false })
  })

  test('is shown, refuses calls unsent, and is tried again by one', async () => {
    const port = freePort()
    const name = await world.tool(port)
    await world.call(name)
    await world.call(name)
    const { code, text, run } = await world.call(name)
    expect(code).toBe('upstream_unavailable')
    expect(text).toContain('nothing was sent')
    expect(text).toContain('tried again in')
    expect(run).toMatchObject({ state: 'failed_not_sent' })
    expect(run.duration_ms).toBeLessThan(1_000)
    const listed = await world.app.api('GET', `/api/v1/upstreams?project_id=${world.projectId}`)
    const origin = `http://127.0.0.1:${port}`
    const shown = listed.body.items.find((item: { origin: string }) => item.origin === origin)
    expect(shown).toMatchObject({
      state: 'open',
      failures_in_row: 5,
      in_flight: 0,
      queued: 0,
      last_failure: { code: 'upstream_connection' },
    })
    expect(Date.parse(shown.next_try_at) - Date.parse(shown.down_since)).toBeWithin(4_900, 5_100)
    expect(world.app.logLines().join()).toContain('"event":"upstream_down"')
  })
})

describe('case 200: an answer after the deadline', () => {
  test('is recorded with the run of the write, and reaches nobody', async () => {
    const upstream = world.upstream((connection, { index }) => {
      setTimeout(() => connection.write(answer(`late ${index}`)), index === 1 ? 200 : 0)
    })
    const fields = { http_method: 'POST', timeout_ms: 100 }
    const name = await world.tool(upstream.port, fields)
    const { code, run } = await world.call(name)
    expect([code, run.state, run.late_status]).toEqual(['outcome_unknown', 'unknown', null])
    const isLate = async () => (await world.run(run.id)).late_status !== null
    expect(await until(isLate)).toBe(true)
    const after = await world.run(run.id)
    expect(after).toMatchObject({ state: 'unknown', late_status: 200 })
    expect(after.late_after_ms).toBeWithin(150, 2_000)
    expect(after.explanation).toContain('Nobody waited any more when the API answered 200')
    expect(upstream.requests).toHaveLength(1)
    expect(await until(async () => upstream.open === 0)).toBe(true)
  })

  test('a read waits for none: its connection is closed at once', async () => {
    const upstream = world.upstream(() => undefined)
    await world.call(await world.tool(upstream.port, { timeout_ms: 100 }))
    expect(await until(async () => upstream.open === 0)).toBe(true)
  })
})

describe('case 199: the upstream closes an idle connection as a write goes out', () => {
  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('%s arrives once at most', async (http_method) => {
    const seen = new Map<string, number>()
    const upstream = world.upstream((connection, { head, index }) => {
      const id = /x-tengine-request-id: (\S+)/i.exec(head)?.[1] ?? ''
      seen.set(id, (seen.get(id) ?? 0) + 1)
      // The second request on a connection finds it closing.
      if (index > 1) connection.reset()
      else connection.write(answer('ok'))
    })
    const name = await world.tool(upstream.port, { http_method })
    for (let i = 0; i < 4; i++) await world.call(name)
    expect([...seen.values()]).toEqual(Array(4).fill(1))
  })

  test('and again only where the tool says that it may', async () => {
    const hits: string[] = []
    const upstream = world.upstream((connection, { head }) => {
      hits.push(/idempotency-key: (\S+)/i.exec(head)?.[1] ?? '')
      if (hits.length === 1) connection.reset()
      else connection.write(answer('ok'))
    })
    const fields = { http_method: 'POST', retry: { honours_key: true } }
    const { code, runId } = await world.call(await world.tool(upstream.port, fields))
    expect(code).toBeNull()
    expect(hits).toEqual([runId, runId])
  })
})

describe('case 198: a slow upstream', () => {
  test('refuses what is beyond its share and holds up no other tool', async () => {
    const slow = world.upstream(() => undefined)
    const quick = world.upstream((connection) => connection.write(answer('ok')))
    const slowTool = await world.tool(slow.port, { timeout_ms: 4_000 })
    const quickTool = await world.tool(quick.port)
    const p99 = async () => {
      const times: number[] = []
      for (let i = 0; i < 100; i++) {
        const startedAtMs = performance.now()
        expect((await world.call(quickTool)).code).toBeNull()
        times.push(performance.now() - startedAtMs)
      }
      return times.sort((a, b) => a - b)[98] ?? 0
    }
    await p99()
    const alone = await p99()
    const stuck = Array.from({ length: 220 }, () => world.call(slowTool))
    expect(await until(async () => slow.requests.length === 64)).toBe(true)
    const beside = await p99()
    expect(beside).toBeLessThan(alone * 5 + 50)
    const codes = (await Promise.all(stuck)).map(({ code }) => code)
    const countOf = (wanted: string) => codes.filter((code) => code === wanted).length
    expect(countOf('upstream_overloaded')).toBeGreaterThanOrEqual(28)
    expect(countOf('upstream_timeout')).toBeGreaterThanOrEqual(64)
    expect(slow.requests.length).toBeLessThanOrEqual(192)
  }, 20_000)
})
