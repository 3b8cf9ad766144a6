import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { answer, startRawUpstream } from '../../helpers/raw_upstream.ts'
import { closeConnectors, failureOf, localTarget, newConnector, send } from './connector_fixture.ts'

const upstream = startRawUpstream((connection) => connection.write(answer('ok')))
const base = `http://127.0.0.1:${upstream.port}`
const target = localTarget(base)
afterEach(closeConnectors)
afterAll(() => upstream.stop())

const last = () => upstream.requests.at(-1)

test('a request goes out byte for byte: host first, own headers in order, then the framing', async () => {
  await send(newConnector(), target, {
    method: 'POST',
    path: '//v1/%7Eusers?q=a%20b&x=..',
    headers: [
      ['Accept', 'application/json'],
      ['X-Tengine-Project-Id', '42'],
      ['x-empty', ''],
    ],
    body: Buffer.from('{"a":1}'),
  })
  expect(last()?.head).toBe(
    'POST //v1/%7Eusers?q=a%20b&x=.. HTTP/1.1\r\n' +
      `host: 127.0.0.1:${upstream.port}\r\n` +
      'Accept: application/json\r\n' +
      'X-Tengine-Project-Id: 42\r\n' +
      'x-empty: \r\n' +
      'content-length: 7\r\n' +
      'accept-encoding: gzip, deflate, br, zstd\r\n' +
      'connection: keep-alive\r\n' +
      '\r\n',
  )
  expect(last()?.body.toString()).toBe('{"a":1}')
})

test('a write without a body says so, a GET or DELETE without one says nothing', async () => {
  const lengthOf = async (
    method: 'GET' | 'DELETE' | 'POST' | 'PUT' | 'PATCH',
    body: Uint8Array | null,
  ) => {
    await send(newConnector(), target, { method, body })
    return /content-length: .*/.exec(last()?.head ?? '')?.[0] ?? null
  }
  expect(await lengthOf('GET', null)).toBeNull()
  expect(await lengthOf('DELETE', null)).toBeNull()
  expect(await lengthOf('POST', null)).toBe('content-length: 0')
  expect(await lengthOf('PUT', null)).toBe('content-length: 0')
  expect(await lengthOf('PATCH', new Uint8Array())).toBe('content-length: 0')
  expect(await lengthOf('DELETE', Buffer.from('x'))).toBe('content-length: 1')
})

test('case 177: Host carries the name and its port, and only the address is dialled', async () => {
  const named = localTarget(`http://api.example.com:${upstream.port}`)
  await send(newConnector(), named)
  expect(last()?.head).toContain(`\r\nhost: api.example.com:${upstream.port}\r\n`)
})

test("a tool's own Accept-Encoding stands alone", async () => {
  await send(newConnector(), target, { headers: [['Accept-Encoding', 'identity']] })
  expect(last()?.head.match(/accept-encoding/gi)).toHaveLength(1)
  expect(last()?.head).toContain('Accept-Encoding: identity\r\n')
})

test('the same header name carries a new value at every call', async () => {
  const connector = newConnector()
  for (const value of ['a', 'b', 'a', 'a', 'c']) {
    await send(connector, target, { headers: [['x-id', value]] })
    expect(last()?.head).toContain(`\r\nx-id: ${value}\r\n`)
  }
})

test('a request of any size arrives whole, also where the socket takes it in pieces', async () => {
  const connector = newConnector()
  for (const size of [1, 64 * 1024, 64 * 1024 + 1, 5_000_000]) {
    const body = Buffer.alloc(size)
    for (let i = 0; i < size; i++) body[i] = (i * 31) & 255
    const response = await send(connector, target, { method: 'POST', body, timeoutMs: 10_000 })
    expect(response.status).toBe(200)
    expect(last()?.body.equals(body)).toBe(true)
  }
})

test('a head of 40 KB of headers arrives whole', async () => {
  const headers = Array.from({ length: 40 }, (_, i) => [`x-${i}`, 'v'.repeat(1_000)] as const)
  await send(newConnector(), target, { headers, method: 'PUT', body: Buffer.alloc(60_000, 'b') })
  expect(last()?.head.length).toBeGreaterThan(40_000)
  expect(last()?.body.length).toBe(60_000)
})

describe('case 142: the last guard lets nothing through that would be a second request', () => {
  test.each([
    ['a header value with CRLF', { headers: [['x', 'a\r\nhost: evil']] }],
    ['with a line feed', { headers: [['x', 'a\nb']] }],
    ['with NUL', { headers: [['x', 'a\0b']] }],
    ['beyond ASCII', { headers: [['x', 'ü']] }],
    ['a header name with a colon', { headers: [['x:y', 'a']] }],
    ['with a space', { headers: [['x ', 'a']] }],
    ['with CRLF', { headers: [['x\r\ny', 'a']] }],
    ['without characters', { headers: [['', 'a']] }],
    ['a second Host', { headers: [['Host', 'evil']] }],
    ['a Content-Length', { headers: [['content-length', '0']] }],
    ['a Transfer-Encoding', { headers: [['Transfer-Encoding', 'chunked']] }],
    ['a Connection', { headers: [['connection', 'close']] }],
    ['an Expect', { headers: [['Expect', '100-continue']] }],
    ['a path with a space', { path: '/a b' }],
    ['with CRLF', { path: '/a\r\nx: y' }],
    ['with a fragment', { path: '/a#b' }],
    ['beyond ASCII', { path: '/ü' }],
    ['that is no path', { path: 'http://evil/' }],
    ['that is empty', { path: '' }],
  ] as const)('%s', async (_, change) => {
    const before = upstream.bytesReceived
    const connections = upstream.connections
    const failure = await failureOf(send(newConnector(), target, change))
    expect(failure.sent).toBe('no')
    expect(['invalid_header_value', 'template_escape']).toContain(failure.error.code)
    expect(upstream.bytesReceived).toBe(before)
    expect(upstream.connections).toBe(connections)
  })

  test('also where a connection lies idle', async () => {
    const connector = newConnector()
    await send(connector, target)
    const before = upstream.bytesReceived
    const failure = await failureOf(send(connector, target, { headers: [['x', 'a\r\nb: c']] }))
    expect(failure).toMatchObject({ sent: 'no', error: { code: 'invalid_header_value' } })
    expect(upstream.bytesReceived).toBe(before)
  })
})
