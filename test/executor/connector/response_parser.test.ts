import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { AppError } from '../../../src/errors.ts'
import {
  openResponseBody,
  type ResponseBody,
} from '../../../src/executor/connector/response_body.ts'
import { ResponseParser } from '../../../src/executor/connector/response_parser.ts'

interface Outcome {
  readonly status?: number
  readonly body?: string
  readonly isDone?: boolean
  readonly used?: number
  readonly contentType?: string | null
  readonly code?: string
}

const nobody = {
  pauseReading() {},
  resumeReading() {},
  bodyComplete() {},
  bodyFailed() {},
}

/** Feeds an answer in the given pieces, then the end of the connection. */
function parse(pieces: readonly Uint8Array[], maxBytes = 10_000): Outcome {
  let body: ResponseBody | null = null
  const parser = new ResponseParser({
    openBody(head) {
      body = openResponseBody(head, maxBytes, nobody)
      return body
    },
  })
  let used = 0
  try {
    for (const piece of pieces) {
      if (parser.isDone) break
      used += parser.push(Buffer.from(piece))
    }
    parser.end()
  } catch (error) {
    if (error instanceof AppError) return { code: error.code }
    throw error
  }
  const text = (body as ResponseBody | null)?.finish()?.view().toString('latin1')
  const { head } = parser
  return {
    status: head?.status ?? 0,
    body: text ?? '',
    isDone: parser.isDone,
    used,
    contentType: head?.headers.get('content-type') ?? null,
  }
}

const bytes = (text: string) => Buffer.from(text, 'latin1')
const whole = (text: string, maxBytes?: number) => parse([bytes(text)], maxBytes)
const drip = (text: string, maxBytes?: number) =>
  parse(
    Array.from(bytes(text), (byte) => Uint8Array.of(byte)),
    maxBytes,
  )

const ok = 'HTTP/1.1 200 OK\r\n'
const long = 'x'.repeat(70_000)

describe('an answer is read to its end and no further', () => {
  const table: Record<string, [string, Partial<Outcome>]> = {
    'of known length': [`${ok}Content-Length: 5\r\n\r\nhello`, { status: 200, body: 'hello' }],
    'of length zero': [`${ok}content-length: 0\r\n\r\n`, { body: '' }],
    'with leading zeros': [`${ok}content-length: 0005\r\n\r\nhello`, { body: 'hello' }],
    'with the same length twice': [
      `${ok}content-length: 5\r\nContent-Length: 5\r\n\r\nhello`,
      { body: 'hello' },
    ],
    'with spaces around the length': [
      `${ok}content-length: \t 5 \t\r\n\r\nhello`,
      { body: 'hello' },
    ],
    chunked: [`${ok}Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`, { body: 'hello' }],
    'chunked with extensions': [
      `${ok}transfer-encoding: chunked\r\n\r\n5 ;a=b;c\r\nhello\r\n00;x="y z"\r\n\r\n`,
      { body: 'hello' },
    ],
    'chunked with trailers': [
      `${ok}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nContent-Length: 99\r\nX: y\r\n\r\n`,
      { body: 'hello' },
    ],
    'chunked in capitals': [
      `${ok}transfer-encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n`,
      { body: '0123456789' },
    ],
    'until the connection closes': [`${ok}\r\nhello`, { body: 'hello' }],
    'of HTTP/1.0': ['HTTP/1.0 200 OK\r\n\r\nhello', { body: 'hello' }],
    'without a reason phrase': ['HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nhi', { body: 'hi' }],
    'with an empty reason phrase': ['HTTP/1.1 200 \r\ncontent-length: 2\r\n\r\nhi', { body: 'hi' }],
    'with bytes beyond ASCII in a value': [
      `${ok}x: \xfc\xff\r\ncontent-length: 2\r\n\r\nhi`,
      { body: 'hi' },
    ],
    'with an empty value': [`${ok}x:\r\ncontent-length: 2\r\n\r\nhi`, { body: 'hi' }],
    'case 189: 204 has no body': [
      'HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello',
      { status: 204, body: '' },
    ],
    'case 189: 304 has no body': [
      'HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      { status: 304, body: '' },
    ],
    'case 187: after interim answers': [
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${ok}content-length: 2\r\n\r\nhi`,
      { status: 200, body: 'hi' },
    ],
    'case 187: after a thousand of them': [
      `${'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(1_000)}${ok}content-length: 2\r\n\r\nhi`,
      { status: 200, body: 'hi' },
    ],
    'with 200 headers': [
      `${ok}${'x: y\r\n'.repeat(199)}content-length: 2\r\n\r\nhi`,
      { body: 'hi' },
    ],
    'with the first of two types': [
      `${ok}Content-Type: a/b\r\ncontent-type: c/d\r\ncontent-length: 2\r\n\r\nhi`,
      { contentType: 'a/b' },
    ],
  }
  for (const [name, [text, expected]] of Object.entries(table)) {
    test(name, () => {
      expect(whole(text)).toMatchObject({ isDone: true, ...expected })
      expect(drip(text)).toMatchObject({ isDone: true, ...expected })
    })
  }

  test('case 183: bytes after the end are not part of it', () => {
    for (const text of [
      `${ok}content-length: 5\r\n\r\nhello`,
      `${ok}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
      'HTTP/1.1 204 No Content\r\n\r\n',
    ]) {
      expect(whole(`${text}HTTP/1.1 200 OK\r\n\r\n`)).toMatchObject({ used: text.length })
    }
  })
})

describe('cases 184, 185, 188: an answer that is not HTTP/1.1 as RFC 9112 has it is an error', () => {
  const table: Record<string, string> = {
    'HTTP/0.9': '<html>hello</html>\r\n\r\n',
    'a garbage status line': 'HTTP/1.1 OK 200\r\n\r\n',
    'HTTP/2': 'HTTP/2 200\r\n\r\n',
    'HTTP/1.2': 'HTTP/1.2 200 OK\r\n\r\n',
    'lower case': 'http/1.1 200 OK\r\n\r\n',
    'two spaces before the status': 'HTTP/1.1  200 OK\r\n\r\n',
    'a status of two digits': 'HTTP/1.1 20 OK\r\n\r\n',
    'a status of four digits': 'HTTP/1.1 2000 OK\r\n\r\n',
    'a blank line first': `\r\n${ok}\r\n`,
    'status 000': 'HTTP/1.1 000 X\r\n\r\n',
    'status 099': 'HTTP/1.1 099 X\r\n\r\n',
    'status 600': 'HTTP/1.1 600 X\r\ncontent-length: 0\r\n\r\n',
    'status 999': 'HTTP/1.1 999 X\r\ncontent-length: 0\r\n\r\n',
    'status 101': 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n',
    'a control character in the reason': 'HTTP/1.1 200 O\x01K\r\n\r\n',
    'a bare line feed after the status': 'HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n',
    'bare line feeds throughout': 'HTTP/1.1 200 OK\ncontent-length: 5\n\nhello',
    'a bare line feed in a header': `${ok}a: b\nc: d\r\n\r\n`,
    'a bare carriage return': `${ok}a: b\rc: d\r\n\r\n`,
    'a folded header': `${ok}a: b\r\n c\r\ncontent-length: 0\r\n\r\n`,
    'a space before the colon': `${ok}content-length : 0\r\n\r\n`,
    'no colon': `${ok}content-length\r\n\r\n`,
    'an empty name': `${ok}: x\r\n\r\n`,
    'NUL in a value': `${ok}a: b\0c\r\n\r\n`,
    'NUL in a name': `${ok}a\0: b\r\n\r\n`,
    'a name beyond ASCII': `${ok}\xfc: b\r\n\r\n`,
    '201 headers': `${ok}${'x: y\r\n'.repeat(201)}\r\n`,
    'headers over 64 KiB': `${ok}x: ${long}\r\ncontent-length: 0\r\n\r\n`,
    'a header that never ends': `${ok}x: ${long}${long}`,
    'conflicting lengths': `${ok}content-length: 5\r\ncontent-length: 6\r\n\r\nhello!`,
    'a list of lengths': `${ok}content-length: 5, 5\r\n\r\nhello`,
    'a negative length': `${ok}content-length: -5\r\n\r\nhello`,
    'a signed length': `${ok}content-length: +5\r\n\r\nhello`,
    'a hexadecimal length': `${ok}content-length: 0x5\r\n\r\nhello`,
    'a length of nothing': `${ok}content-length:\r\n\r\nhello`,
    'a length of sixteen digits': `${ok}content-length: 1000000000000000\r\n\r\nhello`,
    'case 185: length and chunked': `${ok}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    'chunked and length': `${ok}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n`,
    'chunked twice': `${ok}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    'gzip as transfer coding': `${ok}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    xchunked: `${ok}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`,
    'identity as transfer coding': `${ok}transfer-encoding: identity\r\n\r\nhello`,
    'chunked in HTTP/1.0': 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    'a chunk size that is no number': `${ok}transfer-encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n`,
    'an empty chunk size': `${ok}transfer-encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n`,
    'a negative chunk size': `${ok}transfer-encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n`,
    'a chunk size with 0x': `${ok}transfer-encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n`,
    'a chunk size of nine digits': `${ok}transfer-encoding: chunked\r\n\r\n000000005\r\nhello\r\n0\r\n\r\n`,
    'a chunk longer than its size': `${ok}transfer-encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n`,
    'a chunk size ended by a line feed': `${ok}transfer-encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n`,
    'a chunk size followed by spaces': `${ok}transfer-encoding: chunked\r\n\r\n5  \r\nhello\r\n0\r\n\r\n`,
    'an endless chunk extension': `${ok}transfer-encoding: chunked\r\n\r\n5;${'x'.repeat(300)}\r\nhello\r\n0\r\n\r\n`,
    'a line feed in a chunk extension': `${ok}transfer-encoding: chunked\r\n\r\n5;a\nb\r\nhello\r\n0\r\n\r\n`,
    'a folded trailer': `${ok}transfer-encoding: chunked\r\n\r\n0\r\n a: b\r\n\r\n`,
    'trailers over 16 KiB': `${ok}transfer-encoding: chunked\r\n\r\n0\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
    'trailers ended by a line feed': `${ok}transfer-encoding: chunked\r\n\r\n0\r\na: b\n\r\n`,
    'case 187: 1,001 interim answers': `${'HTTP/1.1 100 X\r\n\r\n'.repeat(1_001)}${ok}content-length: 0\r\n\r\n`,
    'case 187: interim answers over 64 KiB': `${`HTTP/1.1 103 X\r\nx: ${'y'.repeat(1_000)}\r\n\r\n`.repeat(70)}${ok}content-length: 0\r\n\r\n`,
  }
  for (const [name, text] of Object.entries(table)) {
    test(name, () => {
      expect(whole(text)).toEqual({ code: 'upstream_protocol' })
      expect(drip(text)).toEqual({ code: 'upstream_protocol' })
    })
  }
})

describe('case 182: an answer that ends too soon is incomplete, never taken for whole', () => {
  const table: Record<string, [string, string]> = {
    'nothing at all': ['', 'upstream_connection'],
    'half a status line': ['HTTP/1.1 2', 'upstream_incomplete'],
    'half a header': [`${ok}content-le`, 'upstream_incomplete'],
    'no blank line': [`${ok}content-length: 0\r\n`, 'upstream_incomplete'],
    'only an interim answer': ['HTTP/1.1 100 Continue\r\n\r\n', 'upstream_incomplete'],
    'a body shorter than its length': [
      `${ok}content-length: 6\r\n\r\nhello`,
      'upstream_incomplete',
    ],
    'no body at all': [`${ok}content-length: 6\r\n\r\n`, 'upstream_incomplete'],
    'half a chunk': [`${ok}transfer-encoding: chunked\r\n\r\n5\r\nhel`, 'upstream_incomplete'],
    'no last chunk': [
      `${ok}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`,
      'upstream_incomplete',
    ],
    'no end of trailers': [
      `${ok}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n`,
      'upstream_incomplete',
    ],
  }
  for (const [name, [text, code]] of Object.entries(table)) {
    test(name, () => {
      expect(whole(text)).toEqual({ code })
      expect(drip(text)).toEqual({ code })
    })
  }
})

describe('case 180: a body over the cap is cut', () => {
  const table: Record<string, string> = {
    'by its length alone': `${ok}content-length: 101\r\n\r\n`,
    'in one chunk': `${ok}transfer-encoding: chunked\r\n\r\n65\r\n${'x'.repeat(101)}`,
    'in many chunks': `${ok}transfer-encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(101)}`,
    'until the connection closes': `${ok}\r\n${'x'.repeat(101)}`,
  }
  for (const [name, text] of Object.entries(table)) {
    test(name, () => {
      expect(whole(text, 100)).toEqual({ code: 'response_too_large' })
      expect(drip(text, 100)).toEqual({ code: 'response_too_large' })
    })
  }

  test('one of exactly the cap is not', () => {
    const text = `${ok}content-length: 100\r\n\r\n${'x'.repeat(100)}`
    expect(whole(text, 100)).toMatchObject({ body: 'x'.repeat(100) })
  })
})

const headerLine = fc.tuple(
  fc.stringMatching(/^[A-Za-z-]{1,20}$/),
  fc.stringMatching(/^[ -~]{0,40}$/),
)
const framings = ['length', 'chunked', 'close'] as const

interface MadeAnswer {
  readonly text: string
  readonly body: string
}

const answers = fc
  .record({
    status: fc.integer({ min: 200, max: 599 }).filter((status) => status !== 204 && status !== 304),
    headers: fc.array(headerLine, { maxLength: 10 }),
    pieces: fc.array(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 120 }), {
      maxLength: 6,
    }),
    framing: fc.constantFrom(...framings),
    interim: fc.nat({ max: 3 }),
  })
  .map(({ status, headers, pieces, framing, interim }): MadeAnswer => {
    const plain = headers.filter(([name]) => !/^(content|transfer|connection)/i.test(name))
    const body = pieces.join('')
    const frame = {
      length: `Content-Length: ${body.length}\r\n\r\n${body}`,
      chunked: `Transfer-Encoding: chunked\r\n\r\n${pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`,
      close: `\r\n${body}`,
    }[framing]
    const lines = plain.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const before = 'HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n'.repeat(interim)
    return { text: `${before}HTTP/1.1 ${status} X\r\n${lines}${frame}`, body }
  })

/** Cuts bytes at the given places. */
function split(text: string, cuts: readonly number[]): Uint8Array[] {
  const all = bytes(text)
  const at = [...new Set(cuts.map((cut) => cut % (all.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((from, i) => all.subarray(from, at[i] ?? all.length))
}

test('an answer reads the same however its bytes are split', () => {
  fc.assert(
    fc.property(answers, fc.array(fc.nat(), { maxLength: 12 }), ({ text, body }, cuts) => {
      const once = whole(text)
      expect(once.body).toBe(body)
      expect(parse(split(text, cuts))).toEqual(once)
      expect(drip(text)).toEqual(once)
    }),
    { numRuns: 150 },
  )
}, 30_000)

test('a damaged answer gives the same result however its bytes are split, and never a crash', () => {
  const damage = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))
  fc.assert(
    fc.property(
      answers,
      fc.array(damage, { minLength: 1, maxLength: 3 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      ({ text }, damages, cuts) => {
        const broken = bytes(text)
        for (const [at, byte] of damages) broken[at % broken.length] = byte
        const damaged = broken.toString('latin1')
        expect(parse(split(damaged, cuts))).toEqual(whole(damaged))
        expect(drip(damaged)).toEqual(whole(damaged))
      },
    ),
    { numRuns: 200 },
  )
}, 30_000)
