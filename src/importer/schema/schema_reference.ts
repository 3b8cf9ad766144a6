import type { JsonValue } from '../../lib/json.ts'

const prefix = '#/$defs/'

/** The entry of `ApiDocument.defs` a `$ref` names; null for any other reference. */
export function definitionName(ref: JsonValue | undefined): string | null {
  if (typeof ref !== 'string' || !ref.startsWith(prefix)) return null
  const name = decode(ref.slice(prefix.length))
  return name.replaceAll('~1', '/').replaceAll('~0', '~')
}

/** A `$ref` to an entry of `$defs`. */
export function referenceTo(name: string): string {
  return prefix + encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))
}

function decode(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
