import { describe, expect, test } from 'bun:test'
import type { JsonValue } from '../../../src/lib/json.ts'
import type { MappedParameter, RequestMap } from '../../../src/model/request_map.ts'
import type { ToolDefinition } from '../../../src/model/tool.ts'
import { alice, refusal } from '../request_fixture.ts'
import { parameter, plan } from './mapped_fixture.ts'

const bound = (place: MappedParameter['in'], parts: Partial<MappedParameter> = {}) =>
  parameter({ in: place, name: 'tenant', source: { value: 'acme' }, ...parts })

type Tool = Partial<ToolDefinition>
const byQuery: Tool = { authStrategy: 'static_query', authHeaderName: 'api_key' }
const byCookie: Tool = { authStrategy: 'static_cookie', authHeaderName: 'sid' }

/** Sends `filter` beside what is bound. */
function sent(
  parts: Partial<MappedParameter>,
  value: JsonValue,
  { map = {}, tool = {} }: { map?: Partial<RequestMap>; tool?: Tool } = {},
) {
  const filter = parameter({ name: 'filter', ...parts })
  const parameters = [...(map.parameters ?? []), filter]
  const compiled = plan({ ...map, parameters }, tool)
  const groups = { path: 'pathParams', query: 'query', querystring: 'query', cookie: 'cookies' }
  const group = groups[filter.in as keyof typeof groups]
  return compiled.render(compiled.accept({ [group]: { filter: value } }), alice)
}

const path = {
  path: '/x{tenant}{filter}',
  parameters: [bound('path', { style: 'matrix', explode: false })],
}
const form = 'application/x-www-form-urlencoded'

describe('a member of an object that is sent as a parameter of its own', () => {
  test.each<[string, Partial<MappedParameter>, string, { map?: Partial<RequestMap>; tool?: Tool }]>(
    [
      ['a bound parameter', {}, 'tenant', { map: { parameters: [bound('query')] } }],
      ['it in other letters', {}, 'TENANT', { map: { parameters: [bound('query')] } }],
      ['it as a list', {}, 'tenant[]', { map: { parameters: [bound('query')] } }],
      ['it escaped', {}, '%74enant', { map: { parameters: [bound('query')] } }],
      ['a parameter of the caller', {}, 'tenant', callerBound()],
      [
        'a bound one, in a whole query',
        whole(),
        'tenant',
        { map: { parameters: [bound('query')] } },
      ],
      ['a bound one of a path', matrix(), 'tenant', { map: path }],
      ['a bound cookie', { in: 'cookie' }, 'tenant', { map: { parameters: [bound('cookie')] } }],
      ['a bound cookie, unescaped', raw(), 'tenant', { map: { parameters: [bound('cookie')] } }],
      ['what the path says', {}, 'kind', { map: { fixedQuery: 'kind=a%20b' } }],
      ['the credential', {}, 'api_key', { tool: byQuery }],
      ['the credential as PHP reads it', {}, 'api.key', { tool: byQuery }],
      ['the credential, in a whole query', whole(), 'api_key', { tool: byQuery }],
      ['the credential in a cookie', { in: 'cookie' }, 'sid', { tool: byCookie }],
    ],
  )('cannot double %s', (_name, parts, key, setting) => {
    const error = refusal('invalid_argument', () =>
      sent(parts, { ok: 'a', [key]: 'evil' }, setting),
    )
    expect(error.errors[0]?.pointer).toEndWith(`/filter/${key}`)
    expect(() => sent(parts, { ok: 'a' }, setting)).not.toThrow()
  })

  test('cannot double what is bound below a deepObject', () => {
    const map = { parameters: [bound('query', { name: 'filter[tenant]' })] }
    const deep = { style: 'deepObject' } as const
    for (const tenant of ['evil', ['evil'], { a: 'evil' }]) {
      const error = refusal('invalid_argument', () => sent(deep, { a: 'b', tenant }, { map }))
      expect(error.errors[0]?.pointer).toBe('/query/filter/tenant')
    }
    expect(sent(deep, { a: { tenant: 'b' } }, { map }).target).toBe(
      '/things?filter%5Btenant%5D=acme&filter%5Ba%5D%5Btenant%5D=b',
    )
  })

  test('has any name where it stays within its own parameter, or in another place', () => {
    const map = { parameters: [bound('query')] }
    const deep = { style: 'deepObject' } as const
    expect(sent(deep, { tenant: 'x' }, { map }).target).toBe(
      '/things?tenant=acme&filter%5Btenant%5D=x',
    )
    expect(sent({ explode: false }, { tenant: 'x' }, { map }).target).toBe(
      '/things?tenant=acme&filter=tenant,x',
    )
    expect(sent({}, { sid: 'x' }, { tool: byCookie }).target).toBe('/things?sid=x')
    expect(sent({}, { tenants: 'x' }, { map }).target).toBe('/things?tenant=acme&tenants=x')
  })
})

function callerBound() {
  const source = { caller: 'project_id' } as const
  return { map: { parameters: [bound('query', { source })] } }
}

function whole(): Partial<MappedParameter> {
  return { in: 'querystring', contentType: form }
}

function matrix(): Partial<MappedParameter> {
  return { in: 'path', style: 'matrix' }
}

function raw(): Partial<MappedParameter> {
  return { in: 'cookie', style: 'cookie' }
}
