import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { assertionClaims, mintToken, newAssertionKey, registerKey } from '../helpers/assertions.ts'
import { callLegacy, callModern } from '../helpers/mcp_client.ts'
import { callText, type House, mcpLines, startHouse } from '../http/house.ts'
import { RawClient, requestText } from '../http/raw_client.ts'
import { type EventStream, modernRequest, openEventStream } from '../mcp/event_stream.ts'

const startMs = 1_790_000_000_000
let nowMs = startMs
/** Grows with every look at the clock: authentication takes one. */
let looks = 0
const clock = {
  nowMs: () => {
    looks++
    return nowMs
  },
  monotonicMs: () => performance.now(),
}
const keyLifeMs = 600_000

let house: House

beforeAll(async () => {
  house = await startHouse({ clock, settings: { failed_auth_per_minute: '0' } })
  await house.addTool({ name: 'read' })
  await house.addTool({ name: 'write', http_method: 'POST' })
})
afterAll(() => house.stop())
const open: EventStream[] = []
afterEach(async () => {
  for (const stream of open.splice(0)) stream.leave()
  nowMs = startMs
  await suspend(false)
})

/** A session token and what it stands on, all of its own but project and signing key. */
interface Session {
  readonly token: string
  readonly integrationId: number
  readonly keyId: number
  readonly memberId: number
}

let count = 0
async function session(): Promise<Session> {
  const name = `n${count++}`
  const expires_at = new Date(nowMs + keyLifeMs).toISOString()
  const project_id = house.projectId
  const fields = { project_id, name, expires_at }
  const { body: made } = await house.api('POST', '/api/v1/integrations', fields)
  const key = newAssertionKey('Ed25519', name)
  const home = { ...house, apiKey: made.api_key as string }
  const keyId = await registerKey(home, key)
  const claims = assertionClaims(project_id, Math.floor(nowMs / 1000), { sub: name })
  const token = await mintToken(home, key.sign(claims))
  const query = `?project_id=${project_id}&external_id=${name}`
  const { body: members } = await house.api('GET', `/api/v1/members${query}`)
  return { token, integrationId: made.integration.id, keyId, memberId: members.items[0].id }
}

const suspend = (is_suspended: boolean) =>
  house.api('PATCH', `/api/v1/projects/${house.projectId}`, { is_suspended })
const activate = ({ integrationId }: Session, is_active: boolean) =>
  house.api('PATCH', `/api/v1/integrations/${integrationId}`, { is_active })
const block = ({ memberId }: Session, is_blocked: boolean) =>
  house.api('PATCH', `/api/v1/members/${memberId}`, { is_blocked })

type Refusal = readonly [status: number, code: string, detail: string]
const badKey: Refusal = [401, 'invalid_api_key', 'Invalid or inactive API key']
const badToken: Refusal = [401, 'invalid_token', 'Token validation failed']

/** One thing a session token stands on, and how it ends. */
interface Parent {
  readonly name: string
  end(session: Session): unknown
  /** Only where it can be taken back. */
  readonly undo?: (session: Session) => unknown
  readonly refusal: Refusal
}

/** In the order in which their ends are told, where several have. */
const parents: readonly Parent[] = [
  {
    name: 'integration deleted',
    end: ({ integrationId }) => house.api('DELETE', `/api/v1/integrations/${integrationId}`),
    refusal: badKey,
  },
  {
    name: 'integration deactivated',
    end: (session) => activate(session, false),
    undo: (session) => activate(session, true),
    refusal: badKey,
  },
  {
    name: 'API key rotated',
    end: ({ integrationId }) =>
      house.api('POST', `/api/v1/integrations/${integrationId}/rotate`, {}),
    refusal: badKey,
  },
  {
    name: 'API key expired',
    end: () => {
      nowMs = startMs + keyLifeMs
    },
    refusal: badKey,
  },
  {
    name: 'project suspended',
    end: () => suspend(true),
    undo: () => suspend(false),
    refusal: [403, 'project_suspended', 'Project is suspended'],
  },
  {
    name: 'signing key retired',
    end: () => house.api('POST', '/api/v1/signing-keys/rotate', { overlap_seconds: 0 }),
    refusal: badToken,
  },
  {
    name: 'assertion key deactivated',
    end: ({ keyId }) => house.api('DELETE', `/api/v1/assertion-keys/${keyId}`),
    refusal: [401, 'invalid_member_assertion', 'Invalid member assertion'],
  },
  {
    name: 'member blocked',
    end: (session) => block(session, true),
    undo: (session) => block(session, false),
    refusal: badToken,
  },
]

const requests = ({ token }: Session) => [
  () => callLegacy(`${house.url}/mcp`, token, 'tools/call', { name: 'read' }),
  () => callModern(`${house.url}/mcp`, token, 'tools/call', { name: 'write' }),
  () => callLegacy(`${house.url}/mcp`, token, 'tools/list'),
]

async function expectServed(session: Session): Promise<void> {
  for (const send of requests(session)) {
    const { status, body } = await send()
    expect([status, body.result?.isError ?? false]).toEqual([200, false])
  }
}

async function expectRefused(session: Session, ended: readonly Parent[]): Promise<void> {
  const first = parents.find((each) => ended.includes(each))
  const sent = house.upstream.hits.length
  for (const send of requests(session)) {
    const { status, body } = await send()
    expect([status, body.code, body.detail]).toEqual([...(first?.refusal ?? [])])
  }
  expect(house.upstream.hits.length).toBe(sent)
}

describe('case 52: the very next request is refused, and nothing is sent, once there is an end to', () => {
  test.each(parents.map((parent) => [parent.name, parent] as const))('%s', async (_, parent) => {
    const own = await session()
    await expectServed(own)
    await parent.end(own)
    await expectRefused(own, [parent])
    await expectRefused(own, [parent])
    if (parent.undo === undefined) return
    await parent.undo(own)
    await expectServed(own)
  })

  const pairs = parents.flatMap((first) =>
    parents
      .filter((second) => second !== first)
      .map((second) => [first.name, second.name, first, second] as const),
  )
  test.each(pairs)('%s, then %s', async (_, __, first, second) => {
    const own = await session()
    await expectServed(own)
    await first.end(own)
    await expectRefused(own, [first])
    await second.end(own)
    await expectRefused(own, [first, second])
    await first.undo?.(own)
    const left = first.undo === undefined ? [first, second] : [second]
    await expectRefused(own, left)
    if (second.undo === undefined) return
    await second.undo(own)
    if (first.undo === undefined) await expectRefused(own, [first])
    else await expectServed(own)
  })

  test('all of them, and nothing that can be undone brings the token back', async () => {
    const own = await session()
    for (const parent of parents.toReversed()) await parent.end(own)
    await expectRefused(own, parents)
    for (const parent of parents) await parent.undo?.(own)
    await expectRefused(own, parents)
  })
})

describe('what comes in its place does not bring a token back', () => {
  test('the same public key under the same kid', async () => {
    const key = newAssertionKey('ES256', 'again')
    const id = await registerKey(house, key)
    const claims = () => assertionClaims(house.projectId, Math.floor(nowMs / 1000))
    const old = await mintToken(house, key.sign(claims()))
    await house.api('DELETE', `/api/v1/assertion-keys/${id}`)
    await registerKey(house, key)
    const list = (token: string) => callLegacy(`${house.url}/mcp`, token, 'tools/list')
    expect((await list(old)).body.detail).toBe('Invalid member assertion')
    expect((await list(await mintToken(house, key.sign(claims())))).status).toBe(200)
  })

  test("the integration's next API key", async () => {
    const own = await session()
    const path = `/api/v1/integrations/${own.integrationId}/rotate`
    const { body } = await house.api('POST', path, {})
    expect((await callLegacy(`${house.url}/mcp`, body.api_key, 'tools/list')).status).toBe(200)
    await expectRefused(own, parents.slice(2, 3))
  })
})

describe('case 43: a write that was let in, but not claimed when the end came', () => {
  /** Sends all but the body; resolves once the credential was found good. */
  async function held(own: Session) {
    const body = callText('write')
    const lines = [...mcpLines(house, own.token), `Content-Length: ${body.length}`]
    const client = await RawClient.connect(house.url)
    const before = looks
    await client.send(requestText('POST /mcp', lines))
    while (looks === before) await Bun.sleep(1)
    await Bun.sleep(1)
    return async () => {
      await client.send(body)
      const response = await client.response()
      client.close()
      return JSON.parse(response?.body ?? '{}').result
    }
  }

  test('goes out where there was none', async () => {
    house.reset()
    const finish = await held(await session())
    expect((await finish()).isError ?? false).toBe(false)
    expect(house.upstream.hits.map(({ method }) => method)).toEqual(['POST'])
  })

  test.each(parents.map((parent) => [parent.name, parent] as const))(
    'is not sent: %s',
    async (_, parent) => {
      house.reset()
      const own = await session()
      const finish = await held(own)
      await parent.end(own)
      const { isError, _meta: meta } = await finish()
      expect(isError).toBe(true)
      expect(meta['tengine/error']).toMatchObject({ status: 403, code: 'aborted_before_send' })
      expect(house.upstream.hits).toEqual([])
      nowMs = startMs
      expect((await house.runs('&limit=1'))[0]).toMatchObject({
        id: meta['tengine/request_id'],
        error_code: 'aborted_before_send',
      })
    },
  )
})

describe('case 45: an open subscriptions/listen stream', () => {
  async function listening({ token }: Session): Promise<EventStream> {
    const request = modernRequest('subscriptions/listen', {
      notifications: { toolsListChanged: true },
    } as object)
    const stream = await openEventStream(`${house.url}/mcp`, token, request)
    open.push(stream)
    expect((await stream.next()).method).toBe('notifications/subscriptions/acknowledged')
    return stream
  }

  async function msUntilEnd(stream: EventStream): Promise<number> {
    const startedAtMs = performance.now()
    while ((await stream.next()) !== null);
    return performance.now() - startedAtMs
  }

  /** Whose end is felt by one session alone, and whose by all of them. */
  const isShared = ({ name }: Parent) =>
    ['API key expired', 'project suspended', 'signing key retired'].includes(name)

  test('ends within a second of the end of what its own token stands on; others go on', async () => {
    const own = parents.filter((parent) => !isShared(parent))
    const sessions = await Promise.all(own.map(() => session()))
    const streams = await Promise.all(sessions.map(listening))
    const bystander = await listening(await session())
    await Promise.all(own.map((parent, i) => parent.end(sessions[i] as Session)))
    for (const ms of await Promise.all(streams.map(msUntilEnd))) expect(ms).toBeLessThan(1_000)
    await house.addTool({ name: `after_${count}` })
    expect((await bystander.next()).method).toBe('notifications/tools/list_changed')
  })

  const shared = parents.filter(isShared)
  const tokenEnd = { name: 'its own 15 minutes over', end: () => (nowMs = startMs + 900_000) }
  test.each([...shared, tokenEnd].map((parent) => [parent.name, parent] as const))(
    'ends within a second: %s',
    async (_, parent) => {
      const own = await session()
      const stream = await listening(own)
      await parent.end(own)
      expect(await msUntilEnd(stream)).toBeLessThan(1_000)
    },
  )
})
