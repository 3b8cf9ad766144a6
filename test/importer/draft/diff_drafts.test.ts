import { expect, test } from 'bun:test'
import type { ApiOperation, ApiSchema } from '../../../src/importer/api_document.ts'
import { diffDrafts, factsOfDraft } from '../../../src/importer/diff_drafts.ts'
import type { OperationDraft } from '../../../src/importer/operation_draft.ts'
import { body, content, draftOf, operation, parameter } from './api_documents.ts'

const key = 'POST /a/{id}'
const schemes = {
  bearer: { kind: 'bearer', description: null },
  key: { kind: 'api_key', in: 'header', name: 'X-Key', description: null },
} as const
const draft = (given: Partial<ApiOperation> = {}, defs: Record<string, ApiSchema> = {}) =>
  draftOf(operation(key, { summary: 'Do it', parameters: [parameter('path', 'id')], ...given }), {
    document: { securitySchemes: schemes, defs },
  })
const diff = (before: OperationDraft, after: OperationDraft) =>
  diffDrafts(factsOfDraft(before), factsOfDraft(after))
const jsonBody = (schema: ApiSchema, mediaType = 'application/json') => ({
  body: body(content(mediaType, schema)),
})
const withQuery = (...given: Parameters<typeof parameter>[]) => ({
  parameters: [parameter('path', 'id'), ...given.map((one) => parameter(...one))],
})

test('what has not changed has no change', () => {
  const schema = { type: 'object', properties: { a: { $ref: '#/$defs/A' } } }
  const defs = { A: { type: 'object', properties: { a: { $ref: '#/$defs/A' } } } }
  expect(diff(draft(jsonBody(schema), defs), draft(jsonBody(schema), defs))).toEqual([])
})

test('a field called constructor is compared with nothing that objects inherit', () => {
  const schema = { type: 'object', properties: { a: { type: 'string' } } }
  const named = { ...schema, properties: { ...schema.properties, constructor: { type: 'string' } } }
  const changes = diff(
    draft(jsonBody(schema)),
    draft({ ...jsonBody(named), ...withQuery(['query', 'constructor']) }),
  )
  expect(changes.map(({ field, before }) => [field, before])).toEqual([
    ['query.constructor', null],
    ['body.constructor', null],
  ])
})

test('another method, host or path is dangerous (case 282)', () => {
  const before = draft()
  const server = [{ url: 'https://evil.example.com', description: null }]
  expect(diff(before, { ...before, method: 'DELETE' })).toEqual([
    { field: 'method', before: 'POST', after: 'DELETE', isDangerous: true },
  ])
  expect(diff(before, draft({ servers: server }))).toEqual([
    {
      field: 'host',
      before: 'https://api.example.com',
      after: 'https://evil.example.com',
      isDangerous: true,
    },
  ])
  expect(diff(before, { ...before, map: { ...before.map, path: '/b/{id}' } })).toEqual([
    { field: 'path', before: '/a/{id}', after: '/b/{id}', isDangerous: true },
  ])
})

test('a lost scope is dangerous, a new one is not (case 282)', () => {
  const before = draft({ description: '**Required scope:** A' })
  const change = { field: 'required_scopes', before: 'A', after: 'none', isDangerous: true }
  expect(diff(before, { ...before, requiredScopes: [] })).toEqual([change])
  expect(diff(before, { ...before, requiredScopes: ['A', 'B'] })).toEqual([
    { ...change, after: 'A, B', isDangerous: false },
  ])
})

test('auth is changed where no way of before is left (case 282)', () => {
  const before = draft({ security: [{ bearer: [] }] })
  expect(diff(before, draft({ security: [{ key: [] }] }))).toEqual([
    { field: 'auth', before: 'static_bearer', after: 'static_header x-key', isDangerous: true },
  ])
  expect(diff(before, draft({ security: [{ key: [] }, { bearer: [] }] }))).toEqual([])
  expect(diffDrafts({ ...factsOfDraft(before), auth: null }, factsOfDraft(draft()))).toEqual([])
})

test('an optional parameter may come; to go or to be required is dangerous', () => {
  const none = draft()
  const optional = draft(withQuery(['query', 'q']))
  const required = draft(withQuery(['query', 'q', { required: true }]))
  const field = 'query.q'
  expect(diff(none, optional)).toEqual([
    { field, before: null, after: 'string', isDangerous: false },
  ])
  expect(diff(none, required)).toEqual([
    { field, before: null, after: 'string, required', isDangerous: true },
  ])
  expect(diff(optional, none)).toEqual([
    { field, before: 'string', after: null, isDangerous: true },
  ])
  expect(diff(optional, required)).toEqual([
    { field: 'query.q.required', before: 'false', after: 'true', isDangerous: true },
  ])
  expect(diff(required, optional)).toMatchObject([{ isDangerous: false }])
})

test.each<[ApiSchema, ApiSchema]>([
  [{ type: 'string' }, { type: 'integer' }],
  [{ type: ['string', 'null'] }, { type: 'string' }],
  [{ type: 'number' }, { type: 'integer' }],
  [true, { type: 'string' }],
  [{ enum: ['a', 'b'] }, { enum: ['a'] }],
  [{ type: 'string' }, { type: 'string', enum: ['a'] }],
  [
    { type: 'integer', maximum: 10 },
    { type: 'integer', maximum: 9 },
  ],
  [{ type: 'integer' }, { type: 'integer', minimum: 0 }],
  [{ type: 'string' }, { type: 'string', pattern: '^a' }],
  [
    { type: 'array', items: { type: 'string' } },
    { type: 'array', items: { type: 'integer' } },
  ],
  [{ type: 'object' }, { type: 'object', additionalProperties: false }],
  [{ anyOf: [{ type: 'string' }, { type: 'integer' }] }, { anyOf: [{ type: 'string' }] }],
  [
    { anyOf: [{ type: 'string' }, { type: 'integer' }] },
    { anyOf: [{ type: 'string' }, { type: 'array' }] },
  ],
])('from %j to %j is narrower and dangerous; back is a change', (before, after) => {
  const wide = draft(jsonBody({ type: 'object', properties: { a: before } }))
  const narrow = draft(jsonBody({ type: 'object', properties: { a: after } }))
  expect(diff(wide, narrow).some(({ isDangerous }) => isDangerous)).toBe(true)
  expect(diff(narrow, wide)).not.toEqual([])
})

test.each<[ApiSchema, ApiSchema]>([
  [{ type: 'integer' }, { type: 'number' }],
  [{ enum: ['a'] }, { enum: ['a', 'b'] }],
  [{ type: 'string', maxLength: 3 }, { type: 'string' }],
  [
    { type: 'integer', minimum: 1 },
    { type: 'integer', minimum: 0 },
  ],
  [{ type: 'object', additionalProperties: false }, { type: 'object' }],
])('from %j to %j is a change and not dangerous', (before, after) => {
  const changes = diff(
    draft(jsonBody({ type: 'object', properties: { a: before } })),
    draft(jsonBody({ type: 'object', properties: { a: after } })),
  )
  expect(changes).not.toEqual([])
  expect(changes.filter(({ isDangerous }) => isDangerous)).toEqual([])
})

test('changes deep in a recursive body are named by their place, once', () => {
  const defs = (next: object): Record<string, ApiSchema> => ({
    Node: {
      type: 'object',
      properties: {
        list: { type: 'array', items: { $ref: '#/$defs/Node' } },
        value: next as ApiSchema,
      },
    },
  })
  const schema = { type: 'object', properties: { node: { $ref: '#/$defs/Node' } } }
  const before = draft(jsonBody(schema), defs({ type: 'string' }))
  const after = draft(jsonBody(schema), defs({ type: 'string', maxLength: 5 }))
  expect(diff(before, after)).toEqual([
    { field: 'body.node.value', before: 'string', after: 'string length ≤ 5', isDangerous: true },
  ])
})

test('another media type, style, wording or answer is a change and not dangerous', () => {
  const schema = { type: 'object', properties: { a: { type: 'string' } } }
  const fields = (before: Partial<ApiOperation>, after: Partial<ApiOperation>) =>
    diff(draft(before), draft(after)).map(({ field, isDangerous }) => [field, isDangerous])
  expect(fields(jsonBody(schema), jsonBody(schema, 'application/vnd.a+json'))).toEqual([
    ['body.content_type', false],
  ])
  expect(fields(withQuery(['query', 'q']), withQuery(['query', 'q', { explode: false }]))).toEqual([
    ['query.q.written', false],
  ])
  expect(
    fields(withQuery(['query', 'q']), withQuery(['query', 'q', { description: 'New.' }])),
  ).toEqual([['arguments', false]])
  expect(fields({}, { description: 'Does it.' })).toEqual([['description', false]])
})

test('long texts are cut where they begin to differ', () => {
  const words = 'The same words again. '.repeat(20)
  const [change] = diff(
    draft({ description: `${words}Old end.` }),
    draft({ description: `${words}New end.` }),
  )
  expect(change?.before).toContain('Old end.')
  expect(change?.after).toContain('New end.')
  expect(change?.after?.length).toBeLessThan(170)
})
