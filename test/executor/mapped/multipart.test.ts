import { describe, expect, test } from 'bun:test'
import type { JsonValue } from '../../../src/lib/json.ts'
import type { PartEncoding } from '../../../src/model/request_map.ts'
import { header, refusal } from '../request_fixture.ts'
import { encoding, sendBody } from './mapped_fixture.ts'

const file = encoding({ isFile: true })

function parts(value: JsonValue, encodings: Record<string, PartEncoding> = {}, type = 'form-data') {
  const contentType = `multipart/${type}`
  const request = sendBody({ kind: 'multipart', contentType, encoding: encodings }, value)
  const boundary = /boundary=([\w-]+)$/.exec(header(request, 'content-type') ?? '')?.[1] ?? ''
  const text = Buffer.from(request.body ?? []).toString('latin1')
  expect(text.endsWith(`--${boundary}--\r\n`)).toBe(true)
  return text
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => part.slice(2, -2))
}

const disposition = 'Content-Disposition: form-data; name='

describe('RFC 7578: a multipart body has', () => {
  test.each<[string, JsonValue, Record<string, PartEncoding>, string[]]>([
    [
      'a plain part for a scalar',
      { a: 'x', b: 1, c: null },
      {},
      [`${disposition}"a"\r\n\r\nx`, `${disposition}"b"\r\n\r\n1`],
    ],
    [
      'JSON for an object',
      { a: { b: 1 } },
      {},
      [`${disposition}"a"\r\nContent-Type: application/json\r\n\r\n{"b":1}`],
    ],
    [
      'a part for each member of an object in style form',
      { a: 'auto', b: { c: 1, d: 'x' } },
      { a: encoding(), b: encoding() },
      [`${disposition}"a"\r\n\r\nauto`, `${disposition}"c"\r\n\r\n1`, `${disposition}"d"\r\n\r\nx`],
    ],
    [
      'a part for each item',
      { a: [1, 2] },
      {},
      [`${disposition}"a"\r\n\r\n1`, `${disposition}"a"\r\n\r\n2`],
    ],
    [
      'the type and headers that the document gives',
      { a: '<x/>' },
      {
        a: encoding({
          contentType: 'application/xml',
          headers: { 'X-Custom': '1', 'Content-Type': 'evil' },
        }),
      },
      [`${disposition}"a"\r\nContent-Type: application/xml\r\nX-Custom: 1\r\n\r\n<x/>`],
    ],
    [
      'deepObject where the document says so',
      { a: { b: 'x&y=z', c: 'ü' } },
      { a: encoding({ style: 'deepObject' }) },
      [
        `${disposition}"a[b]"\r\n\r\nx&y=z`,
        `${disposition}"a[c]"\r\n\r\n${Buffer.from('ü').toString('latin1')}`,
      ],
    ],
    [
      'a joined list',
      { a: [1, 2] },
      { a: encoding({ explode: false }) },
      [`${disposition}"a"\r\n\r\n1,2`],
    ],
    [
      'a file of its own name and type',
      { f: { base64: '/wA=', filename: 'a.png', content_type: 'image/png' } },
      { f: file },
      [`${disposition}"f"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n\xff\0`],
    ],
    [
      'a file from text',
      { f: 'hi' },
      { f: file },
      [`${disposition}"f"; filename="file"\r\nContent-Type: application/octet-stream\r\n\r\nhi`],
    ],
    [
      'several files',
      { f: ['data:text/plain,a', { text: 'b' }] },
      { f: encoding({ isFile: true, contentType: 'image/*, image/gif' }) },
      [
        `${disposition}"f"; filename="file"\r\nContent-Type: text/plain\r\n\r\na`,
        `${disposition}"f"; filename="file"\r\nContent-Type: image/gif\r\n\r\nb`,
      ],
    ],
    ['nothing', {}, {}, []],
  ])('%s', (_, value, encodings, expected) => {
    expect(parts(value, encodings)).toEqual(expected)
  })

  test('case 146: names and file names that end neither quotes nor line', () => {
    const name = 'a"\r\nX-Admin: 1'
    expect(parts({ [name]: 'x' })).toEqual([`${disposition}"a%22%0D%0AX-Admin: 1"\r\n\r\nx`])
    const given = { text: 'x', filename: '..\\../a"; name="b' }
    expect(parts({ f: given }, { f: file })[0]).toContain('filename="a%22; name=%22b"')
    refusal('invalid_arguments', () => parts({ f: { text: 'x', filename: 'a\r\n' } }, { f: file }))
  })

  test('parts without names in another multipart type', () => {
    expect(parts(['a', { b: 1 }], {}, 'mixed')).toEqual([
      'Content-Type: text/plain; charset=utf-8\r\n\r\na',
      'Content-Type: application/json\r\n\r\n{"b":1}',
    ])
  })
})

test('case 146: the same arguments give the same boundary, and content never holds it', () => {
  const multipart = (value: JsonValue) =>
    sendBody({ kind: 'multipart', contentType: 'multipart/form-data' }, value)
  const first = multipart({ a: 'x' })
  expect(multipart({ a: 'x' })).toEqual(first)
  const boundary = /boundary=(.*)/.exec(header(first, 'content-type') ?? '')?.[1] ?? ''
  expect(parts({ a: `x\r\n--${boundary}\r\nevil` })).toHaveLength(1)
})

test('files are checked by the rules of the document, and named as the model knows them', () => {
  const map = {
    schema: {
      type: 'object',
      properties: {
        body: {
          type: 'object',
          required: ['file[]'],
          properties: { 'file[]': { type: 'string', format: 'binary', maxLength: 2 } },
        },
      },
    },
    aliases: { file: 'file[]' },
  }
  const parts = {
    kind: 'multipart',
    contentType: 'multipart/form-data',
    encoding: { 'file[]': file },
  } as const
  const sent = sendBody(parts, { file: { base64: '//8=' } }, map)
  expect(Buffer.from(sent.body ?? []).toString('latin1')).toContain(
    'name="file[]"; filename="file"',
  )
  const long = refusal('invalid_arguments', () =>
    sendBody(parts, { file: { base64: '////' } }, map),
  )
  expect(long.errors[0]?.pointer).toBe('/body/file')
  const bad = refusal('invalid_arguments', () => sendBody(parts, { file: { base64: '!' } }, map))
  expect(bad.errors[0]?.pointer).toBe('/body/file/base64')
})

test('all files together are 10 MiB at most', () => {
  const half = { base64: Buffer.alloc(6 * 1024 * 1024).toString('base64') }
  const encodings = { a: file, b: file }
  const map = {
    kind: 'multipart',
    contentType: 'multipart/form-data',
    encoding: encodings,
  } as const
  refusal('request_too_large', () => sendBody(map, { a: half, b: half }))
})
