import { AppError } from '../../src/errors.ts'
import { Connector } from '../../src/executor/connector/connector.ts'
import { fetchDocument } from '../../src/executor/fetch_document.ts'
import { createGuard } from '../../src/executor/guard_target.ts'
import { parseEgressEntry } from '../../src/model/egress_entry.ts'
import {
  answer,
  type Behaviour,
  type RawUpstream,
  startRawUpstream,
} from '../helpers/raw_upstream.ts'
import { TestAuthority } from '../helpers/test_certificates.ts'

/** A host of client metadata documents, with a certificate of an authority the connector trusts. */
export interface DocumentServer {
  readonly upstream: RawUpstream
  /** `https://client.test:port`. */
  readonly origin: string
  /** What the next requests are answered with. */
  behave: Behaviour
  /** Serves a good document of the URL asked for, with a change. */
  serve(change?: object, headers?: readonly string[]): void
  /** Fetches as the product does, by way of its guard and connector, with limits of the test. */
  fetch(options?: FetchOptions): (url: string) => ReturnType<typeof fetchDocument>
  stop(): void
}

interface FetchOptions {
  readonly timeoutMs?: number
  readonly maxBytes?: number
  /** Egress entries; the server's own origin unless told. */
  readonly allow?: readonly string[]
  /** Where names lead beside `client.test`. */
  readonly answers?: Readonly<Record<string, readonly string[]>>
}

/** A good document. */
export const documentOf = (url: string, change: object = {}) => ({
  client_id: url,
  client_name: 'Test client',
  redirect_uris: ['http://localhost/callback'],
  token_endpoint_auth_method: 'none',
  ...change,
})

/** Starts a server on loopback. */
export function startDocumentServer(): DocumentServer {
  const authority = new TestAuthority()
  const connector = new Connector({ extraCas: [authority.pem] })
  const tls = authority.issue({ dns: ['client.test', 'other.test'] })
  const upstream = startRawUpstream((connection, request) => server.behave(connection, request), {
    tls,
  })
  const origin = `https://client.test:${upstream.port}`
  const server: DocumentServer = {
    upstream,
    origin,
    behave: () => {},
    serve: (change = {}, headers = []) => {
      server.behave = (connection, { head }) => {
        const path = /^GET (\S+)/.exec(head)?.[1] ?? ''
        const text = JSON.stringify(documentOf(origin + path, change))
        connection.write(answer(text, ['content-type: application/json', ...headers]))
      }
    },
    fetch: ({ timeoutMs = 3_000, maxBytes = 5 * 1024, allow = [origin], answers = {} } = {}) => {
      const egressEntries = allow.map(parseEgressEntry)
      const known: FetchOptions['answers'] = { 'client.test': ['127.0.0.1'], ...answers }
      const resolve = (host: string) => {
        const found = known[host]
        if (found === undefined) throw new AppError('upstream_dns', { reason: `no ${host}` })
        return found
      }
      const guard = createGuard({
        resolver: { resolve },
        entries: egressEntries,
        ownAddresses: () => [],
      })
      const deps = { guard, connector, egressEntries }
      return (url) => fetchDocument(deps, url, { timeoutMs, maxBytes })
    },
    stop: () => {
      connector.close()
      upstream.stop()
      authority.remove()
    },
  }
  server.serve()
  return server
}
