import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { findClient } from '../../src/oauth/find_client.ts'
import {
  deleteUnusedDocuments,
  listOauthClients,
  touchOauthClient,
  upsertDocument,
} from '../../src/store/oauth_client_store.ts'
import { type ClientWorld, openClientWorld, refusalOf } from './client_world.ts'
import { type DocumentServer, startDocumentServer } from './document_server.ts'

let server: DocumentServer
let world: ClientWorld
beforeAll(() => {
  server = startDocumentServer()
})
afterAll(() => server.stop())
beforeEach(async () => {
  server.serve()
  world = await openClientWorld(server.fetch())
})
afterEach(() => world.store.close())

let count = 0
const newUrl = () => `${server.origin}/clients/${++count}.json`
const find = (clientId: string, address: string | null = null) =>
  findClient(world.deps, clientId, address)
const requests = () => server.upstream.requests.length
const stored = () => world.store.database.read(() => listOauthClients(null, 200, null))

describe('a document is fetched again', () => {
  const hour = 3_600_000

  test.each([
    ['max-age=600', 600_000],
    ['public, max-age=3600', hour],
    ['max-age="120"', 120_000],
    ['max-age=5', 60_000],
    ['max-age=0', 60_000],
    ['no-store', 60_000],
    ['no-cache, max-age=600', 60_000],
    ['max-age=99999999', 24 * hour],
    ['max-age=-1', 60_000],
    ['private', 60_000],
  ])('case 122: %s: after %d ms, and not before', async (header, lifetimeMs) => {
    const url = newUrl()
    server.serve({}, [`cache-control: ${header}`])
    const before = requests()
    const startMs = world.clock.ms
    await find(url)
    world.clock.ms = startMs + lifetimeMs - 1
    await find(url)
    expect(requests() - before).toBe(1)
    world.clock.ms = startMs + lifetimeMs
    await find(url)
    expect(requests() - before).toBe(2)
  })

  test('case 123: with its redirect URIs as they are now, and none of those before', async () => {
    const url = newUrl()
    expect((await find(url))?.redirectUris).toEqual(['http://localhost/callback'])
    server.serve({ redirect_uris: ['https://new.example/cb'], client_name: 'Renamed' })
    expect((await find(url))?.redirectUris).toEqual(['http://localhost/callback'])
    world.clock.ms += 60_000
    expect(await find(url)).toMatchObject({
      redirectUris: ['https://new.example/cb'],
      name: 'Renamed',
    })
    expect((await stored()).items).toHaveLength(1)
  })

  test('or not at all: an old copy is no client once its document cannot be had', async () => {
    const url = newUrl()
    await find(url)
    world.clock.ms += 60_000
    server.behave = (connection) => connection.reset()
    expect(await refusalOf(find(url))).toMatchObject({ error: 'invalid_client' })
  })

  test('case 122: after a failure within a minute, and not at every request', async () => {
    const url = newUrl()
    const before = requests()
    server.behave = (connection) => connection.write('HTTP/1.1 500 x\r\ncontent-length: 0\r\n\r\n')
    for (let i = 0; i < 10; i++) await refusalOf(find(url))
    expect((await stored()).items).toEqual([])
    expect(requests() - before).toBe(1)
    server.serve()
    world.clock.ms += 60_000
    expect(await find(url)).toMatchObject({ clientId: url })
    expect(requests() - before).toBe(2)
  })
})

describe('case 124: amplification', () => {
  const codeOf = (error: unknown) => (error as { code?: string; error?: string }).code ?? 'other'
  const askMany = async (howMany: number, address: string | null) => {
    const asked = Array.from({ length: howMany }, () => find(newUrl(), address))
    const settled = await Promise.allSettled(asked)
    return settled.map((one) => (one.status === 'fulfilled' ? 'found' : codeOf(one.reason)))
  }
  const counted = (outcomes: readonly string[]) => ({
    found: outcomes.filter((one) => one === 'found').length,
    limited: outcomes.filter((one) => one === 'rate_limited').length,
  })

  test('one address has 20 documents fetched a minute, however many it names', async () => {
    const before = server.upstream.connections
    expect(counted(await askMany(1_000, '203.0.113.7'))).toEqual({ found: 20, limited: 980 })
    expect(server.upstream.connections - before).toBe(20)
    expect(counted(await askMany(30, '203.0.113.8'))).toEqual({ found: 20, limited: 10 })
    const refusal = await refusalOf(find(newUrl(), '203.0.113.7'))
    expect(refusal).toMatchObject({ status: 429, retryAfterSeconds: 3 })
    world.clock.ms += 3_000
    expect(counted(await askMany(2, '203.0.113.7'))).toEqual({ found: 1, limited: 1 })
  })

  test('addresses of one IPv6 /64 are one', async () => {
    const outcomes: string[] = []
    for (let i = 1; i <= 25; i++) outcomes.push(...(await askMany(1, `2001:db8::${i}`)))
    expect(counted(outcomes)).toEqual({ found: 20, limited: 5 })
  })

  test('all addresses together have 120 fetched a minute', async () => {
    const before = server.upstream.connections
    const outcomes: string[] = []
    for (let i = 1; i <= 10; i++) outcomes.push(...(await askMany(20, `203.0.113.${i}`)))
    expect(counted(outcomes)).toEqual({ found: 120, limited: 80 })
    expect(server.upstream.connections - before).toBe(120)
  })

  test('what is known needs no fetch and is not held back; many who ask at once share one', async () => {
    const url = newUrl()
    const before = requests()
    const asked = await Promise.all(Array.from({ length: 50 }, () => find(url, '203.0.113.7')))
    expect(new Set(asked.map((client) => client?.id)).size).toBe(1)
    expect(requests() - before).toBe(1)
    await askMany(100, '203.0.113.7')
    expect(await find(url, '203.0.113.7')).toMatchObject({ clientId: url })
  })

  test('copies nobody used make room, the oldest first; used and pinned ones stay', async () => {
    const { database } = world.store
    const put = (n: number, isPinned: boolean) =>
      database.write(() =>
        upsertDocument({
          clientId: `https://c.example/${n}`,
          name: 'x',
          redirectUris: [],
          document: '{}',
          expiresAtMs: isPinned ? null : 1,
          isPinned,
          nowMs: n,
        }),
      )
    for (let n = 1; n <= 10; n++) await put(n, n === 2)
    const used = (await stored()).items[2]
    await database.write(() => touchOauthClient(used?.id ?? 0, 5))
    await database.write(() => deleteUnusedDocuments(3))
    const left = (await stored()).items.map(({ clientId }) => clientId.split('/').at(-1))
    expect(left).toEqual(['2', '3', '8', '9', '10'])
  })
})
