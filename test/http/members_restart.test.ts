import { afterAll, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import {
  type AssertionHome,
  assertionClaims,
  mintToken,
  newAssertionKey,
  registerKey,
} from '../helpers/assertions.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import type { RunningApp } from '../helpers/running_app.ts'
import { type ServerProcess, startServer } from '../helpers/server_process.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'

const program = [process.execPath, resolve(import.meta.dir, '../../src/main.ts')]
const dataDir = temporaryDir()
const arrived: string[] = []
let isSilent = true
let wake = Promise.withResolvers<void>()

const upstream = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  development: false,
  fetch: (request) => {
    arrived.push(request.method)
    wake.resolve()
    return isSilent ? new Promise<Response>(() => {}) : Response.json({ ok: true })
  },
})
let server: ServerProcess | null = null

afterAll(async () => {
  await server?.stop()
  await upstream.stop(true)
  rmSync(dataDir, { recursive: true, force: true })
})

async function start(): Promise<ServerProcess> {
  server = await startServer({
    program,
    dataDir,
    flags: ['--egress-allow', upstream.url.origin],
  })
  return server
}

async function until(requests: number): Promise<void> {
  while (arrived.length < requests) {
    await wake.promise
    wake = Promise.withResolvers()
  }
}

/** The API of a server, over its socket for an administrator and over TCP for a key. */
const apiOf =
  (running: ServerProcess): RunningApp['api'] =>
  async (method, path, body, token = null) => {
    if (token === null) return running.api(method, path, body)
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const response = await fetch(running.url + path, {
      method,
      headers,
      body: JSON.stringify(body),
    })
    return { status: response.status, headers: response.headers, body: await response.json() }
  }

test("case 207: a write that was under way when the process was killed is its member's, once", async () => {
  const first = await start()
  const { project_id, api_key } = await first.bootstrap()
  const home: AssertionHome = { api: apiOf(first), projectId: project_id, apiKey: api_key }
  for (const http_method of ['GET', 'POST']) {
    const place = { base_url: upstream.url.origin, endpoint_path: '/things' }
    const tool = { project_id, name: http_method.toLowerCase(), http_method, ...place }
    expect((await first.api('POST', '/api/v1/custom-tools', tool)).status).toBe(201)
  }
  const key = newAssertionKey('ES256', 'backend')
  await registerKey(home, key)
  const nowSeconds = Math.floor(Date.now() / 1000)
  const token = await mintToken(home, key.sign(assertionClaims(project_id, nowSeconds)))
  const path = `/api/v1/members?project_id=${project_id}`
  const member = async (at: ServerProcess) => (await at.api('GET', path)).body.items[0]
  const call = (at: ServerProcess, by: string, name: string) =>
    callLegacy(`${at.url}/mcp`, by, 'tools/call', { name, arguments: {} })

  const lost = Promise.allSettled([
    call(first, token, 'post'),
    call(first, token, 'get'),
    call(first, api_key, 'post'),
  ])
  await until(3)
  expect(await member(first)).toMatchObject({ external_id: 'alice', calls: 0, errors: 0 })
  first.kill('SIGKILL')
  await first.exited
  expect((await lost).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])

  // The read left nothing behind that could be counted; the key's write is nobody's.
  const second = await start()
  const counted = await member(second)
  const runs = (await second.api('GET', `/api/v1/runs?project_id=${project_id}&member=alice`)).body
  expect(runs.items).toMatchObject([
    {
      tool_name: 'post',
      state: 'unknown',
      error_code: 'outcome_unknown',
      member_source: 'assertion',
    },
  ])
  const { started_at } = runs.items[0]
  expect(counted).toMatchObject({
    calls: 1,
    errors: 1,
    first_call_at: started_at,
    last_call_at: started_at,
  })
  const usage = (await second.api('GET', `/api/v1/members/${counted.id}/usage`)).body
  expect(usage).toMatchObject({
    calls: 1,
    errors: 1,
    tools: [{ name: 'post', calls: 1, errors: 1 }],
  })
  const { totals } = (await second.api('GET', `/api/v1/usage?project_id=${project_id}`)).body
  expect(totals).toMatchObject({ calls: 2, errors: 2, unknown: 2, response_bytes: 0 })
  expect(arrived.toSorted()).toEqual(['GET', 'POST', 'POST'])

  isSilent = false
  expect((await call(second, token, 'get')).body.result.structuredContent).toEqual({ ok: true })
  expect(await second.stop()).toBe(0)
  const third = await start()
  expect(await member(third)).toMatchObject({ calls: 2, errors: 1, first_call_at: started_at })
  expect(arrived).toHaveLength(4)
}, 30_000)
