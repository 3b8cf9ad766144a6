import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AttemptStamp } from '../../src/executor/sign_request.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import type { ToolDefinition } from '../../src/model/tool.ts'
import { render } from '../executor/request_fixture.ts'
import { sign } from '../executor/sign_fixture.ts'
import { type ReceiverServer, serveGo, serveHono, servePython } from './example_receiver_servers.ts'

setDefaultTimeout(180_000)

const now = 1_760_000_000
const secret = 'your-shared-secret'
const settings = { secrets: [secret], now, maxRemembered: 100 }
const everything = { id: true, email: true, roles: true }

const workplace = mkdtempSync(join(tmpdir(), 'receivers-'))
afterAll(() => rmSync(workplace, { recursive: true, force: true }))

/** A request of Gatehouse before it is sent. */
interface Outgoing {
  readonly method: string
  readonly target: string
  readonly headers: Record<string, string>
  readonly body: Uint8Array | null
}

interface Signing {
  readonly stamp?: Partial<AttemptStamp>
  readonly args?: JsonObject
  readonly secrets?: readonly string[]
}

/** A request as the product renders and signs it, with a request id of its own. */
function outgoing(tool: Partial<ToolDefinition>, { stamp, args, secrets }: Signing = {}): Outgoing {
  const { method, target, headers, body } = sign(
    render(tool, args),
    { strategy: 'hmac_signature', secrets: secrets ?? [secret] },
    { requestId: crypto.randomUUID(), timestampSeconds: now, ...stamp },
  )
  return { method, target, headers: Object.fromEntries(headers), body }
}

/** A write to a path, as Gatehouse sends it. */
function write(endpointPath: string, signing: Signing = {}): Outgoing {
  const stamp = { inject: everything, ...signing.stamp }
  const bodyTemplate = { text: '{text}' }
  const args = { text: 'caf\u00e9' }
  return outgoing({ httpMethod: 'POST', endpointPath, bodyTemplate }, { args, ...signing, stamp })
}

function withHeaders(request: Outgoing, changes: Record<string, string | null>): Outgoing {
  const entries = Object.entries({ ...request.headers, ...changes })
  const headers = entries.flatMap(([name, value]) => (value === null ? [] : [[name, value]]))
  return { ...request, headers: Object.fromEntries(headers) }
}

function send(server: ReceiverServer, request: Outgoing): Promise<Response> {
  const { method, target, headers, body } = request
  return fetch(server.url + target, { method, headers, body, keepalive: false })
}

/** What the handler answered. */
interface Answer {
  readonly times: number
  readonly body: string
  readonly caller: Readonly<Record<string, unknown>>
}

async function answerTo(server: ReceiverServer, request: Outgoing): Promise<Answer> {
  const response = await send(server, request)
  expect(response.status).toBe(201)
  return (await response.json()) as Answer
}

const identity = {
  project_id: '42',
  integration_id: '7',
  timestamp: now,
  member_id: 'alice',
  member_email: 'alice@example.com',
  member_roles: ['admin', 'sales'],
}
const nobody = { ...identity, member_id: null, member_email: null, member_roles: [] }
const mallory = { 'X-Tengine-Member-Id': 'mallory', 'X-Tengine-Member-Roles': 'owner' }

type Serve = (changes: { maxRemembered?: number }) => Promise<ReceiverServer>
const receivers: [string, Serve][] = [
  ['fastapi_receiver.py', (changes) => servePython({ ...settings, ...changes })],
  ['hono_receiver.ts', (changes) => serveHono({ ...settings, ...changes })],
  ['receiver.go', (changes) => serveGo({ ...settings, ...changes }, workplace)],
]

describe.each(receivers)('the published receiver %s', (_, serve) => {
  let server: ReceiverServer
  beforeAll(async () => {
    server = await serve({})
  })
  afterAll(() => server.stop())

  /** Sends what must be refused, and sees that the handler did not run. */
  async function expectRefused(request: Outgoing): Promise<void> {
    const path = new URL(request.target, server.url).pathname
    const before = await server.carriedOut(path)
    expect((await send(server, request)).status).toBe(401)
    expect(await server.carriedOut(path)).toBe(before)
  }

  test('gives the handler who a read acts for', async () => {
    const requestId = crypto.randomUUID()
    const request = outgoing(
      { endpointPath: '/read' },
      { stamp: { requestId, inject: everything } },
    )
    const caller = { ...identity, request_id: requestId }
    expect(await answerTo(server, request)).toEqual({ times: 1, body: '', caller })
  })

  test('gives the handler a write with its body as it was sent', async () => {
    const request = write('/whole')
    const { body, caller } = await answerTo(server, request)
    expect(body).toBe('{"text":"caf\u00e9"}')
    expect(caller).toEqual({ ...identity, request_id: request.headers['X-Tengine-Request-Id'] })
  })

  test('gives no member where Gatehouse names none', async () => {
    const request = write('/nobody', { stamp: { member: null } })
    const { caller } = await answerTo(server, request)
    expect(caller).toEqual({ ...nobody, request_id: request.headers['X-Tengine-Request-Id'] })
  })

  test('gives the parts of a member that the tool injects, and no others', async () => {
    const stamp = { inject: { id: false, email: true, roles: false } }
    const { caller } = await answerTo(server, write('/parts', { stamp }))
    expect(caller).toMatchObject({ ...nobody, member_email: identity.member_email })
  })

  test('takes the path and query as they were sent', async () => {
    const tool = { endpointPath: '/odd/{id}', queryTemplate: { q: '{q}', tag: '{tags}' } }
    const args = { id: 'c/001 \u00fc%2e', q: "a&b=true 'x' *(!)+\u2713", tags: ['x', 'y z'] }
    expect((await send(server, outgoing(tool, { args }))).status).toBe(201)
  })

  test('takes an empty answer and a rotation', async () => {
    const request = write('/empty', { secrets: ['newer', secret] })
    expect((await send(server, request)).status).toBe(204)
    expect((await send(server, request)).status).toBe(204)
    expect(await server.carriedOut('/empty')).toBe(1)
  })

  test('refuses identity headers without a signature', async () => {
    const forged = withHeaders(write('/forged'), { ...mallory, 'X-Tengine-Signature': null })
    await expectRefused(forged)
    const headers = { 'X-Tengine-Project-Id': '42', 'X-Tengine-Integration-Id': '7', ...mallory }
    await expectRefused({ ...forged, method: 'GET', headers, body: null })
  })

  test('refuses a signature made with another secret', async () => {
    await expectRefused(write('/forged', { secrets: ['guessed'] }))
    await expectRefused(outgoing({ endpointPath: '/forged' }, { secrets: ['guessed'] }))
  })

  test.each([-301, 301])('refuses a timestamp %i s off', async (seconds) => {
    await expectRefused(write('/stale', { stamp: { timestampSeconds: now + seconds } }))
  })

  test.each([-300, 300])('takes a timestamp %i s off', async (seconds) => {
    const request = write('/fresh', { stamp: { timestampSeconds: now + seconds } })
    const { caller } = await answerTo(server, request)
    expect(caller.timestamp).toBe(now + seconds)
  })

  test('refuses another body, path, query, method or request id than was signed', async () => {
    const request = write('/signed')
    await expectRefused({ ...request, body: new TextEncoder().encode('{"text":"other"}') })
    await expectRefused({ ...request, target: '/other' })
    await expectRefused({ ...request, target: '/signed?as=admin' })
    await expectRefused({ ...request, method: 'PUT' })
    await expectRefused(withHeaders(request, { 'X-Tengine-Request-Id': crypto.randomUUID() }))
    expect((await send(server, request)).status).toBe(201)
  })

  test.each(['X-Tengine-Project-Id', 'X-Tengine-Integration-Id'])(
    'refuses a signed request that lost %s',
    async (name) => {
      await expectRefused(withHeaders(write('/lost'), { [name]: null }))
      await expectRefused(withHeaders(outgoing({ endpointPath: '/lost' }), { [name]: null }))
    },
  )

  test('answers a replayed or retried write with the first result, carried out once', async () => {
    const request = write('/once')
    const requestId = request.headers['X-Tengine-Request-Id'] ?? ''
    const first = await send(server, request)
    const result = await first.text()
    const retry = write('/once', { stamp: { requestId, timestampSeconds: now + 7 } })
    for (const again of [request, retry, withHeaders(request, mallory)]) {
      const answer = await send(server, again)
      expect(answer.status).toBe(201)
      expect(answer.headers.get('content-type')).toBe(first.headers.get('content-type'))
      expect(await answer.text()).toBe(result)
    }
    expect(await server.carriedOut('/once')).toBe(1)
  })

  test('answers a retry that comes while the write still runs when the write is done', async () => {
    const request = write('/slow')
    const first = send(server, request)
    let polls = 0
    while (polls < 5_000 && (await server.carriedOut('/slow')) === 0) polls += 1
    const second = send(server, request)
    expect(await server.carriedOut('/slow')).toBe(1)
    await server.release()
    const [one, two] = await Promise.all([first, second])
    expect(await two.text()).toBe(await one.text())
    expect(await server.carriedOut('/slow')).toBe(1)
  })

  test.each(['/broken', '/panicking'])(
    'carries out a write again that failed: %s',
    async (path) => {
      const request = write(path)
      const first = await send(server, request).catch(() => null)
      expect(first?.status ?? 500).toBe(500)
      const { times } = await answerTo(server, request)
      expect(times).toBe(2)
      expect((await answerTo(server, request)).times).toBe(2)
    },
  )

  test('carries out a read each time', async () => {
    const request = outgoing({ endpointPath: '/reads' })
    await send(server, request)
    await send(server, request)
    expect(await server.carriedOut('/reads')).toBe(2)
  })

  test('cannot tell a member header that was rewritten in flight, as its text says', async () => {
    const rewritten = withHeaders(write('/rewritten'), { 'X-Tengine-Member-Id': 'mallory' })
    const { caller } = await answerTo(server, rewritten)
    expect(caller.member_id).toBe('mallory')
  })

  test('remembers so many writes and no more, the newest', async () => {
    const small = await serve({ maxRemembered: 2 })
    const writes = ['/a', '/b', '/c'].map((path) => write(path))
    for (const request of [...writes, ...writes.slice(1), ...writes.slice(0, 1)]) {
      await send(small, request)
    }
    const counts = await Promise.all(['/a', '/b', '/c'].map((path) => small.carriedOut(path)))
    await small.stop()
    expect(counts).toEqual([2, 1, 1])
  })

  test('counts a write that failed and was carried out again as one', async () => {
    const small = await serve({ maxRemembered: 2 })
    const [failing, other] = [write('/broken'), write('/other')]
    for (const request of [failing, failing, other, failing]) await send(small, request)
    const count = await small.carriedOut('/broken')
    await small.stop()
    expect(count).toBe(2)
  })
})

test('fastapi_receiver.py finishes a write for a retry when the first caller is gone', async () => {
  const server = await servePython(settings)
  const request = write('/slow')
  const first = send(server, request)
  let polls = 0
  while (polls < 5_000 && (await server.carriedOut('/slow')) === 0) polls += 1
  const second = send(server, request)
  await fetch(`${server.url}/control/hang_up`, { method: 'POST' })
  expect((await first).status).toBe(499)
  await server.release()
  const { status } = await second
  const count = await server.carriedOut('/slow')
  await server.stop()
  expect([status, count]).toEqual([201, 1])
})
