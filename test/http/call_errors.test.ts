import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import type { ErrorCode } from '../../src/errors.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import { type House, startHouse } from './house.ts'

const nonSuccess = 'Upstream tool call failed — non-2xx response'
const connection = 'Upstream tool call failed — connection error'
const reserved = 'Reserved variable cannot be provided as user input'
const misfit = "Arguments do not fit the tool's input_schema"
const unsure = 'outcome_unknown: the request may have reached the upstream; it was not sent again'

let house: House
let accepted = 0
let count = 0

/** Takes connections, and ends each at its first bytes. */
const decoy = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    open: () => {
      accepted++
    },
    data: (socket) => {
      socket.end()
    },
  },
})
/** Takes connections too, but the operator has not named it. */
const unnamed = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    open: () => {
      accepted++
    },
    data: () => {},
  },
})
const gone = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } })
gone.stop(true)
const at = (scheme: string, { port }: { port: number }) => `${scheme}://127.0.0.1:${port}`

beforeAll(async () => {
  const egressAllow = [at('http', decoy), at('http', gone), `127.0.0.1:${decoy.port}`]
  house = await startHouse({ egressAllow })
})
beforeEach(() => {
  house.reset()
  accepted = 0
})
afterAll(async () => {
  await house.stop()
  decoy.stop(true)
  unnamed.stop(true)
})

type Fields = Record<string, unknown>

/** What a call that failed must show at either door, and leave on record. */
interface Failure {
  readonly code: ErrorCode
  readonly status: number
  readonly detail: string
  readonly state?: 'failed_not_sent' | 'done' | 'unknown'
  readonly upstreamStatus?: number
  /** Requests that reached the upstream. */
  readonly hits?: number
  /** Each must stand in what the caller reads. */
  readonly says?: readonly string[]
}

interface Seen {
  readonly runId: string
  readonly text: string
  readonly error: Fields
}

interface Door {
  readonly source: 'mcp' | 'execute'
  call(tool: { readonly id: number; readonly name: string }, args: Fields): Promise<Seen>
}

const doors: readonly Door[] = [
  {
    source: 'mcp',
    call: async ({ name }, args) => {
      const params = { name, arguments: args }
      const answer = await callLegacy(`${house.url}/mcp`, house.apiKey, 'tools/call', params)
      expect(answer.status).toBe(200)
      const { isError, content, _meta } = answer.body.result
      expect(isError).toBe(true)
      const { request_id: runId, ...error } = _meta['tengine/error']
      expect(_meta['tengine/request_id']).toBe(runId)
      return { runId, text: content[0].text, error }
    },
  },
  {
    source: 'execute',
    call: async ({ id }, args) => {
      const path = `/api/v1/custom-tools/${id}/execute`
      const answer = await house.api('POST', path, { arguments: args })
      expect(answer.headers.get('content-type')).toStartWith('application/problem+json')
      const { status, code, detail, request_id: runId } = answer.body
      expect(answer.status).toBe(status)
      expect(answer.headers.get('x-request-id')).toBe(runId)
      const text = `${detail}\n${JSON.stringify(answer.body)}`
      return { runId, text, error: { status, code, detail } }
    },
  },
]

async function expectFailure(
  door: Door,
  call: { readonly tool: { id: number; name: string }; readonly args?: Fields },
  failure: Failure,
): Promise<void> {
  const { tool, args = {} } = call
  const { code, status, detail, state = 'failed_not_sent', upstreamStatus = null } = failure
  const { runId, text, error } = await door.call(tool, args)
  expect(error).toEqual({ code, status, detail })
  expect(text).toStartWith(`${detail}\n`)
  expect(text.length).toBeLessThan(10_000)
  for (const part of failure.says ?? []) expect(text).toContain(part)
  expect(house.upstream.hits).toHaveLength(failure.hits ?? 0)
  expect((await house.api('GET', `/api/v1/runs/${runId}`)).body).toMatchObject({
    id: runId,
    tool_id: tool.id,
    source: door.source,
    state,
    error_code: code,
    upstream_status: upstreamStatus,
  })
}

const tools = new Map<string, Promise<{ id: number; name: string }>>()

/** A tool of these fields, registered once for both doors. */
/** Each failure is looked at by itself: nothing is tried again here. */
function add(given: Fields = {}): Promise<{ id: number; name: string }> {
  const fields = { retry: { max_attempts: 1 }, ...given }
  const key = JSON.stringify(fields)
  const known = tools.get(key) ?? house.addTool({ name: `call-${++count}`, ...fields })
  tools.set(key, known)
  return known
}

const props = (properties: Fields, more: Fields = {}) => ({
  input_schema: { type: 'object', properties, ...more },
})
const answering = (respond: () => Response | Promise<Response>) => {
  house.upstream.answer = respond
}

for (const door of doors) {
  describe(`a call that fails, through ${door.source}`, () => {
    test.each<[string, Fields]>([
      ['at the top', { member_id: 'm' }],
      ['in other case', { Project_Id: 1 }],
      ['in an object', { a: { b: { integration_id: 1 } } }],
      ['in a list', { a: [[{ MEMBER_ID: null }]] }],
    ])('cases 63, 148: a reserved variable %s is refused unsent', async (_where, args) => {
      const tool = await add(props({ a: {} }, { additionalProperties: true }))
      const failure = { code: 'reserved_variable', status: 400, detail: reserved } as const
      await expectFailure(door, { tool, args }, failure)
    })

    test('arguments that do not fit: every failing place is named', async () => {
      const item = { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] }
      const schema = { n: { type: 'integer', minimum: 1 }, list: { type: 'array', items: item } }
      const tool = await add({ ...props(schema, { required: ['n', 'q'] }), http_method: 'POST' })
      const args = { n: 0, list: [{ id: 1 }, { id: 'x' }, {}], extra: 1 }
      const says = ['/n', '/list/1/id', '/list/2', '/extra', 'q']
      const failure = { code: 'invalid_arguments', status: 400, detail: misfit, says } as const
      await expectFailure(door, { tool, args }, failure)
    })

    test('an argument that the path or a header cannot carry', async () => {
      const path = await add({ ...props({ id: {} }), endpoint_path: '/things/{id}' })
      const detail = 'An argument cannot be used where the template puts it'
      for (const id of ['..', '.', '', null, ['a'], { a: 1 }]) {
        const failure = { code: 'invalid_argument', status: 400, detail, says: ['/id'] } as const
        await expectFailure(door, { tool: path, args: { id } }, failure)
      }
      const header = await add({ ...props({ h: {} }), headers_template: { 'X-H': '{h}' } })
      await expectFailure(
        door,
        { tool: header, args: { h: 'a\r\nX-Evil: 1' } },
        {
          code: 'invalid_header_value',
          status: 400,
          detail: 'An argument cannot be sent as a header value',
        },
      )
    })

    test('case 57: a tool that was switched off', async () => {
      const tool = await add({ description: `Switched off for ${door.source}` })
      await house.api('PATCH', `/api/v1/custom-tools/${tool.id}`, { is_enabled: false })
      const detail = 'Tool not enabled for this project'
      await expectFailure(door, { tool }, { code: 'tool_not_enabled', status: 403, detail })
    })

    test('case 58: a tool that needs a member, without one', async () => {
      const tool = await add({ require_member: true, endpoint_path: '/members/{member_id}' })
      const detail = 'Member context required for this tool'
      await expectFailure(door, { tool }, { code: 'member_required', status: 403, detail })
    })

    test('cases 244, 245: a secret that does not open is not sent unsigned; other tools work', async () => {
      const signing = { auth_strategy: 'hmac_signature', encrypted_auth_secret: 'a-signing-secret' }
      const [flipped, copied, whole] = await Promise.all(
        ['flipped', 'copied', 'whole'].map((state) =>
          house.addTool({ name: `${state}-${door.source}`, ...signing }),
        ),
      )
      const database = new Database(join(house.dataDir, 'gatehouse.db'))
      const row = database
        .query<{ sealed: Uint8Array }, [number]>(
          'SELECT sealed FROM tool_secrets WHERE tool_id = ?',
        )
        .get(flipped.id)
      const sealed = Uint8Array.from(row?.sealed ?? [])
      sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1
      const put = database.query('UPDATE tool_secrets SET sealed = ? WHERE tool_id = ?')
      put.run(sealed, flipped.id)
      put.run(row?.sealed ?? null, copied.id)
      database.close()
      const detail = 'Failed to decrypt auth secret'
      for (const tool of [flipped, copied]) {
        await expectFailure(door, { tool }, { code: 'secret_undecryptable', status: 500, detail })
      }
      const lines = house.logLines().filter((line) => line.includes('secret_undecryptable'))
      expect(lines.some((line) => line.includes('"event":"internal_error"'))).toBe(true)
      const path = `/api/v1/custom-tools/${whole.id}/execute`
      expect((await house.api('POST', path, {})).status).toBe(200)
    })

    test('case 178: a read that times out', async () => {
      answering(() => new Promise(() => {}))
      const tool = await add({ timeout_ms: 400 })
      const detail = 'Tool execution timed out'
      const failure = {
        code: 'upstream_timeout',
        status: 500,
        detail,
        state: 'done',
        hits: 1,
      } as const
      await expectFailure(door, { tool }, failure)
    })

    test('case 209: a write that times out may have happened, and is not sent again', async () => {
      answering(() => new Promise(() => {}))
      const tool = await add({ http_method: 'PUT', timeout_ms: 400 })
      const failure = { status: 409, detail: unsure, state: 'unknown', hits: 1 } as const
      await expectFailure(door, { tool }, { code: 'outcome_unknown', ...failure })
    })

    test.each([400, 401, 404, 429, 500, 503])(
      'case 194: an upstream that answers %i: 502 with its status and the start of what it said',
      async (upstreamStatus) => {
        answering(
          () => new Response(`no such thing ${'x'.repeat(100_000)}`, { status: upstreamStatus }),
        )
        for (const http_method of ['GET', 'POST']) {
          const tool = await add({ http_method })
          await expectFailure(
            door,
            { tool },
            {
              code: 'upstream_status',
              status: 502,
              detail: nonSuccess,
              state: 'done',
              upstreamStatus,
              hits: 1,
              says: [String(upstreamStatus), 'no such thing'],
            },
          )
          house.upstream.hits.length = 0
        }
      },
    )

    test.each([301, 302, 303, 307, 308])(
      'case 166: a redirect %i is not followed',
      async (upstreamStatus) => {
        const location = `${house.upstream.url}/elsewhere`
        answering(() => new Response(null, { status: upstreamStatus, headers: { location } }))
        const expected = { status: 502, detail: nonSuccess, state: 'done', hits: 1 } as const
        const says = [String(upstreamStatus)]
        const failure = { code: 'upstream_redirect', ...expected, upstreamStatus, says } as const
        await expectFailure(door, { tool: await add() }, failure)
      },
    )

    test('case 210: an upstream that refuses the connection', async () => {
      for (const http_method of ['GET', 'POST']) {
        const tool = await add({ base_url: at('http', gone), http_method })
        const failure = { code: 'upstream_connection', status: 502, detail: connection } as const
        await expectFailure(door, { tool }, failure)
      }
    })

    test('case 168: an upstream that does not speak TLS got no byte of the request', async () => {
      const tool = await add({ base_url: at('https', decoy), http_method: 'POST' })
      await expectFailure(door, { tool }, { code: 'upstream_tls', status: 502, detail: connection })
    })

    test('case 182: an upstream that hangs up before it answers', async () => {
      const read = await add({ base_url: at('http', decoy) })
      const broken = { code: 'upstream_connection', status: 502, detail: connection } as const
      await expectFailure(door, { tool: read }, { ...broken, state: 'done' })
      const write = await add({ base_url: at('http', decoy), http_method: 'POST' })
      const failure = { status: 409, detail: unsure, state: 'unknown' } as const
      await expectFailure(door, { tool: write }, { code: 'outcome_unknown', ...failure })
      expect(accepted).toBe(2)
    })

    test('case 180: a response that is too large', async () => {
      answering(() => new Response('x'.repeat(5_000)))
      const tool = await add({ max_response_bytes: 1_024, http_method: 'POST' })
      const detail = 'Upstream tool call failed — response too large'
      const expected = { status: 502, detail, state: 'done', upstreamStatus: 200, hits: 1 } as const
      await expectFailure(door, { tool }, { code: 'response_too_large', ...expected })
    })

    test('an upstream that the operator did not name is not connected to', async () => {
      const detail = 'The upstream address is not allowed by the egress policy'
      const failure = { code: 'egress_denied', status: 403, detail } as const
      for (const base_url of [at('https', unnamed), 'https://169.254.169.254', 'https://[::1]']) {
        await expectFailure(door, { tool: await add({ base_url, http_method: 'POST' }) }, failure)
      }
      expect(accepted).toBe(0)
    })
  })
}
