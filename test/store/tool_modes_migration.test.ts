import { Database as Connection } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const folder = resolve(import.meta.dir, '../../src/store/migrations')
const scripts = readdirSync(folder).sort()
const own = '0010_tool_modes.sql'
const run = (connection: Connection, name: string) =>
  connection.run(readFileSync(resolve(folder, name), 'utf8'))

test('tools from before the migration are counted, keep their scopes, and are not pinned', () => {
  const connection = new Connection(':memory:')
  for (const name of scripts.filter((script) => script < own)) run(connection, name)
  connection.run(`INSERT INTO projects (slug, name, description, is_suspended, epoch, created_at_ms,
    updated_at_ms) VALUES ('p', 'p', '', 0, 1, 1, 1)`)
  const definition = {
    name: 'get_order',
    description: 'Reads one order. '.repeat(20),
    inputSchema: { type: 'object', properties: { id: { type: 'integer' } } },
    requiredScopes: ['ORDERS_READ', 'B'],
  }
  for (const [name, version] of [
    ['get_order', 2],
    ['lost', 9],
  ] as const) {
    connection.run(
      `INSERT INTO tools (project_id, name, name_folded, is_enabled, version, created_at_ms,
        updated_at_ms) VALUES (1, ?, ?, 1, ?, 1, 1)`,
      [name, name, version],
    )
  }
  for (const [version, text] of [
    [1, { ...definition, requiredScopes: [] }],
    [2, definition],
  ] as const) {
    connection.run(
      `INSERT INTO tool_versions (tool_id, version, content_hash, definition, created_at_ms,
        created_by) VALUES (1, ?, 'h', ?, 1, 'x')`,
      [version, JSON.stringify(text)],
    )
  }
  run(connection, own)
  const rows = connection
    .query('SELECT is_pinned, tags, required_scopes, list_tokens FROM tools ORDER BY id')
    .all() as { list_tokens: number }[]
  expect(rows).toEqual([
    {
      is_pinned: 0,
      tags: '[]',
      required_scopes: '["ORDERS_READ","B"]',
      list_tokens: expect.any(Number),
    },
    { is_pinned: 0, tags: '[]', required_scopes: '[]', list_tokens: 0 },
  ] as never)
  expect(rows[0]?.list_tokens).toBeGreaterThan(80)
  expect(rows[0]?.list_tokens).toBeLessThan(160)
  expect(connection.query('SELECT tool_mode, tool_budget_tokens FROM projects').get()).toEqual({
    tool_mode: 'auto',
    tool_budget_tokens: 20_000,
  })
})
