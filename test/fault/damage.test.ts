import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { builtBinary } from '../helpers/built_binary.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import { callOnce, type KillWorld, restart, startWorld } from './kill_world.ts'
import { serve } from './sample_server.ts'

const secrets = { hmac: 'a-shared-secret', bearer: 'a-bearer-secret' }
let world: KillWorld

/** Overwrites the middle one of certain pages with nonsense, the server being stopped. */
function damagePage(dataDir: string, which: string): void {
  const path = join(dataDir, 'gatehouse.db')
  const database = new Database(path, { readwrite: true })
  const pages = database.query(`SELECT pageno FROM dbstat WHERE ${which} ORDER BY pageno`).values()
  const page = Number(pages[Math.floor(pages.length / 2)]?.[0])
  const size = Number(database.query('PRAGMA page_size').values()[0]?.[0])
  database.close()
  const file = openSync(path, 'r+')
  writeSync(file, new Uint8Array(size).fill(0xa5), 0, size, (page - 1) * size)
  closeSync(file)
}

beforeAll(async () => {
  world = await startWorld([await builtBinary()], secrets)
  for (let i = 0; i < 200; i++) await callOnce(world, 'read', String(i))
  await world.server.stop()
  damagePage(world.dataDir, "name = 'runs' AND pagetype = 'leaf'")
  await restart(world)
}, 60_000)

afterAll(async () => {
  await world.stop()
  rmSync(world.dataDir, { recursive: true, force: true })
})

const api = (path: string) => world.server.api('GET', path)
const runsOf = () => api(`/api/v1/runs?project_id=${world.project.project_id}&limit=200`)

describe('case 228: a damaged page', () => {
  test('is never read as if it were sound: what meets it is refused, and the rest goes on', async () => {
    const before = await fetch(`${world.server.url}/readyz`)
    expect(before.status).toBe(200)
    const runs = await runsOf()
    expect([runs.status, runs.body.code]).toEqual([503, 'store_unavailable'])
    expect(Number(runs.headers.get('retry-after'))).toBeGreaterThan(0)
    const list = await callLegacy(`${world.server.url}/mcp`, world.project.api_key, 'tools/list')
    expect(list.body.result.tools.length).toBeGreaterThan(0)
    expect((await api('/api/v1/projects')).status).toBe(200)
  })

  test('shows at /readyz, with what a check of the tables found, and in the log', async () => {
    await world.server.stderr.until(/("event":"store_damaged")/)
    const response = await fetch(`${world.server.url}/readyz`)
    const body = (await response.json()) as { status: string; quick_check: string[] }
    expect([response.status, body.status]).toEqual([503, 'store_damaged'])
    expect(body.quick_check.join('\n')).toContain('runs: ')
    expect((await fetch(`${world.server.url}/livez`)).status).toBe(200)
    expect((await runsOf()).status).toBe(503)
    const alarms = world.server.stderr.text.split('"event":"store_damaged"').length - 1
    expect(alarms).toBe(1)
  })
})

test('case 228: one that is met at the start ends it with 78, and says what to do', async () => {
  const { dataDir } = world
  await world.server.stop()
  damagePage(dataDir, "name = 'runs_sending'")
  const { code, stderr } = await serve(dataDir)
  expect(stderr).toContain(
    'error: The data directory cannot be used\n' +
      '  A page of gatehouse.db is damaged. Keep a copy of the directory and restore a backup.\n',
  )
  expect(code).toBe(78)
})
