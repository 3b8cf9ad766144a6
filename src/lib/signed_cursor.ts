import { timingSafeEqual } from 'node:crypto'
import { AppError } from '../errors.ts'

const MAC_BYTES = 16

const mac = (key: Uint8Array, scope: string, position: string) =>
  new Bun.CryptoHasher('sha256', key)
    .update(`${scope}\n${position}`)
    .digest()
    .subarray(0, MAC_BYTES)

/**
 * An opaque list position only this instance can make. `scope` names the list and the principal it
 * was made for; the cursor opens for no other (reliability.md case 290).
 */
export function makeCursor(key: Uint8Array, scope: string, position: string): string {
  return Buffer.concat([mac(key, scope, position), Buffer.from(position)]).toString('base64url')
}

/** Opens a cursor. @throws AppError invalid_cursor - forged, damaged, or of another list */
export function openCursor(key: Uint8Array, scope: string, cursor: string): string {
  const bytes = Buffer.from(cursor.slice(0, 1024), 'base64url')
  const position = bytes.toString('utf8', MAC_BYTES)
  const presented = bytes.subarray(0, MAC_BYTES)
  const right =
    presented.length === MAC_BYTES && timingSafeEqual(presented, mac(key, scope, position))
  if (!right) throw new AppError('invalid_cursor')
  return position
}
