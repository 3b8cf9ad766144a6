import { afterEach, describe, expect, test } from 'bun:test'
import {
  answer,
  type Behaviour,
  type RawUpstream,
  startRawUpstream,
} from '../../helpers/raw_upstream.ts'
import {
  closeConnectors,
  type ExchangeChange,
  eventually,
  failureOf,
  localTarget,
  newConnector,
  send,
} from './connector_fixture.ts'

const started: RawUpstream[] = []
afterEach(() => {
  closeConnectors()
  for (const upstream of started.splice(0)) upstream.stop()
})

function against(behaviour: Behaviour) {
  const upstream = startRawUpstream(behaviour)
  started.push(upstream)
  const target = localTarget(`http://127.0.0.1:${upstream.port}`)
  const connector = newConnector()
  return { upstream, call: (change?: ExchangeChange) => send(connector, target, change) }
}

const ok = 'HTTP/1.1 200 OK\r\n'

describe('cases 178, 179: the deadline is total', () => {
  test('an upstream that accepts and never answers', async () => {
    const { upstream, call } = against(() => {})
    const startedAtMs = performance.now()
    const failure = await failureOf(call({ timeoutMs: 150, method: 'POST' }))
    expect(failure).toMatchObject({
      sent: 'maybe',
      status: undefined,
      error: {
        code: 'upstream_timeout',
        reason: 'The upstream gave no complete answer within 150 ms.',
      },
    })
    expect(performance.now() - startedAtMs).toBeWithin(140, 3_000)
    expect(upstream.requests).toHaveLength(1)
    expect(await eventually(() => upstream.open === 0)).toBe(true)
  })

  const drips: Record<string, { first: string; again: string }> = {
    'a drip of header bytes': { first: `${ok}x: `, again: 'y' },
    'a drip of interim answers': { first: '', again: 'HTTP/1.1 103 X\r\n\r\n' },
    'a drip of body bytes': { first: `${ok}content-length: 1000\r\n\r\n`, again: 'y' },
    'a drip of chunks': { first: `${ok}transfer-encoding: chunked\r\n\r\n`, again: '1\r\ny\r\n' },
    'a drip of trailers': {
      first: `${ok}transfer-encoding: chunked\r\n\r\n0\r\n`,
      again: 'x: y\r\n',
    },
  }
  for (const [name, { first, again }] of Object.entries(drips)) {
    test(name, async () => {
      const timers: Timer[] = []
      const { call } = against((connection) => {
        connection.write(first)
        timers.push(setInterval(() => connection.write(again), 20))
      })
      const startedAtMs = performance.now()
      const failure = await failureOf(call({ timeoutMs: 200 }))
      for (const timer of timers) clearInterval(timer)
      expect(failure.error.code).toBe('upstream_timeout')
      expect(performance.now() - startedAtMs).toBeWithin(190, 3_000)
    })
  }

  test('many deadlines at once, each at its own time', async () => {
    const { call } = against(() => {})
    const startedAtMs = performance.now()
    const order: number[] = []
    const ends = [300, 100, 200].map(async (timeoutMs) => {
      await failureOf(call({ timeoutMs }))
      order.push(timeoutMs)
      expect(performance.now() - startedAtMs).toBeGreaterThan(timeoutMs - 5)
    })
    await Promise.all(ends)
    expect(order).toEqual([100, 200, 300])
  })

  test('a deadline that has passed lets nothing leave', async () => {
    const { upstream, call } = against((connection) => connection.write(answer('x')))
    const failure = await failureOf(call({ timeoutMs: -1 }))
    expect(failure).toMatchObject({ sent: 'no', error: { code: 'upstream_timeout' } })
    expect(upstream.connections).toBe(0)
  })
})

describe('case 180: no upstream makes Gatehouse hold more than the cap', () => {
  test('an endless chunked body is cut, its status is known, its connection closed', async () => {
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    const { upstream, call } = against((connection) => {
      connection.write(`${ok}transfer-encoding: chunked\r\n\r\n`)
      connection.write(chunk.repeat(200))
    })
    const failure = await failureOf(call({ maxResponseBytes: 100_000 }))
    expect(failure).toMatchObject({
      sent: 'maybe',
      status: 200,
      error: { code: 'response_too_large', reason: 'The answer exceeds 100000 bytes.' },
    })
    expect(await eventually(() => upstream.open === 0)).toBe(true)
  })

  test('a length over the cap is cut before the body comes', async () => {
    const { upstream, call } = against((connection) =>
      connection.write(`HTTP/1.1 500 X\r\ncontent-length: 100001\r\n\r\n`),
    )
    const failure = await failureOf(call({ maxResponseBytes: 100_000 }))
    expect(failure).toMatchObject({ status: 500, error: { code: 'response_too_large' } })
    expect(await eventually(() => upstream.open === 0)).toBe(true)
  })

  test('a body of 300,000 one-byte chunks is read, in bounded memory', async () => {
    const { call } = against((connection) => {
      connection.write(`${ok}transfer-encoding: chunked\r\n\r\n`)
      connection.write('1\r\nx\r\n'.repeat(300_000))
      connection.write('0\r\n\r\n')
    })
    Bun.gc(true)
    const before = process.memoryUsage.rss()
    const response = await call({ timeoutMs: 10_000 })
    expect(response.body.byteLength).toBe(300_000)
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1024 * 1024)
  })
})

describe('case 182: what breaks off is incomplete', () => {
  const breaks: Record<string, Behaviour> = {
    'a body shorter than its length': (connection) =>
      connection.end(`${ok}content-length: 10\r\n\r\nhello`),
    'a reset in the body': (connection) => {
      connection.write(`${ok}content-length: 10\r\n\r\nhello`)
      setTimeout(() => connection.reset(), 20)
    },
    'a chunked body without its end': (connection) =>
      connection.end(`${ok}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`),
    'a reset in a body that ends with the connection': (connection) => {
      connection.write(`${ok}\r\nhello`)
      setTimeout(() => connection.reset(), 20)
    },
  }
  for (const [name, behaviour] of Object.entries(breaks)) {
    test(name, async () => {
      const failure = await failureOf(against(behaviour).call({ method: 'PUT' }))
      expect(failure).toMatchObject({
        sent: 'maybe',
        status: 200,
        error: { code: 'upstream_incomplete' },
      })
    })
  }

  test('a connection closed without an answer', async () => {
    const { upstream, call } = against((connection) => connection.end())
    const failure = await failureOf(call())
    expect(failure).toMatchObject({ sent: 'maybe', error: { code: 'upstream_connection' } })
    expect(upstream.requests).toHaveLength(1)
  })

  test('a connection reset without an answer', async () => {
    const { upstream, call } = against((connection) => connection.reset())
    const failure = await failureOf(call({ method: 'DELETE' }))
    expect(failure).toMatchObject({ sent: 'maybe', error: { code: 'upstream_connection' } })
    expect(upstream.requests).toHaveLength(1)
  })
})

test('a body that ends with the connection is whole when the connection ends in good order', async () => {
  const { upstream, call } = against((connection) => connection.end(`${ok}\r\nhello`))
  expect((await call()).utf8()).toBe('hello')
  expect((await call()).utf8()).toBe('hello')
  expect(upstream.connections).toBe(2)
})

describe('cases 184, 185, 188: an answer that is no HTTP/1.1 is refused and its connection closed', () => {
  test.each([
    '<html></html>',
    'HTTP/1.1 OK\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    'HTTP/1.1 999 X\r\ncontent-length: 0\r\n\r\n',
    `${ok}content-length: 5\r\ncontent-length: 6\r\n\r\nhello!`,
    `${ok}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${ok}a: b\r\n c\r\n\r\n`,
  ])('%p', async (text) => {
    const { upstream, call } = against((connection) => connection.write(text))
    const failure = await failureOf(call({ method: 'POST' }))
    expect(failure).toMatchObject({ sent: 'maybe', error: { code: 'upstream_protocol' } })
    expect(await eventually(() => upstream.open === 0)).toBe(true)
    expect(upstream.requests).toHaveLength(1)
  })

  test('case 186: an endless header is refused within bounds', async () => {
    const { call } = against((connection) => {
      connection.write(`${ok}x: `)
      connection.write('y'.repeat(1_000_000))
    })
    expect((await failureOf(call())).error.code).toBe('upstream_protocol')
  })
})

test('case 183: bytes after the answer are dropped, and the connection is not used again', async () => {
  const { upstream, call } = against((connection) =>
    connection.write(
      `${ok}content-length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`,
    ),
  )
  expect((await call()).utf8()).toBe('hello')
  expect((await call()).utf8()).toBe('hello')
  expect(upstream.connections).toBe(2)
})

test('case 183: bytes that come later, unasked, cost the connection and reach no one', async () => {
  const { upstream, call } = against((connection) => {
    connection.write(answer('hello'))
    setTimeout(() => connection.write(answer('evil')), 20)
  })
  expect((await call()).utf8()).toBe('hello')
  expect(await eventually(() => upstream.open === 0)).toBe(true)
  expect((await call()).utf8()).toBe('hello')
})

test('case 189: a 204 with a body is empty', async () => {
  const { call } = against((connection) =>
    connection.write('HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello'),
  )
  const response = await call()
  expect([response.status, response.bodyLength]).toEqual([204, 0])
})

test('cases 166, 167: a redirect is an answer; where it points nothing goes', async () => {
  const elsewhere = against((connection) => connection.write(answer('secret')))
  const location = `http://127.0.0.1:${elsewhere.upstream.port}/`
  const { upstream, call } = against((connection) =>
    connection.write(`HTTP/1.1 302 Found\r\nlocation: ${location}\r\ncontent-length: 0\r\n\r\n`),
  )
  const response = await call({ headers: [['authorization', 'Bearer secret']] })
  expect([response.status, response.headers.get('location')]).toEqual([302, location])
  expect(upstream.requests).toHaveLength(1)
  expect(elsewhere.upstream.connections).toBe(0)
})

test('cases 186, 201: of the headers only the listed ones are kept, none over 8 KiB', async () => {
  const { call } = against((connection) =>
    connection.write(
      answer('{}', [
        'Content-Type: application/json; charset=utf-8',
        'ETag:  "v1" ',
        'Retry-After: 30',
        'X-Request-Id: abc',
        'Set-Cookie: session=1',
        'Server: x',
        `Location: /${'x'.repeat(9_000)}`,
      ]),
    ),
  )
  const { headers } = await call()
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(headers.get('etag')).toBe('"v1"')
  expect(headers.get('retry-after')).toBe('30')
  expect(headers.get('x-request-id')).toBe('abc')
  expect(headers.get('location')).toBeNull()
  expect(JSON.stringify(headers)).not.toMatch(/session|Server/i)
})

test('case 194: 401 and 403 of an upstream are answers like any other', async () => {
  const { call } = against((connection) =>
    connection.write(
      'HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer\r\ncontent-length: 2\r\n\r\nno',
    ),
  )
  const response = await call()
  expect([response.status, response.utf8()]).toEqual([401, 'no'])
})

test('case 200: an answer that comes after the deadline is delivered to no one', async () => {
  const { upstream, call } = against((connection, { index }) => {
    setTimeout(() => connection.write(answer(`late ${index}`)), 120)
  })
  const failure = await failureOf(call({ timeoutMs: 60, method: 'POST' }))
  expect(failure.error.code).toBe('upstream_timeout')
  await Bun.sleep(100)
  expect((await call()).utf8()).toBe('late 1')
  expect(upstream.connections).toBe(2)
})

test('an answer that comes before the request is all sent is read, and the connection closed', async () => {
  const upstream = startRawUpstream(() => {}, {
    isDeaf: true,
    onOpen: (connection) =>
      connection.write('HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\n\r\nbig'),
  })
  started.push(upstream)
  const target = localTarget(`http://127.0.0.1:${upstream.port}`)
  const body = Buffer.alloc(20_000_000)
  const response = await send(newConnector(), target, { method: 'POST', body })
  expect([response.status, response.utf8()]).toEqual([413, 'big'])
})
