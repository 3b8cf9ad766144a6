import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { explainSignature, type SignatureQuestion } from '../../src/crypto/explain_signature.ts'
import { header, render } from '../executor/request_fixture.ts'
import { requestId, sign } from '../executor/sign_fixture.ts'
import {
  checkOf,
  explain,
  hex,
  lineOf,
  now,
  secret,
  sent,
  signed,
} from './explain_signature/explain_fixture.ts'

describe('the published test vector', () => {
  const vector = {
    ...sent,
    target: '/v1/contacts/lookup',
    body: '{"contact_id":"c_001"}',
    secrets: ['your-shared-secret'],
  }
  const signature = 'tng2=7811a2e8df020d3863bebf460154687800cca44733b019fae20858f96964d592'

  test('matches, with every check ok', () => {
    const found = explain(signature, vector)
    expect(found).toMatchObject({ matches: true, likelyCause: null })
    expect(found.canonicalLine).toBe(lineOf(vector))
    expect(found.bodySha256).toBe(hex(vector.body))
    expect(found.checks.map(({ name, ok }) => [name, ok])).toEqual([
      ['signature_form', true],
      ['timestamp_form', true],
      ['timestamp_age', true],
      ['request_id_form', true],
      ['method_form', true],
      ['target_form', true],
      ['current_secret', true],
    ])
  })

  test('without a signature is neither right nor wrong, and still has its line', () => {
    const found = explain(null, vector)
    expect(found).toMatchObject({ matches: null, likelyCause: null })
    expect(found.canonicalLine).toBe(lineOf(vector))
    expect(checkOf(found, 'signature_form')?.ok).toBeNull()
    expect(checkOf(found, 'current_secret')?.ok).toBeNull()
  })

  test('without a secret is not checked', () => {
    const found = explain(signature, { ...vector, secrets: [] })
    expect(found).toMatchObject({ matches: null, likelyCause: null })
  })
})

describe('a rotation', () => {
  const secrets = ['the-newer-secret', secret]

  test.each([
    ['both', [true, true], `${signed({}, 'the-newer-secret')},${signed()}`],
    ['the newer', [true, null], signed({}, 'the-newer-secret')],
    ['the older', [null, true], signed()],
  ] as const)('a signature by %s matches', (_, expected, signature) => {
    const found = explain(signature, { secrets })
    expect(found).toMatchObject({ matches: true, likelyCause: null })
    const names = ['current_secret', 'previous_secret']
    expect(names.map((name) => checkOf(found, name)?.ok ?? null)).toEqual([...expected])
  })

  test('a signature by neither fails both checks', () => {
    const found = explain(signed({}, 'third'), { secrets })
    expect(found.matches).toBe(false)
    expect(found.checks.filter(({ ok }) => ok === false).map(({ name }) => name)).toEqual([
      'current_secret',
      'previous_secret',
    ])
  })
})

describe('the parts by themselves', () => {
  test.each([
    [0, true],
    [300, true],
    [301, false],
    [-300, true],
    [-301, false],
  ])('a timestamp %d s old is within tolerance: %p, and its signature right', (age, ok) => {
    const found = explain(signed(), { nowSeconds: now + age })
    expect(found.matches).toBe(true)
    expect(checkOf(found, 'timestamp_age')?.ok).toBe(ok)
    if (ok) expect(found.likelyCause).toBeNull()
    else expect(found.likelyCause).toContain(`${Math.abs(age)} s ${age < 0 ? 'ahead' : 'behind'}`)
  })

  test.each([
    [`${now}000`, 'in milliseconds'],
    [`${now}000000`, 'in microseconds'],
    [`${now}000000000`, 'in nanoseconds'],
    [`${now}.5`, 'not a whole number'],
    [new Date(now * 1000).toISOString(), 'is a date'],
    [` ${now}`, 'White space'],
    ['', 'is empty'],
    ['soon', 'not 1 to 12 digits'],
    ['-1', 'not 1 to 12 digits'],
  ])('timestamp %j: %s', (timestamp, why) => {
    const found = explain(null, { timestamp })
    expect(checkOf(found, 'timestamp_form')).toMatchObject({ ok: false })
    expect(checkOf(found, 'timestamp_form')?.message).toContain(why)
    expect(checkOf(found, 'timestamp_age')?.ok).toBeNull()
  })

  test.each([
    [requestId.toUpperCase(), 'upper-case'],
    [requestId.replaceAll('-', ''), 'hyphens'],
    [`${requestId} `, 'White space'],
    ['', 'is empty'],
    ['42', 'not a UUID'],
  ])('request id %j: %s', (id, why) => {
    const check = checkOf(explain(null, { requestId: id }), 'request_id_form')
    expect(check).toMatchObject({ ok: false, message: expect.stringContaining(why) })
  })

  test.each([
    [{ method: 'post' }, 'method_form', 'not in upper case'],
    [{ method: 'POST /' }, 'method_form', 'one word'],
    [{ target: 'https://a.test/x' }, 'target_form', 'scheme and host'],
    [{ target: 'v1/x' }, 'target_form', 'start with /'],
    [{ target: '/x#y' }, 'target_form', 'fragment'],
    [{ target: '/ü' }, 'target_form', 'decoded'],
    [{ target: '/a b' }, 'target_form', 'decoded'],
  ])('%j fails %s', (change, name, why) => {
    const check = checkOf(explain(null, change), name)
    expect(check).toMatchObject({ ok: false, message: expect.stringContaining(why) })
  })

  test('one that is signed as it stands is right, and named as what is left to mend', () => {
    const found = explain(signed({ timestamp: `${now}000` }), { timestamp: `${now}000` })
    expect(found.matches).toBe(true)
    expect(found.likelyCause).toBe(
      'The signature is right. The timestamp is in milliseconds; Gatehouse sends Unix seconds.',
    )
  })
})

const texts = fc.string({ unit: 'grapheme', maxLength: 12 })
const requests = fc.record({
  httpMethod: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
  id: texts.map((id) => `x${id}`),
  q: texts,
  v: fc.jsonValue({ maxDepth: 3 }),
  secrets: fc.uniqueArray(fc.stringMatching(/^[!-~]{8,40}$/), { minLength: 1, maxLength: 2 }),
})
type Asked = typeof requests extends fc.Arbitrary<infer T> ? T : never

/** What the product itself signs and sends. */
function productSigned({ httpMethod, id, q, v, secrets }: Asked): SignatureQuestion {
  const isWrite = httpMethod !== 'GET' && httpMethod !== 'DELETE'
  const parts = {
    httpMethod,
    endpointPath: '/a/{id}',
    queryTemplate: { q: '{q}' },
    bodyTemplate: isWrite ? { v: '{v}', q: 'a{q}' } : null,
  }
  const args = { id, q, v: JSON.parse(JSON.stringify(v)) }
  const request = sign(render(parts, args), { strategy: 'hmac_signature', secrets })
  return {
    timestamp: header(request, 'X-Tengine-Timestamp') ?? '',
    requestId: header(request, 'X-Tengine-Request-Id') ?? '',
    method: request.method,
    target: request.target,
    body: request.body ?? new Uint8Array(),
    signature: header(request, 'X-Tengine-Signature') ?? '',
    secrets,
    baseUrl: request.baseUrl,
    nowSeconds: now,
  }
}

test('whatever the product signs matches, with either secret of a rotation (500 requests)', () => {
  fc.assert(
    fc.property(requests, (asked) => {
      const question = productSigned(asked)
      const { matches, likelyCause, checks } = explainSignature(question)
      expect({ matches, likelyCause }).toEqual({ matches: true, likelyCause: null })
      expect(checks.every(({ ok }) => ok === true)).toBe(true)
      for (const secret of question.secrets) {
        expect(explainSignature({ ...question, secrets: [secret] }).matches).toBe(true)
      }
    }),
    { numRuns: 500 },
  )
})

const textFields = ['timestamp', 'requestId', 'method', 'target', 'signature'] as const
const changes = fc.record({
  field: fc.constantFrom(...textFields, 'body', 'secret'),
  at: fc.nat(),
  code: fc.integer({ min: 0x21, max: 0x7e }),
})

/** The text with one character replaced by another. */
function spoilt(text: string, at: number, code: number): string {
  const index = at % text.length
  const other = text.charCodeAt(index) === code ? (code === 0x7e ? 0x21 : code + 1) : code
  return text.slice(0, index) + String.fromCharCode(other) + text.slice(index + 1)
}

function withOneByteChanged(
  question: SignatureQuestion,
  { field, at, code }: { field: string; at: number; code: number },
): SignatureQuestion {
  if (field === 'secret') {
    return { ...question, secrets: question.secrets.map((one) => spoilt(one, at, code)) }
  }
  if (field !== 'body') {
    const name = textFields.find((one) => one === field) ?? 'signature'
    return { ...question, [name]: spoilt(question[name] ?? '', at, code) }
  }
  const body = Uint8Array.from([...question.body, ...(question.body.length === 0 ? [0] : [])])
  const index = at % body.length
  body[index] = question.body.length === 0 ? code : (body[index] ?? 0) ^ 1
  return { ...question, body }
}

test('after any byte has changed it never matches, and no secret is told (500 changes)', () => {
  const one = requests.map((asked) => ({ ...asked, secrets: asked.secrets.slice(0, 1) }))
  fc.assert(
    fc.property(one, changes, (asked, change) => {
      const question = productSigned(asked)
      const found = explainSignature(withOneByteChanged(question, change))
      expect(found.matches).toBe(false)
      const { canonicalLine: _, ...rest } = found
      expect(JSON.stringify(rest)).not.toContain(question.secrets[0])
    }),
    { numRuns: 500 },
  )
})
