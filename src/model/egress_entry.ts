import { AppError } from '../errors.ts'
import {
  type Cidr,
  cidrContains,
  classifyAddress,
  type IpAddress,
  parseCidr,
  parseIpAddress,
} from '../lib/ip_address.ts'

/** The schemes a base_url may have. */
export type UpstreamScheme = 'https' | 'http'

/** What an entry names; `metadata` is one credential service of a cloud, by its exact address. */
export type EgressPlace =
  | { readonly kind: 'host'; readonly name: string }
  | { readonly kind: 'suffix'; readonly suffix: string }
  | { readonly kind: 'range'; readonly range: Cidr }
  | { readonly kind: 'metadata'; readonly address: IpAddress }

/** One line of the operator's egress allow-list (docs/egress.md). */
export interface EgressEntry {
  /** As the operator wrote it, for messages. */
  readonly text: string
  readonly scheme: UpstreamScheme
  readonly place: EgressPlace
  /** Null opens every port except the ones of `isRiskyPort`, which must be named. */
  readonly port: number | null
}

/** A connection an entry may open; `address` is null where it is not known yet. */
export interface EgressTarget {
  readonly scheme: UpstreamScheme
  /** Lower case, punycode, no trailing dot, no brackets. */
  readonly host: string
  readonly port: number
  readonly address: IpAddress | null
}

/** Ports of services that speak no HTTP and can be made to act on what an HTTP client sends. */
const riskyPorts: ReadonlySet<number> = new Set([
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
  103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 138, 139, 143, 161, 179, 389, 427,
  445, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 873,
  989, 990, 993, 995, 1433, 1521, 1719, 1720, 1723, 2049, 2181, 2375, 2376, 3306, 3389, 3659, 4045,
  4190, 5060, 5061, 5432, 5672, 5900, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
  9092, 9200, 9300, 10080, 11211, 27017,
])

/** Whether a port is denied unless an entry names it (reliability.md case 170). */
export function isRiskyPort(port: number): boolean {
  return riskyPorts.has(port)
}

const form =
  'Write host, host:port, *.example.com, 10.0.0.0/8:8080, [fd00::/8]:443 or http://host:3000.'

/**
 * Parses one entry: `[scheme://]place[:port]`, where place is a host, `*.suffix`, an address or a
 * CIDR range. Without a scheme it means HTTPS on any port; with one it reads like a URL: no port means
 * the scheme's own, and `:*` means any.
 * @throws AppError validation_failed - with a reason that says what to write instead
 */
export function parseEgressEntry(text: string): EgressEntry {
  const trimmed = text.trim()
  const [, scheme, rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(trimmed) ?? []
  const { place, port } = splitPort(trimmed, scheme === undefined ? rest : rest.replace(/\/$/, ''))
  switch (scheme?.toLowerCase()) {
    case undefined:
      return { text, scheme: 'https', place: parsePlace(trimmed, place), port: port ?? null }
    case 'https':
      return { text, scheme: 'https', place: parsePlace(trimmed, place), port: portOr(443, port) }
    case 'http':
      return { text, scheme: 'http', place: parsePlace(trimmed, place), port: portOr(80, port) }
    case 'unsafe-metadata':
      return { text, scheme: 'http', place: metadataPlace(trimmed, place), port: portOr(80, port) }
    default:
      throw invalid(trimmed, `has the scheme ${scheme}, which no upstream can have. ${form}`)
  }
}

/** Whether the entry opens the target. Metadata addresses are opened by `metadata` entries alone. */
export function entryOpens(candidate: EgressEntry, target: EgressTarget): boolean {
  if (candidate.scheme !== target.scheme) return false
  if (candidate.port === null ? isRiskyPort(target.port) : candidate.port !== target.port)
    return false
  const { place } = candidate
  const { address } = target
  switch (place.kind) {
    case 'host':
      return place.name === target.host
    case 'suffix':
      return target.host.endsWith(place.suffix)
    case 'range':
      return address !== null && cidrContains(place.range, address)
    case 'metadata':
      return address !== null && place.address.text === address.text
  }
}

/** Whether an entry names the host itself: only that lets a name without a dot through (case 174). */
export function namesHost(
  entries: readonly EgressEntry[],
  target: Omit<EgressTarget, 'address'>,
): boolean {
  return entries.some((candidate) => entryOpens(candidate, { ...target, address: null }))
}

/** Whether a base_url of plain HTTP is allowed: by an `http://` entry for that host and port. */
export function allowsPlainHttp(
  entries: readonly EgressEntry[],
  host: string,
  port: number,
): boolean {
  const target: EgressTarget = { scheme: 'http', host, port, address: parseIpAddress(host) }
  return entries.some((candidate) => entryOpens(candidate, target))
}

/** The flag an operator adds to open exactly this place; every refusal names it. */
export function suggestEntry(scheme: UpstreamScheme, host: string, port: number): string {
  const name = host.includes(':') ? `[${host}]` : host
  return `--egress-allow ${scheme === 'http' ? 'http://' : ''}${name}:${port}`
}

/**
 * A host in the one form everything compares: lower case, punycode, IP addresses canonical and
 * without brackets, no trailing dot; null where no URL can have it as host.
 */
export function normaliseHost(text: string): string | null {
  if (!/^(?:\[[0-9a-f:.]+\]|[^\s/\\?#@:[\]]+)$/i.test(text)) return null
  const parsed = URL.parse(`http://${text}/`)
  if (parsed === null) return null
  const host = parsed.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  return parseIpAddress(host)?.text ?? (isDnsName(host) ? host : null)
}

/** Labels of letters, digits, hyphens and underscores, 63 at most each, 253 together. */
function isDnsName(host: string): boolean {
  const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/
  return host.length <= 253 && host.split('.').every((part) => label.test(part))
}

interface PlacePort {
  readonly place: string
  /** Undefined where none is written, null for `:*`. */
  readonly port: number | null | undefined
}

function splitPort(text: string, rest: string): PlacePort {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/s.exec(rest)
  if (bracketed !== null) return { place: bracketed[1] ?? '', port: parsePort(text, bracketed[2]) }
  // Two colons outside brackets: IPv6 without a port.
  if (rest.indexOf(':') !== rest.lastIndexOf(':')) return { place: rest, port: undefined }
  const colon = rest.indexOf(':')
  if (colon < 0) return { place: rest, port: undefined }
  return { place: rest.slice(0, colon), port: parsePort(text, rest.slice(colon + 1)) }
}

function parsePort(text: string, digits: string | undefined): number | null | undefined {
  if (digits === undefined) return undefined
  if (digits === '*') return null
  const port = /^[1-9][0-9]{0,4}$/.test(digits) ? Number(digits) : 0
  if (port < 1 || port > 65_535) throw invalid(text, 'has a port that is not 1 to 65535, nor *.')
  return port
}

const portOr = (fallback: number, port: number | null | undefined) =>
  port === undefined ? fallback : port

function parsePlace(text: string, place: string): EgressPlace {
  if (place.startsWith('*.')) return suffixPlace(text, place.slice(2))
  if (place.includes('/') || place.includes(':')) return rangePlace(text, place)
  const name = normaliseHost(place)
  if (name === null) throw invalid(text, `is not a host, an address or a range. ${form}`)
  const range = parseCidr(name)
  if (range === null) return { kind: 'host', name }
  if (name !== place) throw invalid(text, `stands for the address ${name}. Write ${name}.`)
  return { kind: 'range', range }
}

function suffixPlace(text: string, rest: string): EgressPlace {
  const name = rest.includes('*') ? null : normaliseHost(rest)
  if (name === null || parseIpAddress(name) !== null) {
    throw invalid(
      text,
      'has a * that does not stand for the first labels of a name. Write *.example.com.',
    )
  }
  return { kind: 'suffix', suffix: `.${name}` }
}

function rangePlace(text: string, place: string): EgressPlace {
  const range = parseCidr(place)
  if (range !== null) return { kind: 'range', range }
  const [address = '', bits = ''] = place.split('/')
  if (parseIpAddress(address) !== null && /^\d{1,3}$/.test(bits)) {
    throw invalid(
      text,
      `has address bits set after the first ${bits}, or more bits than there are.`,
    )
  }
  throw invalid(text, `is not an address range; a path cannot be part of an entry. ${form}`)
}

function metadataPlace(text: string, place: string): EgressPlace {
  const address = parseIpAddress(place)
  if (address === null || classifyAddress(address) !== 'metadata') {
    throw invalid(text, 'does not name a metadata address such as 169.254.169.254.')
  }
  return { kind: 'metadata', address }
}

const invalid = (text: string, problem: string) =>
  new AppError('validation_failed', { reason: `The egress entry "${text}" ${problem}` })
