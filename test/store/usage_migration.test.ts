import { Database as Connection } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const folder = resolve(import.meta.dir, '../../src/store/migrations')
const scripts = readdirSync(folder).sort()
const own = '0013_usage.sql'
const run = (connection: Connection, name: string) =>
  connection.run(readFileSync(resolve(folder, name), 'utf8'))

test('runs from before the migration are counted by day; those under way are not yet', () => {
  const connection = new Connection(':memory:')
  for (const name of scripts.filter((script) => script < own)) run(connection, name)
  connection.run(`INSERT INTO projects (slug, name, description, is_suspended, epoch, created_at_ms,
    updated_at_ms) VALUES ('p', 'p', '', 0, 1, 1, 1)`)
  let id = 0
  const add = (startedAtMs: number, state: string, changes: object = {}) => {
    const row = {
      error_code: null,
      member_id: null,
      response_bytes: 10,
      upstream_ms: 1.5,
      ...changes,
    }
    connection.run(
      `INSERT INTO runs (id, project_id, integration_id, tool_id, tool_version, source, http_method,
        state, started_at_ms, error_code, member_id, request_bytes, response_bytes, upstream_ms)
       VALUES (?, 1, 2, 3, 1, 'mcp', 'GET', ?, ?, ?, ?, 5, ?, ?)`,
      [
        new Uint8Array(16).fill(++id),
        state,
        startedAtMs,
        row.error_code,
        row.member_id,
        row.response_bytes,
        row.upstream_ms,
      ],
    )
  }
  const dayMs = 86_400_000
  add(10 * dayMs, 'done')
  add(11 * dayMs - 1, 'unknown', { error_code: 'outcome_unknown', upstream_ms: null })
  add(11 * dayMs, 'done', { member_id: 7 })
  add(11 * dayMs, 'sending')
  run(connection, own)
  const rows = connection.query('SELECT * FROM usage_days ORDER BY day').all()
  const place = { project_id: 1, integration_id: 2, tool_id: 3 }
  expect(rows).toEqual([
    {
      ...{ ...place, day: 10, member_id: 0, calls: 2, errors: 1, unknown: 1 },
      ...{ request_bytes: 10, response_bytes: 20, upstream_ms: 1.5 },
    },
    {
      ...{ ...place, day: 11, member_id: 7, calls: 1, errors: 0, unknown: 0 },
      ...{ request_bytes: 5, response_bytes: 10, upstream_ms: 1.5 },
    },
  ])
  expect(connection.query('SELECT seq FROM usage_open_runs').all()).toEqual([{ seq: 4 }])
  expect(connection.query('SELECT seq FROM usage_progress').all()).toEqual([{ seq: 4 }])
})
