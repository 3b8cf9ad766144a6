import type { UpstreamResponse } from '../connector/exchange.ts'

/** What is not as it should be with a text. */
export type TextFlaw = 'byte_order_mark' | 'invalid_bytes' | 'unknown_charset'

/** A body as text, and what had to be done to read it. */
export interface BodyText {
  /** Without a byte order mark. */
  readonly text: string
  readonly flaw: TextFlaw | null
}

/** Bytes that may be asked for their text: a whole answer, or a part of one. */
export type TextSource = Pick<UpstreamResponse, 'body' | 'utf8'>

const unicode: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii'])

/**
 * Decodes a body as its charset says, UTF-8 where it says nothing. Bytes that do not decode become
 * U+FFFD, and that is told; a text is never refused.
 */
export function bodyText(source: TextSource, charset: string | null): BodyText {
  if (charset !== null && !unicode.has(charset)) return otherText(source, charset)
  const text = source.utf8()
  if (text === null) return { text: replaced(source), flaw: 'invalid_bytes' }
  return text.charCodeAt(0) === 0xfeff
    ? { text: text.slice(1), flaw: 'byte_order_mark' }
    : { text, flaw: null }
}

function otherText(source: TextSource, charset: string): BodyText {
  let decoder: TextDecoder
  try {
    decoder = new TextDecoder(charset as Bun.Encoding)
  } catch {
    return { text: replaced(source), flaw: 'unknown_charset' }
  }
  const text = decoder.decode(source.body)
  return { text, flaw: text.includes('\ufffd') ? 'invalid_bytes' : null }
}

const replaced = (source: TextSource) => new TextDecoder().decode(source.body)

/** Whether text that came without a type is text indeed: no control characters but layout. */
export function looksLikeText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  return !/[\u0000-\u0008\u000e-\u001a\u001c-\u001f\u007f]/.test(text)
}
