import { MasterKey, newMasterKeyBytes } from '../../../src/crypto/master_key.ts'
import { AppError } from '../../../src/errors.ts'
import {
  callTool,
  type ExecutorDeps,
  type ToolCallResult,
} from '../../../src/executor/call_tool.ts'
import { compileTool } from '../../../src/executor/compile_tool.ts'
import {
  type Exchange,
  ExchangeError,
  UpstreamResponse,
} from '../../../src/executor/connector/exchange.ts'
import { ResponseHeaders } from '../../../src/executor/connector/response_head.ts'
import { Ledger } from '../../../src/executor/ledger/ledger.ts'
import { Upstreams } from '../../../src/executor/upstream/upstreams.ts'
import { newRunId } from '../../../src/lib/run_id.ts'
import { apiKeyPermissions, type Principal } from '../../../src/model/principal.ts'
import { defaultDeduplication, defaultRetry, type Tool } from '../../../src/model/tool.ts'
import { insertProject } from '../../../src/store/project_store.ts'
import { closeAbandonedRuns } from '../../../src/store/run_store.ts'
import { openTestStore, type TestStore } from '../../helpers/test_store.ts'
import { localTarget } from '../connector/connector_fixture.ts'

/** A request that reached the upstream and waits for what the test makes of it. */
export interface Arrived {
  readonly runId: string
  readonly body: string
  /** Counts every request of the world. */
  readonly number: number
  answer(status: number): void
  /** The connection breaks; the request may have been read. */
  lose(): void
  /** Nothing left: it could not be connected to. */
  refuse(): void
}

const origin = 'http://127.0.0.1:9'
const timings = { connectMs: 1, tlsMs: 0, firstByteMs: 1, totalMs: 2, reusedConnection: false }

/** A tool call's executor on a real store, with a clock and an upstream that the test moves. */
export class LedgerWorld {
  readonly store: TestStore = openTestStore()
  readonly arrived: Arrived[] = []
  timeMs = 1_800_000_000_000
  onArrival: (arrived: Arrived) => void = () => {}
  private readonly masterKey = new MasterKey(newMasterKeyBytes())
  private readonly clock = { nowMs: () => this.timeMs, monotonicMs: () => this.timeMs - 1e12 }
  private deps = this.newProcess()
  private count = 0

  /** Makes the project that runs are counted for. */
  async open(): Promise<void> {
    const project = { slug: 'p', name: 'p', description: '', nowMs: this.timeMs }
    await this.store.database.write(() => insertProject(project))
  }

  /** What a process that took over would do; the old one goes on, as a zombie. */
  async restart(): Promise<void> {
    this.deps = this.newProcess()
    await this.store.database.write(() => closeAbandonedRuns(this.timeMs))
  }

  call(id: string, key: string | null): Promise<ToolCallResult> {
    return callTool(this.deps, principal, {
      name: tool.definition.name,
      arguments: { id },
      source: 'mcp',
      signal: null,
      traceparent: null,
      idempotencyKey: key,
      actor: null,
    })
  }

  private newProcess(): ExecutorDeps {
    const { masterKey, clock } = this
    const compiled = compileTool(
      { tool, secrets: [], map: null },
      { masterKey, egressEntries: [], nowMs: 0 },
    )
    const deps = {
      database: this.store.database,
      clock,
      masterKey,
      tools: { resolve: async () => compiled },
      guard: { check: () => localTarget(origin) },
      connector: { exchange: (exchange: Exchange) => this.receive(exchange) },
      upstreams: new Upstreams(),
      upstreamTokens: null,
      ledger: new Ledger(clock, masterKey),
      newRunId,
    }
    return deps as unknown as ExecutorDeps
  }

  private receive(exchange: Exchange): Promise<UpstreamResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<UpstreamResponse>()
    const headers = new Map(exchange.headers.map(([name, value]) => [name.toLowerCase(), value]))
    const number = ++this.count
    const fail = (code: 'upstream_incomplete' | 'upstream_connection', sent: 'no' | 'maybe') =>
      reject(
        new ExchangeError({
          error: new AppError(code),
          sent,
          status: undefined,
          bytesReceived: 0,
          timings,
        }),
      )
    const arrived: Arrived = {
      runId: headers.get('x-tengine-request-id') ?? '',
      body: Buffer.from(exchange.body ?? new Uint8Array()).toString(),
      number,
      answer: (status) => resolve(response(status, `{"number":${number}}`)),
      lose: () => fail('upstream_incomplete', 'maybe'),
      refuse: () => fail('upstream_connection', 'no'),
    }
    this.arrived.push(arrived)
    this.onArrival(arrived)
    return promise
  }
}

function response(status: number, text: string): UpstreamResponse {
  const bytes = Buffer.from(text)
  const body = { length: bytes.byteLength, view: () => bytes, utf8: () => text }
  const headers = new ResponseHeaders({ 'content-type': 'application/json' })
  return new UpstreamResponse({ status, headers, body: body as never, bytesReceived: 9, timings })
}

const tool: Tool = {
  id: 7,
  projectId: 1,
  version: 1,
  contentHash: '',
  isEnabled: true,
  isPinned: false,
  listTokens: 0,
  tags: [],
  createdAtMs: 0,
  updatedAtMs: 0,
  definition: {
    name: 'write',
    description: '',
    inputSchema: { type: 'object', properties: { id: { type: 'string' } } },
    outputSchema: null,
    baseUrl: 'https://api.example.com',
    httpMethod: 'POST',
    endpointPath: '/things',
    headersTemplate: null,
    queryTemplate: null,
    bodyTemplate: null,
    requireMember: false,
    injectMemberIdentity: { id: true, email: false, roles: false },
    authStrategy: 'none',
    authHeaderName: null,
    authOAuth: null,
    requestMap: null,
    response: null,
    deduplication: defaultDeduplication,
    retry: { ...defaultRetry, maxAttempts: 1 },
    verify: null,
    sendIdempotencyKey: true,
    requiredScopes: [],
    timeoutMs: 30_000,
    maxResponseBytes: 100_000,
    annotations: null,
  } as Tool['definition'],
}

const principal: Principal = {
  kind: 'api_key',
  projectId: 1,
  projectSlug: 'p',
  projectEpoch: 1,
  integrationId: 2,
  apiKeyId: null,
  session: null,
  grant: null,
  permissions: new Set(apiKeyPermissions),
  member: null,
  scopes: null,
  expiresAtMs: null,
  rateLimits: [],
}
