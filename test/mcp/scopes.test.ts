import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { openStoreBeside, type StoreBeside } from '../helpers/connections.ts'
import { callLegacy, callModern } from '../helpers/mcp_client.ts'
import { openEventStream } from './event_stream.ts'
import { type McpFixture, startMcpFixture } from './mcp_fixture.ts'

let fixture: McpFixture
let store: StoreBeside
let people = 0

const required: Readonly<Record<string, readonly string[]>> = {
  free: [],
  read_a: ['A_READ'],
  write_a: ['A_WRITE'],
  read_b: ['B_READ'],
  both: ['A_READ', 'B_WRITE'],
  dotted: ['files:list.all'],
}

beforeAll(async () => {
  fixture = await startMcpFixture({ settings: { tools_page_size: '2' } })
  store = openStoreBeside(fixture.app.dataDir)
  for (const [name, required_scopes] of Object.entries(required)) {
    const http_method = name.startsWith('write') ? 'POST' : 'GET'
    await fixture.addTool(name, { required_scopes, http_method })
  }
})
afterAll(async () => {
  await store.close()
  await fixture.stop()
})
afterEach(() => setPolicy({ policy_scopes: [] }))

const setPolicy = async (change: object) => {
  const path = `/api/v1/projects/${fixture.project.project_id}/policy`
  const { status, body } = await fixture.app.api('PATCH', path, change)
  expect([status, body.errors]).toEqual([200, undefined])
}

const connect = (granted: readonly string[], scopes = granted) => {
  const n = ++people
  const { project_id: projectId } = fixture.project
  const terms = { email: `p${n}@example.com`, clientId: `client-${n}`, projectId }
  return store.connect({ ...terms, granted, scopes })
}

/** Every page of the list, and how many there were. */
async function listed(token: string, call: typeof callModern = callLegacy) {
  const names: string[] = []
  let cursor: string | undefined
  let pages = 0
  do {
    const params = cursor === undefined ? {} : { cursor }
    const { body } = await call(fixture.url, token, 'tools/list', params)
    names.push(...body.result.tools.map((tool: { name: string }) => tool.name))
    cursor = body.result.nextCursor
    pages++
  } while (cursor !== undefined)
  return { names: names.filter((name) => name !== 'mcp_whoami'), pages }
}

const allNames = Object.keys(required).sort()

interface Row {
  readonly granted: readonly string[]
  /** The scopes of the token, where they are fewer. */
  readonly token?: readonly string[]
  readonly policy?: readonly string[]
  /** The tools it may see and call. */
  readonly tools: readonly string[]
}

const rows: readonly Row[] = [
  { granted: ['ALL'], tools: allNames },
  { granted: [], tools: ['free'] },
  { granted: ['A_READ'], tools: ['free', 'read_a'] },
  { granted: ['A_WRITE'], tools: ['free', 'read_a', 'write_a'] },
  { granted: ['A_READ', 'B_WRITE'], tools: ['both', 'free', 'read_a', 'read_b'] },
  { granted: ['files:list.all'], tools: ['dotted', 'free'] },
  { granted: ['a_read', 'UNKNOWN', 'A'], tools: ['free'] },
  { granted: ['ALL'], token: ['B_READ'], tools: ['free', 'read_b'] },
  { granted: ['A_READ'], token: ['ALL'], tools: ['free', 'read_a'] },
  { granted: ['A_READ'], token: ['A_WRITE'], tools: ['free', 'read_a'] },
  { granted: ['ALL'], policy: ['A_READ'], tools: ['free', 'read_a'] },
  { granted: ['A_WRITE'], policy: ['A_READ'], tools: ['free', 'read_a'] },
  { granted: ['A_READ'], policy: ['A_WRITE'], tools: ['free', 'read_a'] },
  { granted: ['A_READ', 'B_WRITE'], token: ['B_WRITE'], policy: ['A_WRITE'], tools: ['free'] },
  { granted: ['ALL'], policy: ['ALL'], tools: allNames },
  {
    granted: ['A_WRITE', 'B_WRITE'],
    policy: ['A_WRITE', 'B_READ'],
    tools: ['free', 'read_a', 'read_b', 'write_a'],
  },
]

describe.each([
  ['initialize', callLegacy],
  ['2026-07-28', callModern],
] as const)('case 107: granted × token × policy, era %s', (_, call) => {
  test.each(rows)('$granted as $token under $policy', async (row) => {
    const { token } = await connect(row.granted, row.token)
    await setPolicy({ policy_scopes: row.policy ?? [] })
    expect((await listed(token, call)).names).toEqual([...row.tools])
    for (const name of allNames) {
      const isAllowed = row.tools.includes(name)
      const sent = await fixture.hitsDuring(async () => {
        const { status, body } = await call(fixture.url, token, 'tools/call', { name })
        const isRefused = status === 403 || body.result?.isError === true
        expect({ name, isRefused }).toEqual({ name, isRefused: !isAllowed })
      })
      expect(sent).toBe(isAllowed ? 1 : 0)
    }
  })
})

describe('the list', () => {
  test('fills its pages with what may be seen: neither a gap nor a cursor tells of more', async () => {
    const { token } = await connect(['B_READ'])
    // `free` and `read_b` are two, and a page is two.
    const { body } = await callLegacy(fixture.url, token, 'tools/list')
    const names = body.result.tools.map((tool: { name: string }) => tool.name)
    expect(names).toEqual(['mcp_whoami', 'free', 'read_b'])
    const cursor = body.result.nextCursor
    const seen = cursor === undefined ? '' : Buffer.from(cursor, 'base64url').toString('latin1')
    for (const name of ['write_a', 'read_a', 'both', 'dotted']) expect(seen).not.toContain(name)
    expect((await listed(token)).names).toEqual(['free', 'read_b'])
  })

  test('of a key stays what it was: all tools, in as many pages', async () => {
    const { names, pages } = await listed(fixture.project.api_key)
    expect(names).toEqual(allNames)
    expect(pages).toBe(3)
  })

  test('changes at once when the policy does, back and forth', async () => {
    const { token } = await connect(['ALL'])
    expect((await listed(token)).names).toEqual(allNames)
    await setPolicy({ policy_scopes: ['B_READ'] })
    expect((await listed(token)).names).toEqual(['free', 'read_b'])
    await setPolicy({ policy_scopes: [] })
    expect((await listed(token)).names).toEqual(allNames)
  })

  test('stays right for more sets of scopes than are kept', async () => {
    for (let n = 0; n < 140; n++) {
      const { token } = await connect([`N${n}_READ`, n % 2 === 0 ? 'A_READ' : 'B_READ'])
      const expected = n % 2 === 0 ? ['free', 'read_a'] : ['free', 'read_b']
      expect((await listed(token)).names).toEqual(expected)
    }
    expect((await listed(fixture.project.api_key)).names).toEqual(allNames)
  })

  test('case 290: a cursor of one connection opens for no other', async () => {
    const first = await connect(['ALL'])
    const second = await connect(['ALL'])
    const { body } = await callLegacy(fixture.url, first.token, 'tools/list')
    const params = { cursor: body.result.nextCursor }
    const other = await callLegacy(fixture.url, second.token, 'tools/list', params)
    expect(other.body.error.code).toBe(-32602)
  })
})

test('case 107: a connection the policy leaves nothing of is refused until it is allowed again', async () => {
  const { token } = await connect(['B_WRITE'])
  await setPolicy({ policy_scopes: ['A_WRITE'] })
  for (const [method, params] of [['tools/list'], ['tools/call', { name: 'free' }]] as const) {
    const sent = await fixture.hitsDuring(async () => {
      const { status, body } = await callModern(fixture.url, token, method, params)
      expect([status, body.code, body.reason]).toEqual([
        401,
        'invalid_token',
        "The project's policy allows nothing any more that was approved.",
      ])
    })
    expect(sent).toBe(0)
  }
  await setPolicy({ policy_scopes: ['B_READ'] })
  expect((await listed(token)).names).toEqual(['free', 'read_b'])
})

describe('a scope that is missing', () => {
  const metadata = () => `${fixture.app.url}/.well-known/oauth-protected-resource/mcp`

  test('2026-07-28: 403 with all the next token must hold, and nothing is sent', async () => {
    const { token } = await connect(['B_READ', 'A_READ'])
    const sent = await fixture.hitsDuring(async () => {
      for (const [path, suffix] of [
        ['', ''],
        ['/demo', '/demo'],
      ]) {
        const url = fixture.url + path
        const { status, headers, body } = await callModern(url, token, 'tools/call', {
          name: 'both',
        })
        expect(status).toBe(403)
        expect(headers.get('www-authenticate')).toBe(
          'Bearer realm="gatehouse", error="insufficient_scope", ' +
            'error_description="Tool requires scopes: A_READ, B_WRITE", ' +
            `scope="A_READ B_READ B_WRITE", resource_metadata="${metadata()}${suffix}"`,
        )
        expect(body).toEqual({
          jsonrpc: '2.0',
          id: expect.any(Number),
          error: { code: -32600, message: 'Tool requires scopes: A_READ, B_WRITE' },
        })
      }
    })
    expect(sent).toBe(0)
  })

  test('2026-07-28: is 403 too for who asked for progress and log messages', async () => {
    const { token } = await connect([])
    const _meta = { progressToken: 1, 'io.modelcontextprotocol/logLevel': 'debug' }
    const answer = await callModern(fixture.url, token, 'tools/call', { name: 'write_a', _meta })
    expect(answer.status).toBe(403)
    expect(answer.headers.get('www-authenticate')).toContain('scope="A_WRITE"')
  })

  test('before 2026-07-28: a result that says so, in JSON and in a stream', async () => {
    const { token } = await connect(['A_READ'])
    const sent = await fixture.hitsDuring(async () => {
      const { status, body } = await callLegacy(fixture.url, token, 'tools/call', { name: 'both' })
      expect([status, body.result.isError]).toEqual([200, true])
      expect(body.result.content[0].text).toStartWith('Tool requires scopes: A_READ, B_WRITE\n')
      expect(body.result._meta['tengine/error']).toMatchObject({
        status: 403,
        code: 'insufficient_scope',
      })
    })
    expect(sent).toBe(0)
  })

  test('is on record as a run that was not sent', async () => {
    const { token, memberId } = await connect([])
    await callModern(fixture.url, token, 'tools/call', { name: 'write_a' })
    const path = `/api/v1/runs?limit=1&project_id=${fixture.project.project_id}`
    const { body } = await fixture.app.api('GET', path)
    expect(body.items[0]).toMatchObject({
      error_code: 'insufficient_scope',
      state: 'failed_not_sent',
    })
    const member = await fixture.app.api('GET', `/api/v1/members/${memberId}`)
    expect(member.body).toMatchObject({ calls: 1, errors: 1 })
  })

  test('a tool that is switched off says that, whatever scopes it requires', async () => {
    const id = await fixture.addTool('off', { required_scopes: ['A_WRITE'], is_enabled: false })
    const { token } = await connect([])
    const { status, body } = await callModern(fixture.url, token, 'tools/call', { name: 'off' })
    expect(status).toBe(200)
    expect(body.result._meta['tengine/error'].code).toBe('tool_not_enabled')
    await fixture.app.api('DELETE', `/api/v1/custom-tools/${id}`)
  })

  test('tightening tells open streams that the list changed, and leaves them open', async () => {
    const { token } = await connect(['ALL'])
    const body = JSON.stringify({
      ...{ jsonrpc: '2.0', id: 1, method: 'subscriptions/listen' },
      params: {
        notifications: { toolsListChanged: true },
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    })
    const headers = {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'subscriptions/listen',
    }
    const stream = await openEventStream(fixture.url, token, { body, headers })
    await stream.next()
    await setPolicy({ policy_scopes: ['A_READ'] })
    expect((await stream.next()).method).toBe('notifications/tools/list_changed')
    expect(await stream.next(700).catch(() => 'open')).toBe('open')
    stream.leave()
  })
})
