import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import {
  assertionClaims,
  exchangeAssertion,
  mintToken,
  newAssertionKey,
  registerKey,
} from '../helpers/assertions.ts'
import { type House, startHouse } from './house.ts'
import { readServedApi, type ServedApi } from './served_api.ts'

/** A project with the credentials that manage it. */
interface Place {
  readonly projectId: number
  readonly apiKey: string
  /** A key of the project without `project.manage`. */
  readonly caller: string
  /** An admin token confined to the project. */
  readonly confined: string
  /** Ids of its members by external id, in the order they came. */
  readonly members: ReadonlyMap<string, number>
}

const names = ['ann', 'Ann', 'bob', "o'neil %_", 'çağ 東京', 'zed']
const blocked = ['Ann', 'zed']
let house: House
let served: ServedApi
let own: Place
let other: Place

beforeAll(async () => {
  house = await startHouse()
  served = await readServedApi(house)
  own = await place(house.projectId, names)
  const project = await house.api('POST', '/api/v1/projects', { name: 'other' })
  other = await place(project.body.id, ['ann', 'hidden'])
  for (const name of blocked) {
    await house.api('PATCH', `/api/v1/members/${idOf(own, name)}`, { is_blocked: true })
  }
})
afterAll(() => house.stop())

async function place(projectId: number, subjects: readonly string[]): Promise<Place> {
  const made = async (path: string, fields: object) => {
    const body = { project_id: projectId, name: 'of it', ...fields }
    return (await house.api('POST', `/api/v1/${path}`, body)).body
  }
  const { api_key: apiKey } = await made('integrations', {})
  const permissions = ['tools.call', 'sessions.mint']
  const { api_key: caller } = await made('integrations', { permissions })
  const { token: confined } = await made('admin-tokens', {})
  const home = { api: house.api, projectId, apiKey }
  const key = newAssertionKey('ES256', 'backend')
  await registerKey(home, key)
  const members = new Map<string, number>()
  for (const sub of subjects) {
    const nowSeconds = Math.floor(Date.now() / 1000)
    await mintToken(home, key.sign(assertionClaims(projectId, nowSeconds, { sub })))
    const { items } = (await house.api('GET', `/api/v1/members?project_id=${projectId}`)).body
    members.set(sub, items.at(-1).id)
  }
  return { projectId, apiKey, caller, confined, members }
}

const idOf = ({ members }: Place, name: string) => members.get(name) ?? 0

const list = (query: string, token = house.adminToken) =>
  served.api('GET', `/api/v1/members?${query}`, undefined, token)

async function namesOf(query: string, token = house.adminToken): Promise<string[]> {
  const { status, body } = await list(query, token)
  expect(status).toBe(200)
  return body.items.map((member: { external_id: string }) => member.external_id)
}

describe('the list of members', () => {
  test('holds the members of one project in the order they came', async () => {
    expect(await namesOf(`project_id=${own.projectId}`)).toEqual(names)
    expect(await namesOf(`project_id=${other.projectId}`)).toEqual(['ann', 'hidden'])
    expect(await namesOf('', own.apiKey)).toEqual(names)
    expect(await namesOf('', other.confined)).toEqual(['ann', 'hidden'])
  })

  test('is the same in pages of any size, each member once', async () => {
    for (const limit of [1, 2, 3, 5, 6, 7]) {
      const seen: string[] = []
      let pages = 0
      let cursor = ''
      do {
        const { status, body } = await list(`project_id=${own.projectId}&limit=${limit}${cursor}`)
        expect(status).toBe(200)
        expect(body.items.length).toBeWithin(1, limit + 1)
        for (const { external_id } of body.items) seen.push(external_id)
        cursor = body.next_cursor && `&cursor=${encodeURIComponent(body.next_cursor)}`
        pages++
      } while (cursor)
      expect(seen).toEqual(names)
      expect(pages).toBe(Math.ceil(names.length / limit))
    }
  })

  test('finds a member by its exact external id, every character as it stands', async () => {
    for (const name of names) {
      const query = `project_id=${own.projectId}&external_id=${encodeURIComponent(name)}`
      expect(await namesOf(query)).toEqual([name])
    }
    for (const name of ['an', 'ANN', 'ann ', '%', '_', 'hidden', '']) {
      const query = `project_id=${own.projectId}&external_id=${encodeURIComponent(name)}`
      expect(await namesOf(query)).toEqual([])
    }
  })

  test('finds the blocked, the others, and one of either', async () => {
    const of = (query: string) => namesOf(`project_id=${own.projectId}&${query}`)
    expect(await of('is_blocked=true')).toEqual(blocked)
    expect(await of('is_blocked=false')).toEqual(names.filter((name) => !blocked.includes(name)))
    expect(await of('is_blocked=true&external_id=zed')).toEqual(['zed'])
    expect(await of('is_blocked=true&external_id=ann')).toEqual([])
    const first = await list(`project_id=${own.projectId}&is_blocked=true&limit=1`)
    const cursor = encodeURIComponent(first.body.next_cursor)
    expect(await of(`is_blocked=true&limit=1&cursor=${cursor}`)).toEqual(['zed'])
  })

  test('refuses a cursor that was changed, or is of another project or list', async () => {
    const { body } = await list(`project_id=${own.projectId}&limit=1`)
    const cursor: string = body.next_cursor
    const changed = (cursor.startsWith('A') ? 'B' : 'A') + cursor.slice(1)
    for (const query of [
      `project_id=${own.projectId}&cursor=${encodeURIComponent(changed)}`,
      `project_id=${own.projectId}&cursor=2`,
      `project_id=${other.projectId}&cursor=${encodeURIComponent(cursor)}`,
    ]) {
      expect(await list(query)).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } })
    }
    const path = `/api/v1/integrations?project_id=${own.projectId}&cursor=`
    const elsewhere = await served.api('GET', path + encodeURIComponent(cursor))
    expect(elsewhere).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } })
  })

  test('refuses a query it does not understand', async () => {
    for (const [query, pointer] of [
      ['is_blocked=maybe', '/is_blocked'],
      ['limit=0', '/limit'],
      ['limit=201', '/limit'],
      [`external_id=${'x'.repeat(256)}`, '/external_id'],
    ]) {
      const { status, body } = await list(`project_id=${own.projectId}&${query}`)
      expect({ status, pointer: body.errors?.[0].pointer }).toEqual({ status: 422, pointer })
    }
  })
})

describe('the members of another project', () => {
  const ways = [
    ['an API key', (at: Place) => at.apiKey],
    ['a confined admin token', (at: Place) => at.confined],
  ] as const

  test.each(ways)('are not there for %s: 404, and nothing changes', async (_what, tokenOf) => {
    const token = tokenOf(own)
    const path = `/api/v1/members/${idOf(other, 'hidden')}`
    const before = (await house.api('GET', path)).body
    const none = `/api/v1/members/${idOf(other, 'hidden') + 1000}`
    for (const at of [path, none]) {
      for (const answer of [
        await served.api('GET', at, undefined, token),
        await served.api('GET', `${at}/usage`, undefined, token),
        await served.api('PATCH', at, { is_blocked: true, calls_per_minute: 1 }, token),
      ]) {
        const reason = 'There is no such member.'
        expect(answer).toMatchObject({ status: 404, body: { code: 'not_found', reason } })
      }
    }
    expect((await house.api('GET', path)).body).toEqual(before)
    expect(await list(`project_id=${other.projectId}`, token)).toMatchObject({
      status: 403,
      body: { code: 'project_mismatch' },
    })
    expect(await namesOf('external_id=hidden', token)).toEqual([])
  })

  test('are seen and changed by their own, and by an administrator of the instance', async () => {
    const path = `/api/v1/members/${idOf(other, 'hidden')}`
    for (const token of [other.apiKey, other.confined, house.adminToken]) {
      expect((await served.api('GET', path, undefined, token)).body.external_id).toBe('hidden')
      const { status, body } = await served.api('PATCH', path, { calls_per_minute: 9 }, token)
      expect({ status, limit: body.calls_per_minute }).toEqual({ status: 200, limit: 9 })
    }
    expect(await list('')).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/project_id' }] },
    })
  })

  test('of the same name are other members: blocking one leaves the other alone', async () => {
    expect(idOf(own, 'ann')).not.toBe(idOf(other, 'ann'))
    await house.api('PATCH', `/api/v1/members/${idOf(own, 'ann')}`, { is_blocked: true })
    const { body } = await house.api('GET', `/api/v1/members/${idOf(other, 'ann')}`)
    expect(body).toMatchObject({ is_blocked: false, project_id: other.projectId })
    await house.api('PATCH', `/api/v1/members/${idOf(own, 'ann')}`, { is_blocked: false })
  })
})

describe('a credential that manages nothing', () => {
  test('sees and changes no member: 403 for a key, 401 for a session token', async () => {
    const key = newAssertionKey('ES256', 'second')
    await registerKey({ ...own, api: house.api }, key)
    const nowSeconds = Math.floor(Date.now() / 1000)
    const assertion = key.sign(assertionClaims(own.projectId, nowSeconds, { sub: 'bob' }))
    const minted = await exchangeAssertion({ ...own, api: house.api }, assertion)
    const path = `/api/v1/members/${idOf(own, 'bob')}`
    const before = (await house.api('GET', path)).body
    for (const [token, status, code] of [
      [own.caller, 403, 'permission_denied'],
      [minted.body.token, 401, 'invalid_admin_token'],
      [null, 401, 'missing_credential'],
    ] as const) {
      for (const answer of [
        await served.api('GET', '/api/v1/members', undefined, token),
        await served.api('GET', path, undefined, token),
        await served.api('GET', `${path}/usage`, undefined, token),
        await served.api('PATCH', path, { is_blocked: true }, token),
      ]) {
        expect(answer).toMatchObject({ status, body: { code } })
      }
    }
    expect((await house.api('GET', path)).body).toEqual(before)
  })
})
