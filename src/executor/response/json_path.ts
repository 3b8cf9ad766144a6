import { isJsonObject, type JsonValue } from '../../lib/json.ts'

/** Why a text is no path, and where. */
export class PathSyntaxError extends Error {}

/** One step of a path: the key of an object, or `*` for any. */
export type PathStep = { readonly key: string } | { readonly any: true }

const STEP = /(\*)(?=\.|$)|("(?:[^"\\]|\\.)*")(?=\.|$)|([^."*[\]]+)(?=\.|$)/y

/**
 * Parses a dotted path: names between dots, `*` for any name, `"…"` around a name with a dot in it
 * (a JSON string). @throws PathSyntaxError
 */
export function parseDottedPath(path: string): PathStep[] {
  const steps: PathStep[] = []
  for (let at = 0; ; at++) {
    STEP.lastIndex = at
    const [whole, star, quoted, plain] = STEP.exec(path) ?? []
    if (whole === undefined) throw new PathSyntaxError(`is no path from character ${at} on`)
    steps.push(star === undefined ? { key: plain ?? unquote(quoted ?? '', at) } : { any: true })
    at += whole.length
    if (at >= path.length) return steps
  }
}

function unquote(text: string, at: number): string {
  try {
    return JSON.parse(text)
  } catch {
    throw new PathSyntaxError(`has a bad string at character ${at}`)
  }
}

/**
 * Parses where in a value to read: a JSON pointer (RFC 6901) where it begins with `/`, else a dotted
 * path with `[0]` or `.0` for items; '' is the whole. @throws PathSyntaxError
 */
export function parseReadPath(path: string): string[] {
  if (path === '' || path === '$') return []
  if (path.startsWith('/')) {
    const parts = path.slice(1).split('/')
    return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  }
  const dotted = path.replace(/^\$\.?/, '').replace(/\[([0-9]+)\]/g, '.$1')
  return parseDottedPath(dotted.replace(/^\./, '')).map((step) => ('any' in step ? '*' : step.key))
}

/** The JSON pointer of a path (RFC 6901). */
export function pointerOf(keys: readonly (string | number)[]): string {
  const parts = keys.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`)
  return parts.join('')
}

/** What stands at a path; undefined where nothing does. */
export function valueAt(value: JsonValue, keys: readonly string[]): JsonValue | undefined {
  let at: JsonValue | undefined = value
  for (const key of keys) at = at === undefined ? undefined : inside(at, key)
  return at
}

function inside(value: JsonValue, key: string): JsonValue | undefined {
  if (Array.isArray(value)) return /^(?:0|[1-9][0-9]*)$/.test(key) ? value[Number(key)] : undefined
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}
