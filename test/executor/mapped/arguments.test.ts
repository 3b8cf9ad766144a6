import { describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../../src/lib/json.ts'
import type { RequestMap } from '../../../src/model/request_map.ts'
import { alice, bodyText, header, nobody, refusal } from '../request_fixture.ts'
import { body, parameter, plan, send } from './mapped_fixture.ts'

const contact: Partial<RequestMap> = {
  path: '/projects/{project_id}/contacts',
  parameters: [
    parameter({
      in: 'path',
      name: 'project_id',
      source: { argument: 'api_project_id' },
      required: true,
      style: 'simple',
      explode: false,
    }),
    parameter({ name: '$filter', source: { argument: 'filter' } }),
  ],
  body: body({ required: true }),
  aliases: { start_lt: 'StartTime<', api_member_id: 'member_id' },
  schema: {
    type: 'object',
    required: ['pathParams', 'body'],
    additionalProperties: false,
    properties: {
      pathParams: {
        type: 'object',
        required: ['project_id'],
        additionalProperties: false,
        properties: { project_id: { type: 'integer' } },
      },
      query: {
        type: 'object',
        additionalProperties: false,
        properties: { $filter: { type: 'string', maxLength: 5 } },
      },
      body: { $ref: '#/$defs/contact' },
    },
    $defs: {
      contact: {
        type: 'object',
        required: ['member_id'],
        properties: {
          'StartTime<': { type: 'string' },
          member_id: { type: 'integer' },
          free: { type: 'object', additionalProperties: true },
          children: { type: 'array', items: { $ref: '#/$defs/contact' } },
        },
      },
    },
  },
}

const good: JsonObject = {
  pathParams: { api_project_id: 7 },
  query: { filter: 'a' },
  body: { api_member_id: 1 },
}

describe('names of the model become names of the wire', () => {
  test('in parameters and, through $ref and items, in the body; free keys stay', () => {
    const request = send(contact, {
      ...good,
      body: {
        api_member_id: 1,
        start_lt: 'x',
        free: { start_lt: 'kept' },
        children: [{ api_member_id: 2, children: [{ api_member_id: 3 }] }],
      },
    })
    expect(request.target).toBe('/projects/7/contacts?%24filter=a')
    expect(JSON.parse(bodyText(request) ?? '')).toEqual({
      member_id: 1,
      'StartTime<': 'x',
      free: { start_lt: 'kept' },
      children: [{ member_id: 2, children: [{ member_id: 3 }] }],
    })
  })

  test('every failing path and name is the one the model knows', () => {
    const error = refusal('invalid_arguments', () =>
      send(contact, {
        pathParams: { api_project_id: 'x' },
        query: { filter: 'too long', page: 1 },
        body: { children: [{ start_lt: 1 }] },
        extra: {},
      }),
    )
    expect(error.errors.map(({ pointer }) => pointer).sort()).toEqual([
      '/body',
      '/body/children/0',
      '/body/children/0/start_lt',
      '/extra',
      '/pathParams/api_project_id',
      '/query/filter',
      '/query/page',
    ])
    expect(error.reason).toContain('"api_member_id"')
    expect(error.reason).toContain('it takes filter')
    expect(error.reason).toContain('it takes pathParams, query, body')
    expect(error.reason).not.toContain('"member_id"')
  })

  test('a wire name of a parameter is no argument, and a member given twice is refused', () => {
    refusal('invalid_arguments', () => send(contact, { ...good, query: { $filter: 'a' } }))
    const both = { api_member_id: 1, 'StartTime<': 'a', start_lt: 'b' }
    const error = refusal('invalid_arguments', () => send(contact, { ...good, body: both }))
    expect(error.errors).toEqual([{ pointer: '/body/start_lt', message: 'is given twice' }])
  })

  test('a missing group is named', () => {
    const error = refusal('invalid_arguments', () => send(contact, {}))
    expect(error.reason).toContain('"pathParams"')
    expect(error.reason).toContain('"body"')
  })
})

test.each<[string, JsonObject]>([
  ['at the top', { member_id: 'x' }],
  ['in a group', { query: { project_id: 'x' } }],
  ['in another case', { query: { Project_ID: 'x' } }],
  ['deep in the body', { body: { free: [{ integration_id: 1 }] } }],
])('case 148: a reserved variable %s is refused', (_, extra) => {
  refusal('reserved_variable', () => send(contact, { ...good, ...extra }))
})

describe('parameters that the model does not fill', () => {
  const tenant = parameter({ name: 'tenant', source: { value: 'acme' }, required: true })
  const member = parameter({ name: 'on_behalf', source: { caller: 'member_id' }, required: true })
  const map: Partial<RequestMap> = {
    parameters: [tenant, member],
    schema: {
      type: 'object',
      required: ['query'],
      properties: {
        query: {
          type: 'object',
          additionalProperties: false,
          required: ['tenant', 'on_behalf'],
          properties: { tenant: { type: 'string' }, on_behalf: { type: 'integer' } },
        },
      },
    },
  }

  test('are sent without an argument, whatever the document says of their type', () => {
    expect(send(map).target).toBe('/things?tenant=acme&on_behalf=alice')
  })

  test('cannot be given', () => {
    refusal('invalid_arguments', () => send(map, { query: { tenant: 'evil' } }))
  })

  test('a required one needs a member, an optional one does without', () => {
    refusal('member_required', () => send(map, {}, nobody))
    const optional = { ...map, parameters: [tenant, { ...member, required: false }] }
    expect(send(optional, {}, nobody).target).toBe('/things?tenant=acme')
  })

  test('case 147: a member in the path needs require_member', () => {
    const inPath = {
      path: '/u/{id}',
      parameters: [
        parameter({ in: 'path', name: 'id', style: 'simple', source: { caller: 'member_id' } }),
      ],
    }
    refusal('member_id_without_member', () => plan(inPath, { requireMember: false }))
    expect(send(inPath, {}, alice).target).toBe('/u/alice')
  })
})

describe('what the connection fills is not the model’s', () => {
  const key = parameter({ name: 'api_key', required: true })
  const map: Partial<RequestMap> = {
    parameters: [key],
    schema: {
      type: 'object',
      required: ['query'],
      properties: {
        query: {
          type: 'object',
          required: ['api_key'],
          properties: { api_key: { type: 'string' } },
        },
      },
    },
  }

  test('a parameter in the place of the credential is taken and left out', () => {
    const compiled = plan(map, { authStrategy: 'static_query', authHeaderName: 'api_key' })
    for (const args of [{}, { query: { api_key: 'mine' } }]) {
      expect(compiled.render(compiled.accept(args), alice).target).toBe('/things')
    }
  })

  test('headers that OpenAPI ignores or Gatehouse fills are left out', () => {
    const names = ['Accept', 'Authorization', 'Content-Type', 'Idempotency-Key']
    const parameters = names.map((name) => parameter({ in: 'header', name, style: 'simple' }))
    const headers = Object.fromEntries(names.map((name) => [name, 'x']))
    const request = send({ parameters, accept: 'image/png' }, { headers })
    expect(header(request, 'accept')).toBe('image/png')
    for (const name of names.slice(1)) expect(header(request, name)).toBeUndefined()
  })

  test.each(['Host', 'Content-Length', 'X-Tengine-Member-Id', 'Cookie', 'Proxy-Authorization'])(
    'case 143: a parameter %s cannot be imported',
    (name) => {
      refusal('header_not_settable', () =>
        plan({ parameters: [parameter({ in: 'header', name })] }),
      )
    },
  )
})

describe('a map that no request can come of is refused', () => {
  test.each<[string, Partial<RequestMap>]>([
    ['a variable without a parameter', { path: '/u/{id}' }],
    ['a path that is none', { path: 'u' }],
    ['a path that looks like a host', { path: '//evil.example/u' }],
    ['a dot segment', { path: '/a/../b' }],
    ['a dot segment in disguise', { path: '/a/%2E%2e/b' }],
    ['a query with a fragment', { fixedQuery: 'a#b' }],
    ['a query that would be a header', { fixedQuery: 'a HTTP/1.1\r\nX: 1' }],
    ['an Accept that would be a second header', { accept: 'a\r\nX: 1' }],
    ['a header name that is none', { parameters: [parameter({ in: 'header', name: 'a b' })] }],
    ['a cookie name that is none', { parameters: [parameter({ in: 'cookie', name: 'a;b' })] }],
  ])('%s', (_, map) => {
    refusal('validation_failed', () => plan(map))
  })
})

test('literals of the path go out as a path may hold them', () => {
  const id = parameter({ in: 'path', name: 'id', style: 'simple' })
  const path = '/a b/ä/x%20y/50%/{id}.json/'
  expect(send({ path, parameters: [id] }, { pathParams: { id: 1 } }).target).toBe(
    '/a%20b/%C3%A4/x%20y/50%25/1.json/',
  )
})
