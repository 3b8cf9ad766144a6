import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { read } from './response_fixture.ts'

const json = 'application/json'
const textOf = (text: string) => [{ type: 'text', text }]

describe('JSON goes through as it was received', () => {
  test.each([
    json,
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
    'text/json',
    'application/problem+json',
    'application/vnd.api+json; ext="x;y"',
  ])('of type %s', (type) => {
    const text = '{ "a" : [1, 2.50, "ü\\u0000"],\n"b":null }\n'
    expect(read(text, { type })).toEqual({
      kind: 'json',
      content: textOf(text) as never,
      structuredText: text,
      flaw: null,
    })
  })

  test('an integer beyond 2^53 keeps every digit', () => {
    const text = '{"id":9007199254740993,"amount":0.10000000000000000001}'
    expect(read(text, { type: json }).structuredText).toBe(text)
  })

  test.each(['true', '"text"', '-0', '[]', '{}', ' 1e3 ', '"1e999"', '{"1e400":1}'])(
    'any JSON value is structured: %s',
    (text) => {
      expect(read(text, { type: json }).structuredText).toBe(text)
    },
  )
})

describe('case 191: what is not quite JSON is text, and says so', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
  const table: Record<string, [string | Uint8Array, string, string]> = {
    'broken off': ['{"a":', '{"a":', 'invalid_json'],
    'two values': ['{}{}', '{}{}', 'invalid_json'],
    'single quotes': ["{'a':1}", "{'a':1}", 'invalid_json'],
    'a trailing comma': ['[1,]', '[1,]', 'invalid_json'],
    NaN: ['{"a":NaN}', '{"a":NaN}', 'invalid_json'],
    'a number that overflows': ['{"a":1e400}', '{"a":1e400}', 'invalid_json'],
    'one that overflows below': ['{"a":-1E+400}', '{"a":-1E+400}', 'invalid_json'],
    'one of 400 digits': [`[${'9'.repeat(400)}]`, `[${'9'.repeat(400)}]`, 'invalid_json'],
    'nested 65 deep': [nested(65), nested(65), 'invalid_json'],
    'nested half a million deep': [nested(500_000), nested(500_000), 'invalid_json'],
    HTML: ['<html>', '<html>', 'invalid_json'],
    'a byte order mark': ['\ufeff{"a":1}', '{"a":1}', 'byte_order_mark'],
    'an invalid byte': [Buffer.from('{"a":"\xff"}', 'latin1'), '{"a":"\ufffd"}', 'invalid_bytes'],
    'a surrogate in UTF-8': [
      Buffer.from('22eda08022', 'hex'),
      '"\ufffd\ufffd\ufffd"',
      'invalid_bytes',
    ],
  }
  for (const [name, [body, text, flaw]] of Object.entries(table)) {
    test(name, () => {
      const output = read(body, { type: json })
      expect(output).toEqual({
        kind: 'text',
        content: textOf(text) as never,
        structuredText: null,
        flaw: flaw as never,
      })
    })
  }

  test('nested 64 deep is fine, also behind brackets within strings', () => {
    for (const text of [nested(64), `["${'['.repeat(500)}\\"${'['.repeat(500)}"]`]) {
      expect(read(text, { type: json }).structuredText).toBe(text)
    }
  })

  test('a U+FFFD that was sent as such is no invalid byte', () => {
    expect(read('{"a":"\ufffd"}', { type: json }).flaw).toBeNull()
  })

  test('whatever is structured parses, and whatever JSON.stringify writes is structured', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.jsonValue().map((v) => JSON.stringify(v)),
        ),
        (text) => {
          const { structuredText } = read(text, { type: json })
          const parses = (() => {
            try {
              JSON.parse(text)
              return true
            } catch {
              return false
            }
          })()
          if (structuredText !== null) expect(parses).toBe(true)
          else if (text !== '') expect(parses).toBe(false)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('text', () => {
  test.each([
    'text/plain',
    'text/html; charset=utf-8',
    'text/csv',
    'application/xml',
    'application/atom+xml',
    'application/yaml',
    'application/x-ndjson',
    'image/svg+xml',
  ])('of type %s goes through as received', (type) => {
    const text = 'a\r\n\tb \u0000 ü'
    expect(read(text, { type })).toMatchObject({
      kind: 'text',
      content: textOf(text),
      flaw: null,
    } as object)
  })

  test.each([
    ['iso-8859-1', Buffer.from('caf\xe9', 'latin1')],
    ['windows-1252', Buffer.from('caf\xe9', 'latin1')],
    ['utf-16le', Buffer.from('café', 'utf16le')],
    ['utf-16be', Buffer.from('café', 'utf16le').swap16()],
    ['UTF-8', Buffer.from('café')],
  ])('in %s', (charset, body) => {
    const output = read(body, { type: `text/plain; charset=${charset}` })
    expect(output).toMatchObject({ content: textOf('café'), flaw: null } as object)
  })

  test('in an unknown or wrong charset is read as UTF-8, and says so', () => {
    const unknown = read('abc', { type: 'text/plain; charset=klingon' })
    expect(unknown).toMatchObject({ content: textOf('abc'), flaw: 'unknown_charset' } as object)
    const wrong = read(Buffer.from('caf\xe9', 'latin1'), { type: 'text/plain' })
    expect(wrong).toMatchObject({ content: textOf('caf\ufffd'), flaw: 'invalid_bytes' } as object)
  })

  test('without a type is text if it looks like it, else bytes', () => {
    expect(read('just text\n')).toMatchObject({ kind: 'text' })
    expect(read('{"a":1}', { type: 'nonsense' })).toMatchObject({
      kind: 'text',
      structuredText: null,
    })
    for (const body of [Buffer.from([0xff, 0xfe, 0x00]), Buffer.from('a\u0001b')]) {
      expect(read(body).content[0]).toMatchObject({
        type: 'resource',
        resource: { mimeType: 'application/octet-stream' },
      })
    }
  })
})

test('case 189: an empty answer is said to be empty', () => {
  expect(read('', { status: 204 }).content).toEqual(textOf('(empty response, HTTP 204)') as never)
  expect(read('', { status: 200, type: json }).content).toEqual(
    textOf('(empty response, HTTP 200)') as never,
  )
})

const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')

describe('case 193: images, audio and other bytes', () => {
  const images: Record<string, Buffer> = {
    'image/png': png,
    'image/jpeg': Buffer.from('ffd8ffe000104a464946', 'hex'),
    'image/gif': Buffer.from('GIF89a..'),
    'image/webp': Buffer.from('RIFF\0\0\0\0WEBPVP8 ', 'latin1'),
    'image/avif': Buffer.from('whatever'),
  }
  for (const [mimeType, bytes] of Object.entries(images)) {
    test(`${mimeType} is an image`, () => {
      const output = read(bytes, { type: `${mimeType}; q=1` })
      const data = bytes.toString('base64')
      expect(output).toEqual({
        kind: 'image',
        content: [{ type: 'image', data, mimeType }],
        structuredText: null,
        flaw: null,
      })
    })
  }

  test.each(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])(
    '%s that does not begin like one is bytes',
    (type) => {
      const body = Buffer.from('<script>alert(1)</script>')
      expect(read(body, { type })).toMatchObject({
        kind: 'resource',
        content: [
          {
            type: 'resource',
            resource: {
              uri: 'gatehouse://runs/run-1/body',
              mimeType: type,
              blob: body.toString('base64'),
            },
          },
        ],
      } as object)
    },
  )

  test('audio is audio', () => {
    expect(read(Buffer.from('RIFF'), { type: 'audio/wav' }).content).toEqual([
      { type: 'audio', data: 'UklGRg==', mimeType: 'audio/wav' },
    ])
  })

  test('anything else is an embedded resource', () => {
    expect(read(Buffer.from('%PDF-1.4'), { type: 'application/pdf' }).content).toEqual([
      {
        type: 'resource',
        resource: {
          uri: 'gatehouse://runs/run-1/body',
          mimeType: 'application/pdf',
          blob: 'JVBERi0xLjQ=',
        },
      },
    ])
  })
})

describe('multipart/mixed', () => {
  const part = (headers: readonly string[], body: string | Uint8Array) =>
    Buffer.concat([
      Buffer.from(`--b1\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`),
      Buffer.from(body as string),
      Buffer.from('\r\n'),
    ])
  const end = Buffer.from('--b1--\r\n')
  const type = 'multipart/mixed; boundary=b1'

  test('is one block per part, in order', () => {
    const body = Buffer.concat([
      Buffer.from('preamble\r\n'),
      part(['Content-Type: text/plain'], 'hello\r\n'),
      part(['content-type: image/png'], png),
      part(['Content-Type: text/markdown', 'Content-Location: /reports/1.md'], '# One'),
      part(['Content-Type: application/pdf'], '%PDF'),
      part(['Content-Type: application/json', 'Content-Location: https://x.example/1'], '{}'),
      part([], 'no type'),
      end,
      Buffer.from('epilogue'),
    ])
    const output = read(body, { type })
    expect(output).toMatchObject({ kind: 'mixed', structuredText: null, flaw: null })
    expect(output.content).toEqual([
      { type: 'text', text: 'hello\r\n' },
      { type: 'image', data: png.toString('base64'), mimeType: 'image/png' },
      {
        type: 'resource',
        resource: {
          uri: 'gatehouse://runs/run-1/reports/1.md',
          mimeType: 'text/markdown',
          text: '# One',
        },
      },
      {
        type: 'resource',
        resource: {
          uri: 'gatehouse://runs/run-1/parts/4',
          mimeType: 'application/pdf',
          blob: 'JVBERg==',
        },
      },
      {
        type: 'resource',
        resource: { uri: 'https://x.example/1', mimeType: 'application/json', text: '{}' },
      },
      { type: 'text', text: 'no type' },
    ])
  })

  const text = part(['Content-Type: text/plain'], 'x')
  const malformed: Record<string, [Buffer, string]> = {
    'without its end': [text, type],
    'without a part': [end, type],
    'with seventeen parts': [Buffer.concat([...Array<Buffer>(17).fill(text), end]), type],
    'with bare line feeds': [Buffer.from('--b1\ncontent-type: text/plain\n\nx\n--b1--\n'), type],
    'with a part that has no blank line': [Buffer.from('--b1\r\nx\r\n--b1--\r\n'), type],
    'with a malformed header': [Buffer.from('--b1\r\nno colon\r\n\r\nx\r\n--b1--\r\n'), type],
    'with another boundary': [Buffer.concat([text, end]), 'multipart/mixed; boundary=b2'],
    'without a boundary': [Buffer.concat([text, end]), 'multipart/mixed'],
    'with a boundary that is none': [Buffer.concat([text, end]), 'multipart/mixed; boundary="b1 "'],
  }
  for (const [name, [body, mime]] of Object.entries(malformed)) {
    test(`${name} is one resource`, () => {
      const { content } = read(body, { type: mime })
      expect(content).toHaveLength(1)
      expect(content[0]).toMatchObject({
        type: 'resource',
        resource: { mimeType: 'multipart/mixed', blob: body.toString('base64') },
      })
    })
  }

  test('sixteen parts are fine, and a boundary line within a part splits nothing else', () => {
    const many = Buffer.concat([...Array<Buffer>(16).fill(text), end])
    expect(read(many, { type }).content).toHaveLength(16)
    const inner = Buffer.concat([part(['content-type: text/plain'], 'a --b1 b\r\n--b'), end])
    expect(read(inner, { type }).content).toEqual(textOf('a --b1 b\r\n--b') as never)
  })

  test('any bytes at all are read or kept as they are, never a crash', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('--b1', '--', '\r\n', 'a: b', 'x', ':', '\n'), { maxLength: 20 }),
        (bits) => {
          const body = bits.join('')
          expect(read(body, { type }).content.length).toBeWithin(1, 17)
        },
      ),
      { numRuns: 500 },
    )
  })
})
