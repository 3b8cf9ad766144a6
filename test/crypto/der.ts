/** An element of DER (X.690): tag, length and content. */
function element(tag: number, content: Uint8Array): Buffer {
  const { length } = content
  const long = Buffer.from(length.toString(16).padStart(length > 0xff ? 4 : 2, '0'), 'hex')
  const head = length < 0x80 ? [tag, length] : [tag, 0x80 | long.length, ...long]
  return Buffer.concat([Buffer.from(head), content])
}

export const sequence = (...elements: readonly Buffer[]) => element(0x30, Buffer.concat(elements))
export const bitString = (bytes: Uint8Array) =>
  element(0x03, Buffer.concat([Buffer.from([0]), bytes]))
export const nothing = element(0x05, Buffer.alloc(0))

/** A positive INTEGER. */
export function integer(value: bigint): Buffer {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  const isNegative = ((bytes[0] ?? 0) & 0x80) !== 0
  return element(0x02, isNegative ? Buffer.concat([Buffer.from([0]), bytes]) : bytes)
}

/** An OBJECT IDENTIFIER, from its dotted form. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(septets)]))
}

function septets(arc: number): number[] {
  const parts = [arc & 0x7f]
  for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
    parts.unshift((left & 0x7f) | 0x80)
  }
  return parts
}

/** A block of PEM (RFC 7468). */
export function pemOf(der: Uint8Array, label = 'PUBLIC KEY'): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/** What a block of PEM holds. */
export function derOf(pem: string, label = 'PUBLIC KEY'): Buffer {
  const body = pem.split(`-----BEGIN ${label}-----`)[1]?.split('-----END')[0] ?? ''
  return Buffer.from(body.replace(/\s/g, ''), 'base64')
}
