/** An IP address. IPv4-mapped IPv6 (`::ffff:a.b.c.d`) is held as the IPv4 address it stands for. */
export interface IpAddress {
  readonly version: 4 | 6
  /** 4 or 16 bytes, network order. */
  readonly bytes: readonly number[]
  /** Canonical text: dotted decimal, or RFC 5952 without brackets. */
  readonly text: string
}

/** A range of addresses; `prefix` counts bits of `base`, and the bits below it are zero. */
export interface Cidr {
  readonly base: IpAddress
  readonly prefix: number
}

/**
 * What kind of place an address leads to. Only `public` is reachable without an operator's entry.
 * `metadata` are the credential services of cloud providers; `embedded_ipv4` is IPv6 that a gateway
 * turns into IPv4 (NAT64, 6to4, Teredo, ISATAP, IPv4-compatible), public target or not.
 */
export type AddressClass =
  | 'public'
  | 'loopback'
  | 'private'
  | 'link_local'
  | 'cgnat'
  | 'metadata'
  | 'multicast'
  | 'reserved'
  | 'unspecified'
  | 'embedded_ipv4'

/**
 * Parses the strict text forms: dotted decimal without leading zeros, and RFC 4291 §2.2 IPv6
 * without zone id or brackets. The lenient forms browsers take are not understood here.
 */
export function parseIpAddress(text: string): IpAddress | null {
  const bytes = text.includes(':') ? parseIpv6(text) : parseIpv4(text)
  return bytes === null ? null : fromBytes(bytes)
}

/** Parses `10.0.0.0/8`, `fd00::/8` or a lone address (a range of one); null for anything else. */
export function parseCidr(text: string): Cidr | null {
  const slash = text.indexOf('/')
  const base = parseIpAddress(slash < 0 ? text : text.slice(0, slash))
  if (base === null) return null
  const width = base.bytes.length * 8
  if (slash < 0) return { base, prefix: width }
  const digits = text.slice(slash + 1)
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(digits)) return null
  // `::ffff:10.0.0.0/104` counts 96 bits that the held IPv4 address no longer has.
  const prefix = Number(digits) - (base.version === 4 && text.includes(':') ? 96 : 0)
  if (prefix < 0 || prefix > width || hasBitsBelow(base.bytes, prefix)) return null
  return { base, prefix }
}

/** Whether the range holds the address; never across IP versions. */
export function cidrContains(range: Cidr, address: IpAddress): boolean {
  return range.base.version === address.version && samePrefix(range.base, address, range.prefix)
}

/** Classifies an address by the IANA special-purpose registries (reliability.md cases 157–161). */
export function classifyAddress(address: IpAddress): AddressClass {
  for (const [range, kind] of address.version === 4 ? ipv4Classes : ipv6Classes) {
    if (cidrContains(range, address)) return kind
  }
  if (address.version === 4) return 'public'
  const embedded = embeddedIpv4(address.bytes)
  if (embedded.some((inner) => classifyAddress(inner) === 'metadata')) return 'metadata'
  if (embedded.length > 0) return 'embedded_ipv4'
  for (const [range, kind] of ipv6SpecialClasses) if (cidrContains(range, address)) return kind
  return cidrContains(globalUnicast, address) ? 'public' : 'reserved'
}

function parseIpv4(text: string): number[] | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return null
  const parts = match.slice(1)
  const isDecimal = (part: string) => String(Number(part)) === part && Number(part) <= 255
  return parts.every(isDecimal) ? parts.map(Number) : null
}

function parseIpv6(text: string): number[] | null {
  const tail = /(?:^|:)([0-9.]*\.[0-9.]*)$/.exec(text)?.[1]
  if (tail !== undefined) {
    const ipv4 = parseIpv4(tail)
    if (ipv4 === null) return null
    return parseIpv6(text.slice(0, -tail.length) + ipv4Groups(ipv4))
  }
  const halves = text.split('::')
  if (halves.length > 2) return null
  const head = parseGroups(halves[0] ?? '')
  const rest = halves.length === 2 ? parseGroups(halves[1] ?? '') : []
  if (head === null || rest === null) return null
  const missing = 8 - head.length - rest.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null
  const groups = [...head, ...new Array<number>(missing).fill(0), ...rest]
  return groups.flatMap((group) => [group >> 8, group & 0xff])
}

const ipv4Groups = (bytes: readonly number[]) => {
  const [a = 0, b = 0, c = 0, d = 0] = bytes
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
}

function parseGroups(text: string): number[] | null {
  if (text === '') return []
  const groups = text.split(':')
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return null
  return groups.map((group) => Number.parseInt(group, 16))
}

function fromBytes(bytes: readonly number[]): IpAddress {
  if (bytes.length === 4) return { version: 4, bytes, text: bytes.join('.') }
  const isMapped =
    bytes.slice(0, 10).every((b) => b === 0) && bytes[10] === 255 && bytes[11] === 255
  return isMapped ? fromBytes(bytes.slice(12)) : { version: 6, bytes, text: formatIpv6(bytes) }
}

/** Writes RFC 5952 text: lower case, the longest run of two or more zero groups shortened. */
function formatIpv6(bytes: readonly number[]): string {
  const groups: number[] = []
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0))
  const { start, length } = longestZeroRun(groups)
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':')
  if (length < 2) return hex(groups)
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  return best
}

function hasBitsBelow(bytes: readonly number[], prefix: number): boolean {
  return bytes.some((byte, i) => (byte & (0xff >> clampBits(prefix - i * 8))) !== 0)
}

function samePrefix(a: IpAddress, b: IpAddress, prefix: number): boolean {
  const full = prefix >> 3
  for (let i = 0; i < full; i++) if (a.bytes[i] !== b.bytes[i]) return false
  const mask = 0xff00 >> (prefix & 7)
  return (((a.bytes[full] ?? 0) ^ (b.bytes[full] ?? 0)) & mask & 0xff) === 0
}

const clampBits = (bits: number) => Math.max(0, Math.min(8, bits))

/** The IPv4 addresses an IPv6 address may be turned into on its way, whichever gateway stands there. */
function embeddedIpv4(bytes: readonly number[]): IpAddress[] {
  const address: IpAddress = { version: 6, bytes, text: '' }
  const found: IpAddress[] = []
  for (const [range, offsets] of embeddings) {
    if (!cidrContains(range, address)) continue
    for (const layout of offsets) found.push(pick(bytes, layout))
  }
  // ISATAP (RFC 5214 §6.1): interface id 0000:5efe or 0200:5efe, then the IPv4 address.
  const isIsatap = ((bytes[8] ?? 0) & 0xfd) === 0 && bytes[9] === 0 && bytes[10] === 0x5e
  if (isIsatap && bytes[11] === 0xfe) found.push(pick(bytes, [12, 13, 14, 15]))
  // Teredo (RFC 4380 §4) hides the client's address by inverting it.
  if (cidrContains(teredo, address)) {
    found.push(fromBytes(bytes.slice(12).map((byte) => byte ^ 0xff)))
  }
  return found
}

const pick = (bytes: readonly number[], layout: readonly number[]) =>
  fromBytes(layout.map((index) => bytes[index] ?? 0))

const range = (text: string): Cidr => {
  const parsed = parseCidr(text)
  if (parsed === null) throw new Error(`Not a CIDR range: ${text}`)
  return parsed
}
const classes = (table: Readonly<Record<string, AddressClass>>) =>
  Object.entries(table).map(([text, kind]) => [range(text), kind] as const)

const teredo = range('2001::/32')
const globalUnicast = range('2000::/3')

/** Prefixes with an IPv4 address inside, and the byte positions it may be at (RFC 6052 §2.2). */
const embeddings = [
  [range('::/96'), [[12, 13, 14, 15]]],
  [range('::ffff:0:0:0/96'), [[12, 13, 14, 15]]],
  [range('64:ff9b::/96'), [[12, 13, 14, 15]]],
  [
    range('64:ff9b:1::/48'),
    [
      [12, 13, 14, 15],
      [6, 7, 9, 10],
      [7, 9, 10, 11],
      [9, 10, 11, 12],
    ],
  ],
  [range('2002::/16'), [[2, 3, 4, 5]]],
  [teredo, [[4, 5, 6, 7]]],
] as const

// First match wins, so the metadata addresses come before the ranges they lie in.
const ipv4Classes = classes({
  '169.254.169.254': 'metadata', // most clouds
  '169.254.169.253': 'metadata', // AWS resolver
  '169.254.170.2': 'metadata', // AWS ECS task credentials
  '169.254.170.23': 'metadata', // AWS EKS pod identity
  '169.254.0.23': 'metadata', // Tencent Cloud
  '100.100.100.200': 'metadata', // Alibaba Cloud
  '168.63.129.16': 'metadata', // Azure wire server
  '192.0.0.192': 'metadata', // Oracle Cloud
  '0.0.0.0': 'unspecified',
  '0.0.0.0/8': 'reserved',
  '10.0.0.0/8': 'private',
  '100.64.0.0/10': 'cgnat',
  '127.0.0.0/8': 'loopback',
  '169.254.0.0/16': 'link_local',
  '172.16.0.0/12': 'private',
  '192.0.0.0/24': 'reserved',
  '192.0.2.0/24': 'reserved',
  '192.88.99.0/24': 'reserved',
  '192.168.0.0/16': 'private',
  '198.18.0.0/15': 'reserved',
  '198.51.100.0/24': 'reserved',
  '203.0.113.0/24': 'reserved',
  '224.0.0.0/4': 'multicast',
  '240.0.0.0/4': 'reserved',
})

const ipv6Classes = classes({
  'fd00:ec2::254': 'metadata', // AWS
  'fd00:ec2::253': 'metadata', // AWS resolver
  'fd00:ec2::23': 'metadata', // AWS EKS pod identity
  'fd20:ce::254': 'metadata', // Google Cloud
  '::': 'unspecified',
  '::1': 'loopback',
})

const ipv6SpecialClasses = classes({
  '100::/64': 'reserved',
  '2001::/23': 'reserved',
  '2001:db8::/32': 'reserved',
  '3fff::/20': 'reserved',
  'fc00::/7': 'private',
  'fe80::/10': 'link_local',
  'fec0::/10': 'private',
  'ff00::/8': 'multicast',
})
