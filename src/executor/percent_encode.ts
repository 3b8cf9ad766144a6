import { AppError } from '../errors.ts'

const UNRESERVED_ONLY = /^[A-Za-z0-9._~-]*$/
const LEFT_RAW = /[!'()*]/g

/** Longest raw path and query that is sent, in bytes; more is refused by common servers anyway. */
export const maxTargetBytes = 16 * 1024

/**
 * Percent-encodes a text so that only RFC 3986 §2.3 unreserved characters stay raw: nothing in it
 * can delimit a path segment or a query parameter (reliability.md cases 139, 144).
 * @throws AppError bad_unicode - a lone surrogate; request_too_large - longer than any target
 */
export function percentEncode(text: string): string {
  if (text.length > maxTargetBytes) throw targetTooLarge()
  return percentEncodeAll(text)
}

/** As `percentEncode`, whatever the length. @throws AppError bad_unicode */
export function percentEncodeAll(text: string): string {
  if (UNRESERVED_ONLY.test(text)) return text
  if (!text.isWellFormed()) throw new AppError('bad_unicode')
  return encodeURIComponent(text).replace(LEFT_RAW, hexOf)
}

/**
 * Encodes a text as `application/x-www-form-urlencoded` does (WHATWG URL §5.2): a space is `+`.
 * @throws AppError bad_unicode - a lone surrogate
 */
export function formEncode(text: string): string {
  if (!text.isWellFormed()) throw new AppError('bad_unicode')
  return encodeURIComponent(text)
    .replace(/%20/g, '+')
    .replace(/[!'()~]/g, hexOf)
}

/** The error for a path and query above `maxTargetBytes`. */
export function targetTooLarge(): AppError {
  return new AppError('request_too_large', { reason: 'The path and query exceed 16 KiB.' })
}

function hexOf(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase()}`
}
