import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type CountingUpstream, startCountingUpstream } from '../fault/counting_upstream.ts'
import { builtBinary } from '../helpers/built_binary.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import type { Bootstrapped } from '../helpers/running_app.ts'
import { runGatehouse, type ServerProcess, startServer } from '../helpers/server_process.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'

let program: readonly string[]
let dataDir: string
let server: ServerProcess
let project: Bootstrapped
/** What the tools would call. */
let upstream: CountingUpstream

/** As a second program that writes to the database would: nothing a client can do leads there. */
function tamper(...statements: readonly string[]): void {
  const database = new Database(join(dataDir, 'gatehouse.db'))
  database.run('PRAGMA busy_timeout=5000')
  for (const statement of statements) database.run(statement)
  database.close()
}

const setDefinition = (expression: string) =>
  tamper(
    `UPDATE tool_versions SET definition = ${expression}`,
    'UPDATE projects SET epoch = epoch + 1',
  )

beforeAll(async () => {
  program = [await builtBinary()]
  dataDir = temporaryDir()
  upstream = startCountingUpstream({ hmac: 'a-shared-secret', bearer: 'a-bearer-secret' })
  server = await startServer({ program, dataDir, flags: ['--egress-allow', upstream.url] })
  project = await server.bootstrap()
  await addOrder()
}, 60_000)

async function addOrder(): Promise<void> {
  const { status } = await server.api('POST', '/api/v1/custom-tools', {
    project_id: project.project_id,
    name: 'order',
    base_url: upstream.url,
    http_method: 'POST',
    endpoint_path: '/orders',
    deduplication: { mode: 'off' },
    input_schema: { type: 'object', properties: { number: { type: 'string' } } },
  })
  expect(status).toBe(201)
}

afterAll(async () => {
  await server.stop()
  await upstream.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

/** A request by TCP that fails inside the server; gives the problem it was answered with. */
async function problemOf(path: string, init: RequestInit = {}) {
  const headers = { authorization: `Bearer ${project.admin_token}`, ...init.headers }
  const response = await fetch(server.url + path, { ...init, headers })
  const text = await response.text()
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(text).not.toMatch(/<|\bat |src\/|node_modules|\$bunfs|TypeError|Error:/)
  return JSON.parse(text)
}

const bareProblem = {
  type: '/docs/errors#internal',
  title: 'Internal error',
  status: 500,
  detail: 'Internal error',
  code: 'internal',
  request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
}

const callOrder = () => {
  const call = { name: 'order', arguments: { number: '7' } }
  return callLegacy(`${server.url}/mcp`, project.api_key, 'tools/call', call)
}

interface LogLine {
  readonly event: string
  readonly request_id?: string
  readonly code?: string
  readonly cause?: { readonly message: string; readonly stack: readonly string[] }
}

/** The log line that names a request's cause. */
async function causeOf(requestId: string): Promise<LogLine | undefined> {
  await server.stderr.until(new RegExp(`("request_id":"${requestId}")`))
  const lines = server.stderr.text.split('\n').filter((line) => line.includes(requestId))
  return lines.map((line): LogLine => JSON.parse(line)).find(({ cause }) => cause !== undefined)
}

const listOverMcp = () => {
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
  const headers = {
    authorization: `Bearer ${project.api_key}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  }
  return problemOf('/mcp', { method: 'POST', headers, body })
}

describe('case 31: a failure nobody foresaw, in the executable', () => {
  for (const [what, definition] of [
    ['a row that breaks the code', "'null'"],
    ['a row that cannot be parsed', 'substr(definition, 1, 20)'],
  ] as const) {
    test(`${what}: a bare problem at both doors; cause and stack in the log alone`, async () => {
      setDefinition(definition)
      for (const problem of [await problemOf('/api/v1/custom-tools/1'), await listOverMcp()]) {
        expect(problem).toEqual(bareProblem)
        const line = await causeOf(problem.request_id)
        expect([line?.event, line?.code]).toEqual(['internal_error', 'internal'])
        expect(line?.cause?.message).not.toBe('')
        expect(line?.cause?.stack[0]).toMatch(/^at .*src\//)
      }
    })
  }

  test('a call of such a tool is answered so, too, and nothing is sent', async () => {
    const { status, body, text } = await callOrder()
    expect(status).toBe(500)
    expect(body ?? JSON.parse(text)).toEqual(bareProblem)
    expect(upstream.hits).toHaveLength(0)
  })

  test('the server goes on: other requests are answered as before', async () => {
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
    expect((await server.api('GET', '/api/v1/projects')).status).toBe(200)
  })
})

describe('a store that fails under a running server', () => {
  const rename = (from: string, to: string) => `ALTER TABLE ${from} RENAME TO ${to}`

  beforeAll(async () => {
    tamper('UPDATE tools SET deleted_at_ms = 1')
    await addOrder()
    expect((await callOrder()).body.result.structuredContent).toEqual({ number: '7' })
    expect(upstream.hits).toHaveLength(1)
  })

  test('R4: /readyz and healthcheck say so, requests get 503, nothing is sent', async () => {
    const healthcheck = ['healthcheck', '--data-dir', dataDir]
    expect((await runGatehouse(program, healthcheck)).code).toBe(0)
    tamper(rename('instance', 'gone'), rename('api_keys', 'keys_gone'))
    const ready = await fetch(`${server.url}/readyz`)
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'store_unavailable' }])
    expect(await runGatehouse(program, healthcheck)).toEqual({
      code: 1,
      stdout: '',
      stderr: 'error: The server is not ready: store_unavailable\n',
    })
    expect(JSON.parse((await callOrder()).text)).toMatchObject({
      status: 503,
      code: 'store_unavailable',
    })
    expect((await fetch(`${server.url}/livez`)).status).toBe(200)
    expect(upstream.hits).toHaveLength(1)
    tamper(rename('gone', 'instance'), rename('keys_gone', 'api_keys'))
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  })

  test('R8: a write that cannot be put on record first is not sent', async () => {
    tamper(rename('runs', 'runs_gone'))
    const { body } = await callOrder()
    expect(body.result.isError).toBe(true)
    expect(body.result._meta['tengine/error']).toMatchObject({ code: 'store_unavailable' })
    expect(upstream.hits).toHaveLength(1)
    tamper(rename('runs_gone', 'runs'))
    expect((await callOrder()).body.result.isError).toBeUndefined()
    expect(upstream.hits).toHaveLength(2)
  })

  test('case 213: a write that was answered and cannot be recorded is unknown, not repeated', async () => {
    upstream.onReceived = () => tamper(rename('runs', 'runs_gone'))
    const { result } = (await callOrder()).body
    upstream.onReceived = () => {}
    tamper(rename('runs_gone', 'runs'))
    expect(result.isError).toBe(true)
    expect(result._meta['tengine/error'].code).toBe('outcome_unknown')
    expect(upstream.hits).toHaveLength(3)
    const id = result._meta['tengine/request_id']
    expect(upstream.hits[2]?.runId).toBe(id)
    server.kill('SIGKILL')
    await server.exited
    const words = ['runs', 'show', id, '--json', '--data-dir', dataDir]
    const shown = await runGatehouse(program, words)
    expect(JSON.parse(shown.stdout)).toMatchObject({ id, state: 'unknown' })
  })

  test('what the store said stands in the log', () => {
    expect(server.stderr.text).toContain('no such table: api_keys')
    expect(server.stderr.text).toContain('no such table: runs')
  })
})
