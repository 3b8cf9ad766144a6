import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import {
  assertionClaims,
  exchangeAssertion,
  mintToken,
  newAssertionKey,
  registerKey,
} from '../helpers/assertions.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import {
  bodyAbout,
  createWith,
  type ForeignProject,
  foreignAssertion,
  foreignName,
  makeForeignProject,
  pathInto,
  projectLists,
  stateOf,
} from './foreign_project.ts'
import { type House, startHouse } from './house.ts'
import { knownLists, ownLists, wholeInstance } from './reach_tables.ts'
import { type Operation, readServedApi, type ServedApi } from './served_api.ts'

let house: House
let served: ServedApi
/** Project B, of which nobody of project A may see or change anything. */
let foreign: ForeignProject
/** Credentials of project A, the house's own. */
const credentials = { confined: '', manager: '', caller: '', plain: '', session: '' }
const signer = newAssertionKey('Ed25519', 'key-of-a')

beforeAll(async () => {
  // As many wrong credentials from one address are not what this is about.
  house = await startHouse({ settings: { failed_auth_per_minute: '0' } })
  served = await readServedApi(house)
  foreign = await makeForeignProject(house, served)
  const create = createWith(served)
  const { projectId: project_id } = house
  const keyWith = async (...permissions: string[]) =>
    (await create('/integrations', { name: 'caller', project_id, permissions })).api_key
  credentials.confined = (await create('/admin-tokens', { name: 'of A', project_id })).token
  credentials.manager = house.apiKey
  credentials.caller = await keyWith('tools.call', 'sessions.mint')
  credentials.plain = await keyWith('tools.call')
  await registerKey(house, signer)
  credentials.session = await mintToken(house, signer.sign(claims()))
})
beforeEach(() => house.reset())
afterAll(() => house.stop())

const claims = (changes: object = {}) =>
  assertionClaims(house.projectId, Math.floor(Date.now() / 1000), changes)
const bodyOf = (operation: Operation) => bodyAbout(foreign, house, operation)
const stateOfB = () => stateOf(foreign, house, served)

/** Asks every operation about project B, and makes sure that nothing is told, sent or changed. */
async function askAll(
  token: string | null,
  expected: (operation: Operation) => string,
): Promise<void> {
  const before = await stateOfB()
  for (const operation of served.operations) {
    const { method, operationId } = operation
    const answer = await served.api(method, pathInto(foreign, operation), bodyOf(operation), token)
    const outcome = `${answer.status} ${answer.body.code}`
    expect({ operationId, outcome }).toEqual({ operationId, outcome: expected(operation) })
    for (const secret of foreign.secrets) {
      expect(JSON.stringify(answer.body), operationId).not.toContain(secret)
    }
  }
  expect(house.upstream.hits).toEqual([])
  expect(await stateOfB()).toBe(before)
}

/** What a credential that may mint is told of an assertion whose key another project registered. */
const notOurs = '401 assertion_key_not_found'

describe('case 261: every operation of the description', () => {
  const minting = (outcome: string, otherwise: string) => (operation: Operation) =>
    operation.operationId === 'mintSessionToken' ? outcome : otherwise

  test('answers nobody without a credential', () => askAll(null, () => '401 missing_credential'))

  test('answers no API key that lacks project.manage; with sessions.mint it mints, for its own', () =>
    askAll(credentials.caller, minting(notOurs, '403 permission_denied')))

  test('answers no API key that has neither', () =>
    askAll(credentials.plain, () => '403 permission_denied'))

  test("case 51: answers no session token, nor the one of that project's own member", async () => {
    const refused = minting('401 invalid_api_key', '401 invalid_admin_token')
    for (const token of [credentials.session, foreign.session]) await askAll(token, refused)
  })

  test.each([
    ['confined', '400 key_without_integration'],
    ['manager', notOurs],
  ] as const)(
    'case 40: hides another project from a %s credential: 404, as if it were not there',
    (who, minted) =>
      askAll(credentials[who], ({ operationId, path }) => {
        if (operationId === 'mintSessionToken') return minted
        if (wholeInstance.has(operationId)) return '403 permission_denied'
        if (ownLists.has(operationId)) return '200 undefined'
        // The tool stands in the body.
        if (operationId === 'explainSignature') return '404 not_found'
        return path.includes('{') ? '404 not_found' : '403 project_mismatch'
      }),
  )

  test('answers an id that never was like one of another project', async () => {
    const byId = served.operations.filter(({ path }) => path.includes('{id}'))
    const inBody = served.operations.filter(({ operationId }) => operationId === 'explainSignature')
    expect(byId.length * inBody.length).toBeGreaterThan(0)
    for (const operation of [...byId, ...inBody]) {
      const { method, path } = operation
      const body = bodyOf(operation)
      const ask = (at: string, sent = body) => served.api(method, at, sent, credentials.confined)
      const never = path
        .replace('{id}', '99999999')
        .replace('{name}', foreignName)
        .replace('{import_id}', '1')
        .replace('{key}', 'GET%20%2F')
      const sent = path === never ? { ...body, tool_id: 99_999_999 } : body
      const [own, none] = [await ask(pathInto(foreign, operation)), await ask(never, sent)]
      const { request_id: _own, ...shown } = own.body
      const { request_id: _none, ...expected } = none.body
      expect({ status: own.status, ...shown }).toEqual({ status: none.status, ...expected })
    }
  })
})

describe('a credential confined to project A', () => {
  const each = ['confined', 'manager'] as const
  const list = (path: string, token?: string) => served.api('GET', path, undefined, token)

  test('has no lists to look for another project in but those known here', () => {
    const names = projectLists(served).map((path) => path.slice('/api/v1/'.length))
    expect(names.sort()).toEqual([...knownLists])
  })

  test.each(each)('may not name another project: %s', async (who) => {
    const token = credentials[who]
    for (const path of projectLists(served)) {
      for (const id of [foreign.projectId, 99_999]) {
        const answer = await list(`${path}?project_id=${id}`, token)
        expect(answer).toMatchObject({ status: 403, body: { code: 'project_mismatch' } })
      }
    }
    for (const query of [
      `runs?tool_id=${foreign.tool}`,
      `runs?integration_id=${foreign.integration}`,
      `runs?member=${foreignName}`,
      `members?external_id=${foreignName}`,
    ]) {
      expect((await list(`/api/v1/${query}`, token)).body.items).toEqual([])
    }
  })

  test.each(each)('sees its own project alone: %s', async (who) => {
    const { body } = await list('/api/v1/projects', credentials[who])
    expect(body.items.map((project: { id: number }) => project.id)).toEqual([house.projectId])
    for (const path of projectLists(served)) {
      const { items } = (await list(path, credentials[who])).body
      const projects = items.map((item: { project_id: number }) => item.project_id)
      expect(projects).toEqual(items.map(() => house.projectId))
    }
  })

  test('case 290: cannot read on in the list of another with its cursor', async () => {
    for (const path of projectLists(served)) {
      // It has one page.
      if (path === '/api/v1/upstreams') continue
      const { body } = await list(`${path}?limit=1&project_id=${foreign.projectId}`)
      expect(body.next_cursor).toBeString()
      const stolen = `${path}?limit=1&cursor=${encodeURIComponent(body.next_cursor)}`
      for (const who of each) {
        const answer = await list(stolen, credentials[who])
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

  test.each(each)('learns nothing of another project from its assertion: %s', async (who) => {
    const path = '/api/v1/assertions/verify'
    const body = { assertion: foreignAssertion(foreign) }
    expect(await served.api('POST', path, body, credentials[who])).toMatchObject({
      status: 200,
      body: {
        code: 'assertion_key_not_found',
        key: null,
        expected_audience: `tengine:project:${house.projectId}`,
      },
    })
  })

  test("case 40: a key of A at B's MCP URL is refused like an unknown key", async () => {
    const known = await callLegacy(`${house.url}/mcp/${foreignName}`, house.apiKey, 'tools/list')
    const never = await callLegacy(`${house.url}/mcp/never-was`, house.apiKey, 'tools/list')
    for (const { status, body } of [known, never]) {
      expect({ status, detail: body.detail }).toEqual({
        status: 401,
        detail: 'Invalid or inactive API key',
      })
    }
  })
})

/** What the holder of a token is told about itself. */
async function whoami(token: string) {
  const call = { name: 'mcp_whoami', arguments: {} }
  const { body } = await callLegacy(`${house.url}/mcp`, token, 'tools/call', call)
  return body.result.structuredContent
}

describe('case 40: one key pair that two projects registered', () => {
  const shared = newAssertionKey('ES256', 'shared')
  beforeAll(async () => {
    for (const home of [house, foreign]) await registerKey(home, shared)
  })

  test('mints in each of them for its own members alone', async () => {
    for (const [home, other] of [
      [house, foreign],
      [foreign, house],
    ] as const) {
      const own = shared.sign(claims({ aud: `tengine:project:${home.projectId}` }))
      const { project } = await whoami(await mintToken(home, own))
      expect(project.id).toBe(home.projectId)
      const { status, body } = await exchangeAssertion(other, own)
      expect([status, body.code]).toEqual([401, 'assertion_aud_mismatch'])
      expect(body).not.toHaveProperty('token')
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
    'roles',
    'email',
    'deactivated_at',
    'kindness',
  ]
  const never = ['project_id', 'external_id', 'first_seen_at', 'api_key', 'has_auth_secret']

  test('a field that an operation does not take is 422, named, and nothing is written', async () => {
    const before = await stateOfB()
    const withBody = served.operations.filter((operation) => bodyOf(operation) !== undefined)
    // Minting alone does not refuse them; what it makes of them is told below.
    for (const operation of withBody.filter((one) => one.operationId !== 'mintSessionToken')) {
      const body = bodyOf(operation) ?? {}
      const taken = new Set(Object.keys(body))
      const extra = foreignFields.filter((field) => !taken.has(field))
      if (operation.method === 'PATCH') extra.push(...never)
      const sent = { ...body, ...Object.fromEntries(extra.map((field) => [field, 1])) }
      const answer = await served.api(operation.method, pathInto(foreign, operation), sent)
      expect(answer, operation.operationId).toMatchObject({ status: 422 })
      const pointers = answer.body.errors.map((error: { pointer: string }) => error.pointer)
      expect(pointers.sort()).toEqual(extra.map((field) => `/${field}`).sort())
    }
    expect(house.upstream.hits).toEqual([])
    expect(await stateOfB()).toBe(before)
  })

  test('what is sent beside an assertion does nothing: the token is what the assertion says', async () => {
    const inject_member_identity = { id: true, email: true, roles: true }
    await house.addTool({ name: 'who', inject_member_identity })
    const assertion = signer.sign(claims({ sub: 'carol' }))
    const plain = await mintToken(house, assertion)
    const [all, before] = [await membersOfA(), await stateOfB()]
    const answer = await served.api(
      'POST',
      '/api/v1/mcp/session-token',
      {
        ...Object.fromEntries(foreignFields.map((field) => [field, 1])),
        ...identityFields(),
        member_assertion: assertion,
      },
      house.apiKey,
    )
    expect(answer).toMatchObject({ status: 200, body: { expires_in_minutes: 15 } })
    expect(payloadOf(answer.body.token)).toEqual(payloadOf(plain))
    expect(await whoami(answer.body.token)).toMatchObject({
      project: { id: house.projectId },
      integration: { id: house.integrationId },
      member: { external_id: 'carol', email: null, roles: [], verified: true },
      permissions: ['tools.call'],
    })
    const call = { name: 'who', arguments: {} }
    await callLegacy(`${house.url}/mcp`, answer.body.token, 'tools/call', call)
    const sent = house.upstream.hits.map(({ headers }) => Object.fromEntries(headers))
    expect(sent).toMatchObject([
      { 'x-tengine-project-id': String(house.projectId), 'x-tengine-member-id': 'carol' },
    ])
    expect(Object.keys(sent[0] ?? {}).join()).not.toMatch(/member-(?!id)/)
    expect(await membersOfA()).toEqual(all)
    expect(await stateOfB()).toBe(before)
  })

  /** Whatever might pass for who the member is and what it may do. */
  const identityFields = () => ({
    project_id: foreign.projectId,
    integration_id: foreign.integration,
    api_key_id: 1,
    assertion_key_id: foreign.assertionKey,
    member_id: foreign.member,
    member_external_id: foreignName,
    external_id: foreignName,
    sub: foreignName,
    email: 'root@example.com',
    roles: ['admin'],
    permissions: ['project.manage'],
    scopes: ['ALL'],
    expires_in_minutes: 1_000_000,
    exp: 99_999_999_999,
  })
  const membersOfA = async () => {
    const query = `project_id=${house.projectId}&limit=200`
    const { items } = (await served.api('GET', `/api/v1/members?${query}`)).body
    return items.map(({ external_id, email, roles }: Record<string, unknown>) => [
      external_id,
      email,
      roles,
    ])
  }
  const payloadOf = (token: string) => {
    const text = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
    const { iat, exp, ...identity } = JSON.parse(text)
    return { ...identity, seconds: exp - iat }
  }
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
