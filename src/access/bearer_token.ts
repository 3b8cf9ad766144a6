/**
 * The token of an `Authorization: Bearer …` header, byte for byte; null when there is none or the
 * header is anything else: another scheme, two headers joined by a comma (RFC 6750 §2.1, case 48).
 */
export function bearerToken(authorization: string | null): string | null {
  if (authorization === null || authorization.length > 8192) return null
  if (authorization.slice(0, 7).toLowerCase() !== 'bearer ') return null
  const token = authorization.slice(7)
  return /^[A-Za-z0-9._~+/-]+=*$/.test(token) ? token : null
}
