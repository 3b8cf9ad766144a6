import type { Transform } from 'node:stream'
import {
  brotliDecompressSync,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib'
import { AppError } from '../../errors.ts'
import { ByteCollector } from './byte_collector.ts'
import { ByteSpan } from './byte_span.ts'
import type { BodyWriter } from './chunked_decoder.ts'
import type { ResponseHead } from './response_head.ts'
import { ZstdFrames } from './zstd_frames.ts'

/** The exchange a body is read for. */
export interface BodyOwner {
  /** Stops and restarts reading from the socket while the decoder catches up. */
  pauseReading(): void
  resumeReading(): void
  /** Tells the whole body, where `finish` could not. */
  bodyComplete(body: ByteSpan): void
  bodyFailed(error: AppError): void
}

/** Gathers one body up to a cap that counts decompressed bytes. */
export interface ResponseBody extends BodyWriter {
  /**
   * Tells that every byte was written. Gives the body, or null where the owner will be told.
   * @throws AppError upstream_decode or response_too_large
   */
  finish(): ByteSpan | null
  /** Lets go of everything; the owner hears nothing more. */
  abort(): void
}

/**
 * Makes the body for an answer: as it is, or inflated (gzip, deflate, br, zstd).
 * @throws AppError response_too_large - its length alone is over the cap; upstream_decode - unknown
 * Content-Encoding
 */
export function openResponseBody(
  head: ResponseHead,
  maxBytes: number,
  owner: BodyOwner,
): ResponseBody {
  const { contentEncoding, framing, contentLength } = head
  if (framing === 'none' || contentEncoding === null) {
    if (contentLength > maxBytes) throw tooLarge(maxBytes)
    return new PlainBody(maxBytes)
  }
  const coding = codings[contentEncoding]
  if (coding === undefined) {
    throw decodeError(
      `The Content-Encoding ${JSON.stringify(contentEncoding.slice(0, 64))} is unknown.`,
    )
  }
  return new EncodedBody(coding, maxBytes, owner)
}

const tooLarge = (maxBytes: number) =>
  new AppError('response_too_large', { reason: `The answer exceeds ${maxBytes} bytes.` })
const decodeError = (reason: string, cause?: unknown) =>
  new AppError('upstream_decode', { reason, cause })
const corrupt = (cause?: unknown) =>
  decodeError('The body does not decode as its Content-Encoding says.', cause)

class PlainBody implements ResponseBody {
  private readonly maxBytes: number
  /** The first piece; most bodies come in one. */
  private first: ByteSpan | null = null
  private received: ByteCollector | null = null

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  write(bytes: Buffer, from: number, to: number): void {
    const before = this.received?.length ?? this.first?.length ?? 0
    if (before + to - from > this.maxBytes) throw tooLarge(this.maxBytes)
    if (this.first === null) {
      this.first = new ByteSpan(bytes, from, to)
      return
    }
    if (this.received === null) {
      this.received = new ByteCollector()
      this.received.add(this.first.view())
    }
    this.received.add(bytes.subarray(from, to))
  }

  finish(): ByteSpan {
    return this.received === null
      ? (this.first ?? ByteSpan.of(empty))
      : ByteSpan.of(this.received.take())
  }

  abort(): void {
    this.first = null
    this.received = null
  }
}

const empty = Buffer.alloc(0)

interface Coding {
  inflate(bytes: Buffer, options: { maxOutputLength: number }): Buffer
  open(first: Buffer, options: { chunkSize: number }): Transform
  readonly isZstd?: true
}

const gzip: Coding = { inflate: gunzipSync, open: (_, options) => createGunzip(options) }

/** `deflate` means zlib (RFC 9110 §8.4.1.2), but some servers send the bare stream. */
const isZlib = (bytes: Buffer) => ((bytes[0] ?? 0) & 0x8f) === 0x08

const codings: Readonly<Record<string, Coding | undefined>> = {
  __proto__: null as never,
  gzip,
  'x-gzip': gzip,
  deflate: {
    inflate: (bytes, options) => (isZlib(bytes) ? inflateSync : inflateRawSync)(bytes, options),
    open: (first, options) => (isZlib(first) ? createInflate : createInflateRaw)(options),
  },
  br: {
    inflate: brotliDecompressSync,
    open: (_, options) => createBrotliDecompress(options),
  },
  zstd: {
    inflate: (bytes, options) => zstdDecompressSync(bytes, { ...options, ...zstdWindow }),
    open: (_, options) => createZstdDecompress({ ...options, ...zstdWindow }),
    isZstd: true,
  },
}

/** 8 MiB, the largest window HTTP allows (RFC 9659 §3). */
const zstdWindow = { params: { [constants.ZSTD_d_windowLogMax]: 23 } }

/** Bodies up to these sizes are inflated at once; larger ones piece by piece, off the event loop. */
const maxSyncBytes = 64 * 1024
const maxSyncInflatedBytes = 1024 * 1024
const maxQueuedBytes = 64 * 1024

class EncodedBody implements ResponseBody {
  private readonly coding: Coding
  private readonly maxBytes: number
  private readonly owner: BodyOwner
  private readonly received = new ByteCollector()
  private readonly inflated = new ByteCollector()
  private readonly zstdFrames: ZstdFrames | null
  private stream: Transform | null = null
  private queuedBytes = 0
  private isPaused = false
  private isOver = false

  constructor(coding: Coding, maxBytes: number, owner: BodyOwner) {
    this.coding = coding
    this.maxBytes = maxBytes
    this.owner = owner
    this.zstdFrames = coding.isZstd === true ? new ZstdFrames() : null
  }

  write(bytes: Buffer, from: number, to: number): void {
    const piece = bytes.subarray(from, to)
    this.zstdFrames?.push(piece)
    if (this.stream !== null) return this.feed(this.stream, piece)
    this.received.add(piece)
    if (this.received.length > maxSyncBytes) this.openStream(this.received.take())
  }

  finish(): ByteSpan | null {
    if (this.stream === null) {
      const bytes = this.received.take()
      if (bytes.length === 0) return ByteSpan.of(bytes)
      this.refuseCutOff()
      const body = this.inflateAtOnce(bytes)
      if (body !== null) return ByteSpan.of(body)
      this.openStream(bytes)
    } else this.refuseCutOff()
    this.stream?.end()
    return null
  }

  abort(): void {
    this.isOver = true
    this.received.take()
    this.inflated.take()
    this.stream?.destroy()
  }

  private refuseCutOff(): void {
    if (this.zstdFrames?.isComplete === false) throw corrupt()
  }

  /** Gives null where the body is too large to be inflated at once. */
  private inflateAtOnce(bytes: Buffer): Buffer | null {
    const maxOutputLength = Math.max(1, Math.min(this.maxBytes, maxSyncInflatedBytes))
    try {
      return this.coding.inflate(bytes, { maxOutputLength })
    } catch (cause) {
      const isTooLarge = (cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE'
      if (!isTooLarge) throw corrupt(cause)
      if (maxOutputLength === this.maxBytes) throw tooLarge(this.maxBytes)
      return null
    }
  }

  private openStream(first: Buffer): void {
    const stream = this.coding.open(first, { chunkSize: 64 * 1024 })
    this.stream = stream
    stream.on('data', (piece: Buffer) => this.takeInflated(piece))
    stream.on('end', () =>
      this.settle(() => this.owner.bodyComplete(ByteSpan.of(this.inflated.take()))),
    )
    stream.on('error', (cause) => this.settle(() => this.owner.bodyFailed(corrupt(cause))))
    this.feed(stream, first)
  }

  private takeInflated(piece: Buffer): void {
    if (this.isOver) return
    if (this.inflated.length + piece.length > this.maxBytes) {
      return this.settle(() => this.owner.bodyFailed(tooLarge(this.maxBytes)))
    }
    this.inflated.add(piece)
  }

  private feed(stream: Transform, piece: Buffer): void {
    this.queuedBytes += piece.length
    stream.write(piece, () => this.drained(piece.length))
    if (this.queuedBytes > maxQueuedBytes && !this.isPaused) {
      this.isPaused = true
      this.owner.pauseReading()
    }
  }

  private drained(bytes: number): void {
    this.queuedBytes -= bytes
    if (!this.isPaused || this.isOver || this.queuedBytes > maxQueuedBytes) return
    this.isPaused = false
    this.owner.resumeReading()
  }

  private settle(tell: () => void): void {
    if (this.isOver) return
    this.isOver = true
    tell()
  }
}
