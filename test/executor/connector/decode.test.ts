import { afterEach, describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import fc from 'fast-check'
import { ZstdFrames } from '../../../src/executor/connector/zstd_frames.ts'
import { type RawUpstream, startRawUpstream } from '../../helpers/raw_upstream.ts'
import {
  closeConnectors,
  type ExchangeChange,
  eventually,
  failureOf,
  localTarget,
  newConnector,
  send,
} from './connector_fixture.ts'

const started: RawUpstream[] = []
afterEach(() => {
  closeConnectors()
  for (const upstream of started.splice(0)) upstream.stop()
})

const fastBrotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }
const codings = {
  gzip: (bytes: Buffer) => gzipSync(bytes),
  'x-gzip': (bytes: Buffer) => gzipSync(bytes),
  deflate: (bytes: Buffer) => deflateSync(bytes),
  br: (bytes: Buffer) => brotliCompressSync(bytes, fastBrotli),
  zstd: (bytes: Buffer) => zstdCompressSync(bytes),
}
const names = Object.keys(codings) as (keyof typeof codings)[]

interface Served {
  readonly encoding: string
  readonly pieces: readonly Buffer[]
  readonly isChunked?: boolean
}

/** Serves one encoded body, in the given pieces, to every request. */
function serve({ encoding, pieces, isChunked = false }: Served) {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
  const frame = isChunked ? 'transfer-encoding: chunked' : `content-length: ${length}`
  const upstream = startRawUpstream((connection) => {
    connection.write(`HTTP/1.1 200 OK\r\ncontent-encoding: ${encoding}\r\n${frame}\r\n\r\n`)
    for (const piece of pieces) {
      if (isChunked) connection.write(`${piece.length.toString(16)}\r\n`)
      connection.write(piece)
      if (isChunked) connection.write('\r\n')
    }
    if (isChunked) connection.write('0\r\n\r\n')
  })
  started.push(upstream)
  const target = localTarget(`http://127.0.0.1:${upstream.port}`)
  const connector = newConnector()
  const call = (change?: ExchangeChange) =>
    send(connector, target, { timeoutMs: 10_000, ...change })
  return { upstream, call }
}

const cut = (bytes: Buffer, size: number) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  )

describe('an encoded body is decoded, small or large, however it is cut', () => {
  const small = Buffer.from(JSON.stringify({ text: 'ü'.repeat(500) }))
  const large = Buffer.concat([randomBytes(300_000), Buffer.alloc(700_000, 'compressible ')])
  for (const name of names) {
    test(name, async () => {
      for (const body of [small, large]) {
        const encoded = codings[name](body)
        for (const isChunked of [false, true]) {
          const pieces = isChunked ? cut(encoded, 10_000) : [encoded]
          const { call } = serve({ encoding: name.toUpperCase(), pieces, isChunked })
          const response = await call()
          expect(Buffer.from(response.body).equals(body)).toBe(true)
          expect((await call()).timings.reusedConnection).toBe(true)
        }
      }
    })
  }

  test('deflate without its zlib header, as some servers send it', async () => {
    for (const body of [small, large]) {
      const { call } = serve({ encoding: 'deflate', pieces: [deflateRawSync(body)] })
      expect(Buffer.from((await call()).body).equals(body)).toBe(true)
    }
  })

  test('identity, and an empty body whatever it says', async () => {
    const plain = serve({ encoding: 'identity', pieces: [small] })
    expect((await plain.call()).utf8()).toBe(small.toString())
    for (const encoding of [...names, 'identity']) {
      expect((await serve({ encoding, pieces: [] }).call()).bodyLength).toBe(0)
    }
  })

  test('a small body that inflates beyond a megabyte is inflated all the same', async () => {
    const body = Buffer.alloc(5_000_000, 'x')
    for (const name of names) {
      const { call } = serve({ encoding: name, pieces: [codings[name](body)] })
      const response = await call({ maxResponseBytes: 5_000_000 })
      expect(response.bodyLength).toBe(5_000_000)
    }
  })
})

describe('case 181: the cap counts decompressed bytes', () => {
  const bomb = Buffer.alloc(50_000_000)
  for (const name of names) {
    test(`a bomb in ${name} is cut at the cap`, async () => {
      const encoded = codings[name](bomb)
      for (const maxResponseBytes of [1_000, 1024 * 1024, 3_000_000]) {
        const { upstream, call } = serve({ encoding: name, pieces: [encoded] })
        Bun.gc(true)
        const before = process.memoryUsage.rss()
        const failure = await failureOf(call({ maxResponseBytes }))
        expect(failure).toMatchObject({ status: 200, error: { code: 'response_too_large' } })
        expect(process.memoryUsage.rss() - before).toBeLessThan(40 * 1024 * 1024)
        expect(upstream.requests).toHaveLength(1)
      }
    })
  }

  test('one that keeps coming is cut off, and its connection closed', async () => {
    const upstream = startRawUpstream((connection) => {
      connection.write('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n')
      connection.write(gzipSync(bomb, { level: 1 }).subarray(0, -100))
    })
    started.push(upstream)
    const target = localTarget(`http://127.0.0.1:${upstream.port}`)
    const failure = await failureOf(send(newConnector(), target, { timeoutMs: 10_000 }))
    expect(failure.error.code).toBe('response_too_large')
    expect(await eventually(() => upstream.open === 0)).toBe(true)
  })
})

describe('case 190: a body that does not decode is an error, never half a body', () => {
  const body = Buffer.from('x'.repeat(3_000))
  const large = randomBytes(200_000)
  for (const name of names) {
    test(name, async () => {
      for (const whole of [codings[name](body), codings[name](large)]) {
        const middle = Math.floor(whole.length / 2)
        const damaged: Buffer[] = [
          whole.subarray(0, -1),
          whole.subarray(0, middle),
          whole.subarray(1),
        ]
        // Brotli has no checksum: what is changed in a stored block goes unnoticed.
        if (name !== 'br') {
          damaged.push(Buffer.concat([whole.subarray(0, 4), randomBytes(40), whole.subarray(44)]))
        }
        for (const bytes of damaged) {
          const { call } = serve({ encoding: name, pieces: [bytes] })
          const failure = await failureOf(call({ method: 'POST' }))
          expect(failure).toMatchObject({
            sent: 'maybe',
            status: 200,
            error: { code: 'upstream_decode' },
          })
        }
      }
    })
  }

  test.each(['compress', 'exi', 'gzip, br', 'br;q=1', '__proto__', 'constructor', 'aes128gcm'])(
    'the unknown encoding %p',
    async (encoding) => {
      const { call } = serve({ encoding, pieces: [body] })
      const failure = await failureOf(call())
      expect(failure).toMatchObject({ status: 200, error: { code: 'upstream_decode' } })
    },
  )

  test('two encodings in two headers', async () => {
    const { call } = serve({ encoding: 'gzip\r\ncontent-encoding: br', pieces: [body] })
    expect((await failureOf(call())).error.code).toBe('upstream_decode')
  })

  test('plain text that claims to be gzip', async () => {
    const { call } = serve({ encoding: 'gzip', pieces: [Buffer.from('{"a":1}')] })
    expect((await failureOf(call())).error.code).toBe('upstream_decode')
  })

  test('a zstd window larger than HTTP allows', async () => {
    const huge = zstdCompressSync(randomBytes(100_000), {
      params: { [constants.ZSTD_c_windowLog]: 26, [constants.ZSTD_c_contentSizeFlag]: 0 },
    })
    const response = serve({ encoding: 'zstd', pieces: [huge] }).call()
    // The compressor may shrink the window to the input; then the body is simply fine.
    const code = await response.then(
      () => null,
      (error) => error.error.code,
    )
    expect([null, 'upstream_decode']).toContain(code)
  })

  test('the deadline holds while a body is decoded', async () => {
    const upstream = startRawUpstream((connection) => {
      connection.write('HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 1000000\r\n\r\n')
      connection.write(codings.br(large).subarray(0, 150_000))
    })
    started.push(upstream)
    const target = localTarget(`http://127.0.0.1:${upstream.port}`)
    const failure = await failureOf(send(newConnector(), target, { timeoutMs: 150 }))
    expect(failure).toMatchObject({ status: 200, error: { code: 'upstream_timeout' } })
  })
})

describe('a zstd stream is complete exactly where a frame ends', () => {
  const isComplete = (bytes: Buffer, cuts: readonly number[] = []) => {
    const frames = new ZstdFrames()
    const at = [...cuts.map((c) => c % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
    for (const [i, to] of at.entries()) frames.push(bytes.subarray(at[i - 1] ?? 0, to))
    return frames.isComplete
  }
  const checksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } }
  const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])

  test('for any content, with and without checksum, one frame or several', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 2_000 }), { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        fc.array(fc.nat(), { maxLength: 6 }),
        (contents, hasChecksum, cuts) => {
          const frames = contents.map((content) =>
            zstdCompressSync(content, hasChecksum ? checksum : {}),
          )
          const stream = Buffer.concat(frames)
          expect(isComplete(stream, cuts)).toBe(true)
          const ends = frames.map((_, i) => Buffer.concat(frames.slice(0, i + 1)).length)
          for (let end = 0; end < stream.length; end += 7) {
            expect(isComplete(stream.subarray(0, end), cuts)).toBe(ends.includes(end))
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  test('with large blocks, runs and a skippable frame', () => {
    const big = zstdCompressSync(Buffer.concat([randomBytes(400_000), Buffer.alloc(400_000, 'r')]))
    expect(isComplete(big)).toBe(true)
    expect(isComplete(big.subarray(0, -1))).toBe(false)
    expect(isComplete(Buffer.concat([skippable, big]))).toBe(true)
    expect(isComplete(Buffer.concat([skippable, big]).subarray(0, 9))).toBe(false)
  })

  test('never for what is no frame', () => {
    expect(isComplete(Buffer.alloc(0))).toBe(false)
    expect(isComplete(Buffer.from('plain text'))).toBe(false)
    expect(isComplete(zstdCompressSync('x').subarray(1))).toBe(false)
  })
})
