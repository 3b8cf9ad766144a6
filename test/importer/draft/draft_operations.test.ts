import { expect, test } from 'bun:test'
import type { ApiOperation, SecurityScheme } from '../../../src/importer/api_document.ts'
import { draftOperations } from '../../../src/importer/draft_operations.ts'
import { compileSchema } from '../../../src/lib/json_schema/compile_schema.ts'
import {
  codesOf,
  content,
  document,
  draftOf,
  draftOptions,
  draftsOf,
  operation,
} from './api_documents.ts'

const key = 'GET /a'

test.each([
  ['x-mcp', false],
  ['x-mcp', { enabled: false }],
  ['x-mcp-hidden', true],
  ['x-speakeasy-mcp', { disabled: true }],
])(
  'an operation the document keeps from models by %s: %j is quarantined, unless the operator enables it',
  (name, value) => {
    const one = operation(key, { extensions: { [name]: value } })
    expect(draftOf(one).quarantine).toContain(name)
    expect(codesOf(draftOf(one))).toEqual(['hidden_operation'])
    expect(draftOf(one, { overrides: { [key]: { isEnabled: true } } }).quarantine).toBe(null)
  },
)

test('an operation that is only not documented becomes a tool, with a note', () => {
  const draft = draftOf(operation(key, { extensions: { 'x-internal': true } }))
  expect(draft.quarantine).toBe(null)
  expect(codesOf(draft)).toEqual(['internal_operation'])
})

test('hints of extensions override what the method says; the title is the summary', () => {
  const extensions = {
    'x-speakeasy-mcp': {
      name: 'find-things',
      description: 'Finds.',
      readOnlyHint: true,
      idempotentHint: 'yes',
    },
    'x-mcp': { annotations: { destructiveHint: false }, title: 'Find' },
    'x-idempotent': true,
  }
  const draft = draftOf(operation('POST /search', { summary: 'Search.', extensions }))
  expect(draft).toMatchObject({ name: 'find_things', description: 'Finds.' })
  expect(draft.annotations).toEqual({
    title: 'Find',
    idempotentHint: true,
    readOnlyHint: true,
    destructiveHint: false,
  })
  expect(draftOf(operation(key, { summary: 'Get it.' })).annotations).toEqual({ title: 'Get it' })
})

const schemes: Record<string, SecurityScheme> = {
  bearer: { kind: 'bearer', description: null },
  basic: { kind: 'basic', description: null },
  header: { kind: 'api_key', in: 'header', name: 'X-Key', description: null },
  query: { kind: 'api_key', in: 'query', name: 'key', description: null },
  cookie: { kind: 'api_key', in: 'cookie', name: 'sid', description: null },
  machine: { kind: 'oauth2', clientCredentialsUrl: '/token', scopes: {}, description: null },
  person: { kind: 'oauth2', clientCredentialsUrl: null, scopes: {}, description: null },
  openid: { kind: 'other', type: 'openIdConnect', description: null },
  tls: { kind: 'other', type: 'mutualTLS', description: null },
}

const authOf = (security: ApiOperation['security']) => {
  const draft = draftOf(operation(key, { security }), { document: { securitySchemes: schemes } })
  return {
    ways: draft.auth.map((a) => [a.strategy, a.headerName]),
    auth: draft.auth,
    codes: codesOf(draft),
  }
}

test.each([
  ['bearer', [['static_bearer', null]]],
  ['basic', [['basic', null]]],
  ['header', [['static_header', 'X-Key']]],
  ['query', [['static_query', 'key']]],
  ['cookie', [['static_cookie', 'sid']]],
  ['person', [['static_bearer', null]]],
  ['openid', [['static_bearer', null]]],
  [
    'machine',
    [
      ['oauth_client_credentials', null],
      ['static_bearer', null],
    ],
  ],
] as const)('the security scheme %s becomes %j', (name, ways) => {
  expect(authOf([{ [name]: [] }]).ways).toEqual(ways as never)
})

test('alternatives come in order, each way once, tokens from elsewhere last', () => {
  const { ways, auth } = authOf([
    { person: [] },
    { machine: ['a', 'b'] },
    { header: [] },
    { bearer: [] },
  ])
  expect(ways.map(([strategy]) => strategy)).toEqual([
    'oauth_client_credentials',
    'static_header',
    'static_bearer',
  ])
  expect(auth[0]?.oauth).toEqual({
    tokenUrl: 'https://api.example.com/token',
    scopes: ['a', 'b'],
    audience: null,
  })
})

test('what no strategy satisfies is a finding', () => {
  expect(authOf([{ tls: [] }])).toMatchObject({ ways: [], codes: ['auth_unsupported'] })
  expect(authOf([{ gone: [] }])).toMatchObject({ ways: [], codes: ['auth_unsupported'] })
  expect(authOf([{ header: [], bearer: [] }]).codes).toEqual(['auth_combination'])
  expect(authOf([])).toMatchObject({ ways: [], codes: [] })
})

const answer = (status: string, schema: object) => ({
  status,
  description: null,
  contents: [content('application/json', schema as never)],
})
const thing = {
  type: 'object',
  properties: { id: { type: 'integer', description: 'Its id.' } },
  required: ['id'],
}

test('an output schema takes every object, however far from the document (case 192)', () => {
  const draft = draftOf(operation(key, { responses: [answer('200', thing)] }))
  expect(draft.outputSchema).toEqual({
    type: 'object',
    properties: { id: { description: 'integer. Its id.' } },
  })
  const schema = compileSchema(draft.outputSchema ?? {})
  for (const value of [{}, { id: null }, { id: 'x', more: [] }])
    expect(schema.validate(value)).toEqual([])
})

test.each([
  ['a list', 'GET /a', [answer('200', { type: 'array', items: thing })]],
  [
    'perhaps nothing',
    'GET /a',
    [answer('200', thing), { status: '204', description: null, contents: [] }],
  ],
  ['one of any status', 'GET /a', [answer('default', thing)]],
  ['of a write', 'POST /a', [answer('200', thing)]],
  ['an object or null', 'GET /a', [answer('200', { ...thing, type: ['object', 'null'] })]],
])('an answer that is %s has no output schema', (_, of, responses) => {
  expect(draftOf(operation(of, { responses })).outputSchema).toBe(null)
})

test('an operation that cannot be drafted is quarantined with the reason and spoils no other', () => {
  const broken = operation('GET /broken', { summary: 'Broken' })
  Object.defineProperty(broken, 'responses', {
    get: () => {
      throw new Error('what a mess')
    },
  })
  const [first, second] = draftsOf(document([broken, operation(key, { summary: 'Good' })]))
  expect(first).toMatchObject({
    name: 'broken',
    quarantine: expect.stringContaining('what a mess'),
  })
  expect(first?.findings).toEqual([
    expect.objectContaining({
      severity: 'error',
      code: 'operation_left_out',
      operation: 'GET /broken',
    }),
  ])
  expect(second).toMatchObject({ name: 'good', quarantine: null })
})

test('a draft is made when it is asked for, not before', () => {
  let read = 0
  const operations = Array.from({ length: 50 }, (_, n) => {
    const one = operation(`GET /a${n}`)
    return Object.defineProperty({ ...one }, 'security', {
      get: () => {
        read++
        return []
      },
    })
  })
  const drafts = draftOperations(document(operations), draftOptions({}))
  drafts.next()
  expect(read).toBe(1)
  drafts.next()
  expect(read).toBe(2)
})

test('a draft costs tokens, more with more to say', () => {
  const short = draftOf(operation(key, { summary: 'Get' })).tokens
  const long = draftOf(
    operation(key, { summary: 'Get', description: 'Words of it. '.repeat(30) }),
  ).tokens
  expect(short).toBeGreaterThan(10)
  expect(long).toBeGreaterThan(short + 80)
})
