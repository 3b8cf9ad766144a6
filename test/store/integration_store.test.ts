import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { Operation, Row } from '../../src/store/database.ts'
import {
  deleteIntegration,
  findOrInsertSignInIntegration,
  insertClientIntegration,
  listIntegrations,
  updateIntegration,
} from '../../src/store/integration_store.ts'
import { findOauthClient } from '../../src/store/oauth_client_store.ts'
import { insertProject } from '../../src/store/project_store.ts'
import { openTestStore, type TestStore } from '../helpers/test_store.ts'

let store: TestStore
beforeEach(() => {
  store = openTestStore()
})
afterEach(() => store.close())

async function project(slug: string): Promise<number> {
  const input = { slug, name: slug, description: '', nowMs: 1 }
  return (await store.database.write(() => insertProject(input)))?.id ?? 0
}

test('a project has one sign-in integration, however many ask for it at once', async () => {
  const [a, b] = [await project('a'), await project('b')]
  const { database } = store
  const asked = Array.from({ length: 50 }, (_, i) =>
    database.write(() => findOrInsertSignInIntegration(i % 2 === 0 ? a : b, 7)),
  )
  const found = await Promise.all(asked)
  expect(new Set(found.map(({ id }) => id)).size).toBe(2)
  expect(found[0]).toMatchObject({
    projectId: a,
    kind: 'sign_in',
    isActive: true,
    apiKey: null,
    oauthClient: null,
  })
  const { items } = await database.read(() => listIntegrations(a, 10, null))
  expect(items).toEqual(found.slice(0, 1))
})

test('deactivated it is found so; deleted it is made anew', async () => {
  const id = await project('a')
  const { database } = store
  const first = await database.write(() => findOrInsertSignInIntegration(id, 7))
  await database.write(() => updateIntegration({ ...first, isActive: false }))
  const again = await database.write(() => findOrInsertSignInIntegration(id, 8))
  expect(again).toMatchObject({ id: first.id, isActive: false })
  await database.write(() => deleteIntegration(first.id, 9))
  const anew = await database.write(() => findOrInsertSignInIntegration(id, 10))
  expect(anew.id).not.toBe(first.id)
  expect(anew.isActive).toBe(true)
})

test('a deleted client leaves neither its hash nor its client id to anybody else', async () => {
  const projectId = await project('a')
  const { database } = store
  const secret = { hash: new Uint8Array(32).fill(7), last4: 'abcd' }
  const client = { clientId: 'mcp_x', redirectUris: [], secret }
  const input = { projectId, name: 'x', client, nowMs: 1 }
  const made = await database.write(() => insertClientIntegration(input))
  await database.write(() => deleteIntegration(made?.id ?? 0, 2))
  expect(await database.read(() => findOauthClient('mcp_x'))).toBeNull()
  const again = database.write(() => insertClientIntegration(input))
  await expect(again).rejects.toMatchObject({ code: 'internal' })
  expect((await database.read(() => listIntegrations(projectId, 10, null))).items).toEqual([])
  const [row] = await database.read(function* (): Operation<readonly Row[]> {
    const sql = 'SELECT secret_hash FROM oauth_clients WHERE client_id = $1'
    return yield { sql, params: ['mcp_x'] }
  })
  expect(row).toEqual({ secret_hash: null })
})
