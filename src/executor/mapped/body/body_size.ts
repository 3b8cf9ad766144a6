import { AppError } from '../../../errors.ts'

/** Largest body that is sent, files not counted, in bytes. */
const maxTextBytes = 4 * 1024 * 1024

/** The text itself. @throws AppError request_too_large - longer than any body */
export function bounded(text: string): string {
  if (text.length > maxTextBytes) throw bodyTooLarge()
  return text
}

/** The bytes of a text as body. @throws AppError request_too_large, bad_unicode */
export function bodyBytes(text: string): Uint8Array {
  if (!bounded(text).isWellFormed()) throw new AppError('bad_unicode')
  const bytes = new TextEncoder().encode(text)
  if (bytes.byteLength > maxTextBytes) throw bodyTooLarge()
  return bytes
}

function bodyTooLarge(): AppError {
  return new AppError('request_too_large', { reason: 'The body exceeds 4 MiB.' })
}
