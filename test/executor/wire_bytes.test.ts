import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash, createHmac, randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { Connector } from '../../src/executor/connector/connector.ts'
import { createGuard, type GuardedTarget } from '../../src/executor/guard_target.ts'
import { renderRequest } from '../../src/executor/render_request.ts'
import { compileRequestTemplate } from '../../src/executor/request_template.ts'
import { sendRequest } from '../../src/executor/send_request.ts'
import { prepareAuth, signRequest } from '../../src/executor/sign_request.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { parseBaseUrl } from '../../src/model/base_url.ts'
import { parseEgressEntry } from '../../src/model/egress_entry.ts'
import type { HttpMethod } from '../../src/model/tool.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import { type RawRequest, type RawUpstream, startRawUpstream } from '../helpers/raw_upstream.ts'
import { startApp } from '../helpers/running_app.ts'
import { definition } from './request_fixture.ts'
import { stamp } from './sign_fixture.ts'

const secret = 'your-shared-secret'
const OK = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}'

/** A request as a receiver sees it, read from the raw bytes alone. */
function received({ head, body }: RawRequest) {
  const [requestLine = '', ...lines] = head.trimEnd().split('\r\n')
  const [method = '', path = ''] = requestLine.split(' ')
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    expect(headers.has(name)).toBe(false)
    headers.set(name, line.slice(colon + 1).trim())
  }
  return { method, path, headers, body }
}

/** What the receiver computes for itself (wire.md §6). */
function expectedSignature({ method, path, headers, body }: ReturnType<typeof received>): string {
  const digest = createHash('sha256').update(body).digest('hex')
  const timestamp = headers.get('x-tengine-timestamp')
  const line = `tng2 ${timestamp} ${headers.get('x-tengine-request-id')} ${method} ${path} ${digest}`
  return `tng2=${createHmac('sha256', secret).update(line).digest('hex')}`
}

describe('case 154: the bytes that were signed are the bytes that arrive', () => {
  let upstream: RawUpstream
  let connector: Connector
  let target: GuardedTarget
  let last: RawRequest | undefined

  beforeAll(async () => {
    upstream = startRawUpstream((connection, request) => {
      last = request
      connection.write(OK)
    })
    const origin = `http://127.0.0.1:${upstream.port}`
    const entries = [parseEgressEntry(origin)]
    const resolver = { resolve: async () => [] }
    const guard = createGuard({ resolver, entries, ownAddresses: () => [] })
    target = await guard.check(parseBaseUrl(origin, entries))
    connector = new Connector()
  })
  afterAll(() => {
    connector.close()
    upstream.stop()
  })

  const anyText = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  const pathValue = anyText.filter((text) => text !== '.' && text !== '..' && text.isWellFormed())

  test('for 10,000 random requests a receiver computes the very same signature', async () => {
    const auth = prepareAuth({ strategy: 'hmac_signature', headerName: null, secrets: [secret] })
    const caller = { projectId: '42', integrationId: '7', memberId: null }
    const inputs = fc.record({
      method: fc.constantFrom<HttpMethod>('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
      path: pathValue,
      query: fc.oneof(anyText, fc.array(anyText, { maxLength: 3 }), fc.integer(), fc.boolean()),
      body: fc.dictionary(anyText, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }),
    })
    let sent = 0
    const send = async (input: {
      method: HttpMethod
      path: string
      query: unknown
      body: unknown
    }) => {
      const hasBody = input.method !== 'GET'
      const template = compileRequestTemplate(
        definition({
          httpMethod: input.method,
          endpointPath: '/v1/{id}/x',
          queryTemplate: { q: '{q}' },
          bodyTemplate: hasBody ? { value: '{value}' } : null,
          authStrategy: 'hmac_signature',
          requireMember: false,
        }),
      )
      const args = { id: input.path, q: input.query, value: input.body } as JsonObject
      const rendered = renderRequest(template, args, caller)
      const requestId = randomUUID()
      const signed = signRequest(rendered, auth, stamp({ requestId, caller, member: null }))
      const limits = {
        deadlineAtMs: performance.now() + 10_000,
        maxResponseBytes: 1_000,
        signal: null,
      }
      await sendRequest(connector, target, signed, limits)
      if (last === undefined) throw new Error('nothing arrived')
      const request = received(last)
      expect(request.method).toBe(input.method)
      expect(request.path).toBe(rendered.target)
      expect(request.headers.get('x-tengine-request-id')).toBe(requestId)
      expect(request.headers.get('x-tengine-signature')).toBe(expectedSignature(request))
      sent++
    }
    await fc.assert(fc.asyncProperty(inputs, send), { numRuns: 10_000 })
    expect(sent).toBe(10_000)
    expect(upstream.requests.length).toBe(10_000)
  }, 60_000)
})

test('a call through the whole product arrives byte for byte as wire.md §6 says', async () => {
  const upstream = startRawUpstream((connection) => connection.write(OK))
  const origin = `http://127.0.0.1:${upstream.port}`
  const app = await startApp({ settings: { egress_allow: [origin] } })
  try {
    const made = await app.bootstrap()
    const tool = await app.api('POST', '/api/v1/custom-tools', {
      project_id: made.project_id,
      name: 'contacts-lookup',
      http_method: 'POST',
      base_url: origin,
      endpoint_path: '/v1/contacts/lookup',
      auth_strategy: 'hmac_signature',
      encrypted_auth_secret: secret,
      input_schema: { type: 'object', properties: { contact_id: { type: 'string' } } },
    })
    expect(tool.status).toBe(201)
    const params = { name: 'contacts-lookup', arguments: { contact_id: 'c_001' } }
    const answer = await callLegacy(made.mcp_url, made.api_key, 'tools/call', params)
    const runId = answer.body.result._meta['tengine/request_id']
    const [raw] = upstream.requests
    if (raw === undefined) throw new Error('nothing arrived')
    const request = received(raw)
    expect(raw.head.startsWith('POST /v1/contacts/lookup HTTP/1.1\r\nhost: 127.0.0.1:')).toBe(true)
    expect(request.body.toString()).toBe('{"contact_id":"c_001"}')
    expect([...request.headers.keys()].sort()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'content-length',
      'content-type',
      'host',
      'idempotency-key',
      'traceparent',
      'user-agent',
      'x-tengine-integration-id',
      'x-tengine-project-id',
      'x-tengine-request-id',
      'x-tengine-signature',
      'x-tengine-timestamp',
    ])
    expect(request.headers.get('content-length')).toBe('22')
    expect(request.headers.get('x-tengine-project-id')).toBe(String(made.project_id))
    expect(request.headers.get('x-tengine-integration-id')).toBe(String(made.integration_id))
    expect(request.headers.get('x-tengine-request-id')).toBe(runId)
    expect(request.headers.get('idempotency-key')).toBe(runId)
    expect(request.headers.get('traceparent')).toStartWith(`00-${runId.replaceAll('-', '')}-`)
    expect(request.headers.get('x-tengine-signature')).toBe(expectedSignature(request))
    const age = Math.abs(Date.now() / 1000 - Number(request.headers.get('x-tengine-timestamp')))
    expect(age).toBeLessThan(60)
  } finally {
    await app.stop()
    upstream.stop()
  }
})
