import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { callLegacy } from '../helpers/mcp_client.ts'
import { type House, startHouse } from './house.ts'
import { type Operation, readServedApi, type ServedApi } from './served_api.ts'

/** What project B holds, which nobody of project A may see or change. */
interface Foreign {
  readonly project: number
  readonly integration: number
  readonly tool: number
  readonly run: string
  readonly adminToken: number
}

let house: House
let served: ServedApi
let foreign: Foreign
/** Credentials of project A, the house's own. */
const credentials = { confined: '', manager: '', caller: '' }

beforeAll(async () => {
  house = await startHouse()
  served = await readServedApi(house)
  const { projectId: project_id } = house
  const admin = await create('/admin-tokens', { name: 'of A', project_id })
  credentials.confined = admin.token
  credentials.manager = house.apiKey
  const permissions = ['tools.call', 'sessions.mint']
  const integration = { name: 'caller', project_id, permissions }
  credentials.caller = (await create('/integrations', integration)).api_key
  foreign = await makeForeign()
})
beforeEach(() => house.reset())
afterAll(() => house.stop())

// biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
async function create(path: string, body: object): Promise<any> {
  const answer = await served.api('POST', `/api/v1${path}`, body)
  expect(answer.status).toBe(201)
  return answer.body
}

const toolOf = (project_id: number, name: string) => ({
  project_id,
  name,
  base_url: house.upstream.url,
  http_method: 'GET',
  endpoint_path: '/secret-of-b',
})

async function makeForeign(): Promise<Foreign> {
  const project = await create('/projects', { name: 'hidden-b', description: 'hidden-b' })
  const project_id = project.id
  const made = await create('/integrations', { name: 'hidden-b', project_id })
  const tool = await create('/custom-tools', toolOf(project_id, 'hidden-b'))
  const executed = await served.api('POST', `/api/v1/custom-tools/${tool.id}/execute`, {})
  const token = await create('/admin-tokens', { name: 'hidden-b', project_id })
  return {
    project: project_id,
    integration: made.integration.id,
    tool: tool.id,
    run: executed.body.run_id,
    adminToken: token.admin_token.id,
  }
}

/** A body that each operation takes. */
const bodies: Readonly<Record<string, () => object>> = {
  bootstrap: () => ({ project: 'new' }),
  createProject: () => ({ name: 'new' }),
  updateProject: () => ({ name: 'changed' }),
  createIntegration: () => ({ name: 'new', project_id: foreign.project }),
  updateIntegration: () => ({ is_active: false }),
  createTool: () => toolOf(foreign.project, 'new'),
  updateTool: () => ({ description: 'changed' }),
  rollbackTool: () => ({ version: 1 }),
  executeTool: () => ({ arguments: {} }),
  createAdminToken: () => ({ name: 'new' }),
}

function bodyOf({ operationId, described }: Operation): object | undefined {
  if (described.requestBody === undefined) return undefined
  const body = bodies[operationId]
  // A new operation must be entered above: that is what makes the tables below complete.
  if (body === undefined) throw new Error(`no sample body for ${operationId}`)
  return body()
}

function foreignPath({ path }: Operation): string {
  const id = [
    ['/api/v1/projects/', foreign.project] as const,
    ['/api/v1/integrations/', foreign.integration] as const,
    ['/api/v1/custom-tools/', foreign.tool] as const,
    ['/api/v1/runs/', foreign.run] as const,
    ['/api/v1/admin-tokens/', foreign.adminToken] as const,
  ].find(([prefix]) => path.startsWith(prefix))?.[1]
  if (id === undefined && path.includes('{')) throw new Error(`no foreign id for ${path}`)
  return path.replace(/\{[^}]+\}/, String(id))
}

/** Everything of project B as an administrator of the whole instance sees it. */
async function stateOfB(): Promise<string> {
  const { project, integration, tool } = foreign
  const paths = [
    `/projects/${project}`,
    `/integrations/${integration}`,
    `/integrations?project_id=${project}`,
    `/custom-tools/${tool}`,
    `/custom-tools/${tool}/versions`,
    `/custom-tools?project_id=${project}`,
    `/runs?project_id=${project}`,
    '/admin-tokens?limit=200',
    '/projects?limit=200',
  ]
  const answers = await Promise.all(paths.map((path) => served.api('GET', `/api/v1${path}`)))
  expect(answers.map((answer) => answer.status)).toEqual(paths.map(() => 200))
  return JSON.stringify(answers.map((answer) => answer.body))
}

/** Asks every operation about project B, and makes sure that nothing is told, sent or changed. */
async function askAll(
  token: string | null,
  expected: (operation: Operation) => readonly string[],
): Promise<void> {
  const before = await stateOfB()
  for (const operation of served.operations) {
    const { method, operationId } = operation
    const answer = await served.api(method, foreignPath(operation), bodyOf(operation), token)
    const outcome = `${answer.status} ${answer.body.code}`
    expect({ operationId, outcome }).toEqual({ operationId, outcome: expect.any(String) })
    expect(expected(operation), operationId).toContain(outcome)
    expect(JSON.stringify(answer.body), operationId).not.toContain('hidden-b')
  }
  expect(house.upstream.hits).toEqual([])
  expect(await stateOfB()).toBe(before)
}

const wholeInstance = new Set([
  'bootstrap',
  'createProject',
  'listAdminTokens',
  'createAdminToken',
  'revokeAdminToken',
])
/** Lists answer for the caller's own project where none is named. */
const ownLists = new Set(['listProjects', 'listIntegrations', 'listTools', 'listRuns'])

describe('case 261: every operation of the description', () => {
  test('answers nobody without a credential', () => askAll(null, () => ['401 missing_credential']))

  test('answers no API key that lacks project.manage', () =>
    askAll(credentials.caller, () => ['403 permission_denied']))

  test.each(['confined', 'manager'] as const)(
    'case 40: hides another project from a %s credential: 404, as if it were not there',
    (who) =>
      askAll(credentials[who], ({ operationId, path }) => {
        if (wholeInstance.has(operationId)) return ['403 permission_denied']
        if (ownLists.has(operationId)) return ['200 undefined']
        return path.includes('{') ? ['404 not_found'] : ['403 project_mismatch']
      }),
  )

  test('answers an id that never was like one of another project', async () => {
    for (const operation of served.operations.filter(({ path }) => path.includes('{id}'))) {
      const never = operation.path.replace('{id}', '99999999')
      const ask = (path: string) =>
        served.api(operation.method, path, bodyOf(operation), credentials.confined)
      const [own, none] = [await ask(foreignPath(operation)), await ask(never)]
      const { request_id: _own, ...shown } = own.body
      const { request_id: _none, ...expected } = none.body
      expect({ status: own.status, ...shown }).toEqual({ status: none.status, ...expected })
    }
  })
})

describe('a credential confined to project A', () => {
  test.each(['confined', 'manager'] as const)('may not name another project: %s', async (who) => {
    const token = credentials[who]
    for (const list of ['integrations', 'custom-tools', 'runs']) {
      for (const id of [foreign.project, 99_999]) {
        const answer = await served.api('GET', `/api/v1/${list}?project_id=${id}`, undefined, token)
        expect(answer).toMatchObject({ status: 403, body: { code: 'project_mismatch' } })
      }
    }
    for (const query of [`tool_id=${foreign.tool}`, `integration_id=${foreign.integration}`]) {
      const { body } = await served.api('GET', `/api/v1/runs?${query}`, undefined, token)
      expect(body.items).toEqual([])
    }
  })

  test.each(['confined', 'manager'] as const)('sees its own project alone: %s', async (who) => {
    const { body } = await served.api('GET', '/api/v1/projects', undefined, credentials[who])
    expect(body.items.map((project: { id: number }) => project.id)).toEqual([house.projectId])
  })

  test('case 290: cannot read on in the list of another with its cursor', async () => {
    await create('/custom-tools', toolOf(foreign.project, 'hidden-b-2'))
    const path = '/api/v1/custom-tools?limit=1'
    const { body } = await served.api('GET', `${path}&project_id=${foreign.project}`)
    expect(body.next_cursor).toBeString()
    await served.api('POST', `/api/v1/custom-tools/${foreign.tool}/execute`, {})
    const runs = await served.api('GET', `/api/v1/runs?limit=1&project_id=${foreign.project}`)
    for (const stolen of [
      `${path}&cursor=${encodeURIComponent(body.next_cursor)}`,
      `/api/v1/runs?limit=1&cursor=${encodeURIComponent(runs.body.next_cursor)}`,
    ]) {
      for (const token of [credentials.confined, credentials.manager]) {
        const answer = await served.api('GET', stolen, undefined, token)
        expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } })
      }
    }
  })

  test('cannot act through an integration of another project', async () => {
    const own = await house.addTool({ name: 'own' })
    const path = `/api/v1/custom-tools/${own.id}/execute`
    for (const token of [credentials.confined, undefined]) {
      const answer = await served.api('POST', path, { integration_id: foreign.integration }, token)
      expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } })
    }
    expect(house.upstream.hits).toEqual([])
  })

  test("case 40: a key of A at B's MCP URL is refused like an unknown key", async () => {
    const slug = 'hidden-b'
    const known = await callLegacy(`${house.url}/mcp/${slug}`, house.apiKey, 'tools/list')
    const never = await callLegacy(`${house.url}/mcp/never-was`, house.apiKey, 'tools/list')
    for (const { status, body } of [known, never]) {
      expect({ status, detail: body.detail }).toEqual({
        status: 401,
        detail: 'Invalid or inactive API key',
      })
    }
  })
})

describe('case 262: mass assignment', () => {
  const foreignFields = [
    'id',
    'version',
    'content_hash',
    'created_at',
    'updated_at',
    'epoch',
    'role',
    'kindness',
  ]

  test('a field that an operation does not take is 422, named, and nothing is written', async () => {
    const before = await stateOfB()
    for (const operation of served.operations) {
      const body = bodyOf(operation)
      if (body === undefined) continue
      const taken = new Set(Object.keys(body))
      const extra = foreignFields.filter((field) => !taken.has(field))
      if (operation.method === 'PATCH') extra.push('project_id', 'api_key', 'has_auth_secret')
      const sent = { ...body, ...Object.fromEntries(extra.map((field) => [field, 1])) }
      const answer = await served.api(operation.method, foreignPath(operation), sent)
      expect(answer, operation.operationId).toMatchObject({ status: 422 })
      const pointers = answer.body.errors.map((error: { pointer: string }) => error.pointer)
      expect(pointers.sort()).toEqual(extra.map((field) => `/${field}`).sort())
    }
    expect(house.upstream.hits).toEqual([])
    expect(await stateOfB()).toBe(before)
  })
})

describe('case 51: token types never interchange', () => {
  const mcp = (token: string) => callLegacy(`${house.url}/mcp`, token, 'tools/list')
  const managing = (token: string) => served.api('GET', '/api/v1/projects', undefined, token)

  test('an admin token is no API key', async () => {
    for (const token of [house.adminToken, credentials.confined]) {
      const { status, body } = await mcp(token)
      expect({ status, code: body.code }).toEqual({ status: 401, code: 'invalid_api_key' })
    }
  })

  test('a credential with the prefix of another kind, or none, is nobody', async () => {
    const keyBody = house.apiKey.slice('tengine_'.length)
    const adminBody = house.adminToken.slice('gha_'.length)
    const forged = [
      `gha_${keyBody}`,
      `tng_mst_${keyBody}`,
      `TENGINE_${keyBody}`,
      keyBody,
      `tengine_gha_${adminBody}`.slice(0, 51),
      `${house.apiKey}x`,
      house.apiKey.slice(0, -1),
    ]
    for (const token of [...forged, `tengine_${adminBody}`, 'tengine_', 'gha_']) {
      expect((await mcp(token)).status).toBe(401)
      expect((await managing(token)).status).toBe(401)
    }
  })

  test('an API key with project.manage manages, one without does not', async () => {
    expect((await managing(credentials.manager)).status).toBe(200)
    expect(await managing(credentials.caller)).toMatchObject({
      status: 403,
      body: { code: 'permission_denied' },
    })
    expect((await mcp(credentials.caller)).status).toBe(200)
  })
})
