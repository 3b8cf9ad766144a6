const QUOTE = 0x22
const BACKSLASH = 0x5c
const maxDepth = 64

/**
 * Whether a text is one JSON value fit to be embedded as it stands: it parses (RFC 8259), is nested
 * at most 64 deep, and no number in it overflows a double (reliability.md cases 8, 191).
 */
export function isStructuredText(text: string): boolean {
  const shape = scan(text)
  if (shape.depth > maxDepth) return false
  try {
    if (!shape.hasLargeNumber) JSON.parse(text)
    else JSON.parse(text, refuseInfinity)
    return true
  } catch {
    return false
  }
}

function refuseInfinity(_key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError('overflow')
  return value
}

interface Shape {
  readonly depth: number
  /** Whether an exponent or a long run of digits may make a number infinite. */
  readonly hasLargeNumber: boolean
}

/** Looks at what stands outside strings; strings are skipped natively. */
function scan(text: string): Shape {
  let depth = 0
  let deepest = 0
  let digits = 0
  let hasLargeNumber = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 0x30 && code <= 0x39) {
      if (++digits > 200) hasLargeNumber = true
      continue
    }
    // `e` also stands in true and false, where no digit comes before it.
    if (digits > 0 && (code | 0x20) === 0x65) hasLargeNumber = true
    digits = 0
    if (code === QUOTE) at = endOfString(text, at)
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth)
    else if (code === 0x7d || code === 0x5d) depth--
  }
  return { depth: deepest, hasLargeNumber }
}

/** Gives the index of the closing quote, or of the last character where there is none. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return at
  }
  return text.length - 1
}
