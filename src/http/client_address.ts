import {
  type Cidr,
  cidrContains,
  type IpAddress,
  parseCidr,
  parseIpAddress,
} from '../lib/ip_address.ts'

/** Parses the setting trusted_proxies, once; its entries have been checked. */
export function parseTrustedProxies(entries: readonly string[]): readonly Cidr[] {
  return entries.map(parseCidr).filter((range) => range !== null)
}

/**
 * The address a request came from, canonical and without zone (reliability.md case 32).
 * `X-Forwarded-For` is read from its right end, where the nearest proxy writes, and only as far as
 * each next word comes from a trusted proxy; what is left of that anyone may have written. A word that
 * is no address ends the reading: the last address a trusted proxy vouched for stands.
 */
export function clientAddress(
  peerAddress: string,
  forwardedFor: string | null,
  trusted: readonly Cidr[],
): string {
  // The address of an IPv4 peer is canonical: most requests need no parsing at all.
  const isPlain = forwardedFor === null || trusted.length === 0
  if (isPlain && !peerAddress.includes(':')) return peerAddress
  let client = parseIpAddress(withoutZone(peerAddress))
  if (client === null) return peerAddress
  let rest = isPlain ? '' : forwardedFor
  while (rest !== '' && isTrusted(client, trusted)) {
    const comma = rest.lastIndexOf(',')
    const next = parseForwarded(rest.slice(comma + 1))
    if (next === null) break
    client = next
    rest = rest.slice(0, Math.max(comma, 0))
  }
  return client.text
}

const isTrusted = (address: IpAddress, trusted: readonly Cidr[]) =>
  trusted.some((range) => cidrContains(range, address))

/** The longest address with brackets, zone and port has fewer characters. */
const maxWordLength = 80

/** `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:4711`. */
function parseForwarded(word: string): IpAddress | null {
  if (word.length > maxWordLength) return null
  const [, v6, v4] = /^(?:\[([^[\]]+)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(word.trim()) ?? []
  return parseIpAddress(withoutZone(v6 ?? v4 ?? word.trim()))
}

/** `fe80::1%eth0` is `fe80::1`: a zone means something on one machine alone (RFC 4007 §11). */
function withoutZone(text: string): string {
  const percent = text.indexOf('%')
  return percent < 0 || !text.includes(':') ? text : text.slice(0, percent)
}
