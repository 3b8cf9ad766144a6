import { AppError } from '../errors.ts'

/** Finds the addresses of a host name. */
export interface Resolver {
  /**
   * Gives every address of a name, IPv4 and IPv6, in the order to try them; at once where the answer
   * is still fresh, as the same array.
   * @throws AppError upstream_dns
   */
  resolve(host: string): readonly string[] | Promise<readonly string[]>
}

/** How a system resolver is set up; every field has a default. */
export interface ResolverOptions {
  /** Asks the name servers; rejects with an error whose `code` says why. */
  readonly lookup?: (host: string) => Promise<readonly string[]>
  /** Monotonic milliseconds. */
  readonly nowMs?: () => number
  /** How long one lookup may take (reliability.md case 176). */
  readonly timeoutMs?: number
  /** How long an answer is used again; the dialled address is always one that was checked. */
  readonly freshMs?: number
  readonly maxHosts?: number
}

interface Answer {
  readonly addresses: readonly string[]
  readonly freshUntilMs: number
}

/** More addresses than this are not tried, nor held in memory. */
const maxAddresses = 32

const systemLookup = async (host: string): Promise<readonly string[]> =>
  (await Bun.dns.lookup(host)).map(({ address }) => address)

/** Makes a resolver over the machine's name servers: bounded in time, memory and parallel lookups. */
export function createResolver(options: ResolverOptions = {}): Resolver {
  return new SystemResolver(options)
}

class SystemResolver implements Resolver {
  private readonly lookup: (host: string) => Promise<readonly string[]>
  private readonly nowMs: () => number
  private readonly timeoutMs: number
  private readonly freshMs: number
  private readonly maxHosts: number
  private readonly answers = new Map<string, Answer>()
  private readonly inFlight = new Map<string, Promise<readonly string[]>>()

  constructor(options: ResolverOptions) {
    this.lookup = options.lookup ?? systemLookup
    this.nowMs = options.nowMs ?? (() => performance.now())
    this.timeoutMs = options.timeoutMs ?? 2_000
    this.freshMs = options.freshMs ?? 3_000
    this.maxHosts = options.maxHosts ?? 1_000
  }

  resolve(host: string): readonly string[] | Promise<readonly string[]> {
    const known = this.answers.get(host)
    if (known !== undefined && known.freshUntilMs > this.nowMs()) return known.addresses
    const running = this.inFlight.get(host)
    if (running !== undefined) return running
    const started = this.ask(host).finally(() => this.inFlight.delete(host))
    this.inFlight.set(host, started)
    return started
  }

  private async ask(host: string): Promise<readonly string[]> {
    try {
      const found = await withTimeout(this.lookup(host), this.timeoutMs)
      const addresses = [...new Set(found)].slice(0, maxAddresses)
      if (addresses.length === 0) throw new LookupFailure('it has no address')
      this.keep(host, addresses)
      return addresses
    } catch (cause) {
      const reason = `The name ${host} could not be resolved: ${why(cause, this.timeoutMs)}.`
      throw new AppError('upstream_dns', { reason, cause })
    }
  }

  private keep(host: string, addresses: readonly string[]): void {
    this.answers.delete(host)
    if (this.answers.size >= this.maxHosts) {
      const [oldest] = this.answers.keys()
      if (oldest !== undefined) this.answers.delete(oldest)
    }
    this.answers.set(host, { addresses, freshUntilMs: this.nowMs() + this.freshMs })
  }
}

class LookupFailure extends Error {}
class LookupTimeout extends Error {}

function withTimeout<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new LookupTimeout()), timeoutMs)
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

const reasons: Readonly<Record<string, string>> = {
  DNS_ENOTFOUND: 'no such name',
  ENOTFOUND: 'no such name',
  DNS_ENODATA: 'it has no address',
  DNS_ESERVFAIL: 'the name server failed',
  DNS_ETIMEOUT: 'the name server did not answer',
  DNS_ECONNREFUSED: 'the name server refused the question',
}

function why(cause: unknown, timeoutMs: number): string {
  if (cause instanceof LookupFailure) return cause.message
  if (cause instanceof LookupTimeout) return `no answer within ${timeoutMs / 1000} s`
  const code = (cause as { code?: unknown } | null)?.code
  return typeof code === 'string' ? (reasons[code] ?? code) : 'the lookup failed'
}
