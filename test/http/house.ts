import { type RunningApp, type RunningAppOptions, startApp } from '../helpers/running_app.ts'
import { exchange, type RawAnswer, requestText } from './raw_client.ts'

/** A request as the upstream received it. */
export interface Hit {
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  readonly headers: Headers
  readonly body: string
  /** Fires when the caller gave up. */
  readonly signal: AbortSignal
}

/** An upstream API on loopback that counts what reaches it. */
export interface Upstream {
  readonly url: string
  readonly hits: Hit[]
  /** What it answers with; `{"ok":true}` unless a test says otherwise. */
  answer: (hit: Hit) => Response | Promise<Response>
  stop(): Promise<void>
}

const ok = () => Response.json({ ok: true })

/** Starts an upstream. */
function startUpstream(): Upstream {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    development: false,
    idleTimeout: 60,
    fetch: async (request) => {
      const { method, headers, url, signal } = request
      const target = url.slice(new URL(url).origin.length)
      const hit = { method, target, headers, body: await request.text(), signal }
      upstream.hits.push(hit)
      return upstream.answer(hit)
    },
  })
  const upstream: Upstream = {
    url: `http://127.0.0.1:${server.port}`,
    hits: [],
    answer: ok,
    stop: () => server.stop(true),
  }
  return upstream
}

/** The whole product with one project, and an upstream its tools may call. */
export interface House extends RunningApp {
  readonly upstream: Upstream
  readonly projectId: number
  readonly integrationId: number
  readonly apiKey: string
  readonly adminToken: string
  /** `host:port`, for Host headers. */
  readonly host: string
  /** Registers a tool of the project on the upstream: a GET of `/things` unless told otherwise. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  addTool(fields: Record<string, unknown>): Promise<any>
  /** The newest runs of the project. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  runs(query?: string): Promise<any[]>
  /** Forgets what reached the upstream and how it answers. */
  reset(): void
}

/** How a test wants its house. */
export interface HouseOptions extends RunningAppOptions {
  /** What the operator opens beside the upstream. */
  readonly egressAllow?: readonly string[]
}

/** Starts a house; call `stop` in afterAll. */
export async function startHouse(options: HouseOptions = {}): Promise<House> {
  const upstream = startUpstream()
  const egress_allow = [upstream.url, ...(options.egressAllow ?? [])]
  const settings = { ...options.settings, egress_allow }
  const app = await startApp({ ...options, settings })
  const made = await app.bootstrap()
  return {
    ...app,
    upstream,
    projectId: made.project_id,
    integrationId: made.integration_id,
    apiKey: made.api_key,
    adminToken: made.admin_token,
    host: new URL(app.url).host,
    addTool: async (fields) => {
      const answer = await app.api('POST', '/api/v1/custom-tools', {
        project_id: made.project_id,
        base_url: upstream.url,
        http_method: 'GET',
        endpoint_path: '/things',
        ...fields,
      })
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
      return answer.body
    },
    runs: async (query = '') => {
      const path = `/api/v1/runs?project_id=${made.project_id}${query}`
      return (await app.api('GET', path)).body.items
    },
    reset: () => {
      upstream.hits.length = 0
      upstream.answer = ok
    },
    stop: async () => {
      await app.stop()
      await upstream.stop()
    },
  }
}

/** Posts bytes to `/mcp` over a socket of their own, as a client of the `initialize` era. */
export function rawMcp(
  house: House,
  body: string,
  lines: readonly string[] = [],
): Promise<RawAnswer> {
  return exchange(house.url, requestText('POST /mcp', [...mcpLines(house), ...lines], body))
}

/** The headers of a good MCP request, as lines. */
export const mcpLines = (house: House, apiKey = house.apiKey): readonly string[] => [
  `Host: ${house.host}`,
  `Authorization: Bearer ${apiKey}`,
  'Content-Type: application/json',
  'Accept: application/json, text/event-stream',
]

/** A `tools/call` of the `initialize` era as JSON text; `args` is JSON text already. */
export const callText = (name: string, args = '{}'): string =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}","arguments":${args}}}`
