import { describe, expect, test } from 'bun:test'
import { type JsonValue, parseJson } from '../../../src/lib/json.ts'
import type { PartEncoding } from '../../../src/model/request_map.ts'
import { bodyText, header, refusal } from '../request_fixture.ts'
import { body, encoding, send, sendBody } from './mapped_fixture.ts'

describe('a JSON body', () => {
  test('goes out digit for digit, under the very type the document names', () => {
    const text = '{"id":12345678901234567890,"price":1.10000000000000000001,"name":"ä","none":null}'
    const request = sendBody({ contentType: 'application/vnd.api+json' }, parseJson(text))
    expect(bodyText(request)).toBe(text)
    expect(header(request, 'content-type')).toBe('application/vnd.api+json')
  })

  test.each<[JsonValue, string]>([
    [null, 'null'],
    [{}, '{}'],
    [[], '[]'],
    ['', '""'],
    [false, 'false'],
  ])('%j is not an absent one', (value, expected) => {
    expect(bodyText(sendBody({}, value))).toBe(expected)
  })

  test('left out is no body and no content type', () => {
    const request = send({ body: body() })
    expect(request.body).toBeNull()
    expect(header(request, 'content-type')).toBeUndefined()
  })

  test('above 4 MiB is refused', () => {
    refusal('request_too_large', () => sendBody({}, 'a'.repeat(4 * 1024 * 1024)))
  })
})

const form = { kind: 'form', contentType: 'application/x-www-form-urlencoded' } as const

describe('a form body', () => {
  test('is the example of OpenAPI 3.2 §4.15.4.1', () => {
    const value = {
      id: 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
      address: {
        streetAddress: '123 Example Dr.',
        city: 'Somewhere',
        state: 'CA',
        zip: '99999+1234',
      },
    }
    expect(bodyText(sendBody(form, value))).toBe(
      'id=f81d4fae-7dec-11d0-a765-00a0c91e6bf6&address=%7B%22streetAddress%22%3A%22123+Example+Dr.' +
        '%22%2C%22city%22%3A%22Somewhere%22%2C%22state%22%3A%22CA%22%2C%22zip%22%3A%2299999%2B1234%22%7D',
    )
  })

  const deep = encoding({ style: 'deepObject' })
  test.each<[string, Record<string, PartEncoding>, JsonValue, string]>([
    ['arrays repeat the name', {}, { a: [1, 2] }, 'a=1&a=2'],
    ['nulls are left out', {}, { a: null, b: '' }, 'b='],
    [
      'Stripe: metadata',
      { metadata: deep },
      { metadata: { key: 'v w' } },
      'metadata%5Bkey%5D=v%20w',
    ],
    ['Stripe: expand', { expand: deep }, { expand: ['a', 'b'] }, 'expand%5B0%5D=a&expand%5B1%5D=b'],
    [
      'Stripe: items',
      { items: deep },
      { items: [{ price: 'p', quantity: 2 }] },
      'items%5B0%5D%5Bprice%5D=p&items%5B0%5D%5Bquantity%5D=2',
    ],
    ['joined', { a: encoding({ explode: false }) }, { a: [1, 2] }, 'a=1,2'],
    [
      'by media type',
      { a: encoding({ contentType: 'application/json' }) },
      { a: { b: 'c d' } },
      'a=%7B%22b%22%3A%22c+d%22%7D',
    ],
    [
      'case 146: delimiters are escaped',
      {},
      { 'a&b': 'c=d&admin=true\r\n' },
      'a%26b=c%3Dd%26admin%3Dtrue%0D%0A',
    ],
  ])('%s', (_, encodings, value, expected) => {
    expect(bodyText(sendBody({ ...form, encoding: encodings }, value))).toBe(expected)
  })

  test('an empty one is an empty body, not none', () => {
    expect(sendBody(form, {}).body?.byteLength).toBe(0)
  })

  test('a long value is no long path', () => {
    expect(sendBody(form, { a: 'ä'.repeat(20_000) }).body?.byteLength).toBe(120_002)
  })

  test('must be an object', () => {
    refusal('invalid_argument', () => sendBody(form, 'a=1'))
  })
})

describe('text and bytes', () => {
  const bytes = { kind: 'bytes', contentType: 'application/octet-stream' } as const
  const png = 'data:image/png;base64,iVBORw0KGgo='

  test('a text goes out as it is', () => {
    const request = sendBody({ kind: 'text', contentType: 'text/csv' }, 'data:a,b\r\nü')
    expect(bodyText(request)).toBe('data:a,b\r\nü')
    expect(header(request, 'content-type')).toBe('text/csv')
  })

  test.each<[JsonValue, string, string]>([
    ['plain ü', 'plain ü', 'application/octet-stream'],
    [png, '\x89PNG\r\n\x1a\n', 'image/png'],
    [{ data_uri: png }, '\x89PNG\r\n\x1a\n', 'image/png'],
    [{ base64: '/w==', content_type: 'image/gif' }, '\xff', 'image/gif'],
    [{ base64: '' }, '', 'application/octet-stream'],
    [{ text: 'data:,x' }, 'data:,x', 'application/octet-stream'],
    [{ data_uri: 'data:,a%20b%FF' }, 'a b\xff', 'application/octet-stream'],
  ])('%j is decoded', (value, expected, type) => {
    const request = sendBody(bytes, value)
    const isText = JSON.stringify(value).includes('ü')
    expect(Buffer.from(request.body ?? []).toString(isText ? 'utf8' : 'latin1')).toBe(expected)
    expect(header(request, 'content-type')).toBe(type)
  })

  test('a type the document fixes stays', () => {
    const request = sendBody({ ...bytes, contentType: 'application/pdf' }, { data_uri: png })
    expect(header(request, 'content-type')).toBe('application/pdf')
  })

  test.each<[string, JsonValue, string]>([
    ['base64 without padding', { base64: '/w' }, '/body/base64'],
    ['base64 with a line break', { base64: 'QUJD\nQUJD' }, '/body/base64'],
    ['base64url', { base64: '_w==' }, '/body/base64'],
    ['base64 with stray bits', { base64: '/x==' }, '/body/base64'],
    ['a data URI that is none', { data_uri: 'x' }, '/body/data_uri'],
    ['two sources', { text: 'a', base64: '' }, '/body'],
    ['no source', { filename: 'a' }, '/body'],
    ['an unknown member', { text: 'a', path: '/etc/passwd' }, '/body'],
    [
      'a type that is two headers',
      { text: 'a', content_type: 'a/b\r\nX: 1' },
      '/body/content_type',
    ],
    ['a filename with control characters', { text: 'a', filename: 'a\nb' }, '/body/filename'],
    ['a number', 5, '/body'],
  ])('%s is refused', (_, value, pointer) => {
    const error = refusal('invalid_arguments', () => sendBody(bytes, value))
    expect(error.errors[0]?.pointer).toBe(pointer)
  })

  test('more than 10 MiB decoded is refused, in any form', () => {
    const most = 10 * 1024 * 1024
    expect(sendBody(bytes, { base64: Buffer.alloc(most).toString('base64') }).body?.length).toBe(
      most,
    )
    const more = Buffer.alloc(most + 1).toString('base64')
    refusal('request_too_large', () => sendBody(bytes, { base64: more }))
    refusal('request_too_large', () => sendBody(bytes, { text: 'ä'.repeat(most / 2 + 1) }))
    refusal('request_too_large', () => sendBody(bytes, `data:;base64,${more}`))
  })
})

describe('an XML body', () => {
  const xml = (schema: JsonValue, value: JsonValue, defs = {}) => {
    const properties = { body: schema }
    const request = sendBody({ kind: 'xml', contentType: 'application/xml' }, value, {
      schema: { type: 'object', properties, $defs: defs },
    })
    return (bodyText(request) ?? '').replace('<?xml version="1.0" encoding="UTF-8"?>', '')
  }
  const animals = (own: object, items: object) => ({
    type: 'object',
    xml: { name: 'r' },
    properties: { animals: { type: 'array', ...own, items: { type: 'string', ...items } } },
  })
  const value = { animals: ['a', 'b'] }

  test.each<[string, JsonValue, JsonValue, string]>([
    ['plain', animals({}, {}), value, '<r><animals>a</animals><animals>b</animals></r>'],
    [
      'item name',
      animals({}, { xml: { name: 'animal' } }),
      value,
      '<r><animal>a</animal><animal>b</animal></r>',
    ],
    [
      'array name alone',
      animals({ xml: { name: 'aliens' } }, { xml: { name: 'animal' } }),
      value,
      '<r><animal>a</animal><animal>b</animal></r>',
    ],
    [
      'wrapped',
      animals({ xml: { wrapped: true } }, {}),
      value,
      '<r><animals><animals>a</animals><animals>b</animals></animals></r>',
    ],
    [
      'wrapped with item name',
      animals({ xml: { wrapped: true } }, { xml: { name: 'animal' } }),
      value,
      '<r><animals><animal>a</animal><animal>b</animal></animals></r>',
    ],
    [
      'both names',
      animals({ xml: { name: 'aliens', wrapped: true } }, { xml: { name: 'animal' } }),
      value,
      '<r><aliens><animal>a</animal><animal>b</animal></aliens></r>',
    ],
    [
      'wrapper name for both',
      animals({ xml: { name: 'aliens', wrapped: true } }, {}),
      value,
      '<r><aliens><aliens>a</aliens><aliens>b</aliens></aliens></r>',
    ],
    [
      '3.2: nodeType element',
      animals({ xml: { nodeType: 'element' } }, {}),
      value,
      '<r><animals><animals>a</animals><animals>b</animals></animals></r>',
    ],
    [
      'attribute, prefix and namespace',
      {
        type: 'object',
        xml: { name: 'Person' },
        properties: {
          id: { type: 'integer', xml: { attribute: true } },
          name: {
            type: 'string',
            xml: { namespace: 'https://example.com/schema/sample', prefix: 'sample' },
          },
        },
      },
      { name: 'Bob', id: 123 },
      '<Person id="123"><sample:name xmlns:sample="https://example.com/schema/sample">Bob</sample:name></Person>',
    ],
    [
      '3.2: text and CDATA',
      {
        type: 'object',
        xml: { name: 'd' },
        properties: {
          a: { xml: { nodeType: 'text' } },
          b: { xml: { nodeType: 'cdata' } },
          c: { xml: { nodeType: 'attribute' } },
        },
      },
      { a: 'x<', b: 'y]]>z', c: '"&\n' },
      '<d c="&quot;&amp;&#10;">x&lt;<![CDATA[y]]]]><![CDATA[>z]]></d>',
    ],
    [
      'null',
      { type: 'object', xml: { name: 'r' }, properties: {} },
      { a: null },
      '<r><a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/></r>',
    ],
    [
      'escaped',
      { xml: { name: 'r' } },
      { a: '</a><admin>1</admin>' },
      '<r><a>&lt;/a&gt;&lt;admin&gt;1&lt;/admin&gt;</a></r>',
    ],
  ])('%s', (_, schema, given, expected) => {
    expect(xml(schema, given)).toBe(expected)
  })

  test('takes its name from the component', () => {
    const defs = { Pet: { type: 'object', properties: { name: { type: 'string' } } } }
    expect(xml({ $ref: '#/$defs/Pet' }, { name: 'x' }, defs)).toBe('<Pet><name>x</name></Pet>')
  })

  test('a text is a document already', () => {
    expect(xml({ type: 'string' }, '<a/>')).toBe('<a/>')
  })

  test.each<[string, JsonValue]>([
    ['a name', { 'a><b': 1 }],
    ['a control character', { a: '\u0001' }],
  ])('%s that XML does not have is refused', (_, given) => {
    refusal('invalid_argument', () => xml({ xml: { name: 'r' } }, given))
  })
})
