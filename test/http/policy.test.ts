import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { openStoreBeside, type StoreBeside } from '../helpers/connections.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import { type House, startHouse } from './house.ts'
import { readServedApi, type ServedApi } from './served_api.ts'

let house: House
let served: ServedApi
let store: StoreBeside
let people = 0

beforeAll(async () => {
  house = await startHouse()
  served = await readServedApi(house)
  store = openStoreBeside(house.dataDir)
  await house.addTool({ name: 'read', required_scopes: ['A_READ'] })
  await house.addTool({ name: 'write', required_scopes: ['A_WRITE', 'B_READ'] })
})
afterAll(async () => {
  await store.close()
  await house.stop()
})
afterEach(async () => {
  await set({
    is_mcp_enabled: true,
    allowed_client_ids: [],
    policy_scopes: [],
    challenge_scopes: [],
  })
  await served.api('POST', '/api/v1/connections/revoke', { project_id: house.projectId })
})

const path = () => `/api/v1/projects/${house.projectId}/policy`
const set = (change: object) => served.api('PATCH', path(), change)
const preview = (change: object) => served.api('POST', `${path()}/preview`, change)
const connect = (terms: object = {}) => {
  const n = ++people
  const { projectId } = house
  return store.connect({ projectId, email: `p${n}@x.example`, clientId: `c-${n}`, ...terms })
}

const defaults = {
  is_mcp_enabled: true,
  allowed_redirect_uris: [],
  allowed_client_ids: [],
  policy_scopes: [],
  challenge_scopes: [],
  registration_mode: 'on',
  access_token_minutes: 15,
  refresh_token_days: 30,
}

describe('a policy', () => {
  test('of a project that set nothing lets every client in', async () => {
    const made = await served.api('POST', '/api/v1/projects', { name: 'Untouched' })
    const answer = await served.api('GET', `/api/v1/projects/${made.body.id}/policy`)
    expect(answer.body).toEqual({ project_id: made.body.id, ...defaults })
  })

  test('keeps what a change does not name, and names nothing twice', async () => {
    const change = {
      allowed_redirect_uris: [
        'http://localhost:3118/callback',
        'https://claude.ai/api/mcp/auth_callback',
        'http://localhost:3118/callback',
        'cursor://anysphere.cursor-mcp/oauth',
      ],
      registration_mode: 'limited',
      access_token_minutes: 5,
    }
    expect((await set(change)).status).toBe(200)
    const { body } = await set({ refresh_token_days: 7, policy_scopes: ['A_READ', 'A_READ'] })
    expect(body).toEqual({
      ...{ ...defaults, ...change, project_id: house.projectId },
      allowed_redirect_uris: [...new Set(change.allowed_redirect_uris)],
      policy_scopes: ['A_READ'],
      refresh_token_days: 7,
    })
    expect((await served.api('GET', path())).body).toEqual(body)
    const { policy_scopes: _, ...rest } = defaults
    await set({ ...rest })
  })

  test.each([
    [{ allowed_redirect_uris: ['javascript:alert(1)'] }, '/allowed_redirect_uris/0'],
    [{ allowed_redirect_uris: ['http://example.com/cb'] }, '/allowed_redirect_uris/0'],
    [{ allowed_redirect_uris: ['https://a.example/#x'] }, '/allowed_redirect_uris/0'],
    [{ allowed_redirect_uris: ['/callback'] }, '/allowed_redirect_uris/0'],
    [{ allowed_client_ids: [''] }, '/allowed_client_ids/0'],
    [{ allowed_client_ids: ['a\nb'] }, '/allowed_client_ids/0'],
    [{ policy_scopes: ['A_READ', 'NO_SUCH'] }, '/policy_scopes/1'],
    [{ policy_scopes: ['not ok'] }, '/policy_scopes/0'],
    [{ registration_mode: 'maybe' }, '/registration_mode'],
    [{ access_token_minutes: 0 }, '/access_token_minutes'],
    [{ refresh_token_days: 366 }, '/refresh_token_days'],
    [{ is_mcp_enabled: 'yes' }, '/is_mcp_enabled'],
    [{ mcp: false }, '/mcp'],
  ])('refuses %j and stays as it was, and so does its preview', async (change, pointer) => {
    const before = (await served.api('GET', path())).body
    for (const ask of [set, preview]) {
      const { status, body } = await ask(change)
      expect([status, body.code]).toEqual([422, 'validation_failed'])
      expect(body.errors.map((error: { pointer: string }) => error.pointer)).toEqual([pointer])
    }
    expect((await served.api('GET', path())).body).toEqual(before)
  })

  test('is on record with what changed and who changed it', async () => {
    await set({ is_mcp_enabled: false })
    const events = `/api/v1/audit?project_id=${house.projectId}&action=policy.update&limit=1`
    const { body } = await house.api('GET', events)
    expect(body.items[0]).toMatchObject({
      action: 'policy.update',
      target: `project:${house.projectId}`,
      details: { is_mcp_enabled: { from: true, to: false } },
    })
  })
})

interface Case {
  readonly granted: readonly string[]
  readonly change: object
  readonly stopped?: string
  readonly lost?: readonly string[]
}

const nothingLeft = "The project's policy allows nothing any more that was approved."
const pinned = "The project's policy does not allow this OAuth client."
const cases: readonly Case[] = [
  { granted: ['ALL'], change: {} },
  {
    granted: ['ALL'],
    change: { is_mcp_enabled: false },
    stopped: 'MCP is switched off for the project.',
  },
  { granted: ['ALL'], change: { allowed_client_ids: ['other'] }, stopped: pinned },
  { granted: ['ALL'], change: { allowed_client_ids: ['other', 'mine'] } },
  { granted: ['ALL'], change: { policy_scopes: ['ALL'] } },
  { granted: ['ALL'], change: { policy_scopes: ['A_READ'] }, lost: ['ALL'] },
  { granted: ['A_READ'], change: { policy_scopes: ['A_READ'] } },
  { granted: ['A_READ'], change: { policy_scopes: ['A_WRITE'] } },
  { granted: ['A_WRITE'], change: { policy_scopes: ['A_READ'] }, lost: ['A_WRITE'] },
  { granted: ['A_READ', 'B_READ'], change: { policy_scopes: ['A_READ'] }, lost: ['B_READ'] },
  { granted: [], change: { policy_scopes: ['A_READ'] } },
  {
    granted: ['B_READ'],
    change: { policy_scopes: ['A_WRITE'] },
    stopped: nothingLeft,
    lost: ['B_READ'],
  },
  { granted: ['ALL'], change: { allowed_redirect_uris: ['https://a.example/'] } },
  { granted: ['ALL'], change: { access_token_minutes: 1, registration_mode: 'off' } },
]

const labelled = cases.map((one) => [`${one.granted}, ${JSON.stringify(one.change)}`, one] as const)

describe('case 107: what a change would do, and then does', () => {
  test.each(labelled)('%s', async (_, { granted, change, stopped, lost = [] }) => {
    const made = await connect({ granted, clientId: 'mine' })
    const before = (await served.api('GET', path())).body
    const { status, body } = await preview(change)
    expect(status).toBe(200)
    const isAffected = stopped !== undefined || lost.length > 0
    expect(body).toEqual({
      working: 1,
      stopped: stopped === undefined ? 0 : 1,
      narrowed: stopped === undefined && lost.length > 0 ? 1 : 0,
      connections: isAffected
        ? [
            {
              id: made.grantId,
              client: { id: 'mine', name: 'Name of mine' },
              user: { id: made.userId, email: expect.any(String), name: 'Ada Lovelace' },
              is_stopped: stopped !== undefined,
              reason: stopped ?? null,
              lost_scopes: lost,
            },
          ]
        : [],
    })
    expect((await served.api('GET', path())).body).toEqual(before)
    const connection = `/api/v1/connections/${made.grantId}`
    expect((await served.api('GET', connection)).body.state).toBe('active')
    expect((await set(change)).status).toBe(200)
    const { body: after } = await served.api('GET', connection)
    expect(after.state).toBe(stopped === undefined ? 'active' : 'stopped')
    expect(after.reason).toBe(stopped ?? null)
    for (const scope of lost) expect(after.scopes).not.toContain(scope)
    const { status: served_ } = await callLegacy(`${house.url}/mcp`, made.token, 'tools/list')
    expect(served_ === 200).toBe(stopped === undefined)
  })

  test('counts all of many, and leaves out those that do not work anyway', async () => {
    const revoked = await connect()
    await served.api('DELETE', `/api/v1/connections/${revoked.grantId}`)
    const blocked = await connect()
    await served.api('PATCH', `/api/v1/members/${blocked.memberId}`, { is_blocked: true })
    for (let n = 0; n < 230; n++) await connect({ email: `many${n}@x.example`, clientId: 'many' })
    const { body } = await preview({ is_mcp_enabled: false })
    expect([body.working, body.stopped, body.narrowed]).toEqual([230, 230, 0])
    expect(body.connections).toHaveLength(200)
  })
})

describe('scopes', () => {
  const scopes = () => `/api/v1/projects/${house.projectId}/scopes`
  const names = async () =>
    (await served.api('GET', scopes())).body.items.map((each: { name: string }) => each.name)

  test('are those that tools require, and those that were added', async () => {
    expect(await names()).toEqual(['A_READ', 'A_WRITE', 'B_READ'])
    const tool = await house.addTool({ name: 'later', required_scopes: [] })
    const tools = `/api/v1/custom-tools/${tool.id}`
    await served.api('PATCH', tools, { required_scopes: ['Z_READ', 'ALL'] })
    expect(await names()).toEqual(['A_READ', 'A_WRITE', 'B_READ', 'Z_READ'])
    const added = await served.api('POST', scopes(), { name: 'C', description: 'See C' })
    expect([added.status, added.body]).toEqual([
      201,
      { project_id: house.projectId, name: 'C', description: 'See C' },
    ])
    const described = await served.api('POST', scopes(), { name: 'Z_READ', description: 'See Z' })
    expect(described.status).toBe(200)
    await served.api('PATCH', tools, { description: 'again' })
    const { body } = await served.api('GET', scopes())
    expect(body.items.at(-1)).toEqual({
      project_id: house.projectId,
      name: 'Z_READ',
      description: 'See Z',
    })
    await served.api('DELETE', tools)
    expect((await served.api('DELETE', `${scopes()}/Z_READ`)).status).toBe(204)
    expect((await served.api('DELETE', `${scopes()}/C`)).status).toBe(204)
    expect((await served.api('DELETE', `${scopes()}/C`)).status).toBe(404)
    expect(await names()).toEqual(['A_READ', 'A_WRITE', 'B_READ'])
  })

  test('one that a tool requires stays', async () => {
    const { status, body } = await served.api('DELETE', `${scopes()}/B_READ`)
    expect([status, body.code, body.reason]).toEqual([409, 'scope_in_use', 'Required by: write.'])
    expect(await names()).toContain('B_READ')
  })

  test.each(['ALL', 'not ok', '', 'A"'])('none is called %j', async (name) => {
    const { status, body } = await served.api('POST', scopes(), { name })
    expect([status, body.errors[0].pointer]).toEqual([422, '/name'])
    expect(await names()).toEqual(['A_READ', 'A_WRITE', 'B_READ'])
  })

  test('with a dot and a colon can be removed by their name', async () => {
    await served.api('POST', scopes(), { name: 'files:list.all' })
    const removed = await served.api(
      'DELETE',
      `${scopes()}/${encodeURIComponent('files:list.all')}`,
    )
    expect(removed.status).toBe(204)
  })
})
