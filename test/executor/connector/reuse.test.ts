import { afterEach, describe, expect, test } from 'bun:test'
import type { ConnectorOptions } from '../../../src/executor/connector/connector.ts'
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

function against(behaviour: Behaviour, options?: ConnectorOptions) {
  const upstream = startRawUpstream(behaviour)
  started.push(upstream)
  const target = localTarget(`http://127.0.0.1:${upstream.port}`)
  const connector = newConnector(options)
  const call = (change?: ExchangeChange) => send(connector, target, change)
  return { upstream, connector, call }
}

const echo: Behaviour = (connection, { head }) => connection.write(answer(head.split(' ')[1] ?? ''))
/** Answers the first request of a connection; at the second one the connection dies. */
const dying =
  (how: 'end' | 'reset'): Behaviour =>
  (connection, { index }) =>
    index === 1 ? connection.write(answer('ok')) : connection[how]()
const writes = ['POST', 'PUT', 'PATCH', 'DELETE'] as const

test('one connection serves call after call', async () => {
  const { upstream, call } = against(echo)
  for (let i = 0; i < 20; i++) {
    const response = await call({ path: `/${i}`, method: i % 2 === 0 ? 'GET' : 'PUT' })
    expect(response.utf8()).toBe(`/${i}`)
    expect(response.timings.reusedConnection).toBe(i > 0)
  }
  expect(upstream.connections).toBe(1)
})

test('calls at the same time use one connection each, and never share one', async () => {
  const { upstream, call } = against(echo)
  for (let round = 0; round < 3; round++) {
    const paths = Array.from({ length: 30 }, (_, i) => `/${round}/${i}`)
    const texts = await Promise.all(paths.map(async (path) => (await call({ path })).utf8()))
    expect(texts).toEqual(paths)
  }
  expect(upstream.connections).toBe(30)
})

describe('case 199: a write is never sent twice', () => {
  for (const how of ['end', 'reset'] as const) {
    test.each(writes)(`%s on a connection that dies as it goes out (${how})`, async (method) => {
      const { upstream, call } = against(dying(how))
      await call()
      const failure = await failureOf(call({ method, path: '/write', body: Buffer.from('x') }))
      expect(failure).toMatchObject({
        sent: 'maybe',
        status: undefined,
        error: { code: 'upstream_connection' },
        timings: { reusedConnection: true },
      })
      expect(upstream.requests.filter(({ head }) => head.includes('/write'))).toHaveLength(1)
    })
  }

  test.each(writes)('%s after half an answer', async (method) => {
    const { upstream, call } = against((connection, { index }) =>
      index === 1 ? connection.write(answer('ok')) : connection.end('HTTP/1.1 2'),
    )
    await call()
    const failure = await failureOf(call({ method, path: '/write' }))
    expect(failure).toMatchObject({ sent: 'maybe', error: { code: 'upstream_incomplete' } })
    expect(upstream.requests.filter(({ head }) => head.includes('/write'))).toHaveLength(1)
  })

  test('it takes no connection that was idle for longer than the time set', async () => {
    const { upstream, call } = against(dying('end'), { writeIdleMs: 30 })
    await call()
    await Bun.sleep(50)
    expect((await call({ method: 'PUT', path: '/write' })).status).toBe(200)
    expect(upstream.requests.filter(({ head }) => head.includes('/write'))).toHaveLength(1)
    expect(upstream.connections).toBe(2)
  })

  test('with a time of zero, or where the caller says so, it always gets a fresh connection', async () => {
    const { upstream, call } = against(dying('reset'), { writeIdleMs: -1 })
    await call()
    for (const method of writes) expect((await call({ method })).status).toBe(200)
    const other = against(dying('reset'))
    await other.call()
    for (const method of writes) {
      expect((await other.call({ method, reuse: false })).status).toBe(200)
    }
    expect(upstream.connections).toBe(5)
    expect(other.upstream.connections).toBe(5)
  })
})

describe('a GET on a reused connection that dies before the first byte of an answer', () => {
  for (const how of ['end', 'reset'] as const) {
    test(`is sent once more, on a fresh connection (${how})`, async () => {
      const { upstream, call } = against(dying(how))
      await call()
      const response = await call({ path: '/again' })
      expect(response).toMatchObject({ status: 200, timings: { reusedConnection: false } })
      expect(upstream.requests.filter(({ head }) => head.includes('/again'))).toHaveLength(2)
    })
  }

  test('is sent no third time', async () => {
    const { upstream, call } = against((connection, { head }) =>
      head.includes('/again') ? connection.end() : connection.write(answer('ok')),
    )
    await call()
    const failure = await failureOf(call({ path: '/again' }))
    expect(failure).toMatchObject({ sent: 'maybe', error: { code: 'upstream_connection' } })
    expect(upstream.requests.filter(({ head }) => head.includes('/again'))).toHaveLength(2)
  })

  test('is not sent again once a byte of an answer came', async () => {
    const { upstream, call } = against((connection, { index }) =>
      index === 1 ? connection.write(answer('ok')) : connection.end('HTTP/1.1 200 OK\r\n'),
    )
    await call()
    expect((await failureOf(call({ path: '/again' }))).error.code).toBe('upstream_incomplete')
    expect(upstream.requests.filter(({ head }) => head.includes('/again'))).toHaveLength(1)
  })

  test('is not sent again on a fresh connection that dies', async () => {
    const { upstream, call } = against((connection) => connection.end())
    expect((await failureOf(call())).error.code).toBe('upstream_connection')
    expect(upstream.requests).toHaveLength(1)
  })
})

describe('a connection is kept only where the upstream lets it', () => {
  const closing: Record<string, string> = {
    'Connection: close': 'HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-length: 2\r\n\r\nok',
    'close among others': 'HTTP/1.1 200 OK\r\nConnection: x, Close\r\ncontent-length: 2\r\n\r\nok',
    'HTTP/1.0': 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok',
    'a keep-alive time that is about over':
      'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\ncontent-length: 2\r\n\r\nok',
  }
  for (const [name, text] of Object.entries(closing)) {
    test(`not after ${name}`, async () => {
      const { upstream, call } = against((connection) => connection.write(text))
      await call()
      expect(await eventually(() => upstream.open === 0)).toBe(true)
      expect((await call()).utf8()).toBe('ok')
      expect(upstream.connections).toBe(2)
    })
  }

  test('one the upstream closes while it is idle is forgotten', async () => {
    const { upstream, call } = against((connection, { index }) => {
      connection.write(answer(`${index}`))
      setTimeout(() => connection.end(), 20)
    })
    expect((await call()).utf8()).toBe('1')
    expect(await eventually(() => upstream.open === 0)).toBe(true)
    await Bun.sleep(10)
    const response = await call({ method: 'POST' })
    expect([response.utf8(), response.timings.reusedConnection]).toEqual(['1', false])
  })

  test('an idle one is closed after the time set', async () => {
    const { upstream, call } = against(echo, { idleMs: 50 })
    await call()
    expect(upstream.open).toBe(1)
    expect(await eventually(() => upstream.open === 0)).toBe(true)
  })

  test('no more than the number set are kept', async () => {
    const { upstream, call } = against(echo, { maxIdlePerHost: 3 })
    await Promise.all(Array.from({ length: 10 }, () => call()))
    expect(await eventually(() => upstream.open === 3)).toBe(true)
    const total = against(echo, { maxIdle: 2 })
    await Promise.all(Array.from({ length: 10 }, () => total.call()))
    expect(await eventually(() => total.upstream.open === 2)).toBe(true)
  })

  test('case 165: flushing closes the idle ones and leaves those under way', async () => {
    const { upstream, connector, call } = against((connection, { head }) => {
      setTimeout(() => connection.write(answer('ok')), head.includes('slow') ? 50 : 0)
    })
    await call()
    const slow = call({ path: '/slow', reuse: false })
    expect(await eventually(() => upstream.connections === 2)).toBe(true)
    connector.flushIdle()
    expect(await eventually(() => upstream.open === 1)).toBe(true)
    expect((await slow).utf8()).toBe('ok')
  })

  test('names on one address never share a connection', async () => {
    const { upstream, connector } = against(echo)
    for (const name of ['a.example', 'b.example', 'a.example']) {
      await send(connector, localTarget(`http://${name}:${upstream.port}`))
    }
    expect(upstream.connections).toBe(2)
  })
})

test('a closed connector takes no call, and lets the one under way end', async () => {
  const { upstream, connector, call } = against((connection) => {
    setTimeout(() => connection.write(answer('ok')), 30)
  })
  const underWay = call({ method: 'POST' })
  expect(await eventually(() => upstream.requests.length === 1)).toBe(true)
  connector.close()
  expect(await failureOf(call())).toMatchObject({ sent: 'no', error: { code: 'shutting_down' } })
  expect((await underWay).utf8()).toBe('ok')
  expect(await eventually(() => upstream.open === 0)).toBe(true)
})

describe('a caller that goes away', () => {
  test('ends the call at once and closes its connection', async () => {
    const { upstream, call } = against(() => {})
    const caller = new AbortController()
    const failing = failureOf(call({ signal: caller.signal }))
    expect(await eventually(() => upstream.requests.length === 1)).toBe(true)
    caller.abort()
    expect(await failing).toMatchObject({ sent: 'maybe', error: { code: 'call_cancelled' } })
    expect(await eventually(() => upstream.open === 0)).toBe(true)
  })

  test('before the call lets nothing leave', async () => {
    const { upstream, call } = against(echo)
    const failure = await failureOf(call({ signal: AbortSignal.abort() }))
    expect(failure).toMatchObject({ sent: 'no', error: { code: 'call_cancelled' } })
    expect(upstream.connections).toBe(0)
  })

  test('while it connects leaves no connection behind, and nothing leaves', async () => {
    const { upstream, call } = against(echo)
    const caller = new AbortController()
    const failing = failureOf(call({ signal: caller.signal }))
    await new Promise(setImmediate)
    caller.abort()
    expect(await failing).toMatchObject({ sent: 'no', error: { code: 'call_cancelled' } })
    expect(await eventually(() => upstream.connections === 1 && upstream.open === 0)).toBe(true)
    expect(upstream.bytesReceived).toBe(0)
  })

  test('in the turn of the call is not even connected for', async () => {
    const { upstream, call } = against(echo)
    const caller = new AbortController()
    const failing = failureOf(call({ signal: caller.signal }))
    caller.abort()
    expect(await failing).toMatchObject({ sent: 'no', error: { code: 'call_cancelled' } })
    expect((await call()).status).toBe(200)
    expect(upstream.connections).toBe(1)
  })

  test('after the call changes nothing', async () => {
    const { call } = against(echo)
    const caller = new AbortController()
    expect((await call({ signal: caller.signal })).status).toBe(200)
    caller.abort()
    const again = await call()
    expect([again.status, again.timings.reusedConnection]).toEqual([200, true])
  })
})
