import { Connector, type ConnectorOptions } from '../../../src/executor/connector/connector.ts'
import {
  type Exchange,
  ExchangeError,
  type UpstreamResponse,
} from '../../../src/executor/connector/exchange.ts'
import { createGuard, type GuardedTarget } from '../../../src/executor/guard_target.ts'
import { parseBaseUrl } from '../../../src/model/base_url.ts'
import { parseEgressEntry } from '../../../src/model/egress_entry.ts'

/** Guards a target on this machine; a host name leads to the given addresses. */
export function localTarget(
  baseUrl: string,
  addresses: readonly string[] = ['127.0.0.1'],
): GuardedTarget {
  const entries = ['http://127.0.0.0/8:*', '127.0.0.0/8', '[::1]', 'http://[::1]:*'].map(
    parseEgressEntry,
  )
  entries.push(parseEgressEntry(baseUrl))
  const guard = createGuard({
    resolver: { resolve: () => addresses },
    entries,
    ownAddresses: () => [],
  })
  const target = guard.check(parseBaseUrl(baseUrl, entries))
  if (target instanceof Promise) throw new Error('The fixture resolves at once.')
  return target
}

/** Bounds and parts of an exchange a test does not care about. */
export type ExchangeChange = Partial<Omit<Exchange, 'target'>> & { readonly timeoutMs?: number }

/** Runs one exchange, a GET of `/` within two seconds unless told otherwise. */
export function send(
  connector: Connector,
  target: GuardedTarget,
  { timeoutMs = 2_000, ...change }: ExchangeChange = {},
): Promise<UpstreamResponse> {
  return connector.exchange({
    target,
    method: 'GET',
    path: '/',
    headers: [],
    body: null,
    maxResponseBytes: 1024 * 1024,
    deadlineAtMs: performance.now() + timeoutMs,
    signal: null,
    reuse: true,
    ...change,
  })
}

/** What an exchange failed with; one that succeeds is an error of the test. */
export async function failureOf(exchange: Promise<UpstreamResponse>): Promise<ExchangeError> {
  try {
    const response = await exchange
    throw new Error(`It was answered: ${response.status}`)
  } catch (error) {
    if (error instanceof ExchangeError) return error
    throw error
  }
}

const made: Connector[] = []

/** Makes a connector that `closeConnectors` closes. */
export function newConnector(options: ConnectorOptions = {}): Connector {
  const connector = new Connector(options)
  made.push(connector)
  return connector
}

/** Closes every connector made so far; for `afterEach`. */
export function closeConnectors(): void {
  for (const connector of made.splice(0)) connector.close()
}

/** Waits until a condition holds, at most a second. */
export async function eventually(holds: () => boolean): Promise<boolean> {
  for (let i = 0; i < 200 && !holds(); i++) await Bun.sleep(5)
  return holds()
}
