import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { createHash, createHmac } from 'node:crypto'
import { CanaryScan, textCanary } from '../fault/canaries.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import { type Hit, type House, startHouse } from './house.ts'
import { readServedApi, type ServedApi } from './served_api.ts'

const startMs = Date.parse('2026-03-01T12:00:00Z')
const secret = 'canary-of-the-first-secret'
const newer = 'canary-of-the-second-secret'
const name = 'contacts-find'

let nowMs = startMs
let house: House
let served: ServedApi
let toolId: number
/** What the upstream got from a call of the tool. */
let hit: Hit

beforeAll(async () => {
  const clock = { nowMs: () => nowMs, monotonicMs: () => performance.now() }
  house = await startHouse({ clock })
  served = await readServedApi(house)
  const tool = await house.addTool({
    name,
    http_method: 'POST',
    endpoint_path: '/contacts/{id}',
    input_schema: { type: 'object', properties: { id: { type: 'string' }, q: { type: 'string' } } },
    query_template: { q: '{q}' },
    body_template: { id: '{id}' },
    auth_strategy: 'hmac_signature',
    encrypted_auth_secret: secret,
    deduplication: { mode: 'off' },
  })
  toolId = tool.id
  hit = await call()
})
beforeEach(() => {
  nowMs = startMs
  house.reset()
})
afterAll(() => house.stop())

async function call(): Promise<Hit> {
  const args = { id: 'a b', q: 'x+y' }
  await callLegacy(`${house.url}/mcp`, house.apiKey, 'tools/call', { name, arguments: args })
  const last = house.upstream.hits.at(-1)
  if (last === undefined) throw new Error('the upstream was not called')
  return last
}

const headerOf = ({ headers }: Hit, header: string) => headers.get(`x-tengine-${header}`) ?? ''

/** The question a developer asks about what the upstream got. */
const asked = (of: Hit = hit) => ({
  tool_id: toolId,
  timestamp: headerOf(of, 'timestamp'),
  request_id: headerOf(of, 'request-id'),
  method: of.method,
  target: of.target,
  body: of.body,
  signature: headerOf(of, 'signature'),
})

const explain = (body: object, token?: string | null) =>
  served.api('POST', '/api/v1/signatures/explain', body, token)

/** What has to be signed for a request, from wire.md §6 alone. */
function lineOf(of: Hit): string {
  const digest = createHash('sha256').update(of.body).digest('hex')
  const stamp = `${headerOf(of, 'timestamp')} ${headerOf(of, 'request-id')}`
  return `tng2 ${stamp} ${of.method} ${of.target} ${digest}`
}

const signatureBy = (key: string, line: string) =>
  `tng2=${createHmac('sha256', key).update(line).digest('hex')}`

describe('POST /signatures/explain', () => {
  test('finds nothing wrong with what the upstream got', async () => {
    const { status, body } = await explain(asked())
    expect(status).toBe(200)
    expect(body).toMatchObject({
      canonical_line: lineOf(hit),
      body_sha256: createHash('sha256').update(hit.body).digest('hex'),
      matches: true,
      likely_cause: null,
      secrets_tried: ['current'],
      server_time: '2026-03-01T12:00:00.000Z',
    })
    expect(body.checks.map(({ ok }: { ok: boolean }) => ok)).toEqual(Array(7).fill(true))
    expect(house.upstream.hits).toEqual([])
  })

  test('takes the tool by the Run ID of a call, and the body as bytes', async () => {
    const { tool_id: _, body: text, ...rest } = asked()
    const question = { ...rest, run_id: rest.request_id, body_base64: btoa(text) }
    expect((await explain(question)).body).toMatchObject({ matches: true })
  })

  test('shows the line alone where no signature is given', async () => {
    const { signature: _, ...question } = asked()
    const { body } = await explain(question)
    expect(body).toMatchObject({
      canonical_line: lineOf(hit),
      matches: null,
      likely_cause: null,
    })
  })

  test.each([
    [{ body: '{ "id": "a b" }' }, 'the body parsed and written again as compact JSON'],
    [{ target: '/contacts/a b?q=x%2By' }, 'the path and query percent-encoded'],
    [{ method: 'post' }, 'the method in upper case'],
    [{ timestamp: `${startMs}` }, 'the timestamp in seconds'],
  ])('names what %j has against it', async (change, cause) => {
    const { body } = await explain({ ...asked(), ...change })
    expect(body.matches).toBe(false)
    expect(body.likely_cause).toContain(cause)
  })

  test('knows where the tool sends its requests', async () => {
    const absolute = lineOf({ ...hit, target: house.upstream.url + hit.target })
    const { body } = await explain({ ...asked(), signature: signatureBy(secret, absolute) })
    expect(body.likely_cause).toContain('the path and query with scheme and host')
  })

  test("says by the server's clock that a timestamp is old", async () => {
    nowMs = startMs + 301_000
    const { body } = await explain(asked())
    expect(body).toMatchObject({ matches: true, server_time: '2026-03-01T12:05:01.000Z' })
    expect(body.likely_cause).toContain('301 s behind the clock')
  })

  test('an empty body and none are the same', async () => {
    const { body: _, ...question } = asked()
    const empty = createHash('sha256').update('').digest('hex')
    for (const parts of [{}, { body: '' }, { body_base64: '' }]) {
      const { body } = await explain({ ...question, ...parts })
      expect(body.body_sha256).toBe(empty)
    }
  })

  test('takes bodies that JSON text cannot hold', async () => {
    const bytes = Uint8Array.from([0, 0xff, 0xfe])
    const { body: _, ...question } = asked()
    const { body } = await explain({ ...question, body_base64: bytes.toBase64() })
    expect(body.body_sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
  })
})

describe('during a rotation', () => {
  const until = new Date(startMs + 600_000).toISOString()

  test('both secrets are tried, and the previous one no longer than it signs', async () => {
    const path = `/api/v1/custom-tools/${toolId}`
    const rotation = { encrypted_auth_secret: newer, keep_previous_secret_until: until }
    expect((await house.api('PATCH', path, rotation)).status).toBe(200)
    const both = await call()
    expect((await explain(asked(both))).body).toMatchObject({
      matches: true,
      likely_cause: null,
      secrets_tried: ['current', 'previous'],
    })
    const byOlder = { ...asked(both), signature: signatureBy(secret, lineOf(both)) }
    expect((await explain(byOlder)).body).toMatchObject({ matches: true })
    nowMs = startMs + 600_000
    expect((await explain(byOlder)).body).toMatchObject({
      matches: false,
      likely_cause: null,
      secrets_tried: ['current'],
    })
    nowMs = startMs
    await house.api('PATCH', path, { encrypted_auth_secret: secret })
  })
})

describe('a question that cannot be answered', () => {
  test.each([
    ['/tool_id', { tool_id: undefined }],
    ['/run_id', { run_id: 'x' }],
    ['/body_base64', { body_base64: 'AA==' }],
    ['/body_base64', { body: undefined, body_base64: 'not base64' }],
    ['/timestamp', { timestamp: 1_760_000_000 }],
    ['/target', { target: undefined }],
    ['/signature', { signature: 'x'.repeat(1001) }],
    ['/secret', { secret: 'mine' }],
  ])('%s is named in the 422 of a question that has it wrong', async (pointer, change) => {
    const { status, body } = await explain({ ...asked(), ...change })
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'validation_failed' })
    expect(body.errors.map((error: { pointer: string }) => error.pointer)).toEqual([pointer])
  })

  test('a tool that signs nothing is 422 naming the field it was named by', async () => {
    const bearer = await house.addTool({
      name: 'by-bearer',
      auth_strategy: 'static_bearer',
      encrypted_auth_secret: 'canary-of-a-bearer',
    })
    const executed = await house.api('POST', `/api/v1/custom-tools/${bearer.id}/execute`, {})
    const { tool_id: _, ...question } = asked()
    for (const [of, pointer] of [
      [{ tool_id: bearer.id }, '/tool_id'],
      [{ run_id: executed.body.run_id }, '/run_id'],
    ] as const) {
      const { status, body } = await explain({ ...question, ...of })
      expect(status).toBe(422)
      expect(body.errors).toEqual([
        {
          pointer,
          message:
            'must be of a tool with auth_strategy hmac_signature; this one has static_bearer',
        },
      ])
    }
  })

  test('a body over 1 MiB is refused as everywhere', async () => {
    const { status, body } = await explain({ ...asked(), body: 'x'.repeat(1024 * 1024) })
    expect({ status, code: body.code }).toEqual({ status: 413, code: 'body_too_large' })
  })
})

describe('reach', () => {
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  async function create(path: string, body: object): Promise<any> {
    const answer = await house.api('POST', `/api/v1${path}`, body)
    expect(answer.status).toBe(201)
    return answer.body
  }

  test('case 40: a tool or run of another project is not there', async () => {
    const { id: project_id } = await create('/projects', { name: 'other' })
    const { api_key: stranger } = await create('/integrations', { name: 'other', project_id })
    const token = (await create('/admin-tokens', { name: 'of other', project_id })).token
    const { tool_id: _, ...question } = asked()
    for (const credential of [stranger, token]) {
      const foreign = await explain(asked(), credential)
      const never = await explain({ ...asked(), tool_id: 99_999_999 }, credential)
      const run = await explain({ ...question, run_id: question.request_id }, credential)
      for (const { status, body } of [foreign, never, run]) {
        expect({ status, code: body.code }).toEqual({ status: 404, code: 'not_found' })
      }
      expect(foreign.body.reason).toBe(never.body.reason)
    }
    expect((await explain(asked(), house.apiKey)).status).toBe(200)
  })

  test('an API key without project.manage, and nobody at all, learn nothing', async () => {
    const permissions = ['tools.call', 'sessions.mint']
    const fields = { name: 'caller', project_id: house.projectId, permissions }
    const { api_key: caller } = await create('/integrations', fields)
    const refused = await explain(asked(), caller)
    expect(refused).toMatchObject({ status: 403, body: { code: 'permission_denied' } })
    const anonymous = await explain(asked(), null)
    expect(anonymous).toMatchObject({ status: 401, body: { code: 'missing_credential' } })
    for (const { body } of [refused, anonymous]) {
      expect(Object.keys(body)).not.toContain('canonical_line')
    }
  })
})

describe('case 250: a secret of the store', () => {
  /** Requests that were never sent: whoever got a signature for one could forge it. */
  const forged = [
    { method: 'DELETE', target: '/contacts/1', body: '' },
    { method: 'POST', target: '/contacts/1', body: '{"id":1}' },
  ]
  const presented = [
    undefined,
    '',
    'tng2=',
    `tng2=${'0'.repeat(64)}`,
    '0'.repeat(64),
    `${'0'.repeat(64)},tng2=${'f'.repeat(64)}`,
    signatureBy('another', 'line'),
  ]

  test('and the signature it would give are in no answer and no line of the log', async () => {
    const texts: string[] = []
    const expected: string[] = []
    for (const request of forged) {
      for (const signature of presented) {
        const { status, body } = await explain({ ...asked(), ...request, signature })
        expect(status).toBe(200)
        expect(body.matches).not.toBe(true)
        expected.push(signatureBy(secret, body.canonical_line).slice('tng2='.length))
        texts.push(JSON.stringify(body))
      }
    }
    const { body } = await explain({
      ...asked(),
      signature: signatureBy(`${secret}\n`, lineOf(hit)),
    })
    expect(body.likely_cause).toContain('a newline after the secret')
    texts.push(JSON.stringify(body), house.logLines().join('\n'))
    expected.push(signatureBy(secret, lineOf(hit)).slice('tng2='.length))
    const scan = new CanaryScan([
      textCanary('current', secret),
      textCanary('previous', newer),
      ...[...new Set(expected)].map((hex, index) => ({
        name: `signature ${index}`,
        bytes: Uint8Array.fromHex(hex),
      })),
    ])
    expect(texts.flatMap((text, index) => scan.find(`text ${index}`, text))).toEqual([])
    // The scan does see one where there is one.
    expect(scan.find('header', headerOf(hit, 'signature')).map(({ form }) => form)).toEqual(['hex'])
  })
})
