import { expect, test } from 'bun:test'
import { runCli } from './fake_surroundings.ts'

const up = {
  origin: 'https://api.example.com',
  state: 'closed',
  ...{ in_flight: 2, queued: 0, failures_in_row: 0, recent_calls: 9, recent_retries: 0 },
  ...{ down_since: null, next_try_at: null, last_failure: null },
}
const last_failure = {
  at: '2026-01-30T08:00:00.000Z',
  code: 'upstream_connection',
  reason: 'It is gone.',
}
const down = {
  ...up,
  ...{ origin: 'https://b.test', state: 'open', in_flight: 0, last_failure },
  next_try_at: '2026-01-30T08:00:30.000Z',
}
const project = { id: 1, slug: 'shop', name: 'The Shop' }

test('upstream list says which upstreams are down, since what, and until when', async () => {
  const { code, stdout, stderr, requests } = await runCli(['upstream', 'list'], {
    'GET /api/v1/projects': [200, { items: [project], next_cursor: null }],
    'GET /api/v1/upstreams': [
      200,
      { items: [up, down, { ...down, origin: 'https://c.test', state: 'half_open' }] },
    ],
  })
  expect([code, stderr]).toEqual([0, ''])
  expect(requests.at(-1)?.path).toStartWith('/api/v1/upstreams')
  const lines = stdout.trimEnd().split('\n')
  expect(lines).toHaveLength(4)
  expect(lines[1]).toMatch(/^https:\/\/api\S* +pass +2 +0 +-$/)
  expect(lines[2]).toContain('stopped until 08:00:30Z')
  expect(lines[2]).toContain('01-30')
  expect(lines[3]).toContain('the next one tries')
})
