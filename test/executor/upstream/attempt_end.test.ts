import { describe, expect, test } from 'bun:test'
import { AppError, type ErrorCode } from '../../../src/errors.ts'
import { ExchangeError, type ExchangeTimings } from '../../../src/executor/connector/exchange.ts'
import { CertificateRefusal } from '../../../src/executor/connector/tls_trust.ts'
import { createResolver } from '../../../src/executor/resolve_host.ts'
import { attemptEnd, healthOf } from '../../../src/executor/upstream/attempt_end.ts'
import type { EndedAttempt } from '../../../src/executor/upstream/attempt_trail.ts'
import { startRawUpstream } from '../../helpers/raw_upstream.ts'
import {
  closeConnectors,
  failureOf,
  localTarget,
  newConnector,
  send,
} from '../connector/connector_fixture.ts'
import { answered } from './upstream_fixture.ts'

const ended = (change: Partial<EndedAttempt>): EndedAttempt => ({
  ...{ startedMs: 0, queueMs: 0, dnsMs: 0, response: null, error: null },
  ...change,
})
const timings: ExchangeTimings = {
  ...{ connectMs: 0, tlsMs: 0, firstByteMs: 0, totalMs: 5_000, reusedConnection: false },
}
const failed = (code: ErrorCode, sent: 'no' | 'maybe', totalMs = 5_000, cause?: unknown) =>
  new ExchangeError({
    ...{ error: new AppError(code, { cause }), sent, status: undefined, bytesReceived: 0 },
    timings: { ...timings, totalMs },
  })
const end = (change: Partial<EndedAttempt>) => {
  const of = ended(change)
  return `${attemptEnd(of, 0).kind}, ${healthOf(of)}`
}

describe('how an attempt ended, and what that says of its upstream', () => {
  test.each([
    ['upstream_connection', 'no', 'not_sent, down'],
    ['upstream_tls', 'no', 'not_sent, down'],
    ['upstream_timeout', 'no', 'final, down'],
    ['call_cancelled', 'no', 'final, neither'],
    ['template_escape', 'no', 'final, neither'],
    ['shutting_down', 'no', 'final, neither'],
    ['upstream_connection', 'maybe', 'no_answer, down'],
    ['upstream_incomplete', 'maybe', 'no_answer, down'],
    ['upstream_timeout', 'maybe', 'no_answer, down'],
    ['upstream_protocol', 'maybe', 'final, up'],
    ['upstream_decode', 'maybe', 'final, up'],
    ['response_too_large', 'maybe', 'final, up'],
    ['call_cancelled', 'maybe', 'final, neither'],
  ] as const)('%s, sent: %s', (code, sent, expected) => {
    expect(end({ error: failed(code, sent) })).toBe(expected)
  })

  test('a deadline that was over at once says nothing of the upstream', () => {
    expect(end({ error: failed('upstream_timeout', 'no', 3) })).toBe('final, neither')
  })

  test.each([
    [200, 'final, up'],
    [404, 'final, up'],
    [429, 'status, up'],
    [500, 'status, up'],
    [501, 'final, up'],
    [502, 'status, down'],
    [503, 'status, down'],
    [504, 'status, down'],
  ])('an answer %i', (status, expected) => {
    expect(end({ response: answered(status) })).toBe(expected)
  })

  test.each(['egress_denied', 'aborted_before_send', 'upstream_overloaded', 'internal'] as const)(
    'what failed before anything was dialled is no matter of the upstream: %s',
    (code) => {
      expect(end({ error: new AppError(code) })).toBe('final, neither')
    },
  )
})

describe('case 168: TLS', () => {
  test('a certificate that is refused would be refused again', () => {
    const error = failed('upstream_tls', 'no', 5, new CertificateRefusal('it is expired'))
    expect(end({ error })).toBe('final, down')
  })

  test('a port that breaks off the handshake may do better the next time', async () => {
    const upstream = startRawUpstream(() => undefined, { onOpen: (connection) => connection.end() })
    const target = localTarget(`https://127.0.0.1:${upstream.port}`)
    const error = await failureOf(send(newConnector(), target))
    expect([error.error.code, end({ error })]).toEqual(['upstream_tls', 'not_sent, down'])
    closeConnectors()
    upstream.stop()
  })
})

describe('case 176: name lookup', () => {
  async function lookup(code: string, dnsMs: number) {
    const resolver = createResolver({
      lookup: () => Promise.reject(Object.assign(new Error(), { code })),
    })
    const error = await Promise.resolve(resolver.resolve('a.test')).catch((e: AppError) => e)
    return end({ error: error as AppError, dnsMs })
  }

  test('a name that does not exist is not asked for again', async () => {
    expect(await lookup('DNS_ENOTFOUND', 2)).toBe('final, down')
    expect(await lookup('DNS_ENODATA', 2)).toBe('final, down')
  })

  test('a name server that failed is asked again, unless it took its time', async () => {
    expect(await lookup('DNS_ESERVFAIL', 2)).toBe('not_sent, down')
    expect(await lookup('DNS_ETIMEOUT', 2_000)).toBe('final, down')
  })
})
