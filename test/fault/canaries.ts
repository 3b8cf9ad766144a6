import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A secret that must stand nowhere, by the name a failed test shows in its place. */
export interface Canary {
  readonly name: string
  readonly bytes: Uint8Array
}

/** A canary of a text. */
export const textCanary = (name: string, text: string): Canary => ({
  name,
  bytes: Buffer.from(text),
})

/** Where which canary was found, in which form. */
export interface Leak {
  readonly place: string
  readonly canary: string
  readonly form: string
}

/** Finds canaries in bytes: raw, base64 and base64url at every offset, hex, URL, JSON and UTF-16. */
export class CanaryScan {
  private readonly needles: readonly (Omit<Leak, 'place'> & { readonly bytes: Buffer })[]

  constructor(canaries: readonly Canary[]) {
    this.needles = canaries.flatMap(({ name, bytes }) =>
      formsOf(bytes).map(([form, text]) => ({
        canary: name,
        form,
        bytes: typeof text === 'string' ? Buffer.from(text) : text,
      })),
    )
  }

  /** Every leak in a text or in bytes. */
  find(place: string, content: string | Buffer): Leak[] {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    return this.needles
      .filter((needle) => bytes.includes(needle.bytes))
      .map(({ canary, form }) => ({ place, canary, form }))
  }

  /** Every leak in the files below a directory, but for the named ones. */
  findInFiles(directory: string, except: readonly string[]): Leak[] {
    return filesOf(directory)
      .filter((path) => !except.includes(path))
      .flatMap((path) => this.find(path, readFileSync(join(directory, path))))
  }
}

/** The regular files below a directory, relative to it, in order. */
function filesOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort()
}

function formsOf(bytes: Uint8Array): (readonly [string, string | Buffer])[] {
  const raw = Buffer.from(bytes)
  const text = raw.toString()
  const isText = Buffer.from(text).equals(raw)
  const hex = raw.toString('hex')
  const forms = [
    ['raw', raw],
    ['hex', hex],
    ['upper-case hex', hex.toUpperCase()],
    ['percent', hex.replace(/../g, '%$&')],
    ...[0, 1, 2].flatMap((offset) => [
      [`base64 at ${offset}`, base64Core(raw, offset, 'base64')] as const,
      [`base64url at ${offset}`, base64Core(raw, offset, 'base64url')] as const,
    ]),
    ...(isText
      ? ([
          ['URL', encodeURIComponent(text)],
          ['JSON', JSON.stringify(text).slice(1, -1)],
          ['UTF-16', Buffer.from(text, 'utf16le')],
        ] as const)
      : []),
  ] as const
  return [...forms]
}

/** What of the encoded secret stays the same whatever stands before and after it. */
function base64Core(raw: Buffer, offset: number, encoding: 'base64' | 'base64url'): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), raw])
    .toString(encoding)
    .replace(/=+$/, '')
  const first = Math.ceil((offset * 8) / 6)
  const last = Math.floor(((offset + raw.byteLength) * 8) / 6)
  return encoded.slice(first, last)
}
