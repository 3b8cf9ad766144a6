import { afterAll, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { callLegacy } from '../helpers/mcp_client.ts'
import { type RunningApp, startApp } from '../helpers/running_app.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'

const clock = { nowMs: Date.parse('2026-03-29T10:00:00Z'), monotonicMs: performance.now() }
const dataDir = temporaryDir()
const upstream = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  development: false,
  fetch: () => Response.json({ ok: true }),
})
let app: RunningApp | null = null

afterAll(async () => {
  await app?.stop()
  await upstream.stop(true)
  rmSync(dataDir, { recursive: true, force: true })
})

async function start(): Promise<RunningApp> {
  await app?.stop()
  app = await startApp({
    clock: { nowMs: () => clock.nowMs, monotonicMs: () => clock.monotonicMs },
    dataDir,
    settings: { egress_allow: [upstream.url.origin] },
  })
  return app
}

const at = (time: string) => {
  clock.nowMs = Date.parse(time)
}

test('case 276: quotas are not reset by a restart', async () => {
  let running = await start()
  const { project_id, api_key: key, admin_token } = await running.bootstrap()
  const made = await running.api('POST', '/api/v1/custom-tools', {
    project_id,
    name: 'ping',
    base_url: upstream.url.origin,
    http_method: 'GET',
    endpoint_path: '/ping',
  })
  const limit = async (path: string, limits: object) =>
    expect((await running.api('PATCH', path, { limits }, admin_token)).status).toBe(200)
  await limit(`/api/v1/projects/${project_id}`, { calls_per_month: 6 })
  await limit(`/api/v1/custom-tools/${made.body.id}`, { calls_per_day: 3 })
  const call = async () => {
    const params = { name: 'ping', arguments: {} }
    const { status, body } = await callLegacy(`${running.url}/mcp`, key, 'tools/call', params)
    return status === 200 ? 'called' : `${body.code}: ${body.reason.slice(0, 30)}`
  }
  for (let each = 0; each < 2; each++) expect(await call()).toBe('called')
  at('2026-03-30T10:00:00Z')
  for (let each = 0; each < 2; each++) expect(await call()).toBe('called')
  running = await start()
  expect(await call()).toBe('called')
  expect(await call()).toBe('quota_exceeded: This tool may make 3 calls a d')
  at('2026-03-31T00:00:00Z')
  running = await start()
  expect(await call()).toBe('called')
  expect(await call()).toBe('quota_exceeded: This project may make 6 calls ')
  at('2026-04-01T00:00:00Z')
  for (let each = 0; each < 3; each++) expect(await call()).toBe('called')
  expect(await call()).toStartWith('quota_exceeded: This tool')
})
