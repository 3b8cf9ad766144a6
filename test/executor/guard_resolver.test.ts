import { expect, test } from 'bun:test'
import { createResolver } from '../../src/executor/resolve_host.ts'

const failing = (code: string) => Promise.reject(Object.assign(new Error(code), { code }))
const frozen = () => {
  const clock = { nowMs: 0 }
  return { clock, nowMs: () => clock.nowMs }
}

test('case 176: what the name servers cannot answer is upstream_dns, with the cause in words', async () => {
  const causes: Record<string, string> = {
    DNS_ENOTFOUND: 'no such name',
    DNS_ESERVFAIL: 'the name server failed',
    DNS_ETIMEOUT: 'did not answer',
    EBADNAME: 'EBADNAME',
  }
  for (const [code, words] of Object.entries(causes)) {
    const resolver = createResolver({ lookup: () => failing(code) })
    const failure = Promise.resolve(resolver.resolve('x.example'))
    await expect(failure).rejects.toMatchObject({
      code: 'upstream_dns',
      reason: expect.stringContaining(words) as string,
    })
  }
})

test('case 176: a lookup that never ends is given up after the limit', async () => {
  const resolver = createResolver({ lookup: () => new Promise(() => {}), timeoutMs: 20 })
  const startedAtMs = performance.now()
  await expect(Promise.resolve(resolver.resolve('slow.example'))).rejects.toMatchObject({
    code: 'upstream_dns',
    reason: 'The name slow.example could not be resolved: no answer within 0.02 s.',
  })
  await Promise.resolve(resolver.resolve('slow.example')).catch(() => undefined)
  expect(performance.now() - startedAtMs).toBeLessThan(1_000)
})

test('case 176: of a thousand addresses a bounded number is kept', async () => {
  const many = Array.from({ length: 1_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
  const resolver = createResolver({ lookup: async () => many })
  expect((await resolver.resolve('many.example')).length).toBe(32)
})

test('case 176: a name without an address is a failure, not an empty answer', async () => {
  const resolver = createResolver({ lookup: async () => [] })
  await expect(Promise.resolve(resolver.resolve('none.example'))).rejects.toMatchObject({
    code: 'upstream_dns',
  })
})

test('an answer is given at once and as the same array for a few seconds, then asked for again', async () => {
  const { clock, nowMs } = frozen()
  let lookups = 0
  const resolver = createResolver({ lookup: async () => [`10.0.0.${++lookups}`], nowMs })
  const first = await resolver.resolve('a.example')
  clock.nowMs = 2_999
  expect(resolver.resolve('a.example')).toBe(first)
  clock.nowMs = 3_000
  expect(await resolver.resolve('a.example')).toEqual(['10.0.0.2'])
  expect(lookups).toBe(2)
})

test('a failure is not remembered', async () => {
  let lookups = 0
  const resolver = createResolver({
    lookup: () => (++lookups === 1 ? failing('DNS_ESERVFAIL') : Promise.resolve(['10.0.0.1'])),
  })
  await Promise.resolve(resolver.resolve('a.example')).catch(() => undefined)
  expect(await resolver.resolve('a.example')).toEqual(['10.0.0.1'])
})

test('callers that ask at the same time share one lookup', async () => {
  let lookups = 0
  const { promise, resolve } = Promise.withResolvers<readonly string[]>()
  const resolver = createResolver({
    lookup: () => {
      lookups++
      return promise
    },
  })
  const all = Array.from({ length: 50 }, () => resolver.resolve('a.example'))
  resolve(['10.0.0.1'])
  expect(await Promise.all(all)).toEqual(all.map(() => ['10.0.0.1']))
  expect(lookups).toBe(1)
})

test('a bounded number of names is remembered; the oldest goes first', async () => {
  const asked: string[] = []
  const lookup = async (host: string) => {
    asked.push(host)
    return ['10.0.0.1']
  }
  const resolver = createResolver({ lookup, maxHosts: 2, nowMs: () => 0 })
  for (const host of ['a', 'b', 'c', 'b', 'c', 'a']) await resolver.resolve(host)
  expect(asked).toEqual(['a', 'b', 'c', 'a'])
})

test('the machine itself resolves localhost', async () => {
  const found = await createResolver().resolve('localhost')
  expect(found.some((address) => address === '127.0.0.1' || address === '::1')).toBe(true)
})
