import { callLegacy } from '../../helpers/mcp_client.ts'
import {
  type Behaviour,
  type RawUpstream,
  type RawUpstreamOptions,
  startRawUpstream,
} from '../../helpers/raw_upstream.ts'
import { type RunningApp, type RunningAppOptions, startApp } from '../../helpers/running_app.ts'

/** What a call came to, at its caller and on record. */
export interface SeenCall {
  /** Catalogue code; null for a success. */
  readonly code: string | null
  readonly text: string
  readonly runId: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into runs of every shape
  readonly run: any
}

/** The product, calling upstreams that tests write byte for byte. */
export interface CallingWorld {
  readonly app: RunningApp
  readonly projectId: number
  /** Starts an upstream, with an origin and so a fate of its own. */
  upstream(behaviour: Behaviour, options?: RawUpstreamOptions): RawUpstream
  /** Registers a tool that calls a port, and gives its name. */
  tool(port: number, fields?: object): Promise<string>
  call(name: string): Promise<SeenCall>
  run(id: string): Promise<SeenCall['run']>
  stop(): Promise<void>
}

/** Starts it; `stop` stops its upstreams too. */
export async function startCallingWorld(options: RunningAppOptions = {}): Promise<CallingWorld> {
  const settings = { egress_allow: ['http://127.0.0.0/8:*'], ...options.settings }
  const app = await startApp({ ...options, settings })
  const made = await app.bootstrap()
  const upstreams: RawUpstream[] = []
  let count = 0
  const run = async (id: string) => (await app.api('GET', `/api/v1/runs/${id}`)).body
  return {
    app,
    projectId: made.project_id,
    upstream: (behaviour, more) => {
      const upstream = startRawUpstream(behaviour, more)
      upstreams.push(upstream)
      return upstream
    },
    tool: async (port, fields = {}) => {
      const name = `tool-${++count}`
      const answer = await app.api('POST', '/api/v1/custom-tools', {
        project_id: made.project_id,
        name,
        http_method: 'GET',
        base_url: `http://127.0.0.1:${port}`,
        endpoint_path: '/',
        input_schema: { type: 'object' },
        deduplication: { mode: 'off' },
        ...fields,
      })
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
      return name
    },
    call: async (name) => {
      const params = { name, arguments: {} }
      const { body } = await callLegacy(made.mcp_url, made.api_key, 'tools/call', params)
      const { content, _meta } = body.result
      const runId = _meta['tengine/request_id']
      const code = _meta['tengine/error']?.code ?? null
      return { code, text: content[0].text, runId, run: await run(runId) }
    },
    run,
    stop: async () => {
      await app.stop()
      for (const upstream of upstreams) upstream.stop()
    },
  }
}
