import {
  type Bootstrapped,
  type RunningApp,
  type RunningAppOptions,
  startApp,
} from '../helpers/running_app.ts'

/** One request the upstream got. */
export interface Hit {
  readonly method: string
  /** Path and query as received. */
  readonly target: string
  readonly headers: Headers
  readonly body: string
  /** Fires when Gatehouse breaks off the connection before the answer. */
  readonly signal: AbortSignal
}

/** A real HTTP server that keeps what it got and answers as the test says. */
export interface Upstream {
  readonly url: string
  readonly hits: Hit[]
  /** What it answers from now on; `{"ok":true}` at first. */
  answer: (hit: Hit) => Response | Promise<Response>
  stop(): Promise<void>
}

/** Starts an upstream on loopback. */
function startUpstream(): Upstream {
  const upstream: Upstream = {
    url: '',
    hits: [],
    answer: () => Response.json({ ok: true }),
    stop: () => server.stop(true),
  }
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    fetch: async (request) => {
      const { method, headers, signal } = request
      const { pathname, search } = new URL(request.url)
      const body = await request.text()
      const hit = { method, target: pathname + search, headers, body, signal }
      upstream.hits.push(hit)
      return upstream.answer(hit)
    },
  })
  return Object.assign(upstream, { url: `http://127.0.0.1:${server.port}` })
}

/** The whole product with one project, and an upstream its tools may call. */
export interface McpFixture {
  readonly app: RunningApp
  readonly upstream: Upstream
  readonly project: Bootstrapped
  /** `http://127.0.0.1:port/mcp`. */
  readonly url: string
  /** Registers a GET tool of the project, unless told otherwise; yields its id. */
  addTool(name: string, fields?: Record<string, unknown>): Promise<number>
  /** Makes another integration of the project; yields its id and key. */
  addIntegration(fields?: Record<string, unknown>): Promise<{ id: number; key: string }>
  /** How many requests the upstream got while `act` ran. */
  hitsDuring(act: () => Promise<unknown>): Promise<number>
  stop(): Promise<void>
}

/** Starts both. */
export async function startMcpFixture(options: RunningAppOptions = {}): Promise<McpFixture> {
  const upstream = startUpstream()
  const settings = { egress_allow: [upstream.url], drain_seconds: '0', ...options.settings }
  const app = await startApp({ ...options, settings })
  const project = await app.bootstrap()
  const { project_id } = project
  const create = async (path: string, fields: Record<string, unknown>) => {
    const answer = await app.api('POST', path, { project_id, ...fields })
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
    return answer.body
  }
  return {
    app,
    upstream,
    project,
    url: `${app.url}/mcp`,
    addTool: async (name, fields = {}) => {
      const basics = { name, base_url: upstream.url, http_method: 'GET', endpoint_path: `/${name}` }
      return (await create('/api/v1/custom-tools', { ...basics, ...fields })).id
    },
    addIntegration: async (fields = {}) => {
      const made = await create('/api/v1/integrations', { name: 'second', ...fields })
      return { id: made.integration.id, key: made.api_key }
    },
    hitsDuring: async (act) => {
      const before = upstream.hits.length
      await act()
      return upstream.hits.length - before
    },
    stop: async () => {
      await app.stop()
      await upstream.stop()
    },
  }
}
