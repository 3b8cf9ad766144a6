import { describe, expect, test } from 'bun:test'
import { maskedHeaders, prepareAuth } from '../../src/executor/sign_request.ts'
import type { AuthStrategy } from '../../src/model/tool.ts'
import { header, nobody, refusal, render } from './request_fixture.ts'
import { auth, requestId, sign, traceparent } from './sign_fixture.ts'

const rendered = render({ httpMethod: 'POST' }, { a: 1 })
const bearer = { strategy: 'static_bearer', secrets: ['s3cret'] } as const
const hmac = { strategy: 'hmac_signature', secrets: ['your-shared-secret'] } as const

describe('a request without a credential', () => {
  test('carries who calls, which run, when and the trace, after the template’s headers', () => {
    expect(sign(rendered).headers).toEqual([
      ...rendered.headers,
      ['X-Tengine-Project-Id', '42'],
      ['X-Tengine-Integration-Id', '7'],
      ['X-Tengine-Request-Id', requestId],
      ['X-Tengine-Timestamp', '1760000000'],
      ['X-Tengine-Member-Id', 'alice'],
      ['traceparent', traceparent],
    ])
  })

  test('is otherwise the rendered one, the same body bytes included', () => {
    const signed = sign(rendered)
    expect(signed.body).toBe(rendered.body)
    expect([signed.method, signed.baseUrl, signed.target]).toEqual([
      rendered.method,
      rendered.baseUrl,
      rendered.target,
    ])
    expect([signed.canonicalLine, signed.authHeader]).toEqual([null, null])
  })

  test('has an Idempotency-Key where one is given', () => {
    expect(header(sign(rendered), 'idempotency-key')).toBeUndefined()
    expect(header(sign(rendered, {}, { idempotencyKey: requestId }), 'idempotency-key')).toBe(
      requestId,
    )
  })
})

describe('the member', () => {
  const all = { id: true, email: true, roles: true }

  test('is named as far as the tool’s flags say', () => {
    const signed = sign(rendered, {}, { inject: all })
    expect(header(signed, 'x-tengine-member-id')).toBe('alice')
    expect(header(signed, 'x-tengine-member-email')).toBe('alice@example.com')
    expect(header(signed, 'x-tengine-member-roles')).toBe('admin,sales')
    const bare = sign(rendered, {}, { inject: { id: false, email: false, roles: false } })
    expect(bare.headers.filter(([name]) => /member/i.test(name))).toEqual([])
  })

  test('unknown, or without email and roles, leaves the header out: never an empty one', () => {
    const none = sign(rendered, {}, { inject: all, member: null, caller: nobody })
    expect(none.headers.filter(([name]) => /member/i.test(name))).toEqual([])
    const poor = sign(
      rendered,
      {},
      { inject: all, member: { externalId: 'a', email: null, roles: [], source: 'assertion' } },
    )
    expect(poor.headers.filter(([name]) => /member/i.test(name))).toEqual([
      ['X-Tengine-Member-Id', 'a'],
    ])
  })

  test.each([
    'a\r\nX-Tengine-Project-Id: 1',
    'a\u0000',
    'caf\u00e9',
    ' alice',
    'alice ',
    '\talice',
  ])('case 142: an id that would not arrive unchanged is refused: %j', (externalId) => {
    const member = { externalId, email: null, roles: [], source: 'assertion' as const }
    refusal('invalid_header_value', () => sign(rendered, {}, { member }))
  })

  test.each([[['a,admin']], [['']], [['a', ' admin']], [['r\u00f4le']], [['a\nb']]])(
    'roles that would arrive as others are refused: %j',
    (roles) => {
      const member = { externalId: 'a', email: null, roles, source: 'assertion' as const }
      refusal('invalid_header_value', () => sign(rendered, {}, { inject: all, member }))
    },
  )

  test('an email that no header can carry is refused', () => {
    const member = {
      externalId: 'a',
      email: 'j\u00f6rg@example.com',
      roles: [],
      source: 'assertion' as const,
    }
    refusal('invalid_header_value', () => sign(rendered, {}, { inject: all, member }))
  })
})

describe('the credential', () => {
  test.each([
    ['static_bearer', null, 's3cret', ['Authorization', 'Bearer s3cret']],
    ['static_header', 'X-Api-Key', 'k 1', ['X-Api-Key', 'k 1']],
    ['static_header', 'Authorization', 'Token t', ['Authorization', 'Token t']],
    ['basic', null, 'user:pass:word', ['Authorization', 'Basic dXNlcjpwYXNzOndvcmQ=']],
    ['basic', null, 'j\u00f6rg:p\u00e4ss', ['Authorization', 'Basic asO2cmc6cMOkc3M=']],
  ] as const)('of %s (%s) is its header', (strategy, headerName, secret, expected) => {
    const signed = sign(rendered, { strategy, headerName, secrets: [secret, 'older:one'] })
    expect(signed.headers.at(-1)).toEqual([...expected])
    expect(signed.authHeader).toBe(expected[0].toLowerCase())
  })

  test('of hmac_signature covers exactly what is sent', () => {
    const request = render(
      {
        httpMethod: 'POST',
        endpointPath: '/v1/contacts/{x}',
        bodyTemplate: { contact_id: '{id}' },
      },
      { x: 'lookup', id: 'c_001' },
    )
    const signed = sign(request, hmac)
    expect(header(signed, 'x-tengine-signature')).toBe(
      'tng2=7811a2e8df020d3863bebf460154687800cca44733b019fae20858f96964d592',
    )
    expect(signed.canonicalLine).toStartWith(
      'tng2 1760000000 123e4567-e89b-42d3-a456-426614174000 POST /v1/contacts/lookup ',
    )
  })

  test('case 155: a retry has the same id, a new timestamp and so a new signature', () => {
    const first = sign(rendered, hmac)
    const retry = sign(rendered, hmac, { timestampSeconds: 1_760_000_009 })
    expect(header(retry, 'x-tengine-request-id')).toBe(header(first, 'x-tengine-request-id'))
    expect(header(retry, 'x-tengine-timestamp')).toBe('1760000009')
    expect(header(retry, 'x-tengine-signature')).not.toBe(header(first, 'x-tengine-signature'))
  })

  test('during a rotation both signatures are sent, the newer first', () => {
    const value = (...secrets: string[]) =>
      header(sign(rendered, { ...hmac, secrets }), 'x-tengine-signature')
    expect(value('new', 'old')).toBe(`${value('new')},${value('old')}`)
  })

  const strategies: AuthStrategy[] = ['static_bearer', 'static_header', 'basic', 'hmac_signature']
  test.each(strategies)('of %s needs a secret', (strategy) => {
    for (const secrets of [[], [''], ['a:b', '']]) {
      const error = refusal('auth_secret_required', () =>
        prepareAuth(auth({ strategy, headerName: 'X-Api-Key', secrets })),
      )
      const sentence = `encrypted_auth_secret is required when auth_strategy is '${strategy}'`
      expect(error.message).toBe(sentence)
    }
  })

  test.each(strategies)(
    'of %s refuses a secret that cannot be sent, and does not repeat it',
    (strategy) => {
      for (const tail of ['\r\nX-Evil: 1', '\n', '\r', '\u0000', '\u007f']) {
        for (const secrets of [[`a:s3cret${tail}`], ['a:fine', `a:s3cret${tail}`]]) {
          const error = refusal('validation_failed', () =>
            prepareAuth(auth({ strategy, headerName: 'X-Api-Key', secrets })),
          )
          expect(error.errors[0]?.pointer).toBe('/encrypted_auth_secret')
          expect(JSON.stringify([error.message, error.reason, error.errors])).not.toContain(
            's3cret',
          )
        }
      }
    },
  )

  test.each([
    ['static_bearer', 'caf\u00e9'],
    ['static_bearer', ' padded'],
    ['static_header', 'padded '],
    ['basic', 'no-colon'],
    ['hmac_signature', 'lone\ud800'],
  ] as const)('of %s refuses the secret %j', (strategy, secret) => {
    const act = () => prepareAuth(auth({ strategy, headerName: 'X-Api-Key', secrets: [secret] }))
    expect(refusal('validation_failed', act).errors[0]?.pointer).toBe('/encrypted_auth_secret')
  })

  test.each([null, 'Host', 'X-Tengine-Member-Id', 'x_tengine_member_id', 'Content-Type', 'a b'])(
    'case 143: static_header may not fill %j',
    (headerName) => {
      const act = () => prepareAuth(auth({ strategy: 'static_header', headerName, secrets: ['s'] }))
      expect(refusal('validation_failed', act).errors[0]?.pointer).toBe('/auth_header_name')
    },
  )
})

describe('a rendered header that is set here', () => {
  test.each(['X-Tengine-Member-Id', 'x_tengine_member_id', 'traceparent', 'Host', 'authorization'])(
    'case 143: is refused even when it slipped past registration: %s',
    (name) => {
      const forged = { ...rendered, headers: [...rendered.headers, [name, 'x'] as const] }
      refusal('header_not_settable', () => sign(forged, bearer))
    },
  )

  test.each(['idempotencyKey', 'traceparent'] as const)('%s must be sendable', (field) => {
    refusal('invalid_header_value', () => sign(rendered, {}, { [field]: 'a\r\nX-Evil: 1' }))
  })
})

describe('maskedHeaders', () => {
  const masked = (...args: Parameters<typeof sign>) =>
    new Map(maskedHeaders(sign(...args)).map(([name, value]) => [name.toLowerCase(), value]))

  test('hides the credential and keeps its scheme', () => {
    expect(masked(rendered, bearer).get('authorization')).toBe('Bearer ***')
    const basic = { strategy: 'basic', secrets: ['u:p'] } as const
    expect(masked(rendered, basic).get('authorization')).toBe('Basic ***')
    const named = { strategy: 'static_header', secrets: ['s3cret one'] } as const
    expect(masked(rendered, { ...named, headerName: 'X-Api-Key' }).get('x-api-key')).toBe('***')
    expect(masked(rendered, { ...named, headerName: 'Authorization' }).get('authorization')).toBe(
      '***',
    )
    const fixed = render({ headersTemplate: { Authorization: 'Token s3cret' } })
    expect(masked(fixed).get('authorization')).toBe('Token ***')
  })

  test('hides every signature', () => {
    expect(masked(rendered, hmac).get('x-tengine-signature')).toBe('tng2=***')
    const pair = masked(rendered, { ...hmac, secrets: ['new', 'old'] })
    expect(pair.get('x-tengine-signature')).toBe('tng2=***,tng2=***')
  })

  test('shows every other header as it is sent', () => {
    const signed = sign(rendered, bearer)
    const shown = maskedHeaders(signed).filter(([name]) => name !== 'Authorization')
    expect(shown).toEqual(
      signed.headers.filter(([name]) => name !== 'Authorization').map(([n, v]) => [n, v]),
    )
  })
})
