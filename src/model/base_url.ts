import { AppError } from '../errors.ts'
import { parseIpAddress } from '../lib/ip_address.ts'
import {
  allowsPlainHttp,
  type EgressEntry,
  entryOpens,
  isRiskyPort,
  namesHost,
  normaliseHost,
  suggestEntry,
  type UpstreamScheme,
} from './egress_entry.ts'

/** Where an upstream lives, normalised: two texts for one place give the same origin. */
export interface BaseUrl {
  /** `scheme://host[:port]`; the default port is left out, IPv6 stands in brackets. */
  readonly origin: string
  readonly scheme: UpstreamScheme
  /** Lower case, punycode, no trailing dot; IP addresses canonical and without brackets. */
  readonly host: string
  readonly port: number
  readonly isIpLiteral: boolean
}

const ORIGIN = /^[^/\\?#@\s]+\/?$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const CONTROL = /[\u0000-\u0020\u007f-\u009f]/

/**
 * Parses a tool's base_url (wire.md §5; reliability.md cases 141, 158, 170, 172–174).
 * @param entries the operator's allow-list: it alone opens plain HTTP, names without a dot or with an
 * underscore, and the ports of `isRiskyPort`
 * @throws AppError base_url_not_origin, base_url_not_https, or validation_failed at `/base_url`
 */
export function parseBaseUrl(text: string, entries: readonly EgressEntry[] = []): BaseUrl {
  const [, prefix, rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(text) ?? []
  const scheme = prefix?.toLowerCase()
  if (scheme === undefined) throw notOrigin('It must look like https://api.example.com.')
  if (scheme !== 'https' && scheme !== 'http') throw notHttps(`${scheme}: is not a web origin.`)
  if (CONTROL.test(text)) throw notOrigin('It holds a space or a control character.')
  if (!rest.startsWith('//') || !ORIGIN.test(rest.slice(2))) {
    throw notOrigin('It must be a scheme, a host and perhaps a port, and nothing after them.')
  }
  const base = normalise(scheme, rest.slice(2).replace(/\/$/, ''))
  refuse(base, entries)
  return base
}

function normalise(scheme: UpstreamScheme, authority: string): BaseUrl {
  const [, name = '', , digits] = /^(\[[^\]]*\]|[^:]*)(:(.*))?$/s.exec(authority) ?? []
  const defaultPort = scheme === 'https' ? 443 : 80
  const port = digits === undefined ? defaultPort : parsePort(digits)
  const host = name === '' ? null : normaliseHost(name)
  if (host === null) throw invalid('is not a host name or IP address')
  const shown = host.includes(':') ? `[${host}]` : host
  const origin = `${scheme}://${shown}${port === defaultPort ? '' : `:${port}`}`
  return { origin, scheme, host, port, isIpLiteral: parseIpAddress(host) !== null }
}

function parsePort(digits: string): number {
  const port = /^[0-9]{1,5}$/.test(digits) ? Number(digits) : 0
  if (port < 1 || port > 65_535) throw invalid('has a port that is not 1 to 65535')
  return port
}

function refuse(base: BaseUrl, entries: readonly EgressEntry[]): void {
  const { scheme, host, port, isIpLiteral } = base
  const hint = `The operator can open it with ${suggestEntry(scheme, host, port)}.`
  if (scheme === 'http' && !allowsPlainHttp(entries, host, port)) {
    throw notHttps(`Plain HTTP needs an entry of the egress allow-list. ${hint}`)
  }
  const isNamed = namesHost(entries, { scheme, host, port })
  if (!isIpLiteral && !isNamed) {
    if (!host.includes('.')) throw invalid(`has a host name without a dot. ${hint}`)
    if (host.includes('_')) throw invalid(`has a host name with an underscore. ${hint}`)
  }
  if (isRiskyPort(port) && !isPortNamed(base, entries)) {
    throw invalid(`has port ${port}, which speaks no HTTP as a rule. ${hint}`)
  }
}

/** Whether an entry names the port, for this host or for a range that its name may resolve into. */
function isPortNamed(base: BaseUrl, entries: readonly EgressEntry[]): boolean {
  const target = { ...base, address: parseIpAddress(base.host) }
  return entries.some((entry) => {
    if (entry.port !== base.port || entry.scheme !== base.scheme) return false
    return entryOpens(entry, target) || (entry.place.kind === 'range' && !base.isIpLiteral)
  })
}

const notOrigin = (reason: string) => new AppError('base_url_not_origin', { reason })
const notHttps = (reason: string) => new AppError('base_url_not_https', { reason })
const invalid = (message: string) =>
  new AppError('validation_failed', {
    reason: `base_url ${message}`,
    errors: [{ pointer: '/base_url', message }],
  })
