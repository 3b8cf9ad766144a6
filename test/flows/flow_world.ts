import { type RunningApp, startApp } from '../helpers/running_app.ts'
import { goodPassword, local } from '../http/visitor.ts'

/** What the company's own API was asked. */
export interface Hit {
  readonly method: string
  /** Path and query as received. */
  readonly target: string
  readonly headers: Headers
  readonly body: string
}

/** A whole product in front of a company's API, with a clock that can be put forward. */
export interface FlowWorld {
  readonly app: RunningApp
  /** What the API got so far. */
  readonly hits: readonly Hit[]
  /** What the product's clock says, in ms since 1970. */
  nowMs(): number
  /** Puts the clock forward. */
  pass(ms: number): void
  /** Makes a tool of the API; its path is its name. */
  addTool(projectId: number, name: string, fields?: object): Promise<void>
  /** Makes a person with a role in a project and `goodPassword`; yields their id. */
  addPerson(projectId: number, email: string, role?: string): Promise<number>
  stop(): Promise<void>
}

/** A minute in milliseconds. */
export const minuteMs = 60_000

/** What a world has besides. */
export interface FlowWorldOptions {
  /** Origins that may be reached, besides the API. */
  readonly egressAllow?: readonly string[]
  /** An authority to trust, PEM. */
  readonly authority?: string
}

/** Starts the API and the product. */
export async function startFlowWorld(options: FlowWorldOptions = {}): Promise<FlowWorld> {
  const hits: Hit[] = []
  const api = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request) => {
      const { pathname, search } = new URL(request.url)
      const { method, headers } = request
      hits.push({ method, headers, target: pathname + search, body: await request.text() })
      return Response.json({ answer: `from ${pathname}` })
    },
  })
  const base_url = `http://127.0.0.1:${api.port}`
  let aheadMs = 0
  const clock = { nowMs: () => Date.now() + aheadMs, monotonicMs: () => performance.now() }
  const { authority, egressAllow = [] } = options
  const trusted = authority === undefined ? {} : { upstream_ca_file: '/ca.pem' }
  const egress_allow = [base_url, ...egressAllow]
  const app = await startApp({
    clock,
    settings: { egress_allow, drain_seconds: '0', ...trusted },
    files: authority === undefined ? {} : { '/ca.pem': authority },
  })
  const world = { app }
  return {
    app,
    hits,
    nowMs: clock.nowMs,
    pass: (ms) => {
      aheadMs += ms
    },
    addTool: async (project_id, name, fields = {}) => {
      const basics = { project_id, name, base_url, http_method: 'GET', endpoint_path: `/${name}` }
      await admin(world, 'POST', '/api/v1/custom-tools', { ...basics, ...fields })
    },
    addPerson: async (project_id, email, role = 'member') => {
      const person = { project_id, email, role, password: goodPassword }
      return (await admin(world, 'POST', '/api/v1/users', person)).user.id
    },
    stop: async () => {
      await app.stop()
      await api.stop(true)
    },
  }
}

/** What an administrator on the machine does; yields the body. @throws Error for a refusal */
export async function admin(
  { app }: Pick<FlowWorld, 'app'>,
  method: string,
  path: string,
  body?: object,
) {
  const answer = await local(app, method, path, body)
  if (answer.status >= 400) throw new Error(`${path}: ${JSON.stringify(answer.body)}`)
  return answer.body
}

/** The audit events of a project, newest first, each as `action target`. */
export async function auditOf(world: FlowWorld, projectId: number): Promise<readonly string[]> {
  const { items } = await admin(world, 'GET', `/api/v1/audit?project_id=${projectId}`)
  return items.map(
    ({ action, target }: { action: string; target: string }) => `${action} ${target}`,
  )
}

/** Reads a document of JSON. @throws Error for any status but 200 */
export async function getJson(url: string) {
  const response = await fetch(url)
  if (response.status !== 200) throw new Error(`${url}: ${response.status}`)
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  return (await response.json()) as any
}

/** Posts a form without being a browser, as programs do at the token endpoint. */
export async function postForm(url: string, fields: Readonly<Record<string, string>>) {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(fields) })
  const text = await response.text()
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  const body: any = text === '' ? null : JSON.parse(text)
  return { status: response.status, headers: response.headers, body }
}
