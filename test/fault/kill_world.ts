import { mcpHeaders } from '../helpers/mcp_client.ts'
import type { ApiAnswer, Bootstrapped } from '../helpers/running_app.ts'
import { type ServerProcess, startServer } from '../helpers/server_process.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'
import {
  type CountingUpstream,
  startCountingUpstream,
  type UpstreamSecrets,
} from './counting_upstream.ts'

/** Tools of the world: every method and credential, and an API that refuses and echoes. */
export const toolNames = ['read', 'signed-write', 'bearer-write', 'refused-write'] as const
export type ToolName = (typeof toolNames)[number]

/** A run as the management API lists it, as far as looked at here. */
export interface RunRow {
  readonly id: string
  readonly tool_name: string
  readonly http_method: string
  readonly state: string
  readonly error_code: string | null
  readonly finished_at: string | null
}

/** A call whose answer the client received to its last byte. */
export interface AnsweredCall {
  readonly tool: ToolName
  readonly runId: string
  readonly number: string
  readonly isError: boolean
  /** The code of the error the caller was given. */
  readonly errorCode: string | null
}

/** A server that dies and comes back on one data directory, and the API behind its tools. */
export interface KillWorld {
  readonly program: readonly string[]
  readonly dataDir: string
  readonly upstream: CountingUpstream
  readonly project: Bootstrapped
  server: ServerProcess
  /** What every server wrote so far, the dead ones too. */
  readonly logs: string[]
  /** The text of every answer that clients got. */
  readonly answers: string[]
  stop(): Promise<void>
}

/** Starts the first server, with one project and its tools; `dataDir` is a new place unless given. */
export async function startWorld(
  program: readonly string[],
  secrets: UpstreamSecrets,
  dataDir = temporaryDir(),
): Promise<KillWorld> {
  const upstream = startCountingUpstream(secrets)
  const flags = ['--egress-allow', upstream.url]
  const server = await startServer({ program, dataDir, flags })
  const project = await server.bootstrap()
  const world: KillWorld = {
    program,
    dataDir,
    upstream,
    project,
    server,
    logs: [],
    answers: [],
    stop: async () => {
      await world.server.stop()
      await upstream.stop()
    },
  }
  for (const tool of toolsOf(world, secrets)) {
    const { status, body } = await server.api('POST', '/api/v1/custom-tools', tool)
    if (status !== 201) throw new Error(JSON.stringify(body))
  }
  return world
}

function toolsOf({ upstream, project }: KillWorld, { hmac, bearer }: UpstreamSecrets): object[] {
  const shared = {
    project_id: project.project_id,
    base_url: upstream.url,
    input_schema: { type: 'object', properties: { number: { type: 'string' } } },
    auth_strategy: 'static_bearer',
    encrypted_auth_secret: bearer,
  }
  const write = { ...shared, http_method: 'POST' }
  const signed = { auth_strategy: 'hmac_signature', encrypted_auth_secret: hmac }
  return [
    { ...shared, name: 'read', http_method: 'GET', endpoint_path: '/read' },
    { ...write, name: 'signed-write', endpoint_path: '/signed', ...signed },
    { ...write, name: 'bearer-write', endpoint_path: '/bearer' },
    { ...write, name: 'refused-write', endpoint_path: '/refused' },
  ]
}

/** Starts the server again on the same directory; gives the time until it said it is ready. */
export async function restart(world: KillWorld): Promise<number> {
  world.logs.push(world.server.stderr.text)
  const startedAtMs = performance.now()
  const { program, dataDir, upstream } = world
  world.server = await startServer({ program, dataDir, flags: ['--egress-allow', upstream.url] })
  const response = await fetch(`${world.server.url}/readyz`)
  if (!response.ok) throw new Error(`/readyz answered ${response.status}`)
  return performance.now() - startedAtMs
}

/** Calls a tool over MCP; null where the connection broke before the answer was whole. */
export async function callOnce(
  world: KillWorld,
  tool: ToolName,
  number: string,
): Promise<AnsweredCall | null> {
  const { server, project, answers } = world
  const params = { name: tool, arguments: { number } }
  const body = JSON.stringify({ jsonrpc: '2.0', id: number, method: 'tools/call', params })
  const headers = mcpHeaders(project.api_key)
  let text: string
  try {
    const response = await fetch(`${server.url}/mcp`, { method: 'POST', headers, body })
    text = await response.text()
  } catch {
    return null
  }
  answers.push(text)
  const { result } = JSON.parse(text)
  const runId = result?._meta?.['tengine/request_id']
  if (typeof runId !== 'string') throw new Error(`not the answer of a call: ${text}`)
  const errorCode = result._meta['tengine/error']?.code ?? null
  return { tool, runId, number, isError: result.isError === true, errorCode }
}

/** Calls the management API with the admin token, over TCP. */
async function manage(
  { server, project, answers }: KillWorld,
  path: string,
  init: RequestInit = {},
): Promise<ApiAnswer> {
  const headers = { authorization: `Bearer ${project.admin_token}`, ...init.headers }
  const {
    status,
    headers: given,
    ...response
  } = await answerOf(server.url + path, { ...init, headers })
  answers.push(response.text)
  return { status, headers: given, body: JSON.parse(response.text) }
}

async function answerOf(url: string, init: RequestInit) {
  const response = await fetch(url, init)
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** What clients do by mistake: secrets in the path, in the query, in broken JSON, at the wrong door. */
export async function blunder(world: KillWorld, secrets: UpstreamSecrets): Promise<number[]> {
  const { project, upstream } = world
  const tool = { ...toolsOf(world, secrets)[0], base_url: `${upstream.url}/path` }
  const post = { method: 'POST', headers: { 'content-type': 'application/json' } }
  const answers = [
    await manage(world, `/mcp/${project.api_key}`, post),
    await manage(world, `/api/v1/${project.admin_token}`),
    await manage(world, `/api/v1/runs?token=${project.admin_token}&limit=x`),
    await manage(world, '/api/v1/custom-tools', { ...post, body: JSON.stringify(tool) }),
    await manage(world, '/api/v1/custom-tools', { ...post, body: `{"a":"${secrets.bearer}` }),
    await manage(world, '/api/v1/custom-tools', { ...post, body: JSON.stringify(secrets) }),
  ]
  return answers.map(({ status }) => status)
}

/** Every run that began at or after a moment, by its id; `query` narrows the list. */
export async function runsSince(
  world: KillWorld,
  since: Date,
  query: Readonly<Record<string, string>> = {},
): Promise<Map<string, RunRow>> {
  const found = new Map<string, RunRow>()
  let cursor: string | null = null
  do {
    const parameters = new URLSearchParams({
      project_id: String(world.project.project_id),
      since: since.toISOString(),
      limit: '200',
      ...query,
      ...(cursor === null ? {} : { cursor }),
    })
    const { status, body } = await manage(world, `/api/v1/runs?${parameters}`)
    if (status !== 200) throw new Error(JSON.stringify(body))
    for (const run of body.items as RunRow[]) found.set(run.id, run)
    cursor = body.next_cursor
  } while (cursor !== null)
  return found
}
