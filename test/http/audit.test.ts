import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type RunningApp, startApp } from '../helpers/running_app.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'

let dataDir: string
let app: RunningApp
let projectId: number
let apiKey: string

beforeAll(async () => {
  dataDir = temporaryDir()
  app = await startApp({ dataDir })
  const made = await app.bootstrap()
  projectId = made.project_id
  apiKey = made.api_key
})
afterAll(async () => {
  await app.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const events = async (query = '') =>
  (await app.api('GET', `/api/v1/audit?limit=200${query}`)).body.items
const verdict = async () => (await app.api('GET', '/api/v1/audit/verify')).body

/** Changes the file as somebody with access to it would, and puts it back afterwards. */
async function tampered(sql: string): Promise<unknown> {
  const file = new Database(join(dataDir, 'gatehouse.db'))
  const rows = file.query('SELECT * FROM audit_events ORDER BY seq').all() as object[]
  file.run(sql)
  file.close()
  const found = await verdict()
  const again = new Database(join(dataDir, 'gatehouse.db'))
  again.run('DELETE FROM audit_events')
  const insert = again.prepare(
    'INSERT INTO audit_events VALUES ($seq, $at_ms, $actor, $action, $target, $project_id, $details, $address, $hash)',
  )
  for (const row of rows) {
    insert.run(Object.fromEntries(Object.entries(row).map(([name, value]) => [`$${name}`, value])))
  }
  again.close()
  return found
}

describe('the audit log', () => {
  test('case 264: says who changed what, from where, with what it was before', async () => {
    await app.api('PATCH', `/api/v1/projects/${projectId}`, { name: 'renamed' })
    const [newest] = await events(`&project_id=${projectId}`)
    expect(newest).toMatchObject({
      actor: 'admin_token:1',
      action: 'project.update',
      target: `project:${projectId}`,
      project_id: projectId,
      details: { name: { from: 'demo', to: 'renamed' } },
      address: '127.0.0.1',
    })
    const first = (await events()).at(-1)
    expect(first).toMatchObject({ seq: 1, actor: 'local', action: 'project.create', address: null })
  })

  test('has no event for a change that did not happen', async () => {
    const before = await events()
    const taken = await app.api('POST', '/api/v1/projects', { name: 'x', slug: 'demo' })
    expect(taken.status).toBe(409)
    const missing = await app.api('DELETE', '/api/v1/admin-tokens/999')
    expect(missing.status).toBe(404)
    expect(await events()).toEqual(before)
  })

  test('never holds a secret', async () => {
    const secret = 'audit-canary-secret-1234567890'
    const tool = await app.api('POST', '/api/v1/custom-tools', {
      project_id: projectId,
      name: 'signed',
      base_url: 'https://api.example.com',
      http_method: 'GET',
      endpoint_path: '/x',
      auth_strategy: 'hmac_signature',
      encrypted_auth_secret: secret,
    })
    await app.api('PATCH', `/api/v1/custom-tools/${tool.body.id}`, {
      encrypted_auth_secret: `${secret}2`,
      description: 'changed',
    })
    const text = JSON.stringify(await events())
    expect(text).not.toContain(secret)
    expect(text).not.toContain(apiKey)
    const [newest] = await events()
    expect(newest.details).toEqual({ name: 'signed', fields: ['description', 'auth_secret'] })
  })

  test('shows a project administrator its own project alone, and verifies for nobody but the whole', async () => {
    const other = await app.api('POST', '/api/v1/projects', { name: 'other' })
    const own = (await app.api('GET', '/api/v1/audit?limit=200', undefined, apiKey)).body.items
    const seen = new Set(own.map((event: { project_id: number }) => event.project_id))
    expect([...seen]).toEqual([projectId])
    const path = `/api/v1/audit?project_id=${other.body.id}`
    expect((await app.api('GET', path, undefined, apiKey)).body.code).toBe('project_mismatch')
    const verify = await app.api('GET', '/api/v1/audit/verify', undefined, apiKey)
    expect(verify.body.code).toBe('permission_denied')
  })
})

describe('case 265: whoever changes the file is found out', () => {
  test('untouched, every event fits', async () => {
    const all = await events()
    expect(await verdict()).toEqual({
      valid: true,
      checked: all.length,
      last_seq: all.length,
      last_hash: all[0].hash,
      fault: null,
    })
  })

  test.each([
    ['edited', "UPDATE audit_events SET actor = 'admin_token:9' WHERE seq = 2", 2],
    ['with other details', `UPDATE audit_events SET details = '{}' WHERE seq = 1`, 1],
    ['with another hash', 'UPDATE audit_events SET hash = zeroblob(32) WHERE seq = 3', 3],
    ['deleted', 'DELETE FROM audit_events WHERE seq = 2', 3],
    ['the first deleted', 'DELETE FROM audit_events WHERE seq = 1', 2],
    [
      'reordered',
      `UPDATE audit_events SET seq = CASE seq WHEN 2 THEN -3 WHEN 3 THEN -2 END WHERE seq IN (2, 3);
       UPDATE audit_events SET seq = -seq WHERE seq < 0`,
      2,
    ],
  ])('%s', async (_what, sql, seq) => {
    expect(await tampered(sql)).toMatchObject({ valid: false, fault: { seq } })
    expect((await verdict()).valid).toBe(true)
  })

  test('cut short at the end, or emptied', async () => {
    const { length } = await events()
    const cut = await tampered(`DELETE FROM audit_events WHERE seq = ${length}`)
    expect(cut).toMatchObject({ valid: false, checked: length - 1, fault: { seq: length } })
    const emptied = await tampered('DELETE FROM audit_events')
    expect(emptied).toMatchObject({ valid: false, checked: 0, fault: { seq: 1 } })
  })
})
