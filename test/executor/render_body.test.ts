import { describe, expect, test } from 'bun:test'
import { refuseReservedVariables } from '../../src/executor/render_request.ts'
import type { JsonObject, JsonValue } from '../../src/lib/json.ts'
import { parseJson } from '../../src/lib/json.ts'
import { bodyText, bodyValue, header, nobody, refusal, render } from './request_fixture.ts'

const sent = (bodyTemplate: JsonObject, args: JsonObject = {}) =>
  bodyText(render({ httpMethod: 'POST', bodyTemplate }, args))

describe('body_template', () => {
  test('case 145: a value stays the string it is', () => {
    const name = '","admin":true,"x":"'
    const expected = { name, note: `by ${name}` }
    const request = render(
      { httpMethod: 'POST', bodyTemplate: { name: '{name}', note: 'by {name}' } },
      { name },
    )
    expect(bodyValue(request)).toEqual(expected)
  })

  test.each([
    ['text', '"text"'],
    ['', '""'],
    [5, '5'],
    [true, 'true'],
    [null, 'null'],
    [[1, 'a', null], '[1,"a",null]'],
    [{ a: { b: [] } }, '{"a":{"b":[]}}'],
    [parseJson('9007199254740993'), '9007199254740993'],
    [parseJson('[0.10000000000000000001]'), '[0.10000000000000000001]'],
    ['a\u2028\r\n"\\', '"a\u2028\\r\\n\\"\\\\"'],
  ] as [JsonValue, string][])('an exact {x} keeps the type of %j', (x, json) => {
    expect(sent({ v: '{x}' }, { x })).toBe(`{"v":${json}}`)
  })

  test.each([
    [5, '"n=5"'],
    [false, '"n=false"'],
    [parseJson('9007199254740993'), '"n=9007199254740993"'],
    ['a"b', '"n=a\\"b"'],
  ] as [JsonValue, string][])('an embedded {x} is text: %j', (x, json) => {
    expect(sent({ v: 'n={x}' }, { x })).toBe(`{"v":${json}}`)
  })

  test.each([
    [{ a: '{x}', b: 1 }, {}, '{"b":1}'],
    [{ a: 'pre {x}', b: 1 }, {}, '{"b":1}'],
    [{ a: 'pre {x}', b: 1 }, { x: null }, '{"b":1}'],
    [{ a: { b: { c: '{x}' }, d: 'x{x}' } }, {}, '{"a":{"b":{}}}'],
    [{ list: ['{x}', 1, { a: '{x}' }, 'n{x}', ['{x}']] }, {}, '{"list":[1,{},[]]}'],
    [{ list: ['{x}', 1] }, { x: null }, '{"list":[null,1]}'],
    [{ a: '{x.y.z}' }, { x: { y: 5 } }, '{}'],
    [{ a: '{x.y.z}' }, { x: { y: { z: 5 } } }, '{"a":5}'],
    [{}, { x: 1 }, '{}'],
  ] as [JsonObject, JsonObject, string][])('%j with %j sends %s', (template, args, json) => {
    expect(sent(template, args)).toBe(json)
  })

  test('what does not vary is sent as it was written, exact numbers included', () => {
    const fixed = '{"n":null,"t":true,"big":12345678901234567890,"list":[1,"{}"],"o":{"k{}":[]}}'
    const template = parseJson(fixed.replaceAll('{}', '{{}}')) as JsonObject
    expect(sent(template)).toBe(fixed)
    expect(sent({ ...template, x: '{x}' }, { x: 1 })).toBe(`${fixed.slice(0, -1)},"x":1}`)
  })

  test.each([[['a']], [{ a: 1 }]])('an array or object amid a text is refused: %j', (x) => {
    const error = refusal('invalid_argument', () => sent({ v: 'n={x}' }, { x }))
    expect(error.errors).toEqual([{ pointer: '/x', message: 'must be a scalar amid a text' }])
  })

  test('case 146: boundary text and line breaks stay inside a JSON string', () => {
    const x = '--boundary\r\nContent-Disposition: form-data; name="admin"\r\n\r\ntrue'
    const request = render({ httpMethod: 'POST', bodyTemplate: { x: '{x}' } }, { x })
    expect(header(request, 'content-type')).toBe('application/json')
    expect(bodyText(request)).not.toContain('\r')
    expect(bodyValue(request)).toEqual({ x })
  })

  test('the reserved variables come from the caller; without a member its key is dropped', () => {
    const bodyTemplate = { owner: '{member_id}', from: 'p{project_id}', i: '{integration_id}' }
    expect(bodyValue(render({ httpMethod: 'POST', bodyTemplate }))).toEqual({
      owner: 'alice',
      from: 'p42',
      i: '7',
    })
    const request = render({ httpMethod: 'POST', bodyTemplate }, {}, nobody)
    expect(bodyValue(request)).toEqual({ from: 'p42', i: '7' })
  })

  test('goes with a DELETE where the tool has one', () => {
    const request = render({ httpMethod: 'DELETE', bodyTemplate: { id: '{id}' } }, { id: 1 })
    expect([request.target, bodyText(request)]).toEqual(['/things', '{"id":1}'])
  })

  test('is capped at 4 MiB of bytes, however often a template names one value', () => {
    const most = 4 * 1024 * 1024 - '{"v":""}'.length
    const request = render(
      { httpMethod: 'POST', bodyTemplate: { v: '{x}' } },
      { x: 'a'.repeat(most) },
    )
    expect(request.body?.length).toBe(4 * 1024 * 1024)
    refusal('request_too_large', () => sent({ v: '{x}' }, { x: 'a'.repeat(most + 1) }))
    refusal('request_too_large', () => sent({ v: '{x}' }, { x: '\u00e9'.repeat(most - 100) }))
    const million = 'a'.repeat(1_000_000)
    refusal('request_too_large', () => sent({ v: '{x}'.repeat(5_000) }, { x: million }))
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`k${i}`, '{x}']))
    refusal('request_too_large', () => sent(many, { x: million }))
  })

  test('a lone surrogate is escaped, so the bytes are UTF-8 all the same', () => {
    expect(sent({ v: '{x}', w: 'a{x}' }, { x: '\ud800' })).toBe('{"v":"\\ud800","w":"a\\ud800"}')
  })
})

describe('without query_template and body_template', () => {
  test.each(['POST', 'PUT', 'PATCH'] as const)(
    '%s sends what the path leaves as JSON',
    (httpMethod) => {
      const args = { id: 'i', name: 'n', none: null, deep: { a: [parseJson('9007199254740993')] } }
      const request = render({ httpMethod, endpointPath: '/a/{id}' }, args)
      expect(request.target).toBe('/a/i')
      expect(bodyText(request)).toBe('{"name":"n","none":null,"deep":{"a":[9007199254740993]}}')
      expect(header(request, 'content-type')).toBe('application/json')
    },
  )

  test('no argument at all is an empty object', () => {
    expect(bodyText(render({ httpMethod: 'POST' }))).toBe('{}')
    expect(bodyText(render({ httpMethod: 'POST', endpointPath: '/{id}' }, { id: 1 }))).toBe('{}')
  })

  test('case 151: with a template only what it names is sent', () => {
    expect(sent({ a: '{a}' }, { a: 1, extra: 2 })).toBe('{"a":1}')
  })
})

describe('reserved variables among the arguments', () => {
  test.each([
    { member_id: 'x' },
    { project_id: null },
    { INTEGRATION_ID: 1 },
    { Member_Id: 'x' },
    { a: { b: [{ c: { member_id: 1 } }] } },
    { a: [[{ Project_ID: 1 }]] },
  ] as JsonObject[])('case 148: %j is refused at any depth and in any case', (args) => {
    const error = refusal('reserved_variable', () => refuseReservedVariables(args))
    expect(error.message).toBe('Reserved variable cannot be provided as user input')
    expect(error.status).toBe(400)
    refusal('reserved_variable', () => render({ httpMethod: 'POST' }, args))
  })

  test.each([
    { 'member_id ': 1 },
    { memberid: 1, member: 'member_id', ids: ['project_id'] },
    { n: parseJson('9007199254740993'), x: null },
  ] as JsonObject[])('other names and mere values are taken: %j', (args) => {
    expect(() => refuseReservedVariables(args)).not.toThrow()
  })
})

test('case 149: what is substituted is never expanded again', () => {
  const x = '{member_id} {{secret}} {y} {{{x}}} #{x}'
  const request = render(
    {
      httpMethod: 'POST',
      endpointPath: '/a/{x}',
      queryTemplate: { q: '{x}', r: '{x}{y}' },
      headersTemplate: { 'X-A': '{x}', 'X-B': '-{x}' },
      bodyTemplate: { v: '{x}', w: '{y}{x}' },
    },
    { x, y: '{x}' },
  )
  const encoded = encodeURIComponent(x)
  expect(request.target).toBe(`/a/${encoded}?q=${encoded}&r=${encoded}%7Bx%7D`)
  expect(header(request, 'x-a')).toBe(x)
  expect(header(request, 'x-b')).toBe(`-${x}`)
  expect(bodyValue(request)).toEqual({ v: x, w: `{x}${x}` })
})
