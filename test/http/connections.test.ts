import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { openStoreBeside, type StoreBeside } from '../helpers/connections.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import { type House, startHouse } from './house.ts'
import { readServedApi, type ServedApi } from './served_api.ts'

let house: House
let served: ServedApi
let store: StoreBeside

beforeAll(async () => {
  house = await startHouse()
  served = await readServedApi(house)
  store = openStoreBeside(house.dataDir)
})
afterAll(async () => {
  await store.close()
  await house.stop()
})

const newProject = async (name: string): Promise<number> =>
  (await house.api('POST', '/api/v1/projects', { name })).body.id

const listOf = async (projectId: number, query = '') =>
  served.api('GET', `/api/v1/connections?project_id=${projectId}${query}`)

const idsOf = async (projectId: number, query = '') =>
  (await listOf(projectId, query)).body.items.map((item: { id: string }) => item.id)

const isServed = async (token: string) =>
  (await callLegacy(`${house.url}/mcp`, token, 'tools/list')).status === 200

describe('connections', () => {
  test('are shown with client, person, scopes, times and address', async () => {
    const projectId = await newProject('Shown')
    const nowMs = Date.now()
    const made = await store.connect({
      ...{ projectId, nowMs, granted: ['A_READ'], email: 'eve@x.example', clientId: 'shown' },
      resource: `${house.url}/mcp/shown`,
    })
    expect(await isServed(made.token)).toBe(true)
    const { body } = await served.api('GET', `/api/v1/connections/${made.grantId}`)
    expect(body).toEqual({
      id: made.grantId,
      project_id: projectId,
      client: { id: 'shown', name: 'Name of shown' },
      user: { id: made.userId, email: 'eve@x.example', name: 'Ada Lovelace' },
      state: 'active',
      reason: null,
      scopes: ['A_READ'],
      granted_scopes: ['A_READ'],
      resource: `${house.url}/mcp/shown`,
      created_at: new Date(nowMs).toISOString(),
      expires_at: new Date(nowMs + 365 * 86_400_000).toISOString(),
      last_used_at: expect.any(String),
      last_address: '127.0.0.1',
      revoked_at: null,
    })
    expect(JSON.stringify(body)).not.toContain(made.token)
    expect((await listOf(projectId)).body.items).toEqual([body])
  })

  test('are listed newest first, page by page, by person and by client', async () => {
    const projectId = await newProject('Listed')
    const ids: string[] = []
    const people: number[] = []
    for (let n = 0; n < 5; n++) {
      const terms = { email: `l${n % 2}@x.example`, clientId: `l-${n % 3}`, nowMs: Date.now() + n }
      const made = await store.connect({ projectId, ...terms })
      ids.unshift(made.grantId)
      people[n % 2] = made.userId
    }
    expect(await idsOf(projectId)).toEqual(ids)
    expect(await idsOf(projectId, `&user_id=${people[1]}`)).toEqual([ids[1], ids[3]])
    expect(await idsOf(projectId, '&client_id=l-0')).toEqual([ids[1], ids[4]])
    const first = await listOf(projectId, '&limit=3')
    const second = await listOf(projectId, `&limit=3&cursor=${first.body.next_cursor}`)
    const paged = [...first.body.items, ...second.body.items].map(({ id }) => id)
    expect(paged).toEqual(ids)
    expect(second.body.next_cursor).toBeNull()
  })

  test('end one by one: at once, for good, and only that one', async () => {
    const projectId = await newProject('One by one')
    const made = await store.connect({ projectId, clientId: 'one' })
    const other = await store.connect({ projectId, clientId: 'two' })
    const path = `/api/v1/connections/${made.grantId}`
    expect((await served.api('DELETE', path)).status).toBe(204)
    expect([await isServed(made.token), await isServed(other.token)]).toEqual([false, true])
    const { body } = await served.api('GET', path)
    expect(body).toMatchObject({ state: 'revoked', scopes: [], revoked_at: expect.any(String) })
    expect(body.reason).toMatch(/^Revoked by admin_token:\d+\.$/)
    expect((await served.api('DELETE', path)).status).toBe(204)
    expect((await served.api('GET', path)).body).toEqual(body)
    expect(await idsOf(projectId, '&live=true')).toEqual([other.grantId])
    const events = await house.api('GET', `/api/v1/audit?project_id=${projectId}`)
    const revoked = events.body.items.filter(
      (event: { action: string }) => event.action === 'connection.revoke',
    )
    expect(revoked).toHaveLength(1)
    expect(revoked[0]).toMatchObject({ target: `connection:${made.grantId}` })
  })

  test('end together: of a person, of a client, of the project, never of another', async () => {
    const projectId = await newProject('Together')
    const elsewhere = await newProject('Elsewhere')
    const add = (email: string, clientId: string, of = projectId) =>
      store.connect({ projectId: of, email, clientId })
    const ann1 = await add('ann@x.example', 'x')
    const ann2 = await add('ann@x.example', 'y')
    const bob = await add('bob@x.example', 'x')
    const cat = await add('cat@x.example', 'z')
    const annElsewhere = await add('ann@x.example', 'x', elsewhere)
    const all = [ann1, ann2, bob, cat, annElsewhere]
    const alive = () => Promise.all(all.map(({ token }) => isServed(token)))
    const revoke = async (of: object) =>
      (await served.api('POST', '/api/v1/connections/revoke', { project_id: projectId, ...of }))
        .body
    expect(await revoke({ user_id: ann1.userId, client_id: 'x' })).toEqual({ revoked: 1 })
    expect(await alive()).toEqual([false, true, true, true, true])
    expect(await revoke({ client_id: 'x' })).toEqual({ revoked: 1 })
    expect(await alive()).toEqual([false, true, false, true, true])
    expect(await revoke({ user_id: ann1.userId })).toEqual({ revoked: 1 })
    expect(await alive()).toEqual([false, false, false, true, true])
    expect(await revoke({})).toEqual({ revoked: 1 })
    expect(await alive()).toEqual([false, false, false, false, true])
    expect(await revoke({})).toEqual({ revoked: 0 })
  })

  test('say what stops them for now', async () => {
    const projectId = await newProject('Stopped')
    const made = await store.connect({ projectId, clientId: 'stopped', email: 'dan@x.example' })
    const state = async () => {
      const { body } = await served.api('GET', `/api/v1/connections/${made.grantId}`)
      return [body.state, body.reason]
    }
    await store.sql('UPDATE users SET is_disabled = 1 WHERE id = $1', made.userId)
    expect(await state()).toEqual(['stopped', 'The account behind the connection is disabled.'])
    await store.sql('UPDATE users SET is_disabled = 0 WHERE id = $1', made.userId)
    await store.sql('DELETE FROM memberships WHERE user_id = $1', made.userId)
    expect(await state()).toEqual(['stopped', 'The person is not part of the project any more.'])
    await store.sql('UPDATE grants SET expires_at_ms = 1 WHERE id = $1', made.grantId)
    expect(await state()).toEqual(['expired', 'The connection has expired.'])
  })

  test.each([
    ['GET', '/api/v1/connections/0197e3a0-0000-7000-8000-000000000001', 404],
    ['DELETE', '/api/v1/connections/0197e3a0-0000-7000-8000-000000000001', 404],
    ['GET', '/api/v1/connections/1', 404],
    ['GET', '/api/v1/connections', 422],
    ['GET', '/api/v1/connections?project_id=1&live=perhaps', 422],
  ])('%s %s is %d', async (method, path, status) => {
    expect((await served.api(method, path)).status).toBe(status)
  })
})
