import { networkInterfaces } from 'node:os'
import { AppError } from '../errors.ts'
import {
  type AddressClass,
  classifyAddress,
  type IpAddress,
  parseIpAddress,
} from '../lib/ip_address.ts'
import type { BaseUrl } from '../model/base_url.ts'
import {
  type EgressEntry,
  entryOpens,
  isRiskyPort,
  suggestEntry,
  type UpstreamScheme,
} from '../model/egress_entry.ts'
import type { Resolver } from './resolve_host.ts'

declare const guarded: unique symbol

/** A place that may be dialled now, by address. Only a Guard makes one. */
export interface GuardedTarget {
  readonly [guarded]: true
  readonly scheme: UpstreamScheme
  /** As in the base_url: normalised, without brackets. */
  readonly host: string
  readonly port: number
  /** The checked addresses in the order to try them; never empty, and no other may be dialled. */
  readonly addresses: readonly string[]
  /** The name the certificate must bear and SNI carries; null for an IP literal. */
  readonly serverName: string | null
  readonly hostHeader: string
  /** Connections are shared under this key only: the origin. */
  readonly poolKey: string
}

/** A place Gatehouse itself listens on; `ip` may be `0.0.0.0` or `::`. */
export interface ListenAddress {
  readonly ip: string
  readonly port: number
}

/** What the egress policy is made of. */
export interface GuardDeps {
  readonly resolver: Resolver
  readonly entries: readonly EgressEntry[]
  /** Every listener of this process, as it is now. */
  readonly ownAddresses: () => readonly ListenAddress[]
  /** Addresses of this machine's interfaces; the machine's own unless told. */
  readonly localAddresses?: () => readonly string[]
}

/** Decides where a tool call may connect to. */
export interface Guard {
  /**
   * Resolves the host and checks every address, on every call; at once while the name's answer is
   * fresh.
   * @throws AppError egress_denied - nothing was dialled, and `reason` says what would allow it;
   * upstream_dns
   */
  check(baseUrl: BaseUrl): GuardedTarget | Promise<GuardedTarget>
}

/** Makes the guard of one egress policy (reliability.md cases 157–165, 170, 175, 177). */
export function createGuard(deps: GuardDeps): Guard {
  return new EgressGuard(deps)
}

interface Verdict {
  readonly answer: readonly string[]
  readonly target: GuardedTarget
}

const maxVerdicts = 2_000

class EgressGuard implements Guard {
  private readonly deps: GuardDeps
  /** The last verdict per origin, good for as long as the resolver gives that very answer. */
  private readonly verdicts = new Map<string, Verdict>()
  private readonly literals = new Map<string, readonly string[]>()

  constructor(deps: GuardDeps) {
    this.deps = deps
  }

  check(baseUrl: BaseUrl): GuardedTarget | Promise<GuardedTarget> {
    if (metadataNames.has(baseUrl.host)) throw deniedName(baseUrl)
    const answer = baseUrl.isIpLiteral
      ? this.literal(baseUrl.host)
      : this.deps.resolver.resolve(baseUrl.host)
    return answer instanceof Promise
      ? answer.then((addresses) => this.judge(baseUrl, addresses))
      : this.judge(baseUrl, answer)
  }

  private literal(host: string): readonly string[] {
    const known = this.literals.get(host)
    if (known !== undefined) return known
    if (this.literals.size >= maxVerdicts) this.literals.clear()
    const answer = [host]
    this.literals.set(host, answer)
    return answer
  }

  private judge(baseUrl: BaseUrl, answer: readonly string[]): GuardedTarget {
    const known = this.verdicts.get(baseUrl.origin)
    const own = this.deps.ownAddresses()
    const isOwnPort = own.some(({ port }) => port === baseUrl.port)
    if (known?.answer === answer && !isOwnPort) return known.target
    const target = targetOf(baseUrl, this.allowed(baseUrl, answer, own))
    if (this.verdicts.size >= maxVerdicts) this.verdicts.clear()
    this.verdicts.set(baseUrl.origin, { answer, target })
    return target
  }

  /** The addresses that may be dialled; a name with mixed answers loses the others (case 163). */
  private allowed(
    baseUrl: BaseUrl,
    answer: readonly string[],
    own: readonly ListenAddress[],
  ): string[] {
    let firstDenial: AppError | null = null
    const addresses: string[] = []
    for (const text of answer) {
      const address = parseIpAddress(text)
      if (address === null) continue
      const denial = this.isOwn(address, baseUrl.port, own)
        ? deniedSelf(baseUrl)
        : this.denial(baseUrl, address)
      if (denial === null) addresses.push(address.text)
      firstDenial ??= denial
    }
    if (addresses.length === 0) throw firstDenial ?? noAddress(baseUrl)
    return addresses
  }

  private denial(baseUrl: BaseUrl, address: IpAddress): AppError | null {
    const kind = classifyAddress(address)
    const { scheme, host, port } = baseUrl
    const isOpened = this.deps.entries.some(
      (entry) =>
        (entry.place.kind === 'metadata') === (kind === 'metadata') &&
        entryOpens(entry, { scheme, host, port, address }),
    )
    if (kind === 'unspecified' || kind === 'multicast') return denied(baseUrl, address, kind)
    if (isOpened) return null
    const isOpen = kind === 'public' && scheme === 'https' && !isRiskyPort(port)
    return isOpen ? null : denied(baseUrl, address, kind)
  }

  /** Whether the address and port lead back to this process, by any of its interfaces (case 162). */
  private isOwn(address: IpAddress, port: number, own: readonly ListenAddress[]): boolean {
    return own.some((listener) => {
      if (listener.port !== port) return false
      const bound = parseIpAddress(listener.ip)
      if (bound === null || classifyAddress(bound) === 'unspecified') return this.isLocal(address)
      return bound.text === address.text || classifyAddress(address) === 'unspecified'
    })
  }

  private isLocal(address: IpAddress): boolean {
    const kind = classifyAddress(address)
    if (kind === 'loopback' || kind === 'unspecified') return true
    const local = this.deps.localAddresses ?? machineAddresses
    return local().some((text) => parseIpAddress(text.replace(/%.*$/, ''))?.text === address.text)
  }
}

const machineAddresses = () =>
  Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))

/** Names that clouds give their credential services; what they resolve to here does not matter. */
const metadataNames: ReadonlySet<string> = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'metadata.azure.internal',
  'instance-data',
  'instance-data.ec2.internal',
])

function targetOf(baseUrl: BaseUrl, addresses: readonly string[]): GuardedTarget {
  const { origin, scheme, host, port, isIpLiteral } = baseUrl
  const target: Omit<GuardedTarget, typeof guarded> = {
    scheme,
    host,
    port,
    addresses,
    serverName: isIpLiteral ? null : host,
    hostHeader: origin.slice(scheme.length + '://'.length),
    poolKey: origin,
  }
  return target as GuardedTarget
}

const kinds: Readonly<Record<AddressClass, string>> = {
  public: 'a public address',
  loopback: 'a loopback address',
  private: 'a private address',
  link_local: 'a link-local address',
  cgnat: 'a carrier-grade NAT address',
  metadata: 'the metadata service of a cloud, which holds credentials',
  multicast: 'a multicast address',
  reserved: 'a reserved address',
  unspecified: 'the unspecified address',
  embedded_ipv4: 'an IPv6 address that a gateway turns into IPv4',
}

function denied(baseUrl: BaseUrl, address: IpAddress, kind: AddressClass): AppError {
  const { host, isIpLiteral } = baseUrl
  const place = isIpLiteral ? `${host} is` : `${host} resolves to ${address.text},`
  return new AppError('egress_denied', {
    reason: `${place} ${kinds[kind]}${portWord(baseUrl, kind)}. ${remedy(baseUrl, kind)}`,
  })
}

function portWord({ scheme, port }: BaseUrl, kind: AddressClass): string {
  if (kind !== 'public') return ''
  return scheme === 'http'
    ? ', and plain HTTP is not allowed there'
    : `, but port ${port} is denied`
}

function remedy({ scheme, host, port }: BaseUrl, kind: AddressClass): string {
  if (kind === 'metadata') return 'No host or range entry opens it (docs/egress.md).'
  if (kind === 'unspecified' || kind === 'multicast') return 'Nothing opens it.'
  return `The operator can allow it with ${suggestEntry(scheme, host, port)}.`
}

const deniedSelf = ({ host, port }: BaseUrl) =>
  new AppError('egress_denied', {
    reason: `${host}:${port} is Gatehouse itself. Nothing opens it.`,
  })
const deniedName = ({ host }: BaseUrl) =>
  new AppError('egress_denied', {
    reason: `${host} is ${kinds.metadata}. No host or range entry opens it (docs/egress.md).`,
  })
const noAddress = ({ host }: BaseUrl) =>
  new AppError('upstream_dns', { reason: `The name ${host} has no usable address.` })
