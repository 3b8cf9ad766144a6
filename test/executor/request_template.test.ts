import { describe, expect, test } from 'bun:test'
import { compileRequestTemplate } from '../../src/executor/request_template.ts'
import type { AuthStrategy, ToolDefinition } from '../../src/model/tool.ts'
import { definition, refusal, render } from './request_fixture.ts'

const compile = (parts: Partial<ToolDefinition>) => compileRequestTemplate(definition(parts))

function fieldErrors(parts: Partial<ToolDefinition>): string[] {
  const error = refusal('validation_failed', () => compile(parts))
  return error.errors.map(({ pointer, message }) => `${pointer} ${message}`)
}

describe('registering endpoint_path', () => {
  test.each(['', 'things', '{id}', 'https://evil.example/', ' /x'])(
    'a path that does not start with / has its own code: %j',
    (endpointPath) => {
      const error = refusal('endpoint_path_relative', () => compile({ endpointPath }))
      expect(error.message).toBe('endpoint_path must start with /')
    },
  )

  test.each(['/m/{member_id}', '/m/{{member_id}}', '/m/x-{member_id}'])(
    'case 147: the member id without require_member has its own code: %s',
    (endpointPath) => {
      const error = refusal('member_id_without_member', () =>
        compile({ endpointPath, requireMember: false }),
      )
      expect(error.message).toBe('endpoint_path uses {{member_id}} but require_member=False')
      expect(error.status).toBe(400)
      expect(() => compile({ endpointPath, requireMember: true })).not.toThrow()
    },
  )

  test.each([
    ['/a?b=1', 'must not hold a ?; put the query into query_template'],
    ['/a#b', 'must not hold a #; a fragment is never sent'],
    ['/a\\b', 'must not hold a backslash'],
    ['//evil.example/x', 'must not hold an empty segment (//)'],
    ['/a//b', 'must not hold an empty segment (//)'],
    ['/a/.', 'must not hold a . or .. segment'],
    ['/../a', 'must not hold a . or .. segment'],
    ['/a/%2e%2E/b', 'must not hold a . or .. segment'],
    ['/a/.%2e', 'must not hold a . or .. segment'],
    ['/a%zz', 'has a % without two hex digits after it; write %25'],
    ['/a%', 'has a % without two hex digits after it; write %25'],
    ['/a"b', 'holds a character that a path cannot; percent-encode it'],
    ['/a|b', 'holds a character that a path cannot; percent-encode it'],
    ['/caf\u00e9', 'must be visible ASCII; percent-encode everything else'],
    ['/\uff0f', 'must be visible ASCII; percent-encode everything else'],
    ['/a\u0000', 'must be visible ASCII; percent-encode everything else'],
  ])('%j is refused', (endpointPath, message) => {
    expect(fieldErrors({ endpointPath })).toEqual([`/endpoint_path ${message}`])
  })

  test.each(['/a b', '/a\r\nX: y', '/a\t', '/ ', '/\u2028'])(
    'case 154: whitespace is refused: %j',
    (endpointPath) => {
      expect(fieldErrors({ endpointPath })).toContain(
        '/endpoint_path must not hold whitespace; write %20',
      )
    },
  )

  test('malformed braces are refused', () => {
    expect(fieldErrors({ endpointPath: '/a/{b' })).toEqual([
      '/endpoint_path a { is not closed; write {{ for a literal brace',
    ])
  })

  test('a path that no request could hold is refused', () => {
    expect(fieldErrors({ endpointPath: `/${'a'.repeat(16_384)}` })).toEqual([
      '/endpoint_path is longer than 16384 characters',
    ])
  })

  test.each([
    ['/', '/'],
    ['/v1/a/', '/v1/a/'],
    ["/a-b_c.d~e!$&'()*+,;=:@f", "/a-b_c.d~e!$&'()*+,;=:@f"],
    ['/group%2Fproject', '/group%2Fproject'],
    ['/{{literal}}', '/%7Bliteral%7D'],
    ['/file%2Ejson', '/file.json'],
    ['/...', '/...'],
  ])('%s is sent as %s', (endpointPath, target) => {
    expect(render({ endpointPath }).target).toBe(target)
  })

  const properties = { id: { type: 'string' }, page: { type: 'object' } }
  test('a variable that the schema cannot give is refused', () => {
    const inputSchema = { type: 'object', properties }
    expect(fieldErrors({ endpointPath: '/a/{idd}', inputSchema })).toEqual([
      '/endpoint_path {idd} is not declared in input_schema.properties',
    ])
    expect(
      fieldErrors({
        endpointPath: '/a/{x.y}',
        inputSchema: { ...inputSchema, additionalProperties: false },
      }),
    ).toEqual(['/endpoint_path {x} is not declared in input_schema.properties'])
  })

  test.each([
    ['/a/{id}', { properties }],
    ['/a/{page.number}', { properties }],
    ['/a/{project_id}/{integration_id}/{member_id}', { properties }],
    ['/a/{idd}', {}],
    ['/a/{idd}', { properties, additionalProperties: true }],
    ['/a/{idd}', { properties, additionalProperties: { type: 'string' } }],
    ['/a/{idd}', { properties, patternProperties: { '^i': {} } }],
    ['/a/{idd}', { properties, allOf: [{ properties: { idd: {} } }] }],
    ['/a/{idd}', { properties, $ref: '#/$defs/a' }],
  ])('a variable that the schema may give is taken: %s with %j', (endpointPath, inputSchema) => {
    expect(() => compile({ endpointPath, inputSchema })).not.toThrow()
  })

  test.each([
    '{Member_ID}',
    '{PROJECT_ID}',
    '{a.member_id}',
    '{member_id.x}',
    '{integration_id.Project_Id}',
  ])(
    'case 148: a reserved variable spelled otherwise could never be filled and is refused: %s',
    (variable) => {
      const [error] = fieldErrors({ queryTemplate: { q: variable } })
      expect(error).toBe(`/query_template/q ${variable} is reserved and spelled otherwise`)
    },
  )
})

describe('registering headers_template', () => {
  test.each([
    'Host',
    'host',
    'Content-Length',
    'Transfer-Encoding',
    'Connection',
    'Keep-Alive',
    'Upgrade',
    'Expect',
    'TE',
    'Trailer',
    'Proxy-Authorization',
    'proxy-connection',
    'Cookie',
    'X-Tengine-Member-Id',
    'x-tengine-anything',
    'X_Tengine_Member_Id',
    'X-Tengine_Project-Id',
    'Idempotency-Key',
    'Traceparent',
    'Content_Length',
  ])('case 143: %s is not settable', (name) => {
    const error = refusal('header_not_settable', () =>
      compile({ headersTemplate: { [name]: 'x' } }),
    )
    expect(error.status).toBe(400)
    expect(error.errors).toEqual([
      { pointer: `/headers_template/${name}`, message: 'is not settable' },
    ])
  })

  const owned: [AuthStrategy, string | null, string, boolean][] = [
    ['none', null, 'Authorization', true],
    ['hmac_signature', null, 'Authorization', true],
    ['static_bearer', null, 'Authorization', false],
    ['static_bearer', null, 'AUTHORIZATION', false],
    ['basic', null, 'authorization', false],
    ['static_header', 'X-Api-Key', 'x-api-key', false],
    ['static_header', 'X-Api-Key', 'X_Api_Key', false],
    ['static_header', 'X-Api-Key', 'Authorization', true],
  ]
  test.each(owned)(
    'case 143: with %s (%s) setting %s is allowed: %p',
    (authStrategy, authHeaderName, name, isAllowed) => {
      const act = () => compile({ authStrategy, authHeaderName, headersTemplate: { [name]: 'x' } })
      if (isAllowed) expect(act).not.toThrow()
      else refusal('header_not_settable', act)
    },
  )

  test.each(['', 'X Y', 'X:Y', 'X\r\nY', 'Host ', 'caf\u00e9', '{name}', 'a/b', 'a'.repeat(129)])(
    'case 150: a name that is no RFC 9110 token is refused: %j',
    (name) => {
      const error = refusal('validation_failed', () =>
        compile({ headersTemplate: { [name]: 'x' } }),
      )
      expect(error.errors.map((e) => e.message)).toContain('is not a header name')
    },
  )

  test('the same header twice is refused', () => {
    expect(fieldErrors({ headersTemplate: { 'X-A': '1', 'x-a': '2', X_A: '3' } })).toEqual([
      '/headers_template/x-a is set twice',
      '/headers_template/X_A is set twice',
    ])
  })

  test.each(['a\r\nX-Evil: 1', 'caf\u00e9', 'a\u0000', '\u007f', 'x{a}\ny'])(
    'case 142: a literal value that cannot be sent is refused: %j',
    (value) => {
      expect(fieldErrors({ headersTemplate: { 'X-A': value } })).toEqual([
        '/headers_template/X-A must be visible ASCII',
      ])
    },
  )

  test.each([
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain',
    '{type}',
    'application/jsonx',
  ])('case 146: bodies are JSON, so the type %s is refused', (type) => {
    expect(fieldErrors({ httpMethod: 'POST', headersTemplate: { 'Content-Type': type } })).toEqual([
      '/headers_template/Content-Type must be a fixed JSON media type: bodies are sent as JSON',
    ])
  })

  test.each([
    null,
    '',
    'Host',
    'X-Tengine-Signature',
    'Content-Type',
    'Cookie',
    'X Y',
    'Accept',
    'TE',
  ])('case 143: static_header may not fill %j', (authHeaderName) => {
    expect(fieldErrors({ authStrategy: 'static_header', authHeaderName })).toEqual([
      '/auth_header_name must be a header name that Gatehouse may fill',
    ])
  })
})

describe('registering query_template and body_template', () => {
  test('a body on a GET is refused', () => {
    expect(fieldErrors({ bodyTemplate: { a: 1 } })).toEqual([
      '/body_template must be absent: a GET has no body',
    ])
  })

  test('query values are scalars or lists of them', () => {
    expect(
      fieldErrors({ queryTemplate: { a: { b: '{c}' }, d: ['x', { e: 1 }, ['{f}']] } }),
    ).toEqual([
      '/query_template/a must be a scalar',
      '/query_template/d/1 must be a scalar',
      '/query_template/d/2 must be a scalar',
    ])
  })

  test('case 150: names are fixed', () => {
    expect(fieldErrors({ queryTemplate: { '{name}': 'x' } })).toEqual([
      '/query_template/{name} must be a fixed name, without variables',
    ])
    expect(
      fieldErrors({ httpMethod: 'POST', bodyTemplate: { a: { 'x{name}': 1 }, '~/{b}': 1 } }),
    ).toEqual([
      '/body_template/a/x{name} must be a fixed name, without variables',
      '/body_template/~0~1{b} must be a fixed name, without variables',
    ])
  })

  test('every failing place is named at once', () => {
    expect(
      fieldErrors({
        httpMethod: 'POST',
        endpointPath: '/a?b',
        headersTemplate: { 'X-A': '{' },
        queryTemplate: { q: '}' },
        bodyTemplate: { list: ['ok', '{ no }'] },
      }).map((error) => error.split(' ')[0]),
    ).toEqual([
      '/endpoint_path',
      '/query_template/q',
      '/body_template/list/1',
      '/headers_template/X-A',
    ])
  })

  test('a query parameter that no request could hold is refused', () => {
    const long = 'a'.repeat(16_385)
    const [value, name] = fieldErrors({ queryTemplate: { q: long, [long]: 'x' } })
    expect(value).toBe('/query_template/q is longer than 16384 characters')
    expect(name).toEndWith(' is longer than 16384 characters')
  })

  test('reserved names may name a query parameter or a header', () => {
    const request = render({
      queryTemplate: { member_id: '{member_id}' },
      headersTemplate: { 'member-id': '{member_id}' },
    })
    expect(request.target).toBe('/things?member_id=alice')
  })
})
