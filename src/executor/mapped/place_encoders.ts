import type { ParameterStyle } from '../../model/request_map.ts'
import { unusable } from '../bound_variable.ts'
import { isHeaderValue } from '../headers_template.ts'
import { percentEncode, percentEncodeAll } from '../percent_encode.ts'
import type { Leaf } from './expand_value.ts'

/** Encodes everything that is not unreserved (RFC 3986 §2.3). */
export const strictly = ({ text }: Leaf): string => percentEncode(text)

const RESERVED = "!$'()*,;:@/?=&+"
/** A `[`, `]` or `#` is never raw in a path or query (RFC 3986 §3.3, §3.4). */
const inPath = "!$'()*,;:@/=&+"
const TRIPLET = /(%[0-9A-Fa-f]{2})/

/**
 * Leaves reserved characters raw where the document says `allowReserved` (RFC 6570 §3.2.3), less
 * those that would end or split the value: `&`, `+` and what joins the parts of a list.
 */
export function reservedInQuery({ text, isPart }: Leaf): string {
  const keep = without(RESERVED, isPart ? '&+,=' : '&+')
  // Percent-encoded triplets stay as they are.
  return text
    .split(TRIPLET)
    .map((piece, index) => (index % 2 === 1 ? piece : encodeBut(piece, keep)))
    .join('')
}

/** As in the query, but `%` is encoded: no `%2e%2e` and no `%2f` gets into a path (case 137). */
export function reservedInPath(style: ParameterStyle): (leaf: Leaf) => string {
  return ({ text, isPart }) => {
    const own = style === 'matrix' ? ';,=' : ',='
    return encodeBut(text, without(inPath, isPart || style === 'matrix' ? own : ''))
  }
}

const without = (from: string, these: string) =>
  [...from].filter((char) => !these.includes(char)).join('')

function encodeBut(text: string, keep: string): string {
  let encoded = percentEncodeAll(text)
  for (const char of keep) encoded = encoded.replaceAll(hexOf(char), char)
  return encoded
}

const hexOf = (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`

/** Nothing is escaped in a header: what it cannot carry unchanged is refused (case 142). */
export function inHeader({ text, isPart, pointer }: Leaf): string {
  const fault = headerFault(text, isPart)
  if (fault !== null) throw unusable(pointer, fault, 'invalid_header_value')
  return text
}

function headerFault(text: string, isPart: boolean): string | null {
  if (!isHeaderValue(text)) return 'must be visible ASCII to be a header'
  if (text.trim() !== text) return 'must not begin or end with a space to be a header'
  return isPart && text.includes(',') ? 'must not hold a comma to stand in a header list' : null
}

// RFC 6265 §4.1.1, but for the quotes and commas that are common in values.
const COOKIE = /^[\x21-\x3a\x3c-\x5b\x5d-\x7e]*$/

/** The `cookie` style of 3.2 escapes nothing either. */
export function inCookie({ text, isPart, pointer }: Leaf): string {
  if (COOKIE.test(text) && !(isPart && text.includes(','))) return text
  const what = 'must be visible ASCII without space, backslash and delimiters to be a cookie'
  throw unusable(pointer, what, 'invalid_header_value')
}

/** The encoder of a form's values, which have no length of their own to keep. */
export function strictlyAnyLength(allowReserved: boolean): (leaf: Leaf) => string {
  if (allowReserved) return reservedInQuery
  return ({ text }) => percentEncodeAll(text)
}
