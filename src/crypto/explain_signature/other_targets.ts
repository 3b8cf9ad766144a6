/** A path and query in another form, and in words what it is: `the path without its query`. */
export type OtherTarget = readonly [what: string, target: string]

/**
 * A path and query as frameworks and proxies change it before somebody signs or verifies it, the
 * simplest change first. `baseUrl` is the origin the request went to, null where it is not known.
 */
export function otherTargets(target: string, baseUrl: string | null): OtherTarget[] {
  return [
    ...byOrigin(target, baseUrl),
    ...byQuery(target),
    ...bySlashes(target),
    ...byEncoding(target),
    ...byPrefix(target),
  ]
}

function byOrigin(target: string, baseUrl: string | null): OtherTarget[] {
  const bare = target.replace(/^https?:\/\/[^/?#]+\/?/i, '/')
  return [
    ['the path and query without scheme and host', bare],
    ['the path and query with scheme and host', (baseUrl ?? '') + target],
    ['the path and query without the fragment', target.replace(/#.*$/s, '')],
  ]
}

function byQuery(target: string): OtherTarget[] {
  const [path, query] = halves(target)
  if (query === null) return [['the path with a ? after it', `${path}?`]]
  return [
    ['the path without its query', path],
    ['the query in sorted order', `${path}?${query.split('&').sort().join('&')}`],
    ['the query with %20 in place of +', `${path}?${query.replaceAll('+', '%20')}`],
    ['the query with + in place of %20', `${path}?${query.replaceAll('%20', '+')}`],
  ]
}

function bySlashes(target: string): OtherTarget[] {
  const [path, query] = halves(target)
  const rest = query === null ? '' : `?${query}`
  return [
    ['the path without the slash at its end', path.replace(/(?<=.)\/$/, '') + rest],
    ['the path with a slash at its end', (path.endsWith('/') ? path : `${path}/`) + rest],
    ['the path with double slashes made single', path.replace(/\/+/g, '/') + rest],
    ['the path without the slash at its start', path.replace(/^\//, '') + rest],
  ]
}

function byEncoding(target: string): OtherTarget[] {
  const [path, query] = halves(target)
  const rest = query === null ? '' : `?${query}`
  const escapes = /%[0-9a-f]{2}/gi
  return [
    ['the path and query percent-decoded', decoded(target)],
    ['the path percent-decoded', decoded(path) + rest],
    ['the path and query decoded like a form', decoded(target.replaceAll('+', ' '))],
    ['percent-escapes in upper case', target.replace(escapes, (hex) => hex.toUpperCase())],
    ['percent-escapes in lower case', target.replace(escapes, (hex) => hex.toLowerCase())],
    ['the path and query percent-encoded', encoded(target)],
    ['the path and query encoded without +', encoded(target.replaceAll('+', '%20'))],
  ]
}

/** A proxy may have put segments before the path that Gatehouse sent. */
function byPrefix(target: string): OtherTarget[] {
  const [path, query] = halves(target)
  const segments = path.split('/').slice(1)
  const counts = [1, 2, 3].filter((count) => count < segments.length)
  return counts.map((count) => {
    const prefix = segments.slice(0, count).join('/')
    const left = segments.slice(count).join('/') + (query === null ? '' : `?${query}`)
    return [`the path without /${prefix}`, `/${left}`]
  })
}

function halves(target: string): [path: string, query: string | null] {
  const at = target.indexOf('?')
  return at === -1 ? [target, null] : [target.slice(0, at), target.slice(at + 1)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** As Gatehouse encodes: everything but unreserved characters and the delimiters (RFC 3986 §2.3). */
function encoded(target: string): string {
  const parts = target.toWellFormed().split(/([/?&=])/)
  return parts.map((part, index) => (index % 2 === 1 ? part : strictly(decoded(part)))).join('')
}

function strictly(text: string): string {
  const hexOf = (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, hexOf)
}
