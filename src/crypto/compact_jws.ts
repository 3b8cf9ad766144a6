import { decodeUtf8, isJsonObject, type JsonObject, parseJson } from '../lib/json.ts'

/** A JWS in compact form (RFC 7515 §7.1), taken apart and not yet verified. */
export interface CompactJws {
  readonly header: JsonObject
  readonly payload: JsonObject
}

const shape = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)$/

/**
 * Takes a compact JWS apart, more strictly than libraries do: canonical base64url, strict JSON objects
 * without repeated members, no `crit` and no detached payload (reliability.md cases 71, 81, 85).
 * Yields the fault as text where there is one.
 */
export function readCompactJws(token: string): CompactJws | { readonly fault: string } {
  const parts = shape.exec(token)
  if (parts === null) return { fault: 'It is not three base64url parts joined by dots.' }
  const [, first = '', second = '', third = ''] = parts
  if (![first, second, third].every(isCanonical)) return { fault: 'A part is not base64url.' }
  const header = objectOf(first)
  const payload = objectOf(second)
  if (header === null) return { fault: 'Its header is not a strict JSON object.' }
  if (payload === null) return { fault: 'Its payload is not a strict JSON object.' }
  if ('crit' in header || 'b64' in header) return { fault: 'Its header has crit or b64.' }
  return { header, payload }
}

/** Trailing bits that decode to nothing would let one token be written in several ways. */
const isCanonical = (part: string) => Buffer.from(part, 'base64url').toString('base64url') === part

function objectOf(part: string): JsonObject | null {
  try {
    const value = parseJson(decodeUtf8(Buffer.from(part, 'base64url')))
    return isJsonObject(value) ? value : null
  } catch {
    return null
  }
}
