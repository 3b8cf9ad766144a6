import { afterAll, beforeAll, expect, test } from 'bun:test'
import { callText, type House, mcpLines, rawMcp, startHouse } from './house.ts'
import { exchange, requestText } from './raw_client.ts'

let house: House

beforeAll(async () => {
  house = await startHouse({ settings: { max_in_flight: '2' } })
  await house.addTool({ name: 'wait', deduplication: { mode: 'off' } })
})
afterAll(() => house.stop())

test('case 275: calls beyond the cap are 503 at once; probes and administrators still get in', async () => {
  const gate = Promise.withResolvers<void>()
  house.upstream.answer = () => gate.promise.then(() => Response.json({}))
  const waiting = [rawMcp(house, callText('wait')), rawMcp(house, callText('wait'))]
  while (house.upstream.hits.length < 2) await Bun.sleep(5)
  for (let n = 0; n < 3; n++) {
    const refused = await rawMcp(house, callText('wait'))
    expect(refused).toMatchObject({ status: 503, body: { code: 'overloaded' } })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  }
  expect((await house.api('GET', '/readyz', undefined, null)).status).toBe(200)
  expect((await house.api('GET', '/api/v1/projects')).status).toBe(200)
  gate.resolve()
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200])
  expect(house.upstream.hits).toHaveLength(2)
})

test('case 275: a refused or broken request gives its place back', async () => {
  house.reset()
  const wrong = mcpLines(house, `tengine_${'x'.repeat(43)}`)
  for (let n = 0; n < 5; n++) {
    expect((await exchange(house.url, requestText('POST /mcp', wrong, '{}'))).status).toBe(401)
    expect((await rawMcp(house, '{')).status).toBe(400)
  }
  expect((await rawMcp(house, callText('wait'))).status).toBe(200)
})
