import { describe, expect, test } from 'bun:test'
import { readArrived } from './reference/arrived_request.ts'
import { differencesFromAny } from './reference/compare_request.ts'
import { readGraph } from './reference/document_graph.ts'
import { expectedRequests } from './reference/expected_request.ts'
import type { WireBody, WireOperation, WireParameter } from './reference/wire_operations.ts'
import { FileValue } from './values.ts'

const graph = readGraph({
  name: 'none',
  files: new Map([['none.json', '{"openapi":"3.1.0"}']]),
  entry: 'none.json',
})

const nowhere = { file: '', path: [], value: {} }

interface Styled {
  readonly in: WireParameter['in']
  readonly style: string
  readonly explode: boolean
  readonly value: unknown
  /** As OpenAPI 3.1 §4.8.12.4 and RFC 6570 §3.2 print it. */
  readonly wire: string
}

const array = ['blue', 'black', 'brown']
const object = { R: 100, G: 200, B: 150 }

/** The table of the specification. */
const table: readonly Styled[] = [
  { in: 'path', style: 'matrix', explode: false, value: 'blue', wire: ';color=blue' },
  { in: 'path', style: 'matrix', explode: false, value: array, wire: ';color=blue,black,brown' },
  { in: 'path', style: 'matrix', explode: false, value: object, wire: ';color=R,100,G,200,B,150' },
  {
    in: 'path',
    style: 'matrix',
    explode: true,
    value: array,
    wire: ';color=blue;color=black;color=brown',
  },
  { in: 'path', style: 'matrix', explode: true, value: object, wire: ';R=100;G=200;B=150' },
  { in: 'path', style: 'label', explode: false, value: 'blue', wire: '.blue' },
  { in: 'path', style: 'label', explode: false, value: array, wire: '.blue,black,brown' },
  { in: 'path', style: 'label', explode: false, value: object, wire: '.R,100,G,200,B,150' },
  { in: 'path', style: 'label', explode: true, value: array, wire: '.blue.black.brown' },
  { in: 'path', style: 'label', explode: true, value: object, wire: '.R=100.G=200.B=150' },
  { in: 'path', style: 'simple', explode: false, value: array, wire: 'blue,black,brown' },
  { in: 'path', style: 'simple', explode: false, value: object, wire: 'R,100,G,200,B,150' },
  { in: 'path', style: 'simple', explode: true, value: object, wire: 'R=100,G=200,B=150' },
  { in: 'query', style: 'form', explode: false, value: '', wire: 'color=' },
  { in: 'query', style: 'form', explode: false, value: array, wire: 'color=blue,black,brown' },
  { in: 'query', style: 'form', explode: false, value: object, wire: 'color=R,100,G,200,B,150' },
  {
    in: 'query',
    style: 'form',
    explode: true,
    value: array,
    wire: 'color=blue&color=black&color=brown',
  },
  { in: 'query', style: 'form', explode: true, value: object, wire: 'R=100&G=200&B=150' },
  {
    in: 'query',
    style: 'spaceDelimited',
    explode: false,
    value: array,
    wire: 'color=blue%20black%20brown',
  },
  {
    in: 'query',
    style: 'pipeDelimited',
    explode: false,
    value: array,
    wire: 'color=blue%7Cblack%7Cbrown',
  },
  {
    in: 'query',
    style: 'deepObject',
    explode: true,
    value: object,
    wire: 'color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150',
  },
]

const operationOf = (
  parameters: readonly WireParameter[],
  body: WireBody | null = null,
): WireOperation => ({
  key: 'GET /c/{color}',
  method: 'GET',
  path: parameters[0]?.in === 'path' ? '/c/{color}' : '/c',
  parameters,
  body,
})

const parameterOf = ({ in: place, style, explode }: Styled): WireParameter => ({
  in: place,
  name: 'color',
  required: true,
  style,
  explode,
  allowReserved: false,
  contentType: null,
  schema: nowhere,
})

const chosenOf = (parameters: Map<WireParameter, unknown>, body?: unknown) => ({
  parameters,
  body,
  lack: null,
  isAmbiguous: false,
})

const arrivedOf = (target: string, lines: readonly string[] = [], body = '') =>
  readArrived(
    `GET ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`,
    Buffer.from(body, 'latin1'),
  )

function differencesOf(styled: Styled, wire: string): string[] {
  const parameter = parameterOf(styled)
  const chosen = chosenOf(new Map([[parameter, styled.value]]))
  const target = styled.in === 'path' ? `/c/${wire}` : `/c?${wire}`
  return differencesFromAny(
    expectedRequests(graph, operationOf([parameter]), chosen),
    arrivedOf(target),
  )
}

describe('the judge of requests', () => {
  test.each(table)('takes $wire', (styled) => {
    expect(differencesOf(styled, styled.wire)).toEqual([])
  })

  test.each(table)('of all the ways to write it, takes no other than $wire', (styled) => {
    const others = table.filter((one) => one.in === styled.in && one.wire !== styled.wire)
    for (const other of others) {
      const isSameValue = JSON.stringify(other.value) === JSON.stringify(styled.value)
      if (isSameValue) expect(differencesOf(styled, other.wire)).not.toEqual([])
    }
  })

  const text: Styled = { in: 'query', style: 'form', explode: true, value: 'a b&c+d', wire: '' }

  test.each([
    ['color=a%20b%26c%2Bd', true],
    ['color=a+b%26c%2Bd', false],
    ['color=a%20b%26c+d', false],
    ['color=a%20b&c%2Bd', false],
    ['color=a%2520b%26c%2Bd', false],
    ['Color=a%20b%26c%2Bd', false],
    ['color=a%20b%26c%2Bd&more=1', false],
    ['', false],
  ])('of a text with reserved characters: %s is %p', (wire, isRight) => {
    expect(differencesOf(text, wire).length === 0).toBe(isRight)
  })

  test('a delimiter within an item is not one between items', () => {
    const styled: Styled = {
      in: 'query',
      style: 'form',
      explode: false,
      value: ['a,b', 'c'],
      wire: '',
    }
    expect(differencesOf(styled, 'color=a%2Cb,c')).toEqual([])
    expect(differencesOf(styled, 'color=a,b,c')).not.toEqual([])
  })

  test('headers and cookies that were not asked for are differences', () => {
    const [expected] = [expectedRequests(graph, operationOf([]), chosenOf(new Map()))]
    expect(
      differencesFromAny(expected, arrivedOf('/c', ['Host: x', 'X-Tengine-Timestamp: 1'])),
    ).toEqual([])
    expect(differencesFromAny(expected, arrivedOf('/c', ['X-Other: 1']))).not.toEqual([])
    expect(differencesFromAny(expected, arrivedOf('/c', ['Cookie: a=1']))).not.toEqual([])
    expect(differencesFromAny(expected, arrivedOf('/c', [], 'body'))).not.toEqual([])
  })

  const parts: WireBody = {
    required: true,
    contentType: 'multipart/form-data',
    kind: 'multipart',
    schema: nowhere,
    encoding: { picture: { contentType: 'image/png' } },
    hasPartStyles: true,
  }

  const picture = new FileValue({
    bytes: Buffer.from([137, 80, 0, 255]),
    form: 'base64',
    filename: 'a.png',
    contentType: 'image/png',
  })

  const multipart = (disposition: string, type: string, bytes: string) =>
    `--b\r\nContent-Disposition: form-data; ${disposition}\r\nContent-Type: ${type}\r\n\r\n${bytes}\r\n` +
    `--b\r\nContent-Disposition: form-data; name="meta"\r\nContent-Type: application/json\r\n\r\n{"a": 1}\r\n--b--\r\n`

  test.each([
    ['as it is', 'name="picture"; filename="a.png"', 'image/png', '\x89P\x00\xff', true],
    ['as base64', 'name="picture"; filename="a.png"', 'image/png', 'iVAA/w==', false],
    ['of another type', 'name="picture"; filename="a.png"', 'text/plain', '\x89P\x00\xff', false],
    ['without a filename', 'name="picture"', 'image/png', '\x89P\x00\xff', false],
    ['under another name', 'name="other"; filename="a.png"', 'image/png', '\x89P\x00\xff', false],
  ])('a file in a part, %s: %#', (_how, disposition, type, bytes, isRight) => {
    const operation = operationOf([], parts)
    const expected = expectedRequests(
      graph,
      operation,
      chosenOf(new Map(), { picture, meta: { a: 1 } }),
    )
    const lines = ['Content-Type: multipart/form-data; boundary=b']
    const arrived = arrivedOf('/c', lines, multipart(disposition, type, bytes))
    expect(differencesFromAny(expected, arrived).length === 0).toBe(isRight)
  })

  test('a number in a JSON body is none in quotes', () => {
    const body: WireBody = { ...parts, kind: 'json', contentType: 'application/json', encoding: {} }
    const expected = expectedRequests(
      graph,
      operationOf([], body),
      chosenOf(new Map(), { a: 1, b: null }),
    )
    const lines = ['Content-Type: application/json']
    expect(differencesFromAny(expected, arrivedOf('/c', lines, '{"b":null, "a":1.0}'))).toEqual([])
    expect(differencesFromAny(expected, arrivedOf('/c', lines, '{"b":null,"a":"1"}'))).not.toEqual(
      [],
    )
    expect(differencesFromAny(expected, arrivedOf('/c', lines, '{"a":1}'))).not.toEqual([])
    expect(differencesFromAny(expected, arrivedOf('/c', [], '{"b":null,"a":1}'))).not.toEqual([])
  })

  test.each([
    ['<pet id="7"><tags><tag>a</tag><tag>b &lt;</tag></tags></pet>', true],
    [
      '<?xml version="1.0"?>\n<pet id="7">\n <tags><tag>a</tag><tag>b &#60;</tag></tags>\n</pet>',
      true,
    ],
    ['<pet><id>7</id><tags><tag>a</tag><tag>b &lt;</tag></tags></pet>', false],
    ['<pet id="7"><tag>a</tag><tag>b &lt;</tag></pet>', false],
    ['<pet id="7"><tags><tag>b &lt;</tag><tag>a</tag></tags></pet>', false],
    ['<pet id="7"><tags><tag>a</tag><tag>b <</tag></tags></pet>', false],
    ['<dog id="7"><tags><tag>a</tag><tag>b &lt;</tag></tags></dog>', false],
  ])('XML: %s is %p', (text, isRight) => {
    const value = {
      type: 'object',
      xml: { name: 'pet' },
      properties: {
        id: { type: 'integer', xml: { attribute: true } },
        tags: { type: 'array', xml: { wrapped: true }, items: { xml: { name: 'tag' } } },
      },
    }
    const schema = { file: 'none.json', path: [], value }
    const body: WireBody = { ...parts, kind: 'xml', contentType: 'application/xml', schema }
    const chosen = chosenOf(new Map(), { id: 7, tags: ['a', 'b <'] })
    const expected = expectedRequests(graph, operationOf([], body), chosen)
    const arrived = arrivedOf('/c', ['Content-Type: application/xml'], text)
    expect(differencesFromAny(expected, arrived).length === 0).toBe(isRight)
  })
})
