/** A URI reference cut at its `#`, the fragment percent-decoded. */
export function splitUri(reference: string): { uri: string; fragment: string } {
  const at = reference.indexOf('#')
  if (at < 0) return { uri: reference, fragment: '' }
  return { uri: reference.slice(0, at), fragment: decode(reference.slice(at + 1)) }
}

/** Resolves a URI reference without a fragment against a base (RFC 3986 §5). */
export function resolveUri(reference: string, base: string): string {
  return URL.parse(reference, base)?.href ?? reference
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
