import type { JsonValue } from '../../lib/json.ts'
import { maxTextLength, type ParsedText, parseText } from './parse_text.ts'
import { decoded } from './pointer.ts'
import { unreadable } from './unreadable.ts'

/** Texts by path, the one to begin with, and where it came from (for relative servers). */
export interface BundleFiles {
  readonly files: ReadonlyMap<string, string>
  readonly entry: string
  readonly url: string | null
}

/** The files of an API description, each parsed when it is first needed. */
export class Bundle {
  /** Normal path of the first file. */
  readonly entry: string
  readonly url: string | null
  /** Why a file could not be read, by path. */
  readonly broken = new Map<string, string>()
  private readonly texts = new Map<string, string>()
  private readonly roots = new Map<string, JsonValue>()
  /** Other names of the first file, such as its `$self`. */
  private readonly aliases = new Map<string, string>()

  /** @throws AppError document_unreadable for a missing first file or too much text */
  constructor(input: BundleFiles) {
    let length = 0
    for (const [path, text] of input.files) {
      length += text.length
      this.texts.set(normalPath(path), text)
    }
    if (length > maxTextLength) throw unreadable('It is larger than 32 MiB. Import it in parts.')
    this.entry = normalPath(input.entry)
    this.url = input.url
    if (input.url !== null) this.alias(input.url)
    if (!this.texts.has(this.entry)) {
      throw unreadable(`The bundle has no file ${input.entry}. Name one of its files as entry.`)
    }
  }

  /** Makes another name stand for the first file. */
  alias(uri: string): void {
    this.aliases.set(normalPath(uri.split('#')[0] ?? ''), this.entry)
  }

  /** Whether anything but the first file is there. */
  get hasManyFiles(): boolean {
    return this.texts.size > 1
  }

  /** Text of a file by its normal path. */
  text(path: string): string {
    return this.texts.get(path) ?? ''
  }

  /** Puts a value in the place of what the first file holds. */
  replaceEntry(value: JsonValue): void {
    this.roots.set(this.entry, value)
  }

  /**
   * Parses the first file.
   * @throws AppError document_unreadable
   */
  parseEntry(): ParsedText {
    const parsed = parseText(this.text(this.entry))
    this.replaceEntry(parsed.value as JsonValue)
    return parsed
  }

  /** The value of a file; undefined where there is none or it cannot be parsed. */
  root(path: string): JsonValue | undefined {
    const known = this.roots.get(path)
    const text = this.texts.get(path)
    if (known !== undefined || text === undefined || this.broken.has(path)) return known
    try {
      const isProse = /\.(?:md|markdown|txt|html?|adoc|rst)$/i.test(path)
      const value = isProse ? text : (parseText(text).value as JsonValue)
      this.roots.set(path, value)
      return value
    } catch (error) {
      this.broken.set(path, reasonOf(error))
      return undefined
    }
  }

  /** The file that a reference in `from` means: relative to it, or by its full name; null for none. */
  find(reference: string, from: string): string | null {
    const candidates = [this.joined(reference, from), normalPath(decoded(reference))]
    if (this.url !== null) candidates.push(joinedUrl(reference, this.url))
    for (const candidate of candidates) {
      if (this.texts.has(candidate)) return candidate
      const alias = this.aliases.get(candidate)
      if (alias !== undefined) return alias
    }
    return null
  }

  private joined(reference: string, from: string): string {
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(from)) return joinedUrl(reference, from)
    const folder = from.includes('/') ? from.slice(0, from.lastIndexOf('/') + 1) : ''
    const path = decoded(reference)
    return normalPath(path.startsWith('/') ? path : folder + path)
  }
}

function reasonOf(error: unknown): string {
  const reason = (error as { reason?: unknown } | null)?.reason
  return typeof reason === 'string' ? reason : 'It cannot be parsed.'
}

function joinedUrl(reference: string, base: string): string {
  const url = URL.parse(reference, base)
  return url === null ? reference : normalPath(url.href)
}

/** A path without `.`, `..`, backslashes and a leading slash; a URL as it is, without fragment. */
function normalPath(path: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) return path.split('#')[0] ?? ''
  const steps: string[] = []
  for (const step of path.replaceAll('\\', '/').split('/')) {
    if (step === '..') steps.pop()
    else if (step !== '.' && step !== '') steps.push(step)
  }
  return steps.join('/')
}
