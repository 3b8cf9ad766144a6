import { expect, test } from 'bun:test'
import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { AppError } from '../../src/errors.ts'
import type { SignedRequest, UpstreamAuth } from '../../src/executor/sign_request.ts'
import type { HttpMethod } from '../../src/model/tool.ts'
import { alice, header, render } from './request_fixture.ts'
import { requestId, sign, traceparent } from './sign_fixture.ts'

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom(
    'a\r\nX-Tengine-Project-Id: 1',
    '../..',
    '{member_id}',
    'a&b',
    '',
    'plain',
    'x y',
  ),
)
const bodies: HttpMethod[] = ['POST', 'PUT', 'PATCH', 'DELETE']

/** HMAC over what is about to be sent, made without any of the code under test. */
function expectedSignature(request: SignedRequest, timestamp: string, secret: string): string {
  const digest = createHash('sha256')
    .update(request.body ?? '')
    .digest('hex')
  const line = `tng2 ${timestamp} ${requestId} ${request.method} ${request.target} ${digest}`
  return `tng2=${createHmac('sha256', secret).update(line).digest('hex')}`
}

test('case 154: the bytes signed are the bytes sent (2,000 requests)', () => {
  let signedRequests = 0
  const inputs = fc.record({
    httpMethod: fc.constantFrom(...bodies),
    id: text,
    q: text,
    v: fc.jsonValue(),
    timestamp: fc.integer({ min: 0, max: 4_000_000_000 }),
    secrets: fc.uniqueArray(fc.stringMatching(/^[!-~]{1,70}$/), { minLength: 1, maxLength: 2 }),
  })
  fc.assert(
    fc.property(inputs, ({ httpMethod, id, q, v, timestamp, secrets }) => {
      const args = { id, q, v: JSON.parse(JSON.stringify(v)) }
      const parts = {
        httpMethod,
        endpointPath: '/a/{id}',
        queryTemplate: { q: '{q}' },
        bodyTemplate: { v: '{v}', q: 'a{q}' },
      }
      let signed: SignedRequest
      try {
        const strategy = 'hmac_signature'
        signed = sign(render(parts, args), { strategy, secrets }, { timestampSeconds: timestamp })
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        expect(['', '.', '..']).toContain(id)
        return
      }
      signedRequests++
      const expected = secrets.map((secret) => expectedSignature(signed, String(timestamp), secret))
      expect(header(signed, 'X-Tengine-Signature')).toBe(expected.join(','))
      expect(header(signed, 'X-Tengine-Timestamp')).toBe(String(timestamp))
      // What a URL-reading client would put on the wire is the signed target, byte for byte.
      const url = new URL(signed.baseUrl + signed.target)
      expect(url.pathname + url.search).toBe(signed.target)
    }),
    { numRuns: 2_000 },
  )
  expect(signedRequests).toBeGreaterThan(1_000)
})

const auths: UpstreamAuth[] = [
  { strategy: 'none', headerName: null, secrets: [] },
  { strategy: 'static_bearer', headerName: null, secrets: ['s3cret'] },
  { strategy: 'basic', headerName: null, secrets: ['user:s3cret'] },
  { strategy: 'static_header', headerName: 'X-Api-Key', secrets: ['s3cret'] },
  { strategy: 'hmac_signature', headerName: null, secrets: ['s3cret'] },
]
const names = fc.constantFrom(
  'X-Tengine-Project-Id',
  'x-tengine-member-id',
  'X_TENGINE_REQUEST_ID',
  'X-Tengine-Signature',
  'Authorization',
  'x-api-key',
  'X_Api_Key',
  'Idempotency-Key',
  'traceparent',
  'Host',
  'Content-Length',
  'X-Own',
  'Accept',
  'X-Other',
)

test('case 143: no template and no argument overrides or doubles a header of ours (2,000 requests)', () => {
  let sent = 0
  const inputs = fc.record({
    auth: fc.constantFrom(...auths),
    headers: fc.dictionary(names, fc.constantFrom('{a}', 'x{a}', 'fixed'), { maxKeys: 3 }),
    a: text,
    argument: fc.tuple(names, text),
  })
  fc.assert(
    fc.property(inputs, ({ auth, headers, a, argument }) => {
      let signed: SignedRequest
      try {
        const args = { a, [argument[0]]: argument[1] }
        const { strategy: authStrategy, headerName: authHeaderName } = auth
        const request = render({ headersTemplate: headers, authStrategy, authHeaderName }, args)
        signed = sign(request, auth, { idempotencyKey: requestId })
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        return
      }
      sent++
      const comparable = signed.headers.map(([name]) => name.toLowerCase().replaceAll('_', '-'))
      expect(new Set(comparable).size).toBe(comparable.length)
      for (const [name, value] of signed.headers) {
        expect(name).toMatch(/^[A-Za-z_-]+$/)
        expect(value).toMatch(/^[ -~]*$/)
      }
      expect(header(signed, 'X-Tengine-Project-Id')).toBe(alice.projectId)
      expect(header(signed, 'X-Tengine-Integration-Id')).toBe(alice.integrationId)
      expect(header(signed, 'X-Tengine-Request-Id')).toBe(requestId)
      expect(header(signed, 'X-Tengine-Member-Id')).toBe('alice')
      expect(header(signed, 'Idempotency-Key')).toBe(requestId)
      expect(header(signed, 'traceparent')).toBe(traceparent)
      if (auth.strategy === 'static_bearer')
        expect(header(signed, 'authorization')).toBe('Bearer s3cret')
      if (auth.strategy === 'static_header') expect(header(signed, 'x-api-key')).toBe('s3cret')
    }),
    { numRuns: 2_000 },
  )
  expect(sent).toBeGreaterThan(300)
})
