import { describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../src/lib/json.ts'
import { parseJson } from '../../src/lib/json.ts'
import { nobody, refusal, render } from './request_fixture.ts'

const target = (queryTemplate: JsonObject, args: JsonObject = {}) =>
  render({ queryTemplate }, args).target

describe('query_template', () => {
  test('case 144: a value cannot add a parameter', () => {
    expect(target({ q: '{q}' }, { q: 'a&admin=true' })).toBe('/things?q=a%26admin%3Dtrue')
    expect(target({ q: 'x {q}' }, { q: 'a&admin=true#f' })).toBe(
      '/things?q=x%20a%26admin%3Dtrue%23f',
    )
  })

  test.each([
    [{ q: '{x}' }, { x: 'a b+c' }, '?q=a%20b%2Bc'],
    [{ q: '{x}' }, { x: '' }, '?q='],
    [{ q: '{x}' }, { x: false }, '?q=false'],
    [{ q: '{x}' }, { x: 0 }, '?q=0'],
    [{ q: '{x}' }, { x: parseJson('12345678901234567890') }, '?q=12345678901234567890'],
    [{ q: '{x}', r: '1' }, {}, '?r=1'],
    [{ q: '{x}', r: '1' }, { x: null }, '?r=1'],
    [{ q: 'pre {x}', r: '1' }, {}, '?r=1'],
    [{ q: 'pre {x}' }, { x: null }, ''],
    [{ q: '{x}' }, {}, ''],
    [{ q: '{toString}' }, {}, ''],
    [{}, { x: 1 }, ''],
    [{ q: null, r: true, s: 1.5 }, {}, '?r=true&s=1.5'],
    [{ q: '{a.b}' }, { a: { b: 'c' } }, '?q=c'],
    [{ q: '{a.b}' }, { a: 'text' }, ''],
    [{ 'a b&c': 'd e' }, {}, '?a%20b%26c=d%20e'],
    [{ '{{x}}': '{{y}}' }, { x: 1, y: 2 }, '?%7Bx%7D=%7By%7D'],
    [{ 'filter[status]': '{s}' }, { s: 'open' }, '?filter%5Bstatus%5D=open'],
  ] as [JsonObject, JsonObject, string][])('%j with %j gives %j', (template, args, query) => {
    expect(target(template, args)).toBe(`/things${query}`)
  })

  test('case 144: a list of scalars repeats its name; null items and an empty list add nothing', () => {
    expect(target({ id: '{ids}' }, { ids: [1, 'a,b', null, true] })).toBe(
      '/things?id=1&id=a%2Cb&id=true',
    )
    expect(target({ id: '{ids}', r: '1' }, { ids: [] })).toBe('/things?r=1')
    expect(target({ id: ['{a}', 'x', 7, '{b}'] }, { b: 'b' })).toBe('/things?id=x&id=7&id=b')
  })

  test.each([
    [{ q: '{x}' }, { x: { a: 1 } }, '/x'],
    [{ q: '{x}' }, { x: ['a', ['b']] }, '/x/1'],
    [{ q: '{x.y}' }, { x: { y: [{}] } }, '/x/y/0'],
    [{ q: 'ids: {x}' }, { x: ['a'] }, '/x'],
    [{ q: '{a~b}' }, { 'a~b': {} }, '/a~0b'],
  ] as [JsonObject, JsonObject, string][])(
    'case 144: %j with %j is refused, naming %s',
    (template, args, pointer) => {
      const error = refusal('invalid_argument', () => target(template, args))
      expect(error.errors).toEqual([{ pointer, message: 'must be a scalar to stand in the query' }])
    },
  )

  test('a name with a dot of its own is meant where the schema declares it', () => {
    const inputSchema = {
      type: 'object',
      properties: {
        'page.size': { type: 'integer' },
        query: { type: 'object', properties: { 'page.token': { type: 'string' } } },
      },
    }
    const queryTemplate = { size: '{page.size}', token: '{query.page.token}' }
    const args = { 'page.size': 5, query: { 'page.token': 't' } }
    expect(render({ inputSchema, queryTemplate }, args).target).toBe('/things?size=5&token=t')
    const nested = { page: { size: 9 }, query: { page: { token: 'x' } } }
    expect(render({ inputSchema, queryTemplate }, nested).target).toBe('/things')
    expect(render({ queryTemplate }, args).target).toBe('/things')
  })

  test('the reserved variables come from the caller; without a member its key is dropped', () => {
    const queryTemplate = { owner: '{member_id}', p: '{project_id}', i: '{integration_id}' }
    expect(render({ queryTemplate }).target).toBe('/things?owner=alice&p=42&i=7')
    expect(render({ queryTemplate }, {}, nobody).target).toBe('/things?p=42&i=7')
  })

  test('the query alone may exceed the cap and is refused then', () => {
    refusal('request_too_large', () => target({ q: '{x}' }, { x: 'a'.repeat(16_384) }))
    refusal('request_too_large', () => target({ q: '{x}' }, { x: Array(9_000).fill(1) }))
  })

  test('a lone surrogate is refused and no URIError', () => {
    refusal('bad_unicode', () => target({ q: '{x}' }, { x: '\udc00' }))
    refusal('bad_unicode', () => render({}, { '\udc00': 1 }))
  })

  test('on a POST goes beside the body; without a body_template there is none', () => {
    const request = render({ httpMethod: 'POST', queryTemplate: { q: '{q}' } }, { q: 1, rest: 2 })
    expect(request.target).toBe('/things?q=1')
    expect(request.body).toBeNull()
  })
})

describe('without query_template and body_template', () => {
  test.each(['GET', 'DELETE'] as const)(
    '%s sends what the path leaves in the query',
    (httpMethod) => {
      const request = render(
        { httpMethod, endpointPath: '/a/{id}' },
        { id: 'i', q: 'x&y', list: [1, 2], none: null, on: true },
      )
      expect(request.target).toBe('/a/i?q=x%26y&list=1&list=2&on=true')
      expect(request.body).toBeNull()
    },
  )

  test('an object is refused by name', () => {
    const error = refusal('invalid_argument', () => render({}, { ok: 1, filter: { a: 1 } }))
    expect(error.errors[0]?.pointer).toBe('/filter')
  })

  test('an argument of which the path takes a part is used up', () => {
    expect(render({ endpointPath: '/a/{u.id}' }, { u: { id: 1, name: 'n' }, q: 2 }).target).toBe(
      '/a/1?q=2',
    )
  })

  test('case 151: with a template only what it names is sent', () => {
    const args = { q: 'x', extra: 'y' }
    expect(render({ queryTemplate: { q: '{q}' } }, args).target).toBe('/things?q=x')
  })
})
