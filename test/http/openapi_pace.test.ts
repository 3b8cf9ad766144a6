import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type House, startHouse } from './house.ts'
import { documentOf, type Op, SourceDesk } from './openapi_world.ts'

let house: House

beforeAll(async () => {
  house = await startHouse()
})
afterAll(() => house.stop())

/** The longest that the event loop kept a timer waiting during some work, in milliseconds. */
async function longestWait<T>(work: () => Promise<T>): Promise<{ result: T; longestMs: number }> {
  const EVERY_MS = 2
  let longestMs = 0
  let lastMs = performance.now()
  const timer = setInterval(() => {
    const nowMs = performance.now()
    longestMs = Math.max(longestMs, nowMs - lastMs - EVERY_MS)
    lastMs = nowMs
  }, EVERY_MS)
  try {
    return { result: await work(), longestMs }
  } finally {
    clearInterval(timer)
  }
}

/** What nobody may have to wait longer than. */
const LIMIT_MS = 250

const properties = Object.fromEntries(
  Array.from({ length: 30 }, (_, n) => [
    `field_${n}`,
    { type: 'string', description: `What field ${n} of the thing is for, in one sentence.` },
  ]),
)
const operation = (n: number, extra: object[] = []): Op => ({
  path: `/resource_${n}/{id}`,
  method: n % 2 === 0 ? 'get' : 'post',
  summary: `Operation number ${n}`,
  tags: [`tag ${n % 20}`],
  parameters: [
    { in: 'path', name: 'id', required: true, schema: { type: 'string' } },
    { in: 'query', name: 'limit', schema: { type: 'integer', minimum: 1 } },
    ...extra,
  ],
  ...(n % 2 === 0
    ? {}
    : {
        requestBody: {
          content: { 'application/json': { schema: { type: 'object', properties } } },
        },
      }),
})
const many = (extra: object[] = []) =>
  documentOf(
    house,
    Array.from({ length: 1_200 }, (_, n) => operation(n, extra)),
  )

/** The longest wait of each phase of a source's life with 1,200 operations. */
async function waitsOfALife(): Promise<Record<string, number>> {
  const desk = await SourceDesk.open(house)
  const texts = [many(), many([{ in: 'query', name: 'q', schema: { type: 'string' } }])]
  const waits: Record<string, number> = {}
  for (const [index, text] of texts.entries()) {
    const read = await longestWait(() => desk.import(text))
    expect(read.result).toMatchObject({ state: 'ready', counts: { tools: 1_200 } })
    const applied = await longestWait(() => desk.apply(read.result.id))
    expect(applied.result).toMatchObject({ status: 200 })
    waits[`read ${index}`] = read.longestMs
    waits[`apply ${index}`] = applied.longestMs
  }
  const secret = { strategy: 'static_bearer', secret: 'a secret' }
  const auth = await longestWait(() => desk.call('PUT', '/auth', secret))
  expect(auth.result.status).toBe(200)
  const rolled = await longestWait(() => desk.call('POST', '/rollback'))
  expect(rolled.result).toMatchObject({ status: 200, body: { changed: 1_200 } })
  const gone = await longestWait(() => desk.call('DELETE', ''))
  expect(gone.result.status).toBe(204)
  return { ...waits, auth: auth.longestMs, rollback: rolled.longestMs, delete: gone.longestMs }
}

test('1,200 operations are imported, applied, changed and rolled back without anybody waiting', async () => {
  // What the code does it does each time; what else the machine does it does once in a while.
  const least = new Map<string, number>()
  for (let life = 0; life < 4; life++) {
    for (const [phase, ms] of Object.entries(await waitsOfALife())) {
      least.set(phase, Math.min(ms, least.get(phase) ?? ms))
    }
    if ([...least.values()].every((ms) => ms < LIMIT_MS)) break
  }
  expect([...least].filter(([, ms]) => ms >= LIMIT_MS)).toEqual([])
}, 120_000)
