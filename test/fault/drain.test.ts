import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { builtBinary } from '../helpers/built_binary.ts'
import { callLegacy, callModern, mcpHeaders, type RpcAnswer } from '../helpers/mcp_client.ts'
import type { Bootstrapped } from '../helpers/running_app.ts'
import { runGatehouse, type ServerProcess, startServer } from '../helpers/server_process.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'
import { type CountingUpstream, startCountingUpstream } from './counting_upstream.ts'

const callers = 50
const secrets = { hmac: 'a-shared-secret', bearer: 'a-bearer-secret' }

let program: readonly string[]
let place: string
let upstream: CountingUpstream

beforeAll(async () => {
  program = [await builtBinary()]
  place = temporaryDir()
}, 60_000)

afterAll(() => rmSync(place, { recursive: true, force: true }))

interface Stage {
  readonly dataDir: string
  readonly server: ServerProcess
  readonly project: Bootstrapped
}

let stages = 0

/** A server with a tool that reads and one that writes, both as slow as the upstream. */
async function startStage(flags: readonly string[], delayMs: number): Promise<Stage> {
  upstream = startCountingUpstream(secrets)
  upstream.delayMs = () => delayMs
  const dataDir = join(place, String(++stages))
  const allow = ['--egress-allow', upstream.url]
  const server = await startServer({ program, dataDir, flags: [...allow, ...flags] })
  const project = await server.bootstrap()
  const shared = {
    project_id: project.project_id,
    base_url: upstream.url,
    input_schema: { type: 'object', properties: { number: { type: 'string' } } },
    auth_strategy: 'static_bearer',
    encrypted_auth_secret: secrets.bearer,
  }
  for (const [name, http_method] of [
    ['read', 'GET'],
    ['write', 'POST'],
  ]) {
    const tool = { ...shared, name, http_method, endpoint_path: `/${name}` }
    expect((await server.api('POST', '/api/v1/custom-tools', tool)).status).toBe(201)
  }
  return { dataDir, server, project }
}

interface Call {
  readonly tool: string
  /** Null where the connection broke before the answer was whole. */
  readonly answer: Promise<RpcAnswer | null>
}

/** Begins calls of both tools, half of them by turns, and waits until upstream has them all. */
async function beginCalls({ server, project }: Stage, params: object = {}): Promise<Call[]> {
  const calls = Array.from({ length: callers }, (_, index) => {
    const name = index % 2 === 0 ? 'read' : 'write'
    const call = { name, arguments: { number: String(index) }, ...params }
    const answer = callLegacy(`${server.url}/mcp`, project.api_key, 'tools/call', call)
    return { tool: name, answer: answer.catch(() => null) }
  })
  const early = Promise.race(calls.map(async ({ answer }) => (await answer)?.text))
  while (upstream.hits.length < callers) {
    expect(await Promise.race([early, Bun.sleep(5)])).toBeUndefined()
  }
  return calls
}

interface RunRow {
  readonly id: string
  readonly tool_name: string
  readonly state: string
  readonly error_code: string | null
}

/** Every run, as the command line reads them from the directory of a server that is gone. */
async function runsOf({ dataDir }: Stage): Promise<RunRow[]> {
  const words = ['runs', 'list', '--json', '--limit', '200', '--data-dir', dataDir]
  const { code, stdout } = await runGatehouse(program, words)
  expect(code).toBe(0)
  return JSON.parse(stdout).items
}

/** Resolves once connecting to the server is refused. */
async function refusesConnections(url: string): Promise<true> {
  const { hostname, port } = new URL(url)
  for (;;) {
    try {
      const socket = await Bun.connect({ hostname, port: Number(port), socket: { data: () => {} } })
      socket.end()
      await Bun.sleep(5)
    } catch {
      return true
    }
  }
}

const elapsed = async (work: Promise<unknown>) => {
  const startedAtMs = performance.now()
  await work
  return performance.now() - startedAtMs
}

describe(`case 279: SIGTERM with ${callers} calls in flight`, () => {
  test('refuses new connections, answers and records every call, ends with 0', async () => {
    const stage = await startStage([], 1_000)
    const calls = await beginCalls(stage)
    stage.server.kill('SIGTERM')
    expect(await refusesConnections(stage.server.url)).toBe(true)
    const answers = await Promise.all(calls.map(({ answer }) => answer))
    const ids = answers.map((answer) => answer?.body.result._meta['tengine/request_id'])
    expect(answers.filter((answer) => answer?.body.result.isError !== undefined)).toEqual([])
    expect(await stage.server.exited).toBe(0)
    expect(stage.server.stderr.text).toContain('"event":"stopped"')
    const runs = await runsOf(stage)
    expect(new Set(runs.map(({ id }) => id))).toEqual(new Set(ids))
    expect(runs.filter(({ state }) => state !== 'done')).toEqual([])
    expect(upstream.hits).toHaveLength(callers)
    await upstream.stop()
  })

  test('waits for answers that are streamed, too', async () => {
    const stage = await startStage([], 1_500)
    const calls = await beginCalls(stage, { _meta: { progressToken: 1 } })
    await Bun.sleep(700)
    stage.server.kill('SIGTERM')
    const answers = await Promise.all(calls.map(({ answer }) => answer))
    for (const answer of answers) {
      expect(answer?.headers.get('content-type')).toBe('text/event-stream')
      expect(answer?.text).toContain('"tengine/status":200')
    }
    expect(await stage.server.exited).toBe(0)
    expect((await runsOf(stage)).filter(({ state }) => state !== 'done')).toEqual([])
    await upstream.stop()
  })

  test('what takes longer than the drain time is cut off: a write is unknown, never sent again', async () => {
    const stage = await startStage(['--drain-seconds', '1'], 20_000)
    const calls = await beginCalls(stage)
    stage.server.kill('SIGTERM')
    const tookMs = await elapsed(stage.server.exited)
    expect(await stage.server.exited).toBe(0)
    expect(tookMs).toBeGreaterThan(900)
    expect(tookMs).toBeLessThan(5_000)
    const answers = await Promise.all(calls.map(({ answer }) => answer))
    expect(answers.filter((answer) => answer !== null)).toEqual([])
    const runs = await runsOf(stage)
    const of = (tool: string) => runs.filter(({ tool_name }) => tool_name === tool)
    expect(of('write')).toHaveLength(callers / 2)
    for (const { state, error_code } of of('write')) {
      expect([state, error_code]).toEqual(['unknown', 'outcome_unknown'])
    }
    expect(of('read').filter(({ error_code }) => error_code === null)).toEqual([])
    const next = await startServer({ program, dataDir: stage.dataDir })
    const { body } = await next.api('GET', '/api/v1/runs?project_id=1&state=unknown&limit=200')
    expect(body.items).toHaveLength(callers / 2)
    expect(await next.stop()).toBe(0)
    expect(upstream.hits).toHaveLength(callers)
    await upstream.stop()
  })

  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    test(`a second ${signal} ends it at once, with ${code}`, async () => {
      const stage = await startStage([], 20_000)
      const calls = await beginCalls(stage)
      stage.server.kill(signal)
      await stage.server.stderr.until(/("stopping")/)
      stage.server.kill(signal)
      expect(await elapsed(stage.server.exited)).toBeLessThan(2_000)
      expect(await stage.server.exited).toBe(code)
      expect(await Promise.all(calls.map(({ answer }) => answer))).toEqual(calls.map(() => null))
      const unknown = (await runsOf(stage)).filter(({ state }) => state === 'unknown')
      expect(unknown).toHaveLength(callers / 2)
      await upstream.stop()
    })
  }
})

describe('SIGTERM with nothing to wait for', () => {
  test('ends a server at once, whatever connections stand open', async () => {
    const { server, project } = await startStage([], 0)
    await callModern(`${server.url}/mcp`, project.api_key, 'tools/list')
    server.kill('SIGTERM')
    expect(await elapsed(server.exited)).toBeLessThan(2_000)
    expect(await server.exited).toBe(0)
    await upstream.stop()
  })

  test('ends open subscriptions instead of waiting for them', async () => {
    const { server, project } = await startStage([], 0)
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const params = { _meta, notifications: { toolsListChanged: true } }
    const method = 'subscriptions/listen'
    const response = await fetch(`${server.url}/mcp`, {
      method: 'POST',
      headers: {
        ...mcpHeaders(project.api_key),
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const reader = response.body?.getReader()
    expect((await reader?.read())?.done).toBe(false)
    server.kill('SIGTERM')
    expect(await elapsed(server.exited)).toBeLessThan(3_000)
    expect(await server.exited).toBe(0)
    await upstream.stop()
  }, 40_000)
})
