import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type House, startHouse } from './house.ts'

type Fields = Record<string, unknown>

let house: House
let count = 0

beforeAll(async () => {
  house = await startHouse()
})
afterAll(() => house.stop())

const whole = (fields: Fields): Fields => ({
  project_id: house.projectId,
  name: `tool-${++count}`,
  base_url: house.upstream.url,
  http_method: 'GET',
  endpoint_path: '/things',
  ...fields,
})
const create = (fields: Fields) => house.api('POST', '/api/v1/custom-tools', whole(fields))
const props = (properties: Fields) => ({ type: 'object', properties })

/** The refusal, and proof that it left nothing behind. */
async function refused(fields: Fields, expected: object): Promise<void> {
  const body = whole(fields)
  const answer = await house.api('POST', '/api/v1/custom-tools', body)
  expect({ status: answer.status, ...answer.body }).toMatchObject(expected)
  expect(answer.headers.get('content-type')).toStartWith('application/problem+json')
  expect(await names()).not.toContain(body.name)
}

async function names(): Promise<string[]> {
  const path = `/api/v1/custom-tools?limit=200&project_id=${house.projectId}`
  return (await house.api('GET', path)).body.items.map((tool: { name: string }) => tool.name)
}

const originOnly = 'base_url must be origin-only (no paths)'
const https = 'base_url must use HTTPS'
const relative = 'endpoint_path must start with /'
const memberless = 'endpoint_path uses {{member_id}} but require_member=False'
const reserved = 'Reserved variable cannot be provided as user input'
const notSettable = 'headers_template sets a header that is not settable'
const secretFor = (strategy: string) =>
  `encrypted_auth_secret is required when auth_strategy is '${strategy}'`
const authorization = { auth_strategy: 'static_bearer', encrypted_auth_secret: 'a-bearer-secret' }
const ownHeader = {
  auth_strategy: 'static_header',
  encrypted_auth_secret: 'a-header-secret',
  auth_header_name: 'X-Key',
}

const refusals: readonly (readonly [string, string, string, Fields])[] = [
  [originOnly, 'base_url_not_origin', 'a path', { base_url: 'https://api.example.com/v1' }],
  [originOnly, 'base_url_not_origin', 'a query', { base_url: 'https://api.example.com?x=1' }],
  [originOnly, 'base_url_not_origin', 'a fragment', { base_url: 'https://api.example.com#x' }],
  [originOnly, 'base_url_not_origin', 'a user', { base_url: 'https://u:p@api.example.com' }],
  [originOnly, 'base_url_not_origin', 'a backslash', { base_url: 'https://api.example.com\\x' }],
  [originOnly, 'base_url_not_origin', 'no scheme', { base_url: 'api.example.com' }],
  [https, 'base_url_not_https', 'plain HTTP', { base_url: 'http://api.example.com' }],
  [https, 'base_url_not_https', 'a file', { base_url: 'file:///etc/passwd' }],
  [https, 'base_url_not_https', 'a socket', { base_url: 'unix:///var/run/docker.sock' }],
  [https, 'base_url_not_https', 'inline content', { base_url: 'data:text/plain,hello' }],
  [relative, 'endpoint_path_relative', 'a relative path', { endpoint_path: 'things' }],
  [relative, 'endpoint_path_relative', 'an empty path', { endpoint_path: '' }],
  [relative, 'endpoint_path_relative', 'a whole URL', { endpoint_path: 'https://evil.example/' }],
  [memberless, 'member_id_without_member', '{member_id}', { endpoint_path: '/u/{member_id}' }],
  [memberless, 'member_id_without_member', '{{member_id}}', { endpoint_path: '/u/{{member_id}}' }],
  ...['hmac_signature', 'static_bearer', 'static_header', 'basic'].map(
    (strategy) =>
      [
        secretFor(strategy),
        'auth_secret_required',
        `${strategy} without a secret`,
        {
          auth_strategy: strategy,
          ...(strategy === 'static_header' ? { auth_header_name: 'X-Key' } : {}),
        },
      ] as const,
  ),
  [
    secretFor('basic'),
    'auth_secret_required',
    'an empty secret',
    { auth_strategy: 'basic', encrypted_auth_secret: '' },
  ],
  ...[
    'Host',
    'content-length',
    'Transfer-Encoding',
    'Connection',
    'Expect',
    'TE',
    'Cookie',
    'Upgrade',
  ]
    .concat(['Proxy-Authorization', 'X-Tengine-Member-Id', 'x_tengine_member_id', 'traceparent'])
    .map(
      (name) =>
        [
          notSettable,
          'header_not_settable',
          `the header ${name}`,
          { headers_template: { [name]: 'x' } },
        ] as const,
    ),
  [
    notSettable,
    'header_not_settable',
    'Authorization beside static_bearer',
    { headers_template: { authorization: 'x' }, ...authorization },
  ],
  [
    notSettable,
    'header_not_settable',
    'the header that static_header fills',
    { headers_template: { 'x-key': 'x' }, ...ownHeader },
  ],
  [reserved, 'reserved_variable', 'member_id', { input_schema: props({ member_id: {} }) }],
  [reserved, 'reserved_variable', 'Project_ID', { input_schema: props({ Project_ID: {} }) }],
  [
    reserved,
    'reserved_variable',
    'integration_id within an item',
    { input_schema: props({ a: { type: 'array', items: props({ INTEGRATION_ID: {} }) } }) },
  ],
  [
    reserved,
    'reserved_variable',
    'member_id in a combinator',
    { input_schema: { type: 'object', anyOf: [props({ member_id: {} })] } },
  ],
]

describe('what cannot be registered (wire.md §5)', () => {
  test.each(refusals)('400 "%s" (%s): %s', (detail, code, _what, fields) =>
    refused(fields, { status: 400, code, detail }),
  )

  test('no reserved word is refused where none is declared', async () => {
    const input_schema = props({ member: props({ id: {} }), members_id: {}, memberid: {} })
    expect((await create({ input_schema })).status).toBe(201)
    const path = { endpoint_path: '/u/{member_id}', require_member: true }
    expect((await create(path)).status).toBe(201)
  })

  test('name: taken in the project, ignoring case, is 409; free again once deleted', async () => {
    const { body: tool } = await create({ name: 'CRM-Contacts' })
    for (const name of ['CRM-Contacts', 'crm-contacts', 'CRM-CONTACTS']) {
      const answer = await create({ name })
      expect(answer).toMatchObject({ status: 409, body: { code: 'name_taken' } })
      expect(answer.body.errors[0].pointer).toBe('/name')
    }
    const { body: other } = await create({})
    const renamed = await house.api('PATCH', `/api/v1/custom-tools/${other.id}`, {
      name: 'crm-contacts',
    })
    expect(renamed).toMatchObject({ status: 409, body: { code: 'name_taken' } })
    await house.api('DELETE', `/api/v1/custom-tools/${tool.id}`)
    expect((await create({ name: 'crm-contacts' })).status).toBe(201)
  })

  test('name: mcp_whoami is reserved in any case', async () => {
    for (const name of ['mcp_whoami', 'MCP_WhoAmI']) {
      expect(await create({ name })).toMatchObject({ status: 409, body: { code: 'name_taken' } })
    }
  })

  test('an unknown project is 404', async () => {
    const answer = await create({ project_id: 999 })
    expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })
})

describe('what is not well-formed', () => {
  const malformed: readonly (readonly [string, string, unknown])[] = [
    ['/name', 'name', ''],
    ['/name', 'name', 'a b'],
    ['/name', 'name', 'a'.repeat(65)],
    ['/name', 'name', 'ünicode'],
    ['/name', 'name', 'line\n'],
    ['/name', 'name', 7],
    ['/description', 'description', 'x'.repeat(16_001)],
    ['/input_schema', 'input_schema', 'object'],
    ['/input_schema', 'input_schema', { type: 'string' }],
    ['/input_schema', 'input_schema', {}],
    ['/output_schema', 'output_schema', { type: 'array' }],
    ['/base_url', 'base_url', 7],
    ['/base_url', 'base_url', 'https://api.example.com:99999'],
    ['/base_url', 'base_url', 'https://localhost'],
    ['/http_method', 'http_method', 'get'],
    ['/http_method', 'http_method', 'TRACE'],
    ['/endpoint_path', 'endpoint_path', '/a//b'],
    ['/endpoint_path', 'endpoint_path', '/a/../b'],
    ['/endpoint_path', 'endpoint_path', '/a?b=c'],
    ['/endpoint_path', 'endpoint_path', '/a b'],
    ['/endpoint_path', 'endpoint_path', '/{open'],
    ['/headers_template/X-A', 'headers_template', { 'X-A': 1 }],
    ['/headers_template/X A', 'headers_template', { 'X A': 'x' }],
    ['/headers_template/X-A', 'headers_template', { 'X-A': 'a\r\nb' }],
    ['/query_template/{x}', 'query_template', { '{x}': '1' }],
    ['/query_template', 'query_template', []],
    ['/body_template', 'body_template', { a: 1 }],
    ['/require_member', 'require_member', 'yes'],
    ['/inject_member_identity/id', 'inject_member_identity', { id: 1 }],
    ['/inject_member_identity/phone', 'inject_member_identity', { phone: true }],
    ['/auth_strategy', 'auth_strategy', 'oauth'],
    ['/required_scopes/1', 'required_scopes', ['OK', 'not ok']],
    ['/timeout_ms', 'timeout_ms', 99],
    ['/timeout_ms', 'timeout_ms', 600_001],
    ['/timeout_ms', 'timeout_ms', 1000.5],
    ['/max_response_bytes', 'max_response_bytes', 1023],
    ['/annotations/readOnlyHint', 'annotations', { readOnlyHint: 'yes' }],
    ['/annotations/evil~0~1', 'annotations', { 'evil~/': 'x' }],
    ['/is_enabled', 'is_enabled', 1],
    ['/encrypted_auth_secret', 'encrypted_auth_secret', 7],
    ['/id', 'id', 7],
    ['/version', 'version', 2],
    ['/has_auth_secret', 'has_auth_secret', true],
    ['/content_hash', 'content_hash', 'x'],
  ]

  test.each(malformed)('422 names %s of %s: %j', async (pointer, field, value) => {
    const body = whole({ [field]: value })
    const answer = await house.api('POST', '/api/v1/custom-tools', body)
    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'validation_failed', detail: 'Validation error' },
    })
    const pointers = answer.body.errors.map((error: { pointer: string }) => error.pointer)
    expect([...new Set(pointers)]).toEqual([pointer])
    expect(await names()).not.toContain(String(body.name))
  })

  test('422 names every wrong field at once', async () => {
    const answer = await create({
      name: '',
      http_method: 'FETCH',
      timeout_ms: 'soon',
      required_scopes: [1, 'ok', 2],
      surprise: true,
      inject_member_identity: { id: 0, phone: 1 },
    })
    const pointers = answer.body.errors.map((error: { pointer: string }) => error.pointer)
    expect(pointers.sort()).toEqual([
      '/http_method',
      '/inject_member_identity/id',
      '/inject_member_identity/phone',
      '/name',
      '/required_scopes/0',
      '/required_scopes/2',
      '/surprise',
      '/timeout_ms',
    ])
  })

  test('422 names every missing field', async () => {
    const answer = await house.api('POST', '/api/v1/custom-tools', {})
    const pointers = answer.body.errors.map((error: { pointer: string }) => error.pointer)
    expect(pointers.sort()).toEqual(['/base_url', '/endpoint_path', '/http_method', '/name'])
  })

  test('422 names every problem of templates at once', async () => {
    const answer = await create({
      endpoint_path: '/a b/{nowhere}',
      query_template: { '{x}': '1', deep: { a: 1 } },
      headers_template: { 'bad name': 'x' },
      input_schema: props({ q: {} }),
    })
    const pointers: string[] = answer.body.errors.map((error: { pointer: string }) => error.pointer)
    expect(answer.status).toBe(422)
    const expected = [
      '/endpoint_path',
      '/headers_template/bad name',
      '/query_template/deep',
      '/query_template/{x}',
    ]
    expect([...new Set(pointers)].sort()).toEqual(expected)
  })

  test.each([
    ['a remote $ref', 'remote_ref', { type: 'object', $ref: 'https://evil.example/schema.json' }],
    ['a schema 200 levels deep', 'schema_too_complex', deep(100)],
  ])('case 153: %s is 422 and nothing is fetched', async (_what, code, input_schema) => {
    await refused({ input_schema }, { status: 422, code })
    expect(house.upstream.hits).toEqual([])
  })

  function deep(levels: number): object {
    let schema: object = {}
    for (let n = 0; n < levels; n++) schema = { properties: { a: schema } }
    return { type: 'object', ...schema }
  }

  test.each([
    '\u200b',
    '\u200d',
    '\u2060',
    '\ufeff',
    '\u00ad',
    '\u202e',
    '\u2066',
    '\u061c',
    '\u{e0041}',
    '\u{e0100}',
    '\ufe0f\ufe0f',
    '\u3164',
    '\u115f',
    '\uffa0',
    '\u034f',
    '\u2028',
    '\u0007',
    '\u001b',
    '\r',
    '\ue000',
  ])('a text that hides %j is refused wherever people and models read it', async (hidden) => {
    const text = `Lists contacts${hidden}.`
    const refusal = { status: 422, code: 'validation_failed' }
    await refused({ description: text }, { ...refusal, errors: [{ pointer: '/description' }] })
    const annotations = { title: text }
    await refused({ annotations }, { ...refusal, errors: [{ pointer: '/annotations/title' }] })
    for (const fields of [{ name: text }, { name: 'a', description: text }]) {
      expect((await house.api('POST', '/api/v1/projects', fields)).status).toBe(422)
    }
    const integration = { project_id: house.projectId, name: text }
    expect((await house.api('POST', '/api/v1/integrations', integration)).status).toBe(422)
  })

  test('a description may have lines, tabs, every script and emoji', async () => {
    const description = 'Öffnet Verträge:\n\t- 契約を開く\n\t- افتح العقد\n⚠️ Nicht rückgängig! 👍🏽'
    const answer = await create({ description })
    expect(answer).toMatchObject({ status: 201, body: { description } })
  })
})
