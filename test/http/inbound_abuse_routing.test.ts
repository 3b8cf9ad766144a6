import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { callText, type House, mcpLines, startHouse } from './house.ts'
import { exchange, RawClient, requestText } from './raw_client.ts'

const page = 'https://console.example.com'
let house: House

beforeAll(async () => {
  house = await startHouse({ settings: { allowed_origins: [page], allowed_hosts: ['gw.test'] } })
  await house.addTool({ name: 'ping' })
})
beforeEach(() => house.reset())
afterAll(() => house.stop())

/** A call of `ping` whose request line and Host header are given; it would hit the upstream. */
const pingText = (line = 'POST /mcp', hosts = [`Host: ${house.host}`], more: string[] = []) => {
  const others = mcpLines(house).filter((header) => !header.startsWith('Host:'))
  return requestText(line, [...hosts, ...others, ...more], callText('ping'))
}
const send = (text: string | Uint8Array) => exchange(house.url, text)
const bare = (line: string, lines: string[] = []) =>
  send(requestText(line, [`Host: ${house.host}`, ...lines]))
const bearer = () => `Authorization: Bearer ${house.adminToken}`

describe('Host', () => {
  test('case 22: a host that is not ours is 403 before the credential is looked at', async () => {
    for (const host of [
      'evil.example',
      `evil.example:${house.host.split(':')[1]}`,
      'localhost:1',
    ]) {
      expect(await send(pingText('POST /mcp', [`Host: ${host}`]))).toMatchObject({
        status: 403,
        body: { code: 'host_not_allowed' },
      })
      const managed = requestText('GET /api/v1/projects', [`Host: ${host}`])
      expect((await send(managed)).body.code).toBe('host_not_allowed')
    }
    expect(house.upstream.hits).toEqual([])
  })

  test('case 22: localhost, the address bound and what the operator named are ours', async () => {
    const port = house.host.split(':')[1]
    for (const host of [house.host, `localhost:${port}`, `[::1]:${port}`, 'gw.test']) {
      expect((await send(pingText('POST /mcp', [`Host: ${host}`]))).status).toBe(200)
    }
  })

  test('case 23: none at all is 400, with HTTP/1.0 as with HTTP/1.1', async () => {
    for (const path of ['/mcp', '/api/v1/projects', '/docs', '/']) {
      const old = pingText(`POST ${path}`, []).replace('HTTP/1.1', 'HTTP/1.0')
      expect(await send(old)).toMatchObject({ status: 400, body: { code: 'bad_host' } })
      expect((await send(pingText(`POST ${path}`, []))).status).toBe(400)
    }
    expect(house.upstream.hits).toEqual([])
  })

  test('case 23: none at all is 400 at the admin socket too', async () => {
    const unix = join(house.dataDir, 'admin.sock')
    const done = Promise.withResolvers<string>()
    const socket = await Bun.connect({
      unix,
      socket: { data: (_socket, bytes) => done.resolve(Buffer.from(bytes).toString()) },
    })
    socket.write('GET /api/v1/projects HTTP/1.0\r\n\r\n')
    const answer = await done.promise
    expect(answer).toStartWith('HTTP/1.1 400 ')
    expect(answer).toContain('"code":"bad_host"')
    socket.end()
  })

  test('case 24: two are 400, even when both are good', async () => {
    const own = `Host: ${house.host}`
    for (const hosts of [
      [own, own],
      [own, 'Host: evil.example'],
      ['Host: evil.example', own],
    ]) {
      expect((await send(pingText('POST /mcp', hosts))).status).toBe(400)
    }
    expect(house.upstream.hits).toEqual([])
  })

  test.each(['/', '?', '#', '@', '\\', ' ', ',', ';', '%00', '\t'])(
    'case 25: one that holds %j is 400',
    async (character) => {
      for (const host of [`${house.host}${character}x`, `x${character}${house.host}`]) {
        expect((await send(pingText('POST /mcp', [`Host: ${host}`]))).status).toBe(400)
      }
      expect(house.upstream.hits).toEqual([])
    },
  )

  test('case 28: an absolute URI goes by the Host header alone', async () => {
    expect((await send(pingText('POST http://evil.example/mcp'))).status).toBe(200)
    expect(house.upstream.hits).toHaveLength(1)
    const evil = pingText(`POST http://${house.host}/mcp`, ['Host: evil.example'])
    expect((await send(evil)).body.code).toBe('host_not_allowed')
    expect(house.upstream.hits).toHaveLength(1)
  })

  test('case 32: X-Forwarded-* of an unknown peer change neither Host nor what we say our URL is', async () => {
    const forwarded = [
      'X-Forwarded-Host: evil.example',
      'X-Forwarded-Proto: https',
      'X-Forwarded-For: 127.0.0.1',
      'Forwarded: host=evil.example;proto=https',
      'X-Original-URL: /api/v1/projects',
    ]
    const shown = await bare(`GET /api/v1/projects/${house.projectId}`, [bearer(), ...forwarded])
    expect(shown.body.mcp_url).toBe(`${house.url}/mcp/demo`)
    const good = forwarded.map((line) => line.replaceAll('evil.example', house.host))
    const evil = await send(pingText('POST /mcp', ['Host: evil.example'], good))
    expect(evil.body.code).toBe('host_not_allowed')
    expect(house.upstream.hits).toEqual([])
  })
})

describe('Origin', () => {
  test('case 21: one that is not allowed is 403 before credential and body are looked at', async () => {
    const refused = { status: 403, body: { code: 'origin_not_allowed' } }
    for (const origin of ['https://evil.example', 'null', `${page}.evil.example`, `${page}:444`]) {
      const lines = [`Origin: ${origin}`]
      expect(await send(pingText('POST /mcp', [`Host: ${house.host}`], lines))).toMatchObject(
        refused,
      )
      // No credential, and a body that is announced but never comes.
      const unsent = [...lines, 'Content-Length: 100', 'Content-Type: application/json']
      expect(await bare('POST /mcp', unsent)).toMatchObject(refused)
      expect(await bare('GET /api/v1/projects', [...lines, bearer()])).toMatchObject(refused)
    }
    expect(house.upstream.hits).toEqual([])
  })

  test('case 33: a preflight from a foreign origin allows nothing', async () => {
    for (const path of ['/mcp', '/mcp/demo', '/api/v1/projects', '/api/v1/bootstrap']) {
      const lines = ['Origin: https://evil.example', 'Access-Control-Request-Method: POST']
      const answer = await bare(`OPTIONS ${path}`, lines)
      expect(answer.status).toBe(403)
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    }
  })

  test('case 33: an allowed origin is named, with Vary, and never with credentials', async () => {
    const lines = [`Origin: ${page}`, 'Access-Control-Request-Method: POST']
    const preflight = await bare('OPTIONS /mcp', lines)
    expect(preflight.status).toBe(204)
    const call = await send(pingText('POST /mcp', [`Host: ${house.host}`], lines))
    expect(call.status).toBe(200)
    // A page has to see the challenge of a refusal too.
    const refusal = await bare('POST /mcp', lines)
    expect(refusal.status).toBe(401)
    for (const { headers } of [preflight, call, refusal]) {
      expect(headers.get('access-control-allow-origin')).toBe(page)
      expect(headers.get('access-control-allow-credentials')).toBeNull()
      expect(headers.get('vary')).toContain('Origin')
    }
    expect(refusal.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate')
  })

  test('case 33: a preflight allows the headers that MCP clients send, and no others', async () => {
    const asked = 'authorization, X-Evil, mcp-param-region, Mcp-Method, cookie, x-forwarded-host'
    const lines = [`Origin: ${page}`, `Access-Control-Request-Headers: ${asked}`]
    const { headers } = await bare('OPTIONS /mcp', lines)
    expect(headers.get('access-control-allow-headers')).toBe(
      'authorization, mcp-param-region, mcp-method',
    )
  })

  test('case 33: the management API allows no page to read it, whatever its origin', async () => {
    const answer = await bare('GET /api/v1/projects', [`Origin: ${page}`, bearer()])
    expect(answer.status).toBe(200)
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    expect((await bare('OPTIONS /api/v1/projects', [`Origin: ${page}`, bearer()])).status).toBe(405)
  })
})

describe('methods', () => {
  test.each(['CONNECT', 'TRACE', 'PROPFIND', 'PURGE', 'LINK'])(
    'case 26: %s is 405 with Allow on every path',
    async (method) => {
      const paths = ['/mcp', '/mcp/demo', '/api/v1/projects', '/docs', '/healthz', '/nowhere']
      for (const path of paths) {
        const answer = await send(pingText(`${method} ${path}`))
        expect(answer).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } })
        expect(answer.headers.get('allow')).not.toBeNull()
      }
      expect(house.upstream.hits).toEqual([])
    },
  )

  test('case 26: CONNECT to another host is 405', async () => {
    const answer = await send('CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n')
    expect(answer.status).toBe(405)
  })

  test('case 26: what the HTTP parser does not know as a method ends the connection', async () => {
    for (const method of ['FOO', 'post', 'Post', 'GETX', 'P\u0000ST']) {
      const answer = await send(pingText(`${method} /mcp`))
      expect(answer.isClosed).toBe(true)
      expect([0, 400, 505]).toContain(answer.status)
    }
    expect(house.upstream.hits).toEqual([])
  })

  test('case 26: Allow names what the resource takes', async () => {
    const asked = [
      ['PUT', '/api/v1/projects', 'HEAD, GET, POST'],
      ['POST', `/api/v1/projects/${house.projectId}`, 'HEAD, GET, PATCH'],
      ['DELETE', '/api/v1/bootstrap', 'POST'],
      ['PATCH', '/openapi.json', 'HEAD, GET'],
      ['GET', '/mcp', 'POST'],
      ['DELETE', '/mcp/demo', 'POST'],
      ['POST', '/readyz', 'GET, HEAD'],
    ]
    for (const [method, path, allow] of asked) {
      const key = path?.startsWith('/mcp') ? house.apiKey : house.adminToken
      const answer = await bare(`${method} ${path}`, [`Authorization: Bearer ${key}`])
      expect(answer.status).toBe(405)
      expect(answer.headers.get('allow')).toBe(String(allow))
    }
  })

  test('a caller without a credential learns nothing of methods: 401 with a challenge', async () => {
    for (const line of ['GET /mcp', 'DELETE /mcp', 'PUT /api/v1/projects', 'GET /api/v1/nowhere']) {
      const answer = await bare(line)
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toStartWith('Bearer ')
    }
  })
})

describe('framing', () => {
  const chunked = (size: string) => `${size}\r\n${callText('ping')}\r\n0\r\n\r\n`
  const hex = callText('ping').length.toString(16)
  const length = callText('ping').length
  const post = (lines: string[], body = callText('ping')) =>
    requestText('POST /mcp', [...mcpLines(house), ...lines], body)

  test.each<[string, () => string]>([
    [
      'both framings',
      () => post([`Content-Length: ${length}`, 'Transfer-Encoding: chunked'], chunked(hex)),
    ],
    ['two lengths', () => post([`Content-Length: ${length}`, 'Content-Length: 5'])],
    ['a list of lengths', () => post([`Content-Length: ${length}, ${length}`])],
    ['a signed length', () => post([`Content-Length: +${length}`])],
    ['a negative length', () => post(['Content-Length: -1'])],
    ['a length in hex', () => post([`Content-Length: 0x${hex}`])],
    ['a length beyond 2^64', () => post(['Content-Length: 99999999999999999999'])],
    ['TE: xchunked', () => post(['Transfer-Encoding: xchunked'], chunked(hex))],
    ['TE: gzip, chunked', () => post(['Transfer-Encoding: gzip, chunked'], chunked(hex))],
    ['TE: chunked, identity', () => post(['Transfer-Encoding: chunked, identity'], chunked(hex))],
    ['a chunk size that is none', () => post(['Transfer-Encoding: chunked'], chunked('zz'))],
    ['a signed chunk size', () => post(['Transfer-Encoding: chunked'], chunked(`+${hex}`))],
    ['a bare LF', () => post([]).replaceAll('\r\n', '\n')],
    ['a bare LF between headers', () => post(['X-A: a\nX-B: b'])],
    ['a NUL in a header', () => post(['X-A: a\u0000b'])],
    ['a CR in a header', () => post(['X-A: a\rb'])],
    ['a space before the colon', () => post([`Content-Length : ${length}`])],
    ['a folded header', () => post(['X-A: a\r\n b'])],
    ['a header without a colon', () => post(['X-A'])],
    ['HTTP/2.0 as version', () => post([]).replace('HTTP/1.1', 'HTTP/2.0')],
    ['no version', () => 'GET /mcp\r\n\r\n'],
  ])('case 27: %s is refused and the connection ends', async (_what, text) => {
    const answer = await send(text())
    expect(answer.isClosed).toBe(true)
    expect([400, 505]).toContain(answer.status)
    expect(house.upstream.hits).toEqual([])
  })

  test('case 29: a URL or headers above 16 KiB are 431', async () => {
    const long = 'a'.repeat(17 * 1024)
    for (const text of [
      pingText(`POST /mcp?${long}`),
      pingText(`POST /${long}`),
      pingText('POST /mcp', [`Host: ${house.host}`], [`X-A: ${long}`]),
      pingText('POST /mcp', [`Host: ${house.host}`], Array(400).fill(`X-A: ${'a'.repeat(40)}`)),
    ]) {
      expect(await send(text)).toMatchObject({ status: 431, isClosed: true })
    }
    expect(house.upstream.hits).toEqual([])
    const fits = pingText('POST /mcp', [`Host: ${house.host}`], [`X-A: ${'a'.repeat(8 * 1024)}`])
    expect((await send(fits)).status).toBe(200)
  })

  const listText = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
  const mcp = (lines: readonly string[], body: string) => requestText('POST /mcp', lines, body)

  test('case 30: pipelined requests are authenticated one by one and answered in order', async () => {
    const client = await RawClient.connect(house.url)
    const texts = [
      mcp(mcpLines(house), listText),
      mcp(mcpLines(house, `tengine_${'x'.repeat(43)}`), callText('ping')),
      requestText('GET /healthz', [`Host: ${house.host}`]),
      mcp([`Host: ${house.host}`], callText('ping')),
      mcp(mcpLines(house), listText),
    ]
    await client.send(texts.join(''))
    const statuses: (number | undefined)[] = []
    for (const _ of texts) statuses.push((await client.response())?.status)
    expect(statuses).toEqual([200, 401, 200, 401, 200])
    expect(house.upstream.hits).toEqual([])
    client.close()
  })

  test('case 30: a request pipelined behind a call under way is not run; the connection ends', async () => {
    const text = mcp(mcpLines(house), callText('ping'))
    const answer = await send(text + text)
    expect(answer).toMatchObject({ status: 0, isClosed: true })
    await Bun.sleep(50)
    expect(house.upstream.hits.length).toBeLessThanOrEqual(1)
  })

  test('case 35: a TLS hello and the HTTP/2 preface are refused and the connection ends', async () => {
    const hello = Buffer.alloc(170, 7)
    hello.set([0x16, 3, 1, 0, 0xa5, 1, 0, 0, 0xa1, 3, 3])
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u0000\u0000\u0012\u0004\u0000\u0000'
    for (const bytes of [hello, preface]) {
      expect(await send(bytes)).toMatchObject({ status: 400, isClosed: true })
    }
  })
})
