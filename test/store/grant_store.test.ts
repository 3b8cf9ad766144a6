import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Operation } from '../../src/store/database.ts'
import {
  type GrantFilter,
  type GrantsOf,
  insertGrant,
  listGrants,
  revokeGrant,
  revokeGrantsOf,
} from '../../src/store/grant_store.ts'
import { findOrInsertSignInIntegration } from '../../src/store/integration_store.ts'
import { insertProject } from '../../src/store/project_store.ts'
import { openTestStore, type TestStore } from '../helpers/test_store.ts'

let store: TestStore
const run = <T>(operation: () => Operation<T>) => store.database.write(operation)
const all: GrantFilter = { projectId: null, userId: null, clientId: null, liveAtMs: null }

async function addGrant(id: string, projectId: number, fields: { clientId: string; at: number }) {
  const { id: integrationId } = await run(() => findOrInsertSignInIntegration(projectId, 1))
  const grant = { id, projectId, integrationId, userId: null, memberId: null, scopes: ['A', 'B'] }
  const { clientId, at: createdAtMs } = fields
  const times = { createdAtMs, expiresAtMs: createdAtMs + 100 }
  await run(() => insertGrant({ ...grant, clientId, resource: 'r', ...times }))
}

beforeAll(async () => {
  store = openTestStore()
  for (const slug of ['one', 'two']) {
    await run(() => insertProject({ slug, name: slug, description: '', nowMs: 1 }))
  }
  await addGrant('a', 1, { clientId: 'x', at: 10 })
  await addGrant('b', 1, { clientId: 'y', at: 20 })
  await addGrant('c', 1, { clientId: 'x', at: 20 })
  await addGrant('d', 2, { clientId: 'x', at: 30 })
})
afterAll(() => store.close())

const idsOf = async (filter: Partial<GrantFilter>) =>
  (await run(() => listGrants({ ...all, ...filter }, 10, null))).items.map(({ id }) => id)

describe('grants', () => {
  test('are listed newest first, page by page, each once', async () => {
    const seen: string[] = []
    let position: string | null = null
    do {
      const page: Awaited<ReturnType<typeof pageAt>> = await pageAt(position)
      seen.push(...page.items.map(({ id }) => id))
      position = page.next
    } while (position !== null)
    expect(seen).toEqual(['d', 'c', 'b', 'a'])
  })
  const pageAt = (position: string | null) => run(() => listGrants(all, 1, position))

  test('are filtered by project, client, and whether they count', async () => {
    expect(await idsOf({ projectId: 1 })).toEqual(['c', 'b', 'a'])
    expect(await idsOf({ clientId: 'x' })).toEqual(['d', 'c', 'a'])
    expect(await idsOf({ liveAtMs: 110 })).toEqual(['d', 'c', 'b'])
  })

  test('end once, and keep the first reason', async () => {
    const end = (because: string) => run(() => revokeGrant('a', { nowMs: 40, because }))
    expect([await end('first'), await end('second')]).toEqual([true, false])
    const grants = await run(() => listGrants(all, 10, null))
    expect(grants.items.at(-1)).toMatchObject({ revokedAtMs: 40, revokedBecause: 'first' })
  })

  test('end by whom they belong to; every part given must fit', async () => {
    const end = (of: GrantsOf) => run(() => revokeGrantsOf(of, { nowMs: 50, because: 'test' }))
    expect(await end({ projectId: 1, clientId: 'x' })).toEqual(['c'])
    expect(await end({ projectId: 1, clientId: 'x' })).toEqual([])
    expect(await idsOf({ liveAtMs: 25 })).toEqual(['d', 'b'])
  })

  test('never all at once for want of a name', async () => {
    const end = run(() => revokeGrantsOf({}, { nowMs: 50, because: 'test' }))
    expect(await end.catch((error: unknown) => error)).toBeInstanceOf(TypeError)
    expect(await idsOf({ liveAtMs: 25 })).toEqual(['d', 'b'])
  })
})
