import { AppError } from '../errors.ts'

const KEY = /^[\x21-\x7e]{1,255}$/

/**
 * Checks a caller's name for its request (wire.md §7; reliability.md case 216).
 * @throws AppError idempotency_key_invalid
 */
export function checkIdempotencyKey(key: unknown): string {
  if (typeof key === 'string' && KEY.test(key)) return key
  throw new AppError('idempotency_key_invalid', {
    reason: 'It must be a text of 1 to 255 visible ASCII characters. Nothing was sent.',
  })
}

/** The beginning of a key, for people to know it by. */
export const keyHint = (key: string): string => (key.length <= 12 ? key : `${key.slice(0, 8)}…`)
