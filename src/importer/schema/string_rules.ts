import { compilePattern } from '../../lib/json_schema/pattern/compile_pattern.ts'

/** What OpenAI lists as formats, and some of its models refuse others; Gemini takes any. */
export const portableFormats: ReadonlySet<string> = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uuid',
])
/** Formats that say nothing to a model, or are said otherwise. */
const silent: ReadonlySet<string> = new Set(['binary', 'byte', 'string', 'password', ''])

/** Whether a format is to be said in words. */
export function proseOnly(format: string): boolean {
  return !portableFormats.has(format)
}

/** Whether a format is worth words. */
export function isTelling(format: string): boolean {
  return !silent.has(format)
}

const MAX_PATTERN_CHARS = 200
/** What Python, RE2 and ECMA-262 with the `u` flag do not all know: look-arounds, classes by name. */
const dialectBound = /\(\?(?!:)|\\[pPucxkA-CE-RT-VX-Z1-9]|\[\^?\]|\\$/
const known = new Map<string, string | null>()
const MAX_KNOWN = 5000

/** The pattern where every client's regular expressions read it alike; else null. */
export function portablePattern(pattern: string): string | null {
  const before = known.get(pattern)
  if (before !== undefined) return before
  const kept = isPortable(pattern) ? pattern : null
  if (known.size < MAX_KNOWN) known.set(pattern, kept)
  return kept
}

function isPortable(pattern: string): boolean {
  if (pattern.length > MAX_PATTERN_CHARS || !/^[\x20-\x7e]*$/.test(pattern)) return false
  if (dialectBound.test(pattern)) return false
  try {
    compilePattern(pattern)
    return new RegExp(pattern, 'u') instanceof RegExp
  } catch {
    return false
  }
}
