import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { verify } from '../../docs/examples/receivers/verify.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import {
  type QuickStartWorld,
  quickStartClient,
  type Received,
  startQuickStart,
  upstreamSecret,
} from './quick_start_world.ts'

const isThere = existsSync(quickStartClient)
if (!isThere) {
  console.warn(`The quick-start client is not run: there is no ${quickStartClient}`)
}

const prefix = 'x-tengine-member-'

/** The path, and every header that says who the member is. */
function identityOf({ target, headers }: Received) {
  const names = [...headers.keys()].filter((name) => name.startsWith(prefix))
  return [target, Object.fromEntries(names.map((name) => [name, headers.get(name)]))]
}

const alice = { 'x-tengine-member-id': 'user_alice_123' }
const bob = { 'x-tengine-member-id': 'user_bob_456', 'x-tengine-member-email': 'bob@example.com' }
const threeCalls = [
  ['/posts/7', alice],
  ['/users/3', bob],
  ['/posts/8', alice],
]
const readings = (...paths: readonly string[]) =>
  paths.map((path) => `${JSON.stringify({ read: path })}\n`).join('')

/** What a receiver says of a signature, on a clock so many seconds ahead. */
const verdictOf = (request: Received, aheadSeconds = 0) =>
  verify([upstreamSecret], request, Date.now() / 1000 + aheadSeconds)

describe.skipIf(!isThere)('the quick-start client, unchanged, before the executable', () => {
  let world: QuickStartWorld

  beforeEach(async () => {
    world = await startQuickStart()
  }, 120_000)
  afterEach(() => world.close())

  test('two users are two members upstream, and a second call uses the token again', async () => {
    const { code, stdout, stderr, journal } = await world.runClient('quick_start')
    expect([code, stdout, stderr]).toEqual([0, readings('/posts/7', '/users/3', '/posts/8'), ''])
    expect(world.received.map(identityOf)).toEqual(threeCalls)
    expect(world.received.map((request) => verdictOf(request))).toEqual([null, null, null])
    const [first, second, third] = journal.map(({ token }) => token)
    expect(first).toStartWith('tng_mst_')
    expect(second).toStartWith('tng_mst_')
    expect(second).not.toBe(first)
    expect(third).toBe(first)
    expect(journal.map(({ tools }) => tools)).toEqual(
      journal.map(() => ['mcp_whoami', 'blog-posts-get_by_id', 'blog-users-get_by_id']),
    )
    expect(await world.finish()).toEqual({ user_alice_123: 1, user_bob_456: 1 })
  }, 60_000)

  test('a token that ran out is refused, and the client has made itself a new one', async () => {
    const { code, stdout, stderr, journal } = await world.runClient('quick_start', {
      STAND_IN_MOVE_CLOCK_AFTER: '2',
      STAND_IN_MOVE_CLOCK_TO: '+901s',
    })
    expect([code, stdout, stderr]).toEqual([0, readings('/posts/7', '/users/3', '/posts/8'), ''])
    expect(world.received.map(identityOf)).toEqual(threeCalls)
    const [first, second, third] = world.received
    expect(first && verdictOf(first)).toBeNull()
    expect(second && verdictOf(second)).toBeNull()
    // The server's clock has moved as well: it signed the third request a quarter of an hour on.
    expect(third && verdictOf(third)).toBe('timestamp outside tolerance')
    expect(third && verdictOf(third, 901)).toBeNull()

    const [old = '', , fresh = ''] = journal.map(({ token }) => token)
    expect(fresh).not.toBe(old)
    const call = (token: string) =>
      callLegacy(`${world.server.url}/mcp/`, token, 'tools/call', {
        name: 'blog-posts-get_by_id',
        arguments: { id: 9 },
      })
    const refused = await call(old)
    expect([refused.status, refused.body.detail]).toEqual([401, 'Member JWT has expired'])
    expect(refused.body.code).toBe('member_token_expired')
    expect(world.received).toHaveLength(3)
    expect((await call(fresh)).status).toBe(200)
    expect(world.received.slice(3).map(identityOf)).toEqual([['/posts/9', alice]])
    expect(await world.finish()).toEqual({ user_alice_123: 2, user_bob_456: 1 })
  }, 60_000)

  test('a conversation keeps to one token', async () => {
    const { code, stdout, stderr, journal } = await world.runClient('history')
    expect([code, stdout, stderr]).toEqual([0, readings('/posts/1', '/posts/2'), ''])
    expect(world.received.map(identityOf)).toEqual([
      ['/posts/1', alice],
      ['/posts/2', alice],
    ])
    expect(new Set(journal.map(({ token }) => token)).size).toBe(1)
    expect(await world.finish()).toEqual({ user_alice_123: 1 })
  }, 60_000)

  test('its handling of errors is told which one it has', async () => {
    const good = await world.runClient('errors')
    expect([good.code, good.stderr]).toEqual([0, ''])
    expect(JSON.parse(good.stdout).member).toMatchObject({ external_id: 'user_123', email: null })

    const authFailed = 'Auth failed — check TENGINEAI_API_KEY and assertion key registration\n'
    const quiet = { code: 0, stderr: '', journal: [] }
    expect(await world.runClient('errors', { TENGINEAI_API_KEY: 'tengine_wrong' })).toEqual({
      ...quiet,
      stdout: authFailed,
    })
    expect(await world.runClient('errors', { TENGINEAI_ASSERTION_KID: 'unknown' })).toEqual({
      ...quiet,
      stdout: authFailed,
    })
    expect(await world.runClient('errors', { ANTHROPIC_API_KEY: 'wrong' })).toEqual({
      ...quiet,
      stdout: 'Invalid Anthropic API key\n',
    })
    const project = `/api/v1/projects/${world.projectId}`
    expect((await world.server.api('PATCH', project, { is_suspended: true })).status).toBe(200)
    const suspended = await world.runClient('errors')
    expect(suspended).toEqual({ ...quiet, stdout: 'Forbidden: Project is suspended\n' })
    expect(world.received).toEqual([])
    // The first, and the one before the model turned its own key down.
    expect(await world.finish()).toEqual({ user_123: 2 })
  }, 60_000)
})
