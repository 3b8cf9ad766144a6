import { describe, expect, test } from 'bun:test'
import type { JsonObject, JsonValue } from '../../src/lib/json.ts'
import { parseJson } from '../../src/lib/json.ts'
import { header, nobody, refusal, render } from './request_fixture.ts'

const sent = (template: string, args: JsonObject = {}) =>
  header(render({ headersTemplate: { 'X-A': template }, queryTemplate: {} }, args), 'X-A')

describe('headers_template', () => {
  test.each([
    ['fixed', {}, 'fixed'],
    ['{{x}}', { x: 1 }, '{x}'],
    ['{x}', { x: 'text with ~!"' }, 'text with ~!"'],
    ['{x}', { x: '' }, ''],
    ['{x}', { x: 5 }, '5'],
    ['{x}', { x: true }, 'true'],
    ['{x}', { x: parseJson('12345678901234567890') }, '12345678901234567890'],
    ['{x}', { x: ['a', 1, false] }, 'a,1,false'],
    ['ids={x}; v={y.z}', { x: [1, 2], y: { z: 3 } }, 'ids=1,2; v=3'],
    ['{x}', {}, undefined],
    ['{x}', { x: null }, undefined],
    ['Token {x}', {}, undefined],
  ] as [string, JsonObject, string | undefined][])(
    '%j with %j sends %j',
    (template, args, value) => {
      expect(sent(template, args)).toBe(value)
    },
  )

  test.each([
    'a\r\nX-Evil: 1',
    'a\nb',
    'a\rb',
    'a\u0000b',
    'caf\u00e9',
    '\u007f',
    '\t',
    '\u{1F600}',
    'a\ud800',
  ])('case 142: the value %j is refused, whole or in part', (x) => {
    for (const template of ['{x}', 'pre {x}']) {
      const error = refusal('invalid_header_value', () => sent(template, { x }))
      expect(error.status).toBe(400)
      expect(error.errors).toEqual([
        { pointer: '/x', message: 'must be visible ASCII to be a header' },
      ])
    }
    refusal('invalid_header_value', () => sent('{x}', { x: ['ok', x] }))
  })

  test.each([
    [{ a: 1 }, '/x'],
    [[{ a: 1 }], '/x/0'],
    [['a', ['b']], '/x/1'],
    [['a', null], '/x/1'],
    [['a', 'b,c'], '/x/1'],
  ] as [JsonValue, string][])('the value %j is refused, naming %s', (x, pointer) => {
    const error = refusal('invalid_header_value', () => sent('{x}', { x }))
    expect(error.errors[0]?.pointer).toBe(pointer)
  })

  test('the reserved variables come from the caller; without a member the header is dropped', () => {
    const headersTemplate = { 'X-Owner': '{member_id}', 'X-From': '{project_id}/{integration_id}' }
    expect(header(render({ headersTemplate }), 'x-owner')).toBe('alice')
    expect(header(render({ headersTemplate }), 'x-from')).toBe('42/7')
    expect(header(render({ headersTemplate }, {}, nobody), 'x-owner')).toBeUndefined()
  })

  test('values above 16 KiB together are refused', () => {
    expect(sent('{x}', { x: 'a'.repeat(16_000) })).toHaveLength(16_000)
    refusal('request_too_large', () => sent('{x}{x}', { x: 'a'.repeat(8_192) }))
  })

  test('case 150: names are the template’s, whatever the arguments are called', () => {
    const request = render({ headersTemplate: { 'X-A': '{x}' } }, { x: 'X-B: 1', 'X-Evil': '1' })
    expect(request.headers.map(([name]) => name)).toEqual(['X-A', 'accept', 'user-agent'])
  })
})

describe('the headers every request has', () => {
  test('are accept, user-agent and, with a body, content-type', () => {
    expect(render({}).headers).toEqual([
      ['accept', 'application/json, */*;q=0.8'],
      ['user-agent', 'Gatehouse'],
    ])
    expect(render({ httpMethod: 'POST' }).headers).toEqual([
      ['content-type', 'application/json'],
      ['accept', 'application/json, */*;q=0.8'],
      ['user-agent', 'Gatehouse'],
    ])
  })

  test('give way to the template’s', () => {
    const headersTemplate = {
      Accept: 'text/csv',
      'User-Agent': 'mine/{v}',
      'Content-Type': 'application/vnd.api+json; charset=utf-8',
    }
    expect(render({ httpMethod: 'PATCH', headersTemplate }, { v: 2 }).headers).toEqual([
      ['Accept', 'text/csv'],
      ['User-Agent', 'mine/2'],
      ['Content-Type', 'application/vnd.api+json; charset=utf-8'],
    ])
  })

  test('stand in where the template’s own value is missing', () => {
    const request = render({ headersTemplate: { Accept: '{type}' } })
    expect(header(request, 'accept')).toBe('application/json, */*;q=0.8')
  })
})
