import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { X509Certificate } from 'node:crypto'
import { startDecoy } from '../../helpers/decoy_listener.ts'
import { answer, type RawUpstream, startRawUpstream } from '../../helpers/raw_upstream.ts'
import { TestAuthority, type TestCertificate } from '../../helpers/test_certificates.ts'
import {
  closeConnectors,
  eventually,
  failureOf,
  localTarget,
  newConnector,
  send,
} from './connector_fixture.ts'

const authority = new TestAuthority()
const stranger = new TestAuthority('A stranger')
const good = authority.issue({
  dns: ['api.example.com', '*.wild.example'],
  ip: ['127.0.0.1', '::1'],
})
const started: RawUpstream[] = []
afterEach(() => {
  closeConnectors()
  for (const upstream of started.splice(0)) upstream.stop()
})
afterAll(() => {
  authority.remove()
  stranger.remove()
})

function serve(tls: TestCertificate): RawUpstream {
  const upstream = startRawUpstream(
    (connection, { body }) => connection.write(answer(`got ${body.length}`)),
    { tls },
  )
  started.push(upstream)
  return upstream
}
const trusting = () => newConnector({ extraCas: [authority.pem] })

describe('case 168: a certificate that does not prove the name ends the call before a byte of it leaves', () => {
  const vectors: Record<string, { tls: () => TestCertificate; host?: string; reason: RegExp }> = {
    'an unknown authority': {
      tls: () => stranger.issue({ dns: ['api.example.com'] }),
      reason: /verify/,
    },
    'self-signed': { tls: () => authority.selfSigned('api.example.com'), reason: /self.signed/ },
    expired: {
      tls: () => authority.issue({ dns: ['api.example.com'], days: -1 }),
      reason: /expired/,
    },
    'another name': {
      tls: () => authority.issue({ dns: ['www.example.com'] }),
      reason: /altnames/,
    },
    'the name as common name only': {
      tls: () => authority.issue({ commonName: 'api.example.com' }),
      reason: /not made out for api\.example\.com/,
    },
    'the common name beside another alternative name': {
      tls: () => authority.issue({ dns: ['www.example.com'], commonName: 'api.example.com' }),
      reason: /altnames/,
    },
    'a wildcard one label too short': {
      tls: () => good,
      host: 'a.b.wild.example',
      reason: /altnames/,
    },
    'a wildcard for the bare name': { tls: () => good, host: 'wild.example', reason: /altnames/ },
    'the address, where a name was asked for': {
      tls: () => authority.issue({ ip: ['127.0.0.1'] }),
      reason: /altnames|not made out/,
    },
    'a name, where an address was asked for': {
      tls: () => authority.issue({ dns: ['api.example.com'] }),
      host: '127.0.0.1',
      reason: /altnames|not made out/,
    },
  }
  for (const [name, { tls, host = 'api.example.com', reason }] of Object.entries(vectors)) {
    test(name, async () => {
      const upstream = serve(tls())
      const target = localTarget(`https://${host}:${upstream.port}`)
      const secret: [string, string][] = [['authorization', 'Bearer secret']]
      const failure = await failureOf(send(trusting(), target, { headers: secret, method: 'POST' }))
      expect(failure).toMatchObject({
        sent: 'no',
        status: undefined,
        error: { code: 'upstream_tls' },
      })
      expect(failure.error.reason).toMatch(reason)
      expect(await eventually(() => upstream.open <= 0)).toBe(true)
      expect(upstream.bytesReceived).toBe(0)
    })
  }

  test('without the test authority the usual ones alone are trusted', async () => {
    const upstream = serve(good)
    const target = localTarget(`https://api.example.com:${upstream.port}`)
    const failure = await failureOf(send(newConnector(), target))
    expect(failure).toMatchObject({ sent: 'no', error: { code: 'upstream_tls' } })
    expect(upstream.bytesReceived).toBe(0)
  })

  test('one refused by configuration', async () => {
    const upstream = serve(good)
    const refusedFingerprints = [new X509Certificate(good.cert).fingerprint256.toLowerCase()]
    const connector = newConnector({ extraCas: [authority.pem], refusedFingerprints })
    const failure = await failureOf(
      send(connector, localTarget(`https://api.example.com:${upstream.port}`)),
    )
    expect(failure).toMatchObject({ sent: 'no', error: { code: 'upstream_tls' } })
    expect(failure.error.reason).toContain('refused by configuration')
    expect(upstream.bytesReceived).toBe(0)
  })

  test('NODE_TLS_REJECT_UNAUTHORIZED in the environment changes nothing', async () => {
    const upstream = serve(authority.selfSigned('api.example.com'))
    const target = localTarget(`https://api.example.com:${upstream.port}`)
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      const failure = await failureOf(send(trusting(), target))
      expect(failure).toMatchObject({ sent: 'no', error: { code: 'upstream_tls' } })
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
    }
    expect(upstream.bytesReceived).toBe(0)
  })
})

describe('a certificate that proves the name is accepted', () => {
  test.each(['api.example.com', 'any.wild.example', '127.0.0.1'])('for %s', async (host) => {
    const upstream = serve(good)
    const target = localTarget(`https://${host}:${upstream.port}`)
    const connector = trusting()
    const first = await send(connector, target, { method: 'PUT', body: Buffer.from('12345') })
    expect(first.utf8()).toBe('got 5')
    expect(first.timings.tlsMs).toBeGreaterThan(0)
    const second = await send(connector, target)
    expect(second.timings).toMatchObject({ reusedConnection: true, connectMs: 0, tlsMs: 0 })
    expect(upstream.connections).toBe(1)
  })

  test('case 177: SNI and Host name it, though the address is what is dialled', async () => {
    const upstream = serve(good)
    const hello = await clientHello('https://api.example.com')
    expect(hello).toContain('api.example.com')
    expect(await clientHello('https://127.0.0.1')).not.toContain('127.0.0.1')
    await send(trusting(), localTarget(`https://api.example.com:${upstream.port}`))
    expect(upstream.requests[0]?.head).toContain(`host: api.example.com:${upstream.port}\r\n`)
  })

  test('two names on one address are verified each for itself', async () => {
    const upstream = serve(good)
    const connector = trusting()
    await send(connector, localTarget(`https://api.example.com:${upstream.port}`))
    const failure = await failureOf(
      send(connector, localTarget(`https://other.example:${upstream.port}`)),
    )
    expect(failure.error.code).toBe('upstream_tls')
    expect(upstream.requests).toHaveLength(1)
  })

  test('a large body goes through whole', async () => {
    const upstream = serve(good)
    const body = Buffer.alloc(3_000_000, 'abcdefg')
    const target = localTarget(`https://api.example.com:${upstream.port}`)
    const response = await send(trusting(), target, { method: 'POST', body, timeoutMs: 10_000 })
    expect(response.utf8()).toBe('got 3000000')
    expect(upstream.requests[0]?.body.equals(body)).toBe(true)
  })
})

/** The first bytes a client sends to `baseUrl`, as latin-1 text. */
async function clientHello(baseUrl: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const listener = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      data(socket, bytes) {
        resolve(bytes.toString('latin1'))
        socket.end()
      },
    },
  })
  await failureOf(send(newConnector(), localTarget(`${baseUrl}:${listener.port}`)))
  listener.stop(true)
  return promise
}

describe('an upstream that does not speak TLS', () => {
  test('but HTTP', async () => {
    const upstream = startRawUpstream(() => {}, {
      onOpen: (connection) =>
        connection.write('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'),
    })
    started.push(upstream)
    const target = localTarget(`https://api.example.com:${upstream.port}`)
    expect(await failureOf(send(trusting(), target))).toMatchObject({
      sent: 'no',
      error: { code: 'upstream_tls' },
    })
  })

  test('but closes', async () => {
    const decoy = startDecoy()
    const target = localTarget(`https://api.example.com:${decoy.port}`)
    expect(await failureOf(send(trusting(), target))).toMatchObject({
      sent: 'no',
      error: { code: 'upstream_tls' },
    })
    decoy.stop()
  })

  test('but is silent, until the time to connect is up', async () => {
    const silent = startRawUpstream(() => {})
    started.push(silent)
    const connector = newConnector({ connectTimeoutMs: 80 })
    const target = localTarget(`https://api.example.com:${silent.port}`)
    const failure = await failureOf(send(connector, target))
    expect(failure).toMatchObject({ sent: 'no', error: { code: 'upstream_connection' } })
    expect(failure.error.reason).toContain('within 0.08 s')
    expect(await eventually(() => silent.open === 0)).toBe(true)
  })

  test('but is silent, until the deadline', async () => {
    const silent = startRawUpstream(() => {})
    started.push(silent)
    const target = localTarget(`https://api.example.com:${silent.port}`)
    const failure = await failureOf(send(trusting(), target, { timeoutMs: 80 }))
    expect(failure).toMatchObject({ sent: 'no', error: { code: 'upstream_timeout' } })
    expect(await eventually(() => silent.open === 0)).toBe(true)
  })
})
