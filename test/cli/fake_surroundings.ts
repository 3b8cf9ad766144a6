import { runCommandLine } from '../../src/cli/program.ts'
import type { StopSignal, Surroundings } from '../../src/cli/surroundings.ts'
import { parseJson } from '../../src/lib/json.ts'

/** A request as the fake API received it. */
export interface Received {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: unknown
  /** The unix socket it came through. */
  readonly unix: string | undefined
}

/** A status and a JSON body; undefined for an empty body. */
export type Answer = readonly [status: number, body?: unknown]

/** Answers by `METHOD /path`, without query. */
export type Routes = Readonly<Record<string, Answer | ((received: Received) => Answer)>>

/** What a command line came to. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly requests: readonly Received[]
}

/** A management API that answers from a table, and keeps what it was asked. */
class FakeApi {
  readonly requests: Received[] = []
  private readonly routes: Routes

  constructor(routes: Routes) {
    this.routes = routes
  }

  async fetch(url: string, init: RequestInit & { unix?: string }): Promise<Response> {
    const { pathname, search } = new URL(url)
    const received: Received = {
      method: init.method ?? 'GET',
      path: pathname + search,
      headers: Object.fromEntries(new Headers(init.headers)),
      body: typeof init.body === 'string' ? parseJson(init.body) : undefined,
      unix: init.unix,
    }
    this.requests.push(received)
    const route = this.routes[`${received.method} ${pathname}`]
    if (route === undefined) return problem(404, 'Not found')
    const [status, body] = typeof route === 'function' ? route(received) : route
    return body === undefined ? new Response(null, { status }) : Response.json(body, { status })
  }
}

function problem(status: number, detail: string): Response {
  return Response.json({ status, detail, code: 'not_found', request_id: 'r-1' }, { status })
}

/** What a test may replace. */
export interface Fakes extends Partial<Omit<Surroundings, 'inputs' | 'stdout' | 'stderr'>> {
  readonly env?: Record<string, string>
  readonly files?: Record<string, string>
  readonly stdin?: string
  readonly isTerminal?: boolean
  readonly cwd?: string
}

/** Runs a command line against a fake API that plays a remote server. */
export async function runCli(
  words: readonly string[],
  routes: Routes = {},
  fakes: Fakes = {},
): Promise<Outcome> {
  const api = new FakeApi(routes)
  const env = { GATEHOUSE_URL: 'https://gw.test', GATEHOUSE_ADMIN_TOKEN: 'gha_test', ...fakes.env }
  const outcome = await runWith(words, {
    fetch: (url, init) => api.fetch(url, init),
    ...fakes,
    env,
  })
  return { ...outcome, requests: api.requests }
}

/** Runs a command line in surroundings of the test's own. */
export async function runWith(
  words: readonly string[],
  fakes: Fakes = {},
): Promise<Omit<Outcome, 'requests'>> {
  const out = { stdout: '', stderr: '' }
  const surroundings = fakeSurroundings(out, fakes)
  const code = await runCommandLine(words, surroundings)
  return { code, ...out }
}

function fakeSurroundings(out: { stdout: string; stderr: string }, fakes: Fakes): Surroundings {
  const { env = {}, files = {}, stdin = '', isTerminal = false, cwd = '/srv', ...rest } = fakes
  return {
    stdout: { write: (text) => (out.stdout += text), isTerminal },
    stderr: { write: (text) => (out.stderr += text), isTerminal },
    columns: 80,
    inputs: { env, readFile: (path) => files[path] ?? null, cwd },
    nowMs: () => Date.UTC(2026, 0, 31, 12),
    ask: null,
    readStdin: async () => stdin,
    loadServer: unexpected,
    fetch: unexpected,
    onStopSignal: (_: (signal: StopSignal) => void) => () => {},
    onCrash: () => {},
    exit: unexpected,
    ...rest,
  }
}

function unexpected(): never {
  throw new Error('the test did not expect this')
}
