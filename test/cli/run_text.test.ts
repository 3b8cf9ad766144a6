import { expect, test } from 'bun:test'
import { runText } from '../../src/cli/run_text.ts'
import type { JsonObject } from '../../src/lib/json.ts'

const attempt = (change: JsonObject): JsonObject => ({
  ...{ started_ms: 0, queue_ms: 0, dns_ms: 0, connect_ms: 0, tls_ms: 0, first_byte_ms: 0 },
  ...{ body_ms: 0, bytes: 0, status: null, was_sent: true, reused_connection: false },
  ...{ error_code: null, error_reason: null, next: null },
  ...change,
})
const run = (timeline: JsonObject[], more: JsonObject = {}): JsonObject => ({
  ...{ id: 'the-run', http_method: 'POST', timeline },
  ...more,
})
const after = (run: JsonObject) => runText(run).split('\n').slice(2)

test('a run shows each attempt in words and on one scale of time', () => {
  const refused = {
    was_sent: false,
    error_code: 'upstream_connection',
    error_reason: 'It is gone.',
  }
  const timeline = [
    attempt({ ...refused, connect_ms: 100, next: 'retried' }),
    attempt({
      started_ms: 200,
      queue_ms: 50,
      connect_ms: 50,
      first_byte_ms: 90,
      body_ms: 10,
      bytes: 46,
      status: 200,
    }),
  ]
  expect(after(run(timeline)).slice(1)).toEqual([
    'Attempts, on a scale of 400 ms',
    '1. after 0 ms: not sent (upstream_connection: It is gone); tried again',
    `   |${'c'.repeat(8)}${' '.repeat(24)}| c 100 ms`,
    '2. after 200 ms: answered 200',
    `   |${' '.repeat(16)}${'q'.repeat(4)}${'c'.repeat(4)}${'w'.repeat(7)}r| q 50 ms, c 50 ms, w 90 ms, r 10 ms, 46 bytes`,
    '   q waiting for a turn, c connecting, w waiting for the answer, r reading it',
    '',
  ])
})

test.each([
  ['not_repeatable', 'not tried again: it might be done twice'],
  ['last_attempt', 'not tried again: no further attempt is allowed'],
  ['no_time', "not tried again: the tool's timeout leaves no time"],
  ['retry_budget', 'not tried again: too many retries to this upstream just now'],
  [
    'upstream_down',
    'not tried again: calls to this upstream are stopped (gatehouse upstream list)',
  ],
] as const)('why there was no further attempt is said: %s', (next, words) => {
  const lost = { error_code: 'upstream_timeout', error_reason: 'Too slow.', first_byte_ms: 1_500 }
  const [, , line] = after(run([attempt({ ...lost, next })]))
  expect(line).toBe(`1. after 0 ms: sent, no answer (upstream_timeout: Too slow); ${words}`)
})

test('a run without attempts shows none', () => {
  expect(runText(run([]))).not.toContain('Attempts,')
})

test('phases too short for the scale are still there, and none runs over its end', () => {
  const timeline = [
    attempt({ queue_ms: 0.01, dns_ms: 0.01, connect_ms: 0.01, first_byte_ms: 900 }),
    attempt({
      started_ms: 899.9,
      dns_ms: 0.01,
      connect_ms: 0.01,
      tls_ms: 0.01,
      first_byte_ms: 0.01,
    }),
  ]
  const bars = after(run(timeline)).filter((line) => line.startsWith('   |'))
  expect(bars.map((line) => line.indexOf('|', 4))).toEqual([36, 36])
  expect(bars[0]).toContain('|qdcw')
})
