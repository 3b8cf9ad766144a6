import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type House, startHouse } from './house.ts'
import { goodPassword, setUpOwner, Visitor } from './visitor.ts'

interface Person {
  readonly id: number
  /** Calls the management API as the pages do; `headers` undefined leave one out. */
  call(
    method: string,
    path: string,
    body?: object,
    headers?: Record<string, string | undefined>,
    // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  ): Promise<{ status: number; body: any }>
}

describe('a signed-in person at the management API', () => {
  let house: House
  let otherProject = 0
  let people = 0
  let owner: Person

  beforeAll(async () => {
    house = await startHouse()
    owner = await personOf(await setUpOwner(house))
    otherProject = (await house.api('POST', '/api/v1/projects', { name: 'Other' })).body.id
  })
  afterAll(() => house.stop())

  async function personOf(visitor: Visitor): Promise<Person> {
    const session = JSON.parse((await visitor.get('/api/v1/session')).text)
    const own = { cookie: visitor.cookie, origin: house.url, 'x-csrf-token': session.csrf_token }
    return {
      id: session.user.id,
      call: async (method, path, body, headers = {}) => {
        const all = { 'content-type': 'application/json', ...own, ...headers }
        const given = Object.entries(all).filter(([, value]) => value !== undefined)
        const response = await fetch(house.url + path, {
          method,
          headers: Object.fromEntries(given) as Record<string, string>,
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        })
        const text = await response.text()
        const isJson = response.headers.get('content-type')?.includes('json')
        return { status: response.status, body: isJson ? JSON.parse(text) : text }
      },
    }
  }

  async function person(role: string, ...projects: (number | null)[]): Promise<Person> {
    const email = `p${++people}@example.com`
    const [project_id = null, ...more] = projects
    const fields = { email, role, project_id, password: goodPassword }
    const { body } = await house.api('POST', '/api/v1/users', fields)
    for (const each of more) {
      await house.api('POST', `/api/v1/users/${body.user.id}/roles`, { role, project_id: each })
    }
    const visitor = new Visitor(house)
    await visitor.signIn(email, goodPassword)
    return personOf(visitor)
  }

  const codeOf = ({ status, body }: { status: number; body: { code?: string } }) => [
    status,
    body.code,
  ]

  test('is who the session says, and its acts are on record under that name', async () => {
    const made = await owner.call('POST', '/api/v1/projects', { name: 'By Olga' })
    expect(made.status).toBe(201)
    const { items } = (await owner.call('GET', `/api/v1/audit?actor=user:${owner.id}`)).body
    expect(items.map(({ action }: { action: string }) => action)).toEqual([
      'project.create',
      'sign_in.succeeded',
      'user.claim_installation',
    ])
    const session = await owner.call('GET', '/api/v1/session')
    expect(session.body).toMatchObject({
      user: { id: owner.id, email: 'owner@example.com' },
      roles: [{ project_id: null, role: 'owner' }],
    })
  })

  test('without a session there is nobody', async () => {
    for (const cookie of [undefined, 'gatehouse_session=x', `a=b; c=${'d'.repeat(50)}`]) {
      expect((await owner.call('GET', '/api/v1/projects', undefined, { cookie })).status).toBe(401)
      expect(codeOf(await owner.call('GET', '/api/v1/session', undefined, { cookie }))).toEqual([
        401,
        'not_signed_in',
      ])
    }
  })

  describe('case 259: a request that is no mere read', () => {
    test.each([
      [{ 'x-csrf-token': undefined }],
      [{ 'x-csrf-token': 'x' }],
      [{ origin: undefined }],
      [{ origin: undefined, 'sec-fetch-site': 'cross-site' }],
    ])('with %j is refused before anything is done', async (headers) => {
      const before = (await owner.call('GET', '/api/v1/projects')).body
      const refused = await owner.call('POST', '/api/v1/projects', { name: 'Forged' }, headers)
      expect(codeOf(refused)).toEqual([403, 'csrf_failed'])
      expect((await owner.call('GET', '/api/v1/projects')).body).toEqual(before)
    })

    test('takes the token of the very session', async () => {
      const other = await person('owner', null)
      const { csrf_token: token } = (await other.call('GET', '/api/v1/session')).body
      const headers = { 'x-csrf-token': token }
      const refused = await owner.call('POST', '/api/v1/projects', { name: 'Forged' }, headers)
      expect(codeOf(refused)).toEqual([403, 'csrf_failed'])
      await house.api('DELETE', `/api/v1/users/${other.id}/roles`)
    })

    test('with a bearer credential beside the cookie, the cookie counts for nothing', async () => {
      const headers = { authorization: 'Bearer gha_nonsense' }
      expect(codeOf(await owner.call('GET', '/api/v1/projects', undefined, headers))).toEqual([
        401,
        'invalid_admin_token',
      ])
    })
  })

  describe('case 261: by role, at every endpoint of the description', () => {
    interface Endpoint {
      readonly method: string
      readonly path: string
    }
    let endpoints: readonly Endpoint[] = []

    beforeAll(async () => {
      const { body } = await house.api('GET', '/openapi.json')
      endpoints = Object.entries(body.paths as Record<string, object>).flatMap(([path, item]) =>
        Object.entries(item)
          .filter(([, operation]) => operation.security !== undefined)
          .filter(() => path.startsWith('/api/v1/') && path !== '/api/v1/mcp/session-token')
          .map(([method]) => ({ method: method.toUpperCase(), path })),
      )
      expect(endpoints.length).toBeGreaterThan(50)
    })

    /** What an endpoint answers to a person who names a project and things of it. */
    const ask = (who: Person, { method, path }: Endpoint, project: number, id = '1') => {
      const filled = path.replace('/projects/{id}', `/projects/${project}`).replace(/\{\w+\}/g, id)
      const hasBody = method === 'POST' || method === 'PATCH'
      const query = filled.includes('?') ? '' : `?project_id=${project}`
      return who.call(method, filled + query, hasBody ? {} : undefined)
    }

    test('a member reads and changes nothing', async () => {
      for (const who of [await person('member', house.projectId), await person('member', null)]) {
        for (const endpoint of endpoints) {
          const answer = await ask(who, endpoint, house.projectId)
          expect([endpoint, ...codeOf(answer)]).toEqual([endpoint, 403, 'permission_denied'])
        }
      }
    })

    test('a viewer reads and changes nothing', async () => {
      for (const who of [await person('viewer', house.projectId), await person('viewer', null)]) {
        for (const endpoint of endpoints) {
          const answer = await ask(who, endpoint, house.projectId)
          if (endpoint.method === 'GET') continue
          expect([endpoint, ...codeOf(answer)]).toEqual([endpoint, 403, 'permission_denied'])
        }
        const list = await who.call('GET', `/api/v1/custom-tools?project_id=${house.projectId}`)
        expect(list.status).toBe(200)
      }
    })

    test('a developer changes tools and nothing else', async () => {
      const who = await person('developer', house.projectId)
      for (const endpoint of endpoints) {
        if (endpoint.method === 'GET') continue
        const { status, body } = await ask(who, endpoint, house.projectId, '4711')
        const isOwn =
          /^\/api\/v1\/(custom-tools|runs|signatures|assertions|openapi-sources)\b/.test(
            endpoint.path,
          )
        expect([endpoint, body.code === 'permission_denied', status]).toEqual([
          endpoint,
          !isOwn,
          status,
        ])
        expect(status).toBeGreaterThanOrEqual(400)
      }
      const tool = await who.call('POST', '/api/v1/custom-tools', {
        project_id: house.projectId,
        name: 'list_things',
        description: 'Lists things.',
        base_url: house.upstream.url,
        http_method: 'GET',
        endpoint_path: '/things',
      })
      expect(tool.status).toBe(201)
      const run = await who.call('POST', `/api/v1/custom-tools/${tool.body.id}/execute`, {})
      expect(run.status).toBe(200)
      expect(house.upstream.hits).toHaveLength(1)
    })

    test('an admin of one project never gets at another', async () => {
      const who = await person('admin', house.projectId)
      const integration = { project_id: otherProject, name: 'theirs' }
      const theirs = (await house.api('POST', '/api/v1/integrations', integration)).body
      for (const endpoint of endpoints) {
        const answer = await ask(who, endpoint, otherProject, String(theirs.integration.id))
        expect([endpoint, ...codeOf(answer)]).toEqual([endpoint, 403, 'permission_denied'])
        const unnamed = endpoint.path.replace('/projects/{id}', `/projects/${otherProject}`)
        const id = String(theirs.integration.id)
        const hasBody = endpoint.method === 'POST' || endpoint.method === 'PATCH'
        if (!endpoint.path.startsWith('/api/v1/integrations/')) continue
        const path = unnamed.replace(/\{\w+\}/g, id)
        const direct = await who.call(endpoint.method, path, hasBody ? {} : undefined)
        expect([endpoint, direct.status]).toEqual([endpoint, 404])
      }
      const own = await who.call('POST', '/api/v1/integrations', { name: 'ours' })
      expect([own.status, own.body.integration.project_id]).toEqual([201, house.projectId])
    })

    test('an admin of the whole installation makes no owner, and nothing that is as good as one', async () => {
      const who = await person('admin', null)
      for (const [method, path, body] of [
        ['POST', '/api/v1/admin-tokens', { name: 'mine' }],
        ['POST', '/api/v1/bootstrap', { project: 'mine' }],
        ['POST', '/api/v1/signing-keys/rotate', {}],
        ['POST', '/api/v1/users', { email: 'mine@example.com', role: 'owner' }],
        ['POST', `/api/v1/users/${who.id}/roles`, { role: 'owner' }],
        ['POST', `/api/v1/users/${owner.id}/roles`, { role: 'viewer' }],
        ['DELETE', `/api/v1/users/${owner.id}/roles`, undefined],
        ['POST', `/api/v1/users/${owner.id}/reset-password`, {}],
        ['DELETE', `/api/v1/users/${owner.id}/second-factor`, undefined],
        ['PATCH', `/api/v1/users/${owner.id}`, { is_disabled: true }],
        ['POST', '/api/v1/setup-url', {}],
      ] as const) {
        const answer = await who.call(method, path, body)
        expect([path, ...codeOf(answer)]).toEqual([path, 403, 'permission_denied'])
      }
      expect((await owner.call('GET', '/api/v1/session')).status).toBe(200)
    })
  })

  test('with roles in several projects a person names one, in path, query or body', async () => {
    const who = await person('admin', house.projectId, otherProject)
    const unnamed = await who.call('GET', '/api/v1/integrations')
    expect(codeOf(unnamed)).toEqual([422, 'validation_failed'])
    expect(unnamed.body.errors[0].pointer).toBe('/project_id')
    for (const id of [house.projectId, otherProject]) {
      const listed = await who.call('GET', `/api/v1/integrations?project_id=${id}`)
      expect(listed.status).toBe(200)
      const fields = { name: `of ${id}`, project_id: id }
      const made = await who.call('POST', '/api/v1/integrations', fields)
      expect([made.status, made.body.integration?.project_id]).toEqual([201, id])
      expect((await who.call('GET', `/api/v1/projects/${id}/policy`)).status).toBe(200)
    }
    // Named twice, the request is about what its path says and no more.
    const foreign = { name: 'x', project_id: otherProject }
    const path = `/api/v1/integrations?project_id=${house.projectId}`
    expect(codeOf(await who.call('POST', path, foreign))).toEqual([403, 'project_mismatch'])
  })

  test('rights taken away count from the next request on', async () => {
    const who = await person('admin', house.projectId)
    expect((await who.call('GET', '/api/v1/integrations')).status).toBe(200)
    await house.api('DELETE', `/api/v1/users/${who.id}/roles?project_id=${house.projectId}`)
    expect((await who.call('GET', '/api/v1/integrations')).status).toBe(401)
  })
})
