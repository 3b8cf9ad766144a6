import { expect, test } from 'bun:test'
import { MappedPlan } from '../../../src/executor/mapped/mapped_plan.ts'
import type { ApiContent } from '../../../src/importer/api_document.ts'
import { isJsonObject, type JsonObject } from '../../../src/lib/json.ts'
import { alice, definition } from '../../executor/request_fixture.ts'
import { body, codesOf, content, draftOf, operation, parameter } from './api_documents.ts'

const key = 'POST /a'
const file = { type: 'string', format: 'binary' }

function at(schema: JsonObject, ...path: string[]): unknown {
  let found: unknown = schema
  for (const name of path) found = isJsonObject(found) ? found[name] : undefined
  return found
}

test('base URL and path come from the first absolute server, less query and fragment', () => {
  const servers = ['/v0', 'ftp://x.example.com', 'HTTPS://API.example.com/v1/'].map((url) => ({
    url,
    description: null,
  }))
  const draft = draftOf(operation('GET /a/{id}?type=x&on=#list', { servers }))
  expect(draft.baseUrl).toBe('https://api.example.com')
  expect(draft.map).toMatchObject({ path: '/v1/a/{id}', fixedQuery: 'type=x&on=' })
})

test("the operator's base URL stands instead of every server", () => {
  const settings = { baseUrl: 'http://10.0.0.1:8080/base' }
  const draft = draftOf(operation('GET /a%20b'), { settings })
  expect([draft.baseUrl, draft.path]).toEqual(['http://10.0.0.1:8080', '/base/a%20b'])
})

test('a relative server gives its path, and no base URL', () => {
  const draft = draftOf(operation('GET /a', { servers: [{ url: '/v2', description: null }] }))
  expect([draft.baseUrl, draft.path]).toEqual([null, '/v2/a'])
})

test.each(['ftp://a.example.com', 'https://', 'https://{your-agent-url}', 'https://a b'])(
  'the server %p is none, with a finding',
  (url) => {
    const draft = draftOf(operation('GET /a', { servers: [{ url, description: null }] }))
    expect([draft.baseUrl, codesOf(draft)]).toEqual([null, ['server_unusable']])
  },
)

test('arguments have the groups of the operation and no others; a group is required where a member is', () => {
  const draft = draftOf(
    operation('GET /a/{id}', {
      parameters: [parameter('path', 'id'), parameter('query', 'q'), parameter('cookie', 'c')],
    }),
  )
  const { properties } = draft.inputSchema
  expect(Object.keys(isJsonObject(properties) ? properties : {})).toEqual([
    'pathParams',
    'query',
    'cookies',
  ])
  expect(draft.inputSchema['required']).toEqual(['pathParams'])
  expect(draft.inputSchema['additionalProperties']).toBe(false)
  expect(draft.map.schema['required']).toEqual(['pathParams'])
})

test('names no model takes get aliases that the map takes back', () => {
  const parameters = ['$filter', 'ids[]', 'ids', 'StartTime<', 'project_id'].map((name) =>
    parameter('query', name),
  )
  const draft = draftOf(operation('GET /a', { parameters }))
  const sources = draft.map.parameters.map(({ name, source }) => [
    name,
    'argument' in source && source.argument,
  ])
  expect(Object.fromEntries(sources)).toEqual({
    $filter: 'filter',
    'ids[]': 'ids_2',
    ids: 'ids',
    'StartTime<': 'StartTime_lt',
    project_id: 'api_project_id',
  })
  expect(
    Object.keys(at(draft.inputSchema, 'properties', 'query', 'properties') as object),
  ).toContain('ids_2')
  expect(
    Object.keys(at(draft.map.schema, 'properties', 'query', 'properties') as object),
  ).toContain('ids[]')
})

test('a path variable nobody described is a required string, and one not in the path is left out', () => {
  const draft = draftOf(operation('GET /a/{id}', { parameters: [parameter('path', 'other')] }))
  expect(draft.map.parameters.map(({ name }) => name)).toEqual(['id'])
  expect(codesOf(draft).sort()).toEqual(['path_parameter_undescribed', 'path_parameter_unused'])
})

test('a variable in the query of the path is a query parameter', () => {
  const draft = draftOf(operation('GET /a?x={id}&y=1', { parameters: [parameter('path', 'id')] }))
  expect(draft.map.fixedQuery).toBe('y=1')
  expect(draft.map.parameters).toMatchObject([
    { in: 'query', name: 'x', required: true, style: 'form' },
  ])
})

test('what a parameter says is in its schema: description, example, deprecation', () => {
  const said = {
    description: 'The **page**.',
    example: 3,
    isDeprecated: true,
    schema: { type: 'integer' },
  }
  const draft = draftOf(operation('GET /a', { parameters: [parameter('query', 'page', said)] }))
  const { description } = at(
    draft.inputSchema,
    'properties',
    'query',
    'properties',
    'page',
  ) as JsonObject
  expect(description).toContain('The page. Example: 3')
  expect(String(description)).toMatch(/deprecated/i)
})

test('a bound parameter comes from the caller or is always the same, and models do not see it', () => {
  const parameters = [
    parameter('query', 'tenant', { required: true }),
    parameter('header', 'X-Who'),
    parameter('query', 'q'),
  ]
  const bound = { 'query.tenant': { value: 7 }, 'headers.X-Who': { caller: 'member_id' as const } }
  const draft = draftOf(operation('GET /a', { parameters }), { overrides: { 'GET /a': { bound } } })
  expect(draft.map.parameters.map(({ source }) => source)).toEqual([
    { value: 7 },
    { caller: 'member_id' },
    { argument: 'q' },
  ])
  expect(Object.keys(at(draft.inputSchema, 'properties') as object)).toEqual(['query'])
  expect(JSON.stringify(draft.map.schema)).not.toContain('tenant')
})

test('hidden arguments are not shown and stay valid; required ones stay, with a finding', () => {
  const schema = {
    type: 'object',
    properties: {
      name: { type: 'string' },
      meta: { type: 'object', properties: { inner: { type: 'string' }, own: { type: 'string' } } },
    },
    required: ['name'],
  }
  const parameters = [parameter('query', 'expand'), parameter('query', 'need', { required: true })]
  const hidden = ['query.expand', 'query.need', 'body.meta.inner', 'body.name', 'query.gone']
  const draft = draftOf(
    operation(key, { parameters, body: body(content('application/json', schema)) }),
    {
      overrides: { [key]: { hidden } },
    },
  )
  expect(Object.keys(at(draft.inputSchema, 'properties', 'query', 'properties') as object)).toEqual(
    ['need'],
  )
  const shown = JSON.stringify(at(draft.inputSchema, 'properties', 'body'))
  expect(shown).not.toContain('inner')
  expect(shown).toContain('own')
  expect(shown).toContain('name')
  expect(JSON.stringify(draft.map.schema)).toContain('expand')
  expect(JSON.stringify(draft.map.schema)).toContain('inner')
  expect(codesOf(draft).sort()).toEqual(['hidden_required', 'hidden_required', 'override_unknown'])
})

const object = { type: 'object', properties: { a: { type: 'string' } } }
const withFile = { type: 'object', properties: { a: { type: 'string' }, f: file } }

test.each<[readonly ApiContent[], string, string]>([
  [[content('text/plain'), content('application/json', object)], 'json', 'application/json'],
  [
    [content('application/xml'), content('application/vnd.api+json')],
    'json',
    'application/vnd.api+json',
  ],
  [
    [content('application/json-patch+json'), content('application/merge-patch+json')],
    'json',
    'application/merge-patch+json',
  ],
  [
    [content('multipart/form-data', object), content('application/x-www-form-urlencoded', object)],
    'form',
    'application/x-www-form-urlencoded',
  ],
  [
    [
      content('application/x-www-form-urlencoded', object),
      content('multipart/form-data', withFile),
    ],
    'multipart',
    'multipart/form-data',
  ],
  [[content('application/octet-stream'), content('text/csv')], 'text', 'text/csv'],
  [[content('image/*', file)], 'bytes', 'application/octet-stream'],
  [[content('*/*', file)], 'bytes', 'application/octet-stream'],
  [[content('*/*', object)], 'json', 'application/json'],
  [[content('application/xml', object)], 'xml', 'application/xml'],
  [[content('application/pdf')], 'bytes', 'application/pdf'],
])('of %j it sends %s', (contents, kind, contentType) => {
  const { map } = draftOf(operation(key, { body: body(...contents) }))
  expect(map.body).toMatchObject({ kind, contentType, required: true } as object)
})

test("the operator's media type is sent; one that is not offered is a finding", () => {
  const one = operation(key, {
    body: body(content('application/json', object), content('application/xml', object)),
  })
  const choose = (contentType: string) => draftOf(one, { overrides: { [key]: { contentType } } })
  expect(choose('Application/XML').map.body?.kind).toBe('xml')
  expect(choose('text/csv').map.body?.kind).toBe('json')
  expect(codesOf(choose('text/csv'))).toEqual(['override_unknown'])
})

test('parts of a multipart body are written by the defaults of their types', () => {
  const schema = {
    type: 'object',
    properties: {
      text: { type: 'string' },
      meta: { $ref: '#/$defs/Meta' },
      list: { type: 'array', items: { $ref: '#/$defs/Meta' } },
      names: { type: 'array', items: { type: 'string' } },
      file,
      files: { type: 'array', items: file },
      image: file,
    },
  }
  const given = { contentType: 'image/png', style: null, explode: null, allowReserved: null }
  const image = { ...given, headers: { 'X-Kind': { const: 'image' }, 'X-Any': { type: 'string' } } }
  const draft = draftOf(
    operation(key, { body: body(content('multipart/form-data', schema, { image })) }),
    {
      document: { defs: { Meta: { type: 'object', properties: {} } } },
    },
  )
  const encoding = draft.map.body?.encoding ?? {}
  const told = Object.entries(encoding).map(([name, part]) => [name, part.contentType, part.isFile])
  expect(told).toEqual([
    ['text', null, false],
    ['meta', 'application/json', false],
    ['list', 'application/json', false],
    ['names', null, false],
    ['file', null, true],
    ['files', null, true],
    ['image', 'image/png', true],
  ])
  expect(encoding['image']?.headers).toEqual({ 'X-Kind': 'image' })
})

test('a style given for a form property is used, and its media type is not', () => {
  const schema = {
    type: 'object',
    properties: { filter: { type: 'object' }, plain: { type: 'object' } },
  }
  const filter = {
    contentType: null,
    style: 'deepObject' as const,
    explode: true,
    allowReserved: null,
    headers: {},
  }
  const form = content('application/x-www-form-urlencoded', schema, { filter })
  const draft = draftOf(operation(key, { body: body(form) }))
  expect(draft.map.body?.encoding).toMatchObject({
    filter: { style: 'deepObject', explode: true, contentType: null },
    plain: { style: 'form', explode: true, contentType: 'application/json' },
  })
})

test('a form property that is a text or an object follows its value', () => {
  const schema = {
    type: 'object',
    properties: {
      mixed: { anyOf: [{ type: 'string', enum: ['auto'] }, { type: 'object' }] },
      types: { type: ['object', 'string', 'null'] },
      objects: { oneOf: [{ type: 'object' }, { properties: { a: true } }, { type: 'null' }] },
      lists: { type: 'array', items: { anyOf: [{ type: 'object' }, { type: 'integer' }] } },
      anything: { description: 'Anything.' },
    },
  }
  const encodingOf = (type: string) =>
    draftOf(operation(key, { body: body(content(type, schema)) })).map.body?.encoding ?? {}
  const types = Object.entries(encodingOf('multipart/form-data')).map(
    ([name, part]) => [name, part.contentType] as const,
  )
  expect(types).toEqual([['objects', 'application/json']])
  expect(Object.keys(encodingOf('application/x-www-form-urlencoded'))).toEqual(['objects'])
})

test('a form that is described as a file holds the file', () => {
  const draft = draftOf(operation(key, { body: body(content('multipart/form-data', file)) }))
  expect(draft.map.body?.encoding['file']).toMatchObject({ isFile: true })
  expect(at(draft.inputSchema, 'properties', 'body', 'required')).toEqual(['file'])
  expect(codesOf(draft)).toEqual(['form_without_fields'])
})

test('of several media types for a part the first that is no range counts', () => {
  const given = { style: null, explode: null, allowReserved: null, headers: {} }
  const schema = { type: 'object', properties: { a: file, b: file } }
  const encoding = {
    a: { ...given, contentType: 'image/*, image/png, image/jpeg' },
    b: { ...given, contentType: 'image/*' },
  }
  const one = operation(key, { body: body(content('multipart/form-data', schema, encoding)) })
  const parts = draftOf(one).map.body?.encoding
  expect([parts?.['a']?.contentType, parts?.['b']?.contentType]).toEqual(['image/png', null])
})

test('a required name that is not declared has an alias that is taken back', () => {
  const schema = { type: 'object', properties: { a: true }, required: ['a b *required'] }
  const draft = draftOf(operation(key, { body: body(content('application/json', schema)) }))
  const [alias = ''] = Object.keys(draft.map.aliases)
  expect(at(draft.inputSchema, 'properties', 'body', 'required')).toEqual([alias])
  const plan = new MappedPlan(definition({ endpointPath: draft.path }), draft.map)
  const sent = plan.render(plan.accept({ body: { [alias]: 1 } }), alice)
  expect(Buffer.from(sent.body ?? []).toString()).toBe('{"a b *required":1}')
})

test('headers that only the connection sets are left out, and spoil no operation', () => {
  const framing = ['Content-Length', 'Host', 'transfer_encoding', 'Cookie', 'Proxy-Authorization']
  const names = [...framing, 'Idempotency-Key', 'traceparent']
  const odd = parameter('header', 'a b')
  const parameters = [...names.map((name) => parameter('header', name, { required: true })), odd]
  const draft = draftOf(
    operation('GET /a', { parameters: [...parameters, parameter('header', 'X-Kept')] }),
  )
  expect(draft.map.parameters.map(({ name }) => name)).toEqual(['X-Kept'])
  expect(codesOf(draft)).toEqual([...names, odd].map(() => 'header_left_out'))
  const plan = new MappedPlan(definition({ endpointPath: draft.path }), draft.map)
  const sent = plan.render(plan.accept({ headers: { 'X-Kept': 'a' } }), alice)
  expect(sent.headers).toContainEqual(['X-Kept', 'a'])
})

test('constructor and prototype are called otherwise, for no argument may have such a name', () => {
  const schema = {
    type: 'object',
    properties: { constructor: { type: 'string' }, api_prototype: true, prototype: true },
    required: ['constructor'],
  }
  const draft = draftOf(
    operation(key, {
      parameters: [parameter('query', 'constructor'), parameter('query', '__proto__')],
      body: body(content('application/json', schema)),
    }),
  )
  expect(at(draft.inputSchema, 'properties', 'query', 'properties')).toHaveProperty(
    'api_constructor',
  )
  expect(draft.map.aliases).toEqual({
    api_constructor: 'constructor',
    api_prototype_2: 'prototype',
  })
  expect(at(draft.inputSchema, 'properties', 'body', 'required')).toEqual(['api_constructor'])
  expect(codesOf(draft)).toEqual(['parameter_name'])
  const plan = new MappedPlan(definition({ endpointPath: draft.path }), draft.map)
  const args = { query: { api_constructor: 'a' }, body: { api_constructor: 'b' } }
  const sent = plan.render(plan.accept(args), alice)
  expect(sent.target).toBe('/a?constructor=a')
  expect(Buffer.from(sent.body ?? []).toString()).toBe('{"constructor":"b"}')
})

test('accept asks for JSON where an answer has it, else for all there is', () => {
  const accept = (...types: string[]) =>
    draftOf(
      operation('GET /a', {
        responses: [{ status: '200', description: null, contents: types.map((t) => content(t)) }],
      }),
    ).map.accept
  expect(accept('text/html', 'application/json')).toBe('application/json')
  expect(accept('application/vnd.api+json', 'text/csv')).toBe('application/vnd.api+json')
  expect(accept('image/png', 'image/jpeg')).toBe('image/png, image/jpeg')
  expect(accept('text/x\r\nX-Evil: 1')).toBe(null)
  expect(accept()).toBe(null)
})
