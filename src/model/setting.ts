import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { AppError } from '../errors.ts'
import { parseCidr, parseIpAddress } from '../lib/ip_address.ts'
import { parseEgressEntry } from './egress_entry.ts'

/** A setting's text that cannot be used; the message says why and what to write instead. */
export class InvalidSetting extends Error {}

/** How the text of a setting is read, and how a flag for it looks. */
export interface SettingKind<T> {
  /** What to write, as help shows it: `host:port`. */
  readonly form: string
  /** `switch`: a flag without a value; `many`: a flag that may be repeated. */
  readonly arity: 'one' | 'many' | 'switch'
  /** Reads trimmed, non-empty text; relative paths start at `baseDir`. @throws InvalidSetting */
  parse(text: string, baseDir: string): T
}

type Parse<T> = (text: string, baseDir: string) => T
const one = <T>(form: string, parse: Parse<T>): SettingKind<T> => ({ form, arity: 'one', parse })

/** A file or directory; made absolute. */
export const pathSetting: SettingKind<string> = one('path', (text, baseDir) =>
  resolve(baseDir, text),
)

/** Text taken as it is. */
export const textSetting: SettingKind<string> = one('text', (text) => text)

/** Yes or no. */
export const switchSetting: SettingKind<boolean> = {
  form: 'true|false',
  arity: 'switch',
  parse(text) {
    if (/^(true|1|yes|on)$/i.test(text)) return true
    if (/^(false|0|no|off)$/i.test(text)) return false
    throw new InvalidSetting('is neither true nor false. Write true or false.')
  },
}

/** Yes or no, where yes is what holds anyway: its flag takes a value. */
export const wordSwitchSetting: SettingKind<boolean> = { ...switchSetting, arity: 'one' }

/** One of a few words. */
export function choiceSetting<const W extends string>(words: readonly W[]): SettingKind<W> {
  return one('word', (text) => {
    const word = words.find((candidate) => candidate === text.toLowerCase())
    if (word !== undefined) return word
    throw new InvalidSetting(`is not one of ${words.join(', ')}.`)
  })
}

/** Values separated by commas; each is read by the item's parser. */
export function listSetting<T>(form: string, item: (text: string) => T): SettingKind<readonly T[]> {
  const parse = (text: string) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map(item)
  return { form, arity: 'many', parse }
}

/** A whole number within bounds, both included. */
export function integerSetting(min: number, max: number): SettingKind<number> {
  return one('number', (text) => within(/^\d{1,15}$/.test(text) ? Number(text) : null, min, max))
}

const byteUnits: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
}

/** A size in bytes, bare or with a unit (`4MiB`), within bounds. */
export function bytesSetting(min: number, max: number): SettingKind<number> {
  return one('bytes', (text) => {
    const [, digits, unit = ''] = /^(\d{1,12})\s*([a-z]*)$/i.exec(text) ?? []
    const factor = byteUnits[unit.toLowerCase()]
    return within(
      digits === undefined || factor === undefined ? null : Number(digits) * factor,
      min,
      max,
    )
  })
}

function within(value: number | null, min: number, max: number): number {
  if (value !== null && value >= min && value <= max) return value
  throw new InvalidSetting(`is not a whole number from ${min} to ${max}.`)
}

/** Where a server listens: an IP address, never a name, and a port; port 0 lets the system choose. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** `127.0.0.1:8080`, `[::1]:8080`, `:8080` or `8080`; without a host it is loopback. */
export const listenSetting: SettingKind<ListenAddress> = one('host:port', (text) => {
  const match = /^(?:(?:\[([^\]]+)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text)
  const [, v6, v4, digits] = match ?? []
  const port = Number(digits)
  const host = v6 ?? (v4 === undefined || v4 === '' || v4 === 'localhost' ? '127.0.0.1' : v4)
  if (match !== null && port <= 65_535 && isIP(host) === (v6 === undefined ? 4 : 6)) {
    return { host, port }
  }
  throw new InvalidSetting(
    'is not an IP address with a port. Write 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:8080.',
  )
})

/** `host:port` as a URL has it. */
export function formatListen(address: ListenAddress): string {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `${host}:${address.port}`
}

/** The URL at which this machine itself reaches a listener; a wildcard is reached over loopback. */
export function localUrl({ host, port }: ListenAddress): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${formatListen({ host: reachable, port })}`
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return /^127\.|^::1$|^::ffff:127\./i.test(host)
}

/** An http or https origin, without path, query or user. */
export function parseOrigin(text: string): string {
  const url = URL.parse(text)
  const isOrigin =
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    /^https?:\/\/[^/?#@\\\s]+\/?$/i.test(text) &&
    url.pathname === '/'
  if (isOrigin) return url.origin
  throw new InvalidSetting(
    'is not an origin. Write https://host or https://host:port, nothing after.',
  )
}

/** An http or https origin. */
export const originSetting: SettingKind<string> = one('origin', parseOrigin)

const hostName =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/
const isPort = (digits: string | undefined) =>
  digits === undefined || (digits.length <= 5 && Number(digits) >= 1 && Number(digits) <= 65_535)

/** A host as the Host header has it: a name or an address, with a port where it is not the usual one. */
export function parseHost(text: string): string {
  const host = text.toLowerCase()
  const [, v6, name = '', port] = /^(?:\[([^\]]+)\]|([^:[\]/]+))(?::(\d+))?$/.exec(host) ?? []
  if (isPort(port) && (v6 === undefined ? hostName.test(name) : isIP(v6) === 6)) return host
  throw new InvalidSetting(`"${text}" is not a host. Write host or host:port, without https://.`)
}

/** An entry of the egress allow-list, checked; as text (wire.md §5). */
export function parseEgressText(text: string): string {
  try {
    return parseEgressEntry(text).text
  } catch (error) {
    if (error instanceof AppError && error.reason !== undefined)
      throw new InvalidSetting(error.reason)
    throw error
  }
}

/** The address of a proxy, or a range of them in CIDR notation; as text. */
export function parseProxyText(text: string): string {
  if (parseCidr(text) !== null) return text
  const [address = '', bits = ''] = text.split('/')
  const isRange = parseIpAddress(address) !== null && /^\d{1,3}$/.test(bits)
  throw new InvalidSetting(
    isRange
      ? `"${text}" has address bits set after the first ${bits}, or more bits than there are. Write the first address of the range, as in 10.0.0.0/8.`
      : `"${text}" is not an IP address or a range of them. Write 10.0.0.5, 10.0.0.0/8 or fd00::/8, without a port.`,
  )
}

/** 32 bytes as 64 hex digits, base64 or base64url. */
export const keySetting: SettingKind<Uint8Array> = one('key', (text) => {
  if (/^[0-9a-f]{64}$/i.test(text)) return Uint8Array.fromHex(text)
  const bytes = /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : null
  if (bytes?.byteLength === 32) return new Uint8Array(bytes)
  throw new InvalidSetting('is not 32 bytes in base64 or hex. Make one: openssl rand -base64 32')
})
