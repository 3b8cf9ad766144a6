/** A new UUIDv7 as 16 bytes (RFC 9562 §5.7): ordered by time of creation. */
export function newRunId(): Uint8Array {
  return Bun.randomUUIDv7('buffer')
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** The text form of a 16-byte UUID (RFC 9562 §4). */
export function formatRunId(id: Uint8Array): string {
  let text = ''
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += '-'
    text += hex[id[i] ?? 0]
  }
  return text
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The 16 bytes of a UUID in text; null when it is not one. */
export function parseRunId(text: string): Uint8Array | null {
  return uuid.test(text) ? Uint8Array.fromHex(text.replaceAll('-', '')) : null
}
