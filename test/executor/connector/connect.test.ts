import { afterEach, describe, expect, test } from 'bun:test'
import { startDecoy } from '../../helpers/decoy_listener.ts'
import { answer, type RawUpstream, startRawUpstream } from '../../helpers/raw_upstream.ts'
import { closeConnectors, failureOf, localTarget, newConnector, send } from './connector_fixture.ts'

const started: RawUpstream[] = []
afterEach(() => {
  closeConnectors()
  for (const upstream of started.splice(0)) upstream.stop()
})

function serve(hostname: string, port = 0): RawUpstream {
  const upstream = startRawUpstream((connection) => connection.write(answer(hostname)), {
    hostname,
    port,
  })
  started.push(upstream)
  return upstream
}

/** A port nobody listens on. */
function closedPort(): number {
  const decoy = startDecoy()
  decoy.stop()
  return decoy.port
}

test('case 210: a refused connection is a failure that sent nothing', async () => {
  const port = closedPort()
  const failure = await failureOf(
    send(newConnector(), localTarget(`http://127.0.0.1:${port}`), { method: 'POST' }),
  )
  expect(failure).toMatchObject({
    sent: 'no',
    status: undefined,
    error: {
      code: 'upstream_connection',
      reason: `127.0.0.1 port ${port} cannot be reached (ECONNREFUSED).`,
    },
  })
})

describe('case 177: every checked address is tried, in order, until one connects', () => {
  test('the first that does is used, and no later one is dialled', async () => {
    const first = serve('127.0.0.2')
    const second = serve('127.0.0.3', first.port)
    const addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3']
    const target = localTarget(`http://api.example.com:${first.port}`, addresses)
    const response = await send(newConnector(), target, { method: 'POST' })
    expect(response.utf8()).toBe('127.0.0.2')
    expect([first.requests.length, second.connections]).toEqual([1, 0])
  })

  test('IPv6 first, IPv4 where nobody answers there, and the other way round', async () => {
    const v4 = serve('127.0.0.1')
    const base = `http://api.example.com:${v4.port}`
    const both = localTarget(base, ['::1', '127.0.0.1'])
    expect((await send(newConnector(), both)).utf8()).toBe('127.0.0.1')
    const v6 = serve('::1')
    const other = localTarget(`http://api.example.com:${v6.port}`, ['127.0.0.1', '::1'])
    expect((await send(newConnector(), other)).utf8()).toBe('::1')
    const literal = localTarget(`http://[::1]:${v6.port}`)
    expect((await send(newConnector(), literal)).utf8()).toBe('::1')
  })

  test('where none does, the last failure is told', async () => {
    const target = localTarget(`http://api.example.com:${closedPort()}`, ['127.0.0.1', '127.0.0.2'])
    const failure = await failureOf(send(newConnector(), target))
    expect(failure).toMatchObject({ sent: 'no', error: { code: 'upstream_connection' } })
    expect(failure.error.reason).toContain('api.example.com (127.0.0.2)')
  })
})

test('case 171: proxies named in the environment are not used', async () => {
  const proxy = startDecoy()
  const upstream = serve('127.0.0.1')
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY'] as const
  const before = names.map((name) => process.env[name])
  for (const name of names) process.env[name] = `http://127.0.0.1:${proxy.port}`
  try {
    const target = localTarget(`http://api.example.com:${upstream.port}`)
    expect((await send(newConnector(), target)).status).toBe(200)
  } finally {
    for (const [i, name] of names.entries()) {
      const value = before[i]
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
  expect(proxy.accepts).toBe(0)
  expect(upstream.requests).toHaveLength(1)
  proxy.stop()
})

test('the phases of a call are timed', async () => {
  const upstream = startRawUpstream((connection) => {
    setTimeout(() => connection.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n'), 40)
    setTimeout(() => connection.write('ok'), 80)
  })
  started.push(upstream)
  const { timings, bytesReceived } = await send(
    newConnector(),
    localTarget(`http://127.0.0.1:${upstream.port}`),
  )
  expect(timings.connectMs).toBeGreaterThan(0)
  expect(timings.tlsMs).toBe(0)
  expect(timings.firstByteMs).toBeGreaterThan(35)
  expect(timings.totalMs - timings.firstByteMs).toBeGreaterThan(10)
  expect(timings.reusedConnection).toBe(false)
  expect(bytesReceived).toBe('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'.length)
})

test('a thousand calls under way at once are all answered', async () => {
  const upstream = startRawUpstream((connection) => {
    setTimeout(() => connection.write(answer('ok')), 100)
  })
  started.push(upstream)
  const connector = newConnector()
  const target = localTarget(`http://127.0.0.1:${upstream.port}`)
  const calls = Array.from({ length: 1_000 }, () => send(connector, target, { timeoutMs: 10_000 }))
  const statuses = (await Promise.all(calls)).map(({ status }) => status)
  expect(statuses.every((status) => status === 200)).toBe(true)
  expect(upstream.connections).toBe(1_000)
})
