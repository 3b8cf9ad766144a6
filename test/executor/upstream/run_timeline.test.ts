import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { answer, type Behaviour } from '../../helpers/raw_upstream.ts'
import { type CallingWorld, startCallingWorld } from './calling_world.ts'

let world: CallingWorld
beforeAll(async () => {
  world = await startCallingWorld()
})
afterAll(() => world.stop())

const ok = 'HTTP/1.1 200 OK\r\n'
const timers: Timer[] = []
const says =
  (text: string | Uint8Array): Behaviour =>
  (connection) =>
    connection.write(text)
const ends =
  (text: string): Behaviour =>
  (connection) =>
    connection.end(text)
const drips =
  (first: string, again: string): Behaviour =>
  (connection) => {
    connection.write(first)
    const timer = setInterval(() => connection.write(again), 20)
    timers.push(timer)
  }
const status = (line: string, ...headers: string[]) =>
  says(`HTTP/1.1 ${[line, ...headers].join('\r\n')}\r\ncontent-length: 2\r\n\r\nno`)
afterAll(() => {
  for (const timer of timers) clearInterval(timer)
})

interface Shown {
  /** What a read ends with; null for a success. */
  readonly read: string | null
  /** What a write ends with, where it is something else. */
  readonly write?: string
  readonly status?: number
  /** How often a read is sent; once unless told. */
  readonly reads?: number
}

const unknown = 'outcome_unknown'
const silent = { read: 'upstream_timeout', write: unknown }
const late = { read: 'upstream_timeout', status: 200 }
const malformed = { read: 'upstream_protocol', write: unknown }
const broken = { read: 'upstream_connection', write: unknown, reads: 3 }
const cut = { read: 'upstream_incomplete', status: 200, reads: 3 }

/** Group G of reliability.md, and what the caller and the run show of it. */
const behaviours: readonly (readonly [name: string, behaviour: Behaviour, shown: Shown])[] = [
  ['178 no answer', () => undefined, silent],
  ['179 a drip of header bytes', drips(`${ok}x: `, 'y'), silent],
  ['179 a drip of interim answers', drips('', 'HTTP/1.1 103 X\r\n\r\n'), silent],
  ['179 a drip of body bytes', drips(`${ok}content-length: 999\r\n\r\n`, 'y'), late],
  ['179 a drip of chunks', drips(`${ok}transfer-encoding: chunked\r\n\r\n`, '1\r\ny\r\n'), late],
  [
    '179 a drip of trailers',
    drips(`${ok}transfer-encoding: chunked\r\n\r\n0\r\n`, 'x: y\r\n'),
    late,
  ],
  [
    '180 an endless body',
    says(`${ok}transfer-encoding: chunked\r\n\r\n${`1000\r\n${'x'.repeat(4096)}\r\n`.repeat(50)}`),
    { read: 'response_too_large', status: 200 },
  ],
  [
    '180 a length over the cap',
    says(`${ok}content-length: 99999\r\n\r\n`),
    { read: 'response_too_large', status: 200 },
  ],
  [
    '181 a bomb',
    says(answer(Bun.gzipSync(Buffer.alloc(9_000_000)), ['content-encoding: gzip'])),
    { read: 'response_too_large', status: 200 },
  ],
  ['182 a short body', ends(`${ok}content-length: 10\r\n\r\nhello`), cut],
  [
    '182 a chunked body without end',
    ends(`${ok}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`),
    cut,
  ],
  [
    '182 a reset in the body',
    (connection) => {
      connection.write(`${ok}content-length: 10\r\n\r\nhello`)
      setTimeout(() => connection.reset(), 10)
    },
    cut,
  ],
  ['182 a hang-up', ends(''), broken],
  ['182 a reset', (connection) => connection.reset(), broken],
  ['184 a page', says('<html></html>'), malformed],
  ['184 no status', says('HTTP/1.1 OK\r\n\r\n'), malformed],
  ['184 a switch of protocols', says('HTTP/1.1 101 X\r\n\r\n'), malformed],
  ['184 two lengths', says(`${ok}content-length: 5\r\ncontent-length: 6\r\n\r\nhello!`), malformed],
  ['184 a folded header', says(`${ok}a: b\r\n c\r\n\r\n`), malformed],
  [
    '185 length and chunks',
    says(`${ok}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`),
    malformed,
  ],
  ['186 an endless header', says(`${ok}x: ${'y'.repeat(1_000_000)}`), malformed],
  [
    '187 a hundred interim answers',
    says(`${'HTTP/1.1 103 X\r\n\r\n'.repeat(100)}${ok}content-length: 2\r\n\r\nok`),
    { read: null, status: 200 },
  ],
  ['188 a status of 999', says('HTTP/1.1 999 X\r\ncontent-length: 0\r\n\r\n'), malformed],
  [
    '183 more than its length',
    says(`${ok}content-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n`),
    { read: null, status: 200 },
  ],
  [
    '189 a 204 with a body',
    says('HTTP/1.1 204 X\r\ncontent-length: 5\r\n\r\nhello'),
    { read: null, status: 204 },
  ],
  [
    '190 a lie about gzip',
    says(answer('hello', ['content-encoding: gzip'])),
    { read: 'upstream_decode', status: 200 },
  ],
  [
    '190 an unknown encoding',
    says(answer('hello', ['content-encoding: rot13'])),
    { read: 'upstream_decode', status: 200 },
  ],
  [
    '166 a redirect',
    status('302 Found', 'location: http://127.0.0.1:1/'),
    { read: 'upstream_redirect', status: 302 },
  ],
  ['194 a 401', status('401 X'), { read: 'upstream_status', status: 401 }],
  [
    '195 a 429 for an hour',
    status('429 X', 'retry-after: 3600'),
    { read: 'upstream_status', status: 429 },
  ],
  ['196 a 503', status('503 X'), { read: 'upstream_status', status: 503, reads: 3 }],
]

describe('group G: each misbehaviour is a clean error, and its run shows what happened', () => {
  const fields = { timeout_ms: 400, max_response_bytes: 10_000 }

  test.each([...behaviours])('case %s', async (_, behaviour, shown) => {
    const upstream = world.upstream(behaviour)
    const isTimeout = shown.read === 'upstream_timeout'
    const timed = isTimeout ? { ...fields, timeout_ms: 120 } : { ...fields, timeout_ms: 3_000 }
    const read = await world.call(await world.tool(upstream.port, timed))
    const reads = shown.reads ?? 1
    expect([read.code, upstream.requests.length]).toEqual([shown.read, reads])
    expectTimeline(read.run, shown, shown.read)
    expect(read.run.timeline).toHaveLength(reads)

    const write = await world.call(
      await world.tool(upstream.port, { ...timed, http_method: 'POST' }),
    )
    const code = shown.write ?? shown.read
    expect([write.code, upstream.requests.length]).toEqual([code, reads + 1])
    expectTimeline(write.run, shown, shown.read)
    expect(write.run.timeline).toHaveLength(1)
    expect(write.run.state).toBe(code === unknown ? 'unknown' : 'done')
  })

  // biome-ignore lint/suspicious/noExplicitAny: a run as the API shows it
  function expectTimeline(run: any, shown: Shown, code: string | null) {
    const isAnswer = code === null || code === 'upstream_status' || code === 'upstream_redirect'
    for (const attempt of run.timeline) {
      expect(attempt).toMatchObject({
        was_sent: true,
        status: shown.status ?? null,
        error_code: isAnswer ? null : code,
      })
      const phases = ['queue_ms', 'dns_ms', 'connect_ms', 'tls_ms', 'first_byte_ms', 'body_ms']
      const spent = phases.reduce((sum, phase) => sum + attempt[phase], attempt.started_ms)
      expect(spent).toBeWithin(0, run.duration_ms + 5)
      if (shown.status !== undefined) expect(attempt.bytes).toBeGreaterThan(0)
    }
    // A success says no more; everything else says what followed.
    const nexts = run.timeline.map(({ next }: { next: string | null }) => next)
    expect(nexts.slice(0, -1)).toEqual(Array(nexts.length - 1).fill('retried'))
    if (code !== null && !isAnswer) expect(nexts.at(-1)).toBeString()
    expect(run.attempts).toBe(run.timeline.length)
  }
})

test('a call that goes well says how long each phase took, and nothing else', async () => {
  const upstream = world.upstream((connection) => {
    setTimeout(() => connection.write(answer('{}')), 30)
  })
  const name = await world.tool(upstream.port)
  const { run } = await world.call(name)
  expect(run.timeline).toMatchObject([
    { status: 200, was_sent: true, reused_connection: false, next: null, error_code: null },
  ])
  expect(run.timeline[0].first_byte_ms).toBeWithin(25, 1_000)
  expect(run.timeline[0].connect_ms).toBeGreaterThan(0)
  const again = await world.call(name)
  expect(again.run.timeline).toMatchObject([{ reused_connection: true, connect_ms: 0 }])
})

test('what never came to an attempt has none', async () => {
  const { port } = world.upstream(() => undefined)
  const name = await world.tool(port, { input_schema: { type: 'object', required: ['a'] } })
  const { run } = await world.call(name)
  expect([run.state, run.timeline]).toEqual(['failed_not_sent', []])
})
