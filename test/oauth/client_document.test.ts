import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { findClient } from '../../src/oauth/find_client.ts'
import { OAuthError } from '../../src/oauth/oauth_error.ts'
import { listOauthClients, upsertDocument } from '../../src/store/oauth_client_store.ts'
import { answer } from '../helpers/raw_upstream.ts'
import { type ClientWorld, openClientWorld, refusalOf } from './client_world.ts'
import { type DocumentServer, documentOf, startDocumentServer } from './document_server.ts'

let server: DocumentServer
let world: ClientWorld
beforeAll(() => {
  server = startDocumentServer()
})
afterAll(() => server.stop())
beforeEach(async () => {
  server.serve()
  await useFetch()
})
afterEach(() => world.store.close())

/** A new world whose documents are fetched in the given way. */
async function useFetch(options: Parameters<DocumentServer['fetch']>[0] = {}): Promise<void> {
  await world?.store.close()
  world = await openClientWorld(server.fetch(options))
}

let count = 0
const newUrl = () => `${server.origin}/clients/${++count}.json`
const find = (clientId: string, address: string | null = null) =>
  findClient(world.deps, clientId, address)
const requests = () => server.upstream.requests.length
const stored = () => world.store.database.read(() => listOauthClients(null, 200, null))

/** Asks for a client that must be refused, and gives the reason; nothing may be kept of it. */
async function refused(clientId: string): Promise<string> {
  const error = await refusalOf(find(clientId))
  expect(error).toBeInstanceOf(OAuthError)
  expect(error).toMatchObject({ error: 'invalid_client', status: 400 })
  expect((await stored()).items).toEqual([])
  expect(world.refused.at(-1)?.url).toBe(clientId)
  return error.description
}

describe('a client known by its document', () => {
  test('is what the document says, with the host that vouches for it', async () => {
    const url = newUrl()
    const before = requests()
    expect(await find(url)).toMatchObject({
      clientId: url,
      kind: 'document',
      name: 'Test client',
      redirectUris: ['http://localhost/callback'],
      authMethod: 'none',
      verifiedHost: new URL(server.origin).host,
      secretHash: null,
      isPinned: false,
    })
    expect(requests() - before).toBe(1)
    const { head } = server.upstream.requests.at(-1) ?? { head: '' }
    expect(head).toStartWith(`GET ${new URL(url).pathname} HTTP/1.1\r\n`)
    expect(head).not.toMatch(/^(?:authorization|cookie|x-tengine|traceparent)/im)
  })

  test('is unknown where its id is neither known nor a URL, and nothing is fetched', async () => {
    const before = requests()
    expect(await find('mcp_nobody')).toBeNull()
    expect(await find('http://client.test/doc')).toBeNull()
    expect(requests()).toBe(before)
  })

  test('sent as a +json type, or with a charset, is taken', async () => {
    for (const type of ['application/json; charset=utf-8', 'application/cimd+json']) {
      const url = newUrl()
      const text = JSON.stringify(documentOf(url))
      server.behave = (connection) => connection.write(answer(text, [`content-type: ${type}`]))
      expect(await find(url)).toMatchObject({ clientId: url })
    }
  })

  test('is not fetched where the installation fetches none; a pinned one is known all the same', async () => {
    await world.store.close()
    world = await openClientWorld(null)
    const before = requests()
    const url = newUrl()
    expect(world.deps.documents.areFetched).toBe(false)
    expect(await refused(url)).toContain('not fetched here')
    const copy = { clientId: url, name: 'Pinned', redirectUris: [], document: '{}', nowMs: 1 }
    const pinned = { ...copy, expiresAtMs: null, isPinned: true }
    await world.store.database.write(() => upsertDocument(pinned))
    world.clock.ms += 365 * 86_400_000
    expect(await find(url)).toMatchObject({ name: 'Pinned', isPinned: true })
    expect(requests()).toBe(before)
  })

  test('pinned, is never fetched, and no fetched one takes its place', async () => {
    const url = newUrl()
    const copy = { clientId: url, name: 'Pinned', redirectUris: [], document: '{}', nowMs: 1 }
    await world.store.database.write(() =>
      upsertDocument({ ...copy, expiresAtMs: null, isPinned: true }),
    )
    const before = requests()
    expect(await find(url)).toMatchObject({ name: 'Pinned' })
    expect(await world.deps.documents.load(url, null)).toMatchObject({ name: 'Pinned' })
    expect(requests() - before).toBe(1)
    expect(await find(url)).toMatchObject({ name: 'Pinned', isPinned: true })
  })
})

describe('case 122: a document is refused', () => {
  const places = {
    'private.test': ['10.0.0.1'],
    'loopback.test': ['127.0.0.1'],
    'metadata.test': ['169.254.169.254'],
    'v6.test': ['::1', 'fe80::1', 'fd00::1'],
    'mapped.test': ['::ffff:127.0.0.1'],
  }

  test('that lies at a private, loopback or metadata address: no connection is opened', async () => {
    await useFetch({ allow: [], answers: places })
    const before = server.upstream.connections
    const { port } = server.upstream
    const literals = ['127.0.0.1', '10.0.0.1', '169.254.169.254', '[::1]', '0.0.0.0', '100.64.0.1']
    const hosts = [...Object.keys(places), ...literals, 'client.test']
    for (const host of [...hosts, 'metadata.google.internal', 'localhost']) {
      const reason = await refused(`https://${host}:${port}/doc`)
      expect(reason).toBe(
        'The client id cannot be used. Its client metadata document could not be fetched.',
      )
    }
    expect(server.upstream.connections).toBe(before)
  })

  test('that is redirected: nothing is followed', async () => {
    const url = newUrl()
    const before = requests()
    for (const status of ['301 Moved', '302 Found', '307 Temporary', '308 Permanent']) {
      const lines = [`HTTP/1.1 ${status}`, `location: ${newUrl()}`, 'content-length: 0', '', '']
      server.behave = (connection) => connection.write(lines.join('\r\n'))
      expect(await refused(url)).toContain(`HTTP ${status.slice(0, 3)}`)
      world.clock.ms += 60_000
    }
    expect(requests() - before).toBe(4)
  })

  test.each(['201 Created', '204 No Content', '404 Not Found', '500 Oops'])(
    'that is answered with %s: only 200 is success',
    async (status) => {
      const url = newUrl()
      const text = JSON.stringify(documentOf(url))
      const body = status.startsWith('204') ? '' : `content-length: ${text.length}\r\n\r\n${text}`
      const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\n`
      server.behave = (connection) => connection.write(head + (body === '' ? '\r\n' : body))
      expect(await refused(url)).toContain(`HTTP ${status.slice(0, 3)}`)
    },
  )

  test('that is larger than 5 KB, also where it is compressed; one of just 5 KB is taken', async () => {
    const url = newUrl()
    const textOf = (length: number) => {
      const bare = JSON.stringify(documentOf(url, { x: '' })).length
      return JSON.stringify(documentOf(url, { x: 'x'.repeat(length - bare) }))
    }
    const type = 'content-type: application/json'
    server.behave = (connection) => connection.write(answer(textOf(5_121), [type]))
    expect(await refused(url)).toContain('could not be fetched')
    world.clock.ms += 60_000
    const packed = Bun.gzipSync(Buffer.from(textOf(100_000)))
    expect(packed.length).toBeLessThan(5_000)
    const gzip = [type, 'content-encoding: gzip']
    server.behave = (connection) => connection.write(answer(packed, gzip))
    expect(await refused(url)).toContain('could not be fetched')
    world.clock.ms += 60_000
    server.behave = (connection) => connection.write(answer(textOf(5_120), [type]))
    expect(await find(url)).toMatchObject({ clientId: url })
  })

  test('that takes longer than its time, silent or drop by drop', async () => {
    await useFetch({ timeoutMs: 150 })
    const startedAtMs = performance.now()
    server.behave = () => {}
    expect(await refused(newUrl())).toContain('could not be fetched')
    server.behave = (connection) =>
      connection.write('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{')
    expect(await refused(newUrl())).toContain('could not be fetched')
    expect(performance.now() - startedAtMs).toBeLessThan(2_500)
  })

  test('of a server whose certificate is made out for another name', async () => {
    const port = server.upstream.port
    const place = `https://wrong.test:${port}`
    await useFetch({ allow: [place], answers: { 'wrong.test': ['127.0.0.1'] } })
    const before = requests()
    expect(await refused(`${place}/doc`)).toContain('could not be fetched')
    expect(requests()).toBe(before)
  })

  test.each([
    ['text/html', 'application/json'],
    ['text/json', 'application/json'],
    ['application/jsonp', 'application/json'],
    ['', 'application/json'],
  ])('that is sent as "%s"', async (type, why) => {
    const url = newUrl()
    const headers = type === '' ? [] : [`content-type: ${type}`]
    const text = JSON.stringify(documentOf(url))
    server.behave = (connection) => connection.write(answer(text, headers))
    expect(await refused(url)).toContain(why)
  })

  test.each([
    ['<html>', 'Unexpected'],
    ['[]', 'not a JSON object'],
    ['{"client_id":"a","client_id":"b"}', 'occurs twice'],
    ['{"__proto__":{}}', '__proto__'],
    ['\xff', 'UTF-8'],
  ])('whose body is %s', async (text, why) => {
    const bytes = Buffer.from(text, 'latin1')
    server.behave = (connection) =>
      connection.write(answer(bytes, ['content-type: application/json']))
    expect(await refused(newUrl())).toContain(why)
  })

  test.each([
    [{ client_id: 'https://client.test/other' }, 'client_id'],
    [{ client_id: undefined }, 'client_id'],
    [{ client_name: undefined }, 'client_name'],
    [{ client_name: ' ' }, 'client_name'],
    [{ client_name: 7 }, 'client_name'],
    [{ redirect_uris: undefined }, 'redirect_uris'],
    [{ redirect_uris: [] }, 'redirect_uris'],
    [{ redirect_uris: 'https://a.example/' }, 'redirect_uris'],
    [{ redirect_uris: [7] }, 'redirect_uris 0'],
    [{ redirect_uris: ['https://a.example/', 'javascript:alert(1)'] }, 'redirect_uris 1'],
    [{ redirect_uris: Array(51).fill('https://a.example/') }, 'redirect_uris'],
    [{ client_secret: 'x' }, 'client_secret'],
    [{ client_secret_expires_at: 0 }, 'client_secret_expires_at'],
    [{ token_endpoint_auth_method: 'client_secret_basic' }, 'token_endpoint_auth_method'],
    [{ token_endpoint_auth_method: 'client_secret_post' }, 'token_endpoint_auth_method'],
    [{ token_endpoint_auth_method: 'client_secret_jwt' }, 'token_endpoint_auth_method'],
    [{ token_endpoint_auth_method: 'private_key_jwt' }, 'token_endpoint_auth_method'],
  ])('that says %j', async (change, why) => {
    server.serve(change)
    expect(await refused(newUrl())).toContain(why)
  })

  test.each([
    ['https://client.test', 'path'],
    ['https://client.test/', 'path'],
    ['https://client.test/a/../b', 'normal form'],
    ['https://client.test/a/./b', 'normal form'],
    ['https://client.test/a/%2e%2e/b', 'normal form'],
    ['https://client.test/b#x', 'fragment'],
    ['https://client.test/b#', 'fragment'],
    ['https://user@client.test/b', 'user'],
    ['https://user:pw@client.test/b', 'user'],
    ['https://CLIENT.test/b', 'normal form'],
    ['https://client.test:443/b', 'normal form'],
    ['https://client.test\\b', 'normal form'],
    ['https:///client.test/b', 'normal form'],
    ['https://client.test/ b', 'normal form'],
    ['https://', 'URL'],
    [`https://client.test/${'a'.repeat(1000)}`, 'longer'],
  ])('whose URL is %s: nothing is fetched', async (url, why) => {
    const before = server.upstream.connections
    expect(await refused(url)).toContain(why)
    expect(server.upstream.connections).toBe(before)
  })

  test('and what stood in the way of fetching it is for the log alone', async () => {
    await useFetch({ allow: [], answers: places })
    const reason = await refused(`https://private.test:${server.upstream.port}/doc`)
    expect(reason).not.toContain('10.0.0.1')
    expect(world.refused.at(-1)?.cause).toMatchObject({ code: 'egress_denied' })
  })
})
