import { describe, expect, test } from 'bun:test'
import type { JsonValue } from '../../../src/lib/json.ts'
import { parseJson } from '../../../src/lib/json.ts'
import type { MappedParameter } from '../../../src/model/request_map.ts'
import { header, refusal } from '../request_fixture.ts'
import { send, sendOne } from './mapped_fixture.ts'

const array = ['blue', 'black', 'brown']
const object = { R: 100, G: 200, B: 150 }

type Row = readonly [string, Partial<MappedParameter>, JsonValue, string]

/** OpenAPI 3.2 §4.12.2.2, the table of style examples, where a value is defined. */
const pathRows: readonly Row[] = [
  ['simple string', { style: 'simple', explode: false }, 'blue', '/blue'],
  ['simple array', { style: 'simple', explode: false }, array, '/blue,black,brown'],
  ['simple object', { style: 'simple', explode: false }, object, '/R,100,G,200,B,150'],
  ['simple array, exploded', { style: 'simple', explode: true }, array, '/blue,black,brown'],
  ['simple object, exploded', { style: 'simple', explode: true }, object, '/R=100,G=200,B=150'],
  ['label string', { style: 'label', explode: false }, 'blue', '/.blue'],
  ['label array', { style: 'label', explode: false }, array, '/.blue,black,brown'],
  ['label object', { style: 'label', explode: false }, object, '/.R,100,G,200,B,150'],
  ['label array, exploded', { style: 'label', explode: true }, array, '/.blue.black.brown'],
  ['label object, exploded', { style: 'label', explode: true }, object, '/.R=100.G=200.B=150'],
  ['matrix string', { style: 'matrix', explode: false }, 'blue', '/;color=blue'],
  ['matrix empty string', { style: 'matrix', explode: false }, '', '/;color'],
  ['matrix array', { style: 'matrix', explode: false }, array, '/;color=blue,black,brown'],
  ['matrix object', { style: 'matrix', explode: false }, object, '/;color=R,100,G,200,B,150'],
  [
    'matrix array, exploded',
    { style: 'matrix', explode: true },
    array,
    '/;color=blue;color=black;color=brown',
  ],
  ['matrix object, exploded', { style: 'matrix', explode: true }, object, '/;R=100;G=200;B=150'],
]

const queryRows: readonly Row[] = [
  ['form empty string', { explode: false }, '', '/?color='],
  ['form string', { explode: false }, 'blue', '/?color=blue'],
  ['form array', { explode: false }, array, '/?color=blue,black,brown'],
  ['form object', { explode: false }, object, '/?color=R,100,G,200,B,150'],
  ['form array, exploded', { explode: true }, array, '/?color=blue&color=black&color=brown'],
  ['form object, exploded', { explode: true }, object, '/?R=100&G=200&B=150'],
  [
    'spaceDelimited array',
    { style: 'spaceDelimited', explode: false },
    array,
    '/?color=blue%20black%20brown',
  ],
  [
    'spaceDelimited object',
    { style: 'spaceDelimited', explode: false },
    object,
    '/?color=R%20100%20G%20200%20B%20150',
  ],
  [
    'pipeDelimited array',
    { style: 'pipeDelimited', explode: false },
    array,
    '/?color=blue%7Cblack%7Cbrown',
  ],
  [
    'pipeDelimited object',
    { style: 'pipeDelimited', explode: false },
    object,
    '/?color=R%7C100%7CG%7C200%7CB%7C150',
  ],
  [
    'tabDelimited array (Swagger 2.0 tsv)',
    { style: 'tabDelimited', explode: false },
    array,
    '/?color=blue%09black%09brown',
  ],
  [
    'deepObject object',
    { style: 'deepObject' },
    object,
    '/?color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150',
  ],
  [
    'deepObject with what is nested in it',
    { style: 'deepObject' },
    { a: { b: ['x', { c: 1 }] } },
    '/?color%5Ba%5D%5Bb%5D%5B0%5D=x&color%5Ba%5D%5Bb%5D%5B1%5D%5Bc%5D=1',
  ],
  [
    'deepObject array (as Stripe reads expand)',
    { style: 'deepObject' },
    ['data.customer'],
    '/?color%5B0%5D=data.customer',
  ],
  ['deepObject scalar', { style: 'deepObject' }, 'x', '/?color=x'],
  ['a style of lists with a scalar', { style: 'pipeDelimited', explode: false }, 'x', '/?color=x'],
  ['nested values as JSON', { explode: false }, [{ a: 1 }], '/?color=%7B%22a%22%3A1%7D'],
  ['nulls left out of a list', { explode: false }, ['a', null, 'b'], '/?color=a,b'],
  ['nulls left out of an object', {}, { a: null, b: 1 }, '/?b=1'],
  ['no null', {}, null, '/'],
  ['no empty array', {}, [], '/'],
  ['no empty array, joined', { explode: false }, [], '/'],
  ['no empty object', {}, {}, '/'],
  ['no list of nulls', { explode: false }, [null], '/'],
  ['booleans', {}, [true, false], '/?color=true&color=false'],
  ['delimiters of a text escaped', { explode: false }, ['a,b', 'c&d'], '/?color=a%2Cb,c%26d'],
  ['non-ASCII', {}, 'Grüße 日本', '/?color=Gr%C3%BC%C3%9Fe%20%E6%97%A5%E6%9C%AC'],
  ['a name that needs escaping', { name: 'filter[a b]' }, 1, '/?filter%5Ba%20b%5D=1'],
  ['allowReserved', { allowReserved: true }, "/a:b?c@d!$'()*,;=", "/?color=/a:b?c@d!$'()*,;="],
  [
    'allowReserved, but nothing that ends the value',
    { allowReserved: true },
    'a&b+c#d[e]',
    '/?color=a%26b%2Bc%23d%5Be%5D',
  ],
  ['allowReserved with triplets', { allowReserved: true }, '%41%zz', '/?color=%41%25zz'],
  [
    'content JSON',
    { contentType: 'application/json' },
    { a: [1] },
    '/?color=%7B%22a%22%3A%5B1%5D%7D',
  ],
  ['content text', { contentType: 'text/plain' }, 'a b', '/?color=a%20b'],
  [
    'querystring form',
    { in: 'querystring', contentType: 'application/x-www-form-urlencoded' },
    { foo: 'a + b', bar: true },
    '/?foo=a+%2B+b&bar=true',
  ],
  [
    'querystring JSON',
    { in: 'querystring', contentType: 'application/json' },
    { numbers: [1, 2], flag: null },
    '/?%7B%22numbers%22%3A%5B1%2C2%5D%2C%22flag%22%3Anull%7D',
  ],
  [
    'querystring JSONPath',
    { in: 'querystring', contentType: 'application/jsonpath' },
    '$.a',
    '/?%24.a',
  ],
]

const headerRows: readonly Row[] = [
  ['string', {}, 'blue', 'blue'],
  ['array', {}, array, 'blue,black,brown'],
  ['object', { explode: false }, object, 'R,100,G,200,B,150'],
  ['object, exploded', { explode: true }, object, 'R=100,G=200,B=150'],
  ['nothing escaped', {}, 'a%2C b;c="d"', 'a%2C b;c="d"'],
  ['JSON in ASCII', { contentType: 'application/json' }, { ä: 1 }, '{"\\u00e4":1}'],
]

const cookieRows: readonly Row[] = [
  ['form string', { explode: false }, 'a;b c', 'color=a%3Bb%20c'],
  ['form array', { explode: false }, array, 'color=blue,black,brown'],
  ['form array, exploded', { explode: true }, array, 'color=blue&color=black&color=brown'],
  ['cookie string', { style: 'cookie' }, 'a%20b', 'color=a%20b'],
  ['cookie array', { style: 'cookie', explode: false }, array, 'color=blue,black,brown'],
  ['cookie array, exploded', { style: 'cookie' }, array, 'color=blue; color=black; color=brown'],
  ['cookie object, exploded', { style: 'cookie' }, object, 'R=100; G=200; B=150'],
  ['JSON', { contentType: 'application/json' }, { a: 1 }, 'color=%7B%22a%22%3A1%7D'],
]

describe('OpenAPI 3.2 §4.12.2.2: a path parameter is written as', () => {
  test.each(pathRows)('%s', (_, parts, value, expected) => {
    expect(sendOne({ in: 'path', ...parts }, value).target).toBe(expected)
  })
})

describe('case 144: a query parameter is written as', () => {
  test.each(queryRows)('%s', (_, parts, value, expected) => {
    expect(sendOne(parts, value).target).toBe(expected)
  })
})

describe('a header parameter is written as', () => {
  test.each(headerRows)('%s', (_, parts, value, expected) => {
    const request = sendOne({ in: 'header', name: 'X-Color', style: 'simple', ...parts }, value)
    expect(header(request, 'x-color')).toBe(expected)
  })
})

describe('a cookie parameter is written as', () => {
  test.each(cookieRows)('%s', (_, parts, value, expected) => {
    expect(sendOne({ in: 'cookie', ...parts }, value).cookie).toBe(expected)
  })
})

test('numbers go out digit for digit', () => {
  const exact = parseJson('[12345678901234567890, 0.10000000000000000001, 1]')
  const expected = '/?color=12345678901234567890,0.10000000000000000001,1'
  expect(sendOne({ explode: false }, exact).target).toBe(expected)
})

test('what the path of the document carries after its question mark comes first', () => {
  const request = send({ fixedQuery: 'action=list&v', parameters: [], body: null }, {})
  expect(request.target).toBe('/things?action=list&v')
})

describe('reliability.md cases 136–142: a hostile value is refused before anything is sent', () => {
  const path = { in: 'path', style: 'simple', explode: false } as const
  const spread = { ...path, allowReserved: true }
  test.each<[string, Partial<MappedParameter>, JsonValue]>([
    ['..', path, '..'],
    ['.', path, '.'],
    ['an empty text', path, ''],
    ['an empty list', path, []],
    ['null', path, null],
    ['a label that makes ..', { ...path, style: 'label' }, '.'],
    ['an empty label', { ...path, style: 'label' }, ''],
    ['a way up, slashes allowed', spread, 'a/../b'],
    ['a way up at the end', spread, 'a/..'],
    ['an empty segment', spread, 'a//b'],
    ['a leading slash', spread, '/a'],
    ['a space in a space-delimited list', { style: 'spaceDelimited', explode: false }, ['a b']],
    ['a pipe in a pipe-delimited list', { style: 'pipeDelimited', explode: false }, ['a|b', 'c']],
    ['a bracket in a deepObject key', { style: 'deepObject' }, { 'a][b': 1 }],
  ])('%s', (_, parts, value) => {
    refusal('invalid_argument', () => sendOne(parts, value))
  })

  test.each<[string, Partial<MappedParameter>, JsonValue]>([
    ['CR and LF in a header', {}, 'a\r\nX-Admin: 1'],
    ['NUL in a header', {}, 'a\u0000'],
    ['non-ASCII in a header', {}, 'ä'],
    ['spaces around a header', {}, ' a'],
    ['a comma in a header list', {}, ['a,b']],
    ['a semicolon in a cookie', { in: 'cookie', style: 'cookie' }, 'a; admin=1'],
    ['CR and LF in a cookie', { in: 'cookie', style: 'cookie' }, 'a\r\nb'],
    ['a comma in a cookie list', { in: 'cookie', style: 'cookie', explode: false }, ['a,b']],
  ])('case 142: %s', (_, parts, value) => {
    const base = { in: 'header', name: 'X-A', style: 'simple' } as const
    refusal('invalid_header_value', () => sendOne({ ...base, ...parts }, value))
  })

  test.each([
    ['a/b', '/a%2Fb'],
    ['%2e%2e', '/%252e%252e'],
    ['%2f', '/%252f'],
    ['..;', '/..%3B'],
    ['a?b#c', '/a%3Fb%23c'],
    ['..\\..', '/..%5C..'],
  ])('case 137: %s stays in its segment', (value, expected) => {
    expect(sendOne(path, value).target).toBe(expected)
  })

  test.each([
    ['docs/a b/c?d#e', '/docs/a%20b/c%3Fd%23e'],
    ['a/%2e%2e/b', '/a/%252e%252e/b'],
    ['..%2f', '/..%252f'],
  ])('slashes alone are raw where the document allows them: %s', (value, expected) => {
    expect(sendOne(spread, value).target).toBe(expected)
  })

  test('a target above 16 KiB', () => {
    refusal('request_too_large', () => sendOne({}, 'a'.repeat(17_000)))
    refusal('request_too_large', () => sendOne({}, Array(9_000).fill('a')))
  })

  test('headers above 16 KiB', () => {
    const parts = { in: 'header', name: 'X-A', style: 'simple' } as const
    refusal('request_too_large', () => sendOne(parts, 'a'.repeat(17_000)))
  })
})

describe('Swagger 2.0: collectionFormat outside of a query', () => {
  const list = ['a-b', 'c']

  test.each([
    ['spaceDelimited', '/a-b%20c', 'a-b c'],
    ['pipeDelimited', '/a-b%7Cc', 'a-b|c'],
    ['tabDelimited', '/a-b%09c', null],
  ] as const)('%s writes the items alone', (style, target, text) => {
    expect(sendOne({ in: 'path', style, explode: false }, list).target).toBe(target)
    if (text === null) return
    expect(header(sendOne({ in: 'header', style, explode: false }, list), 'color')).toBe(text)
  })

  test('an item must not hold what parts the list, and may hold a comma', () => {
    const one = { in: 'header', style: 'pipeDelimited', explode: false } as const
    refusal('invalid_argument', () => sendOne(one, ['a|b']))
    expect(header(sendOne(one, ['a,b', 'c']), 'color')).toBe('a,b|c')
    const path = { in: 'path', style: 'spaceDelimited', explode: false } as const
    refusal('invalid_argument', () => sendOne(path, ['a b']))
  })
})
