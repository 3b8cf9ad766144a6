/** The value of the first cookie of this name in a `Cookie` header; null where there is none. */
export function cookieValue(header: string | null, name: string): string | null {
  for (const pair of (header ?? '').split(';', 200)) {
    const equals = pair.indexOf('=')
    if (pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim()
  }
  return null
}
