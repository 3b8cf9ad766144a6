import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { callLegacy } from '../helpers/mcp_client.ts'
import { type House, startHouse } from './house.ts'
import { readServedApi, type ServedApi } from './served_api.ts'

let house: House
let served: ServedApi
let count = 0

beforeAll(async () => {
  house = await startHouse()
  served = await readServedApi(house)
})
afterAll(() => house.stop())

type Fields = Record<string, unknown>
const api = (method: string, path: string, body?: unknown, token?: string) =>
  token === undefined
    ? served.api(method, `/api/v1${path}`, body)
    : served.api(method, `/api/v1${path}`, body, token)
const mcpStatus = async (key: string, slug = '') =>
  (await callLegacy(`${house.url}/mcp${slug}`, key, 'tools/list')).status
const newProject = async (fields: Fields = {}) =>
  (await api('POST', '/projects', { name: `Project ${++count}`, ...fields })).body
const newIntegration = async (fields: Fields = {}) =>
  (await api('POST', '/integrations', { project_id: house.projectId, name: 'way in', ...fields }))
    .body
const newTool = async (fields: Fields = {}) => house.addTool({ name: `tool-${++count}`, ...fields })
const pathsOf = async (key: string) => {
  const { body } = await callLegacy(`${house.url}/mcp`, key, 'tools/list')
  return body.result.tools.map((tool: { name: string }) => tool.name)
}

describe('projects', () => {
  test('get a slug from their name, numbered where it is taken', async () => {
    const first = await newProject({ name: 'United CRM!' })
    expect(first).toMatchObject({
      slug: 'united-crm',
      is_suspended: false,
      mcp_url: `${house.url}/mcp/united-crm`,
    })
    expect((await newProject({ name: 'united / crm' })).slug).toBe('united-crm-2')
    expect((await newProject({ name: '契約' })).slug).toBe('project')
  })

  test('keep a slug that was asked for, and refuse one that is taken or malformed', async () => {
    const { id } = await newProject({ slug: 'mine' })
    expect((await api('GET', `/projects/${id}`)).body.slug).toBe('mine')
    const taken = await api('POST', '/projects', { name: 'x', slug: 'mine' })
    expect(taken).toMatchObject({ status: 409, body: { code: 'name_taken' } })
    for (const slug of ['Mine', '-a', 'a-', 'a b', 'a/b', '..', '', 'a'.repeat(64)]) {
      const answer = await api('POST', '/projects', { name: 'x', slug })
      expect(answer.body.errors[0].pointer).toBe('/slug')
    }
  })

  test('change where they are told to, and nowhere else', async () => {
    const before = await newProject({ description: 'first' })
    const { status, body } = await api('PATCH', `/projects/${before.id}`, { description: 'second' })
    expect(status).toBe(200)
    expect(body).toEqual({ ...before, description: 'second', updated_at: expect.any(String) })
    const other = await api('PATCH', `/projects/${before.id}`, { slug: 'demo' })
    expect(other).toMatchObject({ status: 409, body: { code: 'name_taken' } })
  })

  test('case 56: suspended, refuse every credential with 403 until they are resumed', async () => {
    const project = await newProject()
    const { api_key: key } = await newIntegration({ project_id: project.id })
    const tool = await newTool({ project_id: project.id })
    const suspend = (is_suspended: boolean) =>
      api('PATCH', `/projects/${project.id}`, { is_suspended })
    const execute = (body: Fields) => api('POST', `/custom-tools/${tool.id}/execute`, body)
    await suspend(true)
    const refused = await callLegacy(`${house.url}/mcp`, key, 'tools/list')
    expect({ status: refused.status, ...refused.body }).toMatchObject({
      status: 403,
      code: 'project_suspended',
    })
    expect((await api('GET', '/projects', undefined, key)).body.code).toBe('project_suspended')
    expect(await execute({})).toMatchObject({ status: 403, body: { code: 'project_suspended' } })
    expect((await execute({ dry_run: true })).status).toBe(403)
    expect(house.upstream.hits).toEqual([])
    await suspend(false)
    expect(await mcpStatus(key)).toBe(200)
    expect((await execute({})).status).toBe(200)
    house.reset()
  })

  test('are listed page by page, each once', async () => {
    for (let n = 0; n < 3; n++) await newProject()
    const whole = (await api('GET', '/projects?limit=200')).body.items
    expect(await everyPage('/projects?limit=2')).toEqual(whole)
  })
})

async function everyPage(path: string): Promise<unknown[]> {
  const items: unknown[] = []
  let cursor: string | null = null
  do {
    const at: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const { body } = await api('GET', path + at)
    items.push(...body.items)
    cursor = body.next_cursor
  } while (cursor !== null)
  return items
}

describe('integrations', () => {
  test('case 61: show their key once; later only its last four characters', async () => {
    const made = await newIntegration({ permissions: ['tools.call'] })
    expect(made.api_key).toMatch(/^tengine_[A-Za-z0-9_-]{43}$/)
    const shown = await api('GET', `/integrations/${made.integration.id}`)
    expect(shown.body).toEqual(made.integration)
    expect(shown.body.api_key).toMatchObject({
      last4: made.api_key.slice(-4),
      permissions: ['tools.call'],
      expires_at: null,
    })
    const list = await api('GET', `/integrations?project_id=${house.projectId}`)
    expect(JSON.stringify(list.body)).not.toContain(made.api_key)
  })

  test('case 42: rotated, the old key is refused by the next request; rights and end stay', async () => {
    const end = '2099-01-01T00:00:00.000Z'
    const made = await newIntegration({ permissions: ['tools.call'], expires_at: end })
    const path = `/integrations/${made.integration.id}`
    const rotated = await api('POST', `${path}/rotate`)
    expect(rotated.status).toBe(200)
    expect(rotated.body.api_key).not.toBe(made.api_key)
    expect(rotated.body.integration.api_key).toMatchObject({
      permissions: ['tools.call'],
      expires_at: end,
    })
    expect(await mcpStatus(made.api_key)).toBe(401)
    expect(await mcpStatus(rotated.body.api_key)).toBe(200)
  })

  test('case 42: deactivated, are refused by the next request, and work again once activated', async () => {
    const { integration, api_key: key } = await newIntegration()
    const path = `/integrations/${integration.id}`
    expect(await mcpStatus(key)).toBe(200)
    for (const [is_active, status] of [
      [false, 401],
      [true, 200],
    ]) {
      expect((await api('PATCH', path, { is_active })).body.is_active).toBe(Boolean(is_active))
      expect(await mcpStatus(key)).toBe(Number(status))
      expect((await api('GET', '/projects', undefined, key)).status).toBe(Number(status))
    }
  })

  test('case 42: deleted, are gone with their key, for good', async () => {
    const { integration, api_key: key } = await newIntegration()
    const path = `/integrations/${integration.id}`
    expect((await api('DELETE', path)).status).toBe(204)
    expect(await mcpStatus(key)).toBe(401)
    for (const [method, place, body] of [
      ['GET', path, undefined],
      ['PATCH', path, { is_active: true }],
      ['POST', `${path}/rotate`, undefined],
      ['DELETE', path, undefined],
    ] as const) {
      expect(await api(method, place, body)).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      })
    }
  })

  test('are named by people, hold at least one permission, and only known ones', async () => {
    for (const [fields, pointer] of [
      [{ name: '' }, '/name'],
      [{ permissions: [] }, '/permissions'],
      [{ permissions: ['tools.call', 'root'] }, '/permissions/1'],
      [{ kind: 'oauth' }, '/kind'],
      [{ expires_at: 'tomorrow' }, '/expires_at'],
    ] as const) {
      const body = { project_id: house.projectId, name: 'x', ...fields }
      expect((await api('POST', '/integrations', body)).body.errors[0].pointer).toBe(pointer)
    }
    const { body } = await api('POST', '/integrations', { name: 'x' })
    expect(body).toMatchObject({ status: 422, errors: [{ pointer: '/project_id' }] })
  })

  test('with an API key take its project, and need not name it', async () => {
    const made = await api('POST', '/integrations', { name: 'x' }, house.apiKey)
    expect(made.body.integration.project_id).toBe(house.projectId)
    const named = { name: 'x', project_id: house.projectId }
    expect((await api('POST', '/integrations', named, house.apiKey)).status).toBe(201)
  })
})

describe('tools', () => {
  test('are shown as they were written, with every default', async () => {
    const made = await newTool({ name: 'plain' })
    expect(made).toEqual({
      id: made.id,
      project_id: house.projectId,
      version: 1,
      content_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      is_enabled: true,
      is_pinned: false,
      tags: [],
      tokens: expect.any(Number),
      name: 'plain',
      description: '',
      input_schema: { type: 'object', properties: {} },
      output_schema: null,
      base_url: house.upstream.url,
      http_method: 'GET',
      endpoint_path: '/things',
      headers_template: null,
      query_template: null,
      body_template: null,
      require_member: false,
      inject_member_identity: { id: true, email: false, roles: false },
      auth_strategy: 'none',
      auth_header_name: null,
      auth_oauth: null,
      send_idempotency_key: true,
      required_scopes: [],
      timeout_ms: 30_000,
      max_response_bytes: 1_048_576,
      annotations: null,
      response: null,
      deduplication: { mode: 'identical', window_seconds: null },
      retry: { max_attempts: 3, idempotent: false, honours_key: false },
      verify: null,
      has_auth_secret: false,
      previous_secret_expires_at: null,
      limits: {
        calls_per_minute: null,
        calls_per_day: null,
        calls_per_month: null,
        max_concurrent: null,
      },
      created_at: expect.any(String),
      updated_at: expect.any(String),
    })
    expect((await api('GET', `/custom-tools/${made.id}`)).body).toEqual(made)
  })

  test('become a new version where their content changes, and only there', async () => {
    const made = await newTool({ description: 'one' })
    const path = `/custom-tools/${made.id}`
    const steps: readonly (readonly [Fields, number])[] = [
      [{ description: 'one' }, 1],
      [{ is_enabled: false }, 1],
      [{ description: 'two' }, 2],
      [{ timeout_ms: 1_000, is_enabled: true }, 3],
      [{}, 3],
    ]
    for (const [change, version] of steps) {
      expect(await api('PATCH', path, change)).toMatchObject({ status: 200, body: { version } })
    }
    const { body } = await api('GET', `${path}/versions`)
    expect(body.items.map((item: Fields) => item.version)).toEqual([3, 2, 1])
    expect(body.items[2]).toMatchObject({
      content_hash: made.content_hash,
      definition: { description: 'one', timeout_ms: 30_000 },
    })
    expect(body.items[0].created_by).toMatch(/^admin_token:\d+$/)
    expect(await everyPage(`${path}/versions?limit=1`)).toEqual(body.items)
  })

  test('rolled back, have the earlier content as a new version with the same hash', async () => {
    const made = await newTool({ description: 'one', endpoint_path: '/one' })
    const path = `/custom-tools/${made.id}`
    await api('PATCH', path, { description: 'two', endpoint_path: '/two' })
    const back = await api('POST', `${path}/rollback`, { version: 1 })
    expect(back.body).toMatchObject({
      version: 3,
      content_hash: made.content_hash,
      description: 'one',
    })
    await callLegacy(`${house.url}/mcp`, house.apiKey, 'tools/call', { name: made.name })
    expect(house.upstream.hits.map((hit) => hit.target)).toEqual(['/one'])
    house.reset()
    const never = await api('POST', `${path}/rollback`, { version: 9 })
    expect(never).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })

  test('rolled back under a name taken since are refused', async () => {
    const made = await newTool({ name: 'first-name' })
    await api('PATCH', `/custom-tools/${made.id}`, { name: 'second-name' })
    await newTool({ name: 'First-Name' })
    const back = await api('POST', `/custom-tools/${made.id}/rollback`, { version: 1 })
    expect(back).toMatchObject({ status: 409, body: { code: 'name_taken' } })
  })

  test('are listed to clients as they are at that moment: renamed, switched off, deleted', async () => {
    const made = await newTool({ name: 'seen' })
    const path = `/custom-tools/${made.id}`
    expect(await pathsOf(house.apiKey)).toContain('seen')
    await api('PATCH', path, { name: 'seen-2' })
    expect(await pathsOf(house.apiKey)).toContain('seen-2')
    await api('PATCH', path, { is_enabled: false })
    expect(await pathsOf(house.apiKey)).not.toContain('seen-2')
    await api('PATCH', path, { is_enabled: true })
    expect((await api('DELETE', path)).status).toBe(204)
    expect(await pathsOf(house.apiKey)).not.toContain('seen-2')
    for (const place of [path, `${path}/versions`])
      expect((await api('GET', place)).status).toBe(404)
    expect((await api('POST', `${path}/execute`, {})).status).toBe(404)
    expect((await api('DELETE', path)).status).toBe(404)
  })

  test('edited by two at once: one wins, the other is told', async () => {
    const made = await newTool()
    const path = `/custom-tools/${made.id}`
    const edits = ['a', 'b', 'c', 'd'].map((description) => api('PATCH', path, { description }))
    const statuses = (await Promise.all(edits)).map(({ status }) => status)
    const won = statuses.filter((status) => status === 200).length
    expect(won).toBeGreaterThan(0)
    expect(statuses.filter((status) => status === 409)).toHaveLength(4 - won)
    expect((await api('GET', path)).body.version).toBe(1 + won)
  })
})

describe('admin tokens', () => {
  test('are shown once, revoked at once, and then gone', async () => {
    const { body } = await api('POST', '/admin-tokens', { name: 'ops' })
    const { token, admin_token: made } = body
    expect(token).toMatch(/^gha_[A-Za-z0-9_-]{43}$/)
    expect(made).toMatchObject({ name: 'ops', last4: token.slice(-4), project_id: null })
    expect((await api('GET', '/projects', undefined, token)).status).toBe(200)
    const list = JSON.stringify((await api('GET', '/admin-tokens?limit=200')).body)
    expect(list).toContain(`"id":${made.id},`)
    expect(list).not.toContain(token)
    expect((await api('DELETE', `/admin-tokens/${made.id}`)).status).toBe(204)
    expect(await api('GET', '/projects', undefined, token)).toMatchObject({
      status: 401,
      body: { code: 'invalid_admin_token', detail: 'Invalid or inactive admin token' },
    })
    expect((await api('DELETE', `/admin-tokens/${made.id}`)).status).toBe(404)
  })

  test('for a project that is not there are refused', async () => {
    const answer = await api('POST', '/admin-tokens', { name: 'x', project_id: 999 })
    expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })
})

describe('bootstrap', () => {
  test('makes a project, a way in and an admin token that work', async () => {
    const { status, body } = await api('POST', '/bootstrap', { project: 'Fresh' })
    expect(status).toBe(201)
    expect(body.mcp_url).toBe(`${house.url}/mcp/fresh`)
    expect(await mcpStatus(body.api_key, '/fresh')).toBe(200)
    expect((await api('GET', '/projects', undefined, body.admin_token)).status).toBe(200)
  })

  test('case 260: cannot be had over the network without a credential', async () => {
    const answer = await house.api('POST', '/api/v1/bootstrap', { project: 'stolen' }, null)
    expect(answer).toMatchObject({ status: 401, body: { code: 'missing_credential' } })
  })

  test('case 270: the administrator of the machine needs no credential at the socket, and a wrong one is refused', async () => {
    const ask = (headers: Record<string, string>) =>
      fetch('http://localhost/api/v1/projects', {
        unix: join(house.dataDir, 'admin.sock'),
        headers,
      })
    expect((await ask({})).status).toBe(200)
    expect((await ask({ authorization: `Bearer gha_${'x'.repeat(43)}` })).status).toBe(401)
  })
})
