import { sha256Hex } from '../../crypto/digest.ts'
import { AppError } from '../../errors.ts'
import type { RawDocument, TaskDocument } from './worker_messages.ts'

/** A document ready to be read, and as it is kept. */
export interface KeptDocument {
  readonly files: ReadonlyMap<string, string>
  readonly entry: string
  readonly url: string | null
  readonly bytes: number
  /** SHA-256 (hex) of the file, or of the bundle. */
  readonly sha256: string
  /** zstd of the whole, and its hash. */
  readonly content: Uint8Array
  readonly hash: string
}

interface Content {
  readonly entry: string
  readonly url: string | null
  readonly bytes: number
  readonly sha256: string
  readonly files: readonly (readonly [path: string, text: string])[]
}

/** Opens a document as it came, or as it was kept. @throws AppError document_unreadable */
export function openDocument(document: TaskDocument): KeptDocument {
  if ('raw' in document) {
    const content = contentOf(document.raw)
    const text = JSON.stringify(content)
    return opened(content, { hash: sha256Hex(text), content: Bun.zstdCompressSync(text) })
  }
  const text = Bun.zstdDecompressSync(document.kept as Uint8Array<ArrayBuffer>).toString()
  const kept = { hash: sha256Hex(text), content: document.kept }
  return opened(JSON.parse(text) as Content, kept)
}

const opened = (content: Content, kept: Pick<KeptDocument, 'content' | 'hash'>): KeptDocument => ({
  files: new Map(content.files),
  entry: content.entry,
  url: content.url,
  bytes: content.bytes,
  sha256: content.sha256,
  ...kept,
})

function contentOf({ files, entry, url }: RawDocument): Content {
  const texts = files.map(([path, bytes]) => [path, textOf(path, bytes)] as const)
  const bytes = files.reduce((sum, [, one]) => sum + one.byteLength, 0)
  const [only] = files
  const sha256 =
    files.length === 1 && only !== undefined
      ? sha256Hex(only[1])
      : sha256Hex(JSON.stringify([entry, texts]))
  return { entry, url, bytes, sha256, files: texts }
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function textOf(path: string, bytes: Uint8Array): string {
  const [first, second] = bytes
  const isWide = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
  try {
    if (isWide) return new TextDecoder(first === 0xff ? 'utf-16le' : 'utf-16be').decode(bytes)
    return decoder.decode(bytes)
  } catch (cause) {
    throw new AppError('document_unreadable', {
      reason: `${path} is not text in UTF-8.`,
      cause,
    })
  }
}
