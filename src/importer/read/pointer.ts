/** One token of a JSON pointer as a URI fragment spells it (RFC 6901 §3, `~` and `/` only). */
export function pointerToken(key: string | number): string {
  const text = String(key)
  return /[~/]/.test(text) ? text.replaceAll('~', '~0').replaceAll('/', '~1') : text
}

/** Tokens of the pointer in a fragment (`/a/b%20c`), percent and tilde escapes undone. */
export function pointerTokens(fragment: string): string[] {
  const tokens = fragment.split('/').slice(1)
  return tokens.map((token) => decoded(token).replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Undoes percent-encoding; the text itself where it is not encoded well. */
export function decoded(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
