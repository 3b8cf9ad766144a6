import { expect } from 'bun:test'
import { generateKeyPairSync } from 'node:crypto'
import {
  type AssertionHome,
  type AssertionKeyPair,
  assertionClaims,
  mintToken,
  newAssertionKey,
  registerKey,
} from '../helpers/assertions.ts'
import { openStoreBeside } from '../helpers/connections.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import type { House } from './house.ts'
import type { Operation, ServedApi } from './served_api.ts'

/** A project B beside the house's own, with two of everything a project can hold. */
export interface ForeignProject extends AssertionHome {
  readonly integration: number
  readonly tool: number
  readonly run: string
  /** Two whose outcome is unknown, and may be asked for. */
  readonly unknownRuns: { readonly toResolve: string; readonly toVerify: string }
  readonly adminToken: number
  readonly assertionKey: number
  readonly member: number
  /** A person with a role there alone. */
  readonly user: number
  readonly oauthClient: number
  readonly connection: string
  readonly trustedIssuer: number
  /** One whose plan waits, and that plan. */
  readonly openapiSource: number
  readonly openapiImport: number
  /** Another whose plan waits. */
  readonly droppedPlan: { readonly source: number; readonly import: number }
  /** The pair of `assertionKey`. */
  readonly signer: AssertionKeyPair
  /** A session token of `member`. */
  readonly session: string
  /** What no answer to anybody else may hold. */
  readonly secrets: readonly string[]
}

/** The name of each thing of project B, and of its member; its slug too. */
export const foreignName = 'hidden-b'

/** An assertion of project B for one of its members, good now. */
export function foreignAssertion({ signer, projectId }: ForeignProject, sub = foreignName) {
  return signer.sign(assertionClaims(projectId, Math.floor(Date.now() / 1000), { sub }))
}

/** Makes project B. */
export async function makeForeignProject(house: House, served: ServedApi): Promise<ForeignProject> {
  const create = createWith(served)
  const name = foreignName
  const { id: projectId } = await create('/projects', { name, description: name })
  const made = await create('/integrations', { name, project_id: projectId })
  await create('/integrations', { name: `${name}-2`, project_id: projectId })
  const client = { kind: 'oauth_client', project_id: projectId }
  const connected = await create('/integrations', { ...client, name: `${name}-3` })
  await create('/integrations', { ...client, name: `${name}-4` })
  const tool = await create('/custom-tools', foreignTool(house, projectId, name))
  const second = await create('/custom-tools', foreignTool(house, projectId, `${name}-2`))
  const token = await create('/admin-tokens', { name, project_id: projectId })
  const executed = await served.api('POST', `/api/v1/custom-tools/${tool.id}/execute`, {})
  await served.api('POST', `/api/v1/custom-tools/${second.id}/execute`, {})
  const home = { api: house.api, projectId, apiKey: made.api_key }
  return {
    ...home,
    ...(await addMembers(house, home)),
    integration: made.integration.id,
    oauthClient: await oauthClientId(served, connected.client_id),
    connection: await addConnections(house, projectId),
    user: await addPeople(create, projectId),
    trustedIssuer: await addIssuers(create, projectId),
    ...(await addSources(house, served, projectId)),
    tool: tool.id,
    run: executed.body.run_id,
    unknownRuns: await addUnknownRuns(house, served, projectId),
    adminToken: token.admin_token.id,
  }
}

/** Two writes that the upstream never answers, of a tool that can ask what became of them. */
async function addUnknownRuns(house: House, served: ServedApi, projectId: number) {
  const tool = await createWith(served)('/custom-tools', {
    ...foreignTool(house, projectId, `${foreignName}-3`),
    http_method: 'POST',
    timeout_ms: 100,
    deduplication: { mode: 'key' },
    verify: { path: '/secret-of-b', done: 'ok' },
  })
  const { upstream } = house
  const { answer } = upstream
  upstream.answer = (hit) => (hit.method === 'POST' ? new Promise(() => {}) : answer(hit))
  const execute = async () => {
    const path = `/api/v1/custom-tools/${tool.id}/execute`
    const { status, body } = await served.api('POST', path, {})
    expect({ status, code: body.code }).toEqual({ status: 409, code: 'outcome_unknown' })
    return body.request_id as string
  }
  const runs = { toResolve: await execute(), toVerify: await execute() }
  upstream.answer = answer
  return runs
}

/** A scope, and two connections; yields the id of one. */
async function addConnections(house: House, projectId: number): Promise<string> {
  const scope = { name: foreignName, description: foreignName }
  await house.api('POST', `/api/v1/projects/${projectId}/scopes`, scope)
  const store = openStoreBeside(house.dataDir)
  const terms = { projectId, email: `${foreignName}@example.com`, clientId: foreignName }
  const { grantId } = await store.connect(terms)
  await store.connect(terms)
  await store.close()
  return grantId
}

/** Two people with a role there; yields the id of one. */
async function addPeople(
  create: ReturnType<typeof createWith>,
  project_id: number,
): Promise<number> {
  const person = (name: string) => ({ email: `${name}@people.example`, name, project_id })
  await create('/users', person(`${foreignName}-2`))
  return (await create('/users', person(foreignName))).user.id
}

/** Two identity providers; yields the id of one. */
async function addIssuers(
  create: ReturnType<typeof createWith>,
  projectId: number,
): Promise<number> {
  await create('/trusted-issuers', trustedIssuer(projectId, `${foreignName}-2`))
  return (await create('/trusted-issuers', trustedIssuer(projectId, foreignName))).id
}

/** A key of an operation of each source. */
const foreignOperation = 'GET /secret-of-b'

/** Two OpenAPI sources, each with a plan that waits to be applied, and an override. */
async function addSources(house: House, served: ServedApi, project_id: number) {
  const create = createWith(served)
  const plans: { source: number; import: number }[] = []
  for (const name of [foreignName, `${foreignName}-2`]) {
    const url = `${house.upstream.url}/openapi.json`
    const { id: source } = await create('/openapi-sources', { project_id, name, url })
    const path = `/api/v1/openapi-sources/${source}`
    const override = { description: foreignName }
    const key = encodeURIComponent(foreignOperation)
    await served.api('PUT', `${path}/overrides/${key}`, override)
    plans.push({ source, import: await addPlan(house, path) })
  }
  const [first, second] = plans
  if (first === undefined || second === undefined) throw new Error('no plans')
  return { openapiSource: first.source, openapiImport: first.import, droppedPlan: second }
}

/** Two imports, the second of which is ready. */
async function addPlan(house: House, path: string): Promise<number> {
  const upload = () =>
    fetch(`${house.url}${path}/imports`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${house.adminToken}`,
        'content-type': 'application/octet-stream',
      },
      body: JSON.stringify(foreignDocument(house)),
    }).then((response) => response.json() as Promise<{ id: number }>)
  let id = 0
  for (let count = 0; count < 2; count++) {
    id = (await upload()).id
    const stateOfImport = async () => (await house.api('GET', `${path}/imports/${id}`)).body.state
    while ((await stateOfImport()) === 'reading') await Bun.sleep(10)
    expect(await stateOfImport()).toBe('ready')
  }
  return id
}

const foreignDocument = (house: House) => ({
  openapi: '3.1.0',
  info: { title: foreignName, version: '1' },
  servers: [{ url: house.upstream.url }],
  paths: {
    '/secret-of-b': { get: { summary: 'Read', responses: { 200: { description: 'ok' } } } },
    '/another': { get: { summary: 'Another', responses: { 200: { description: 'ok' } } } },
  },
})

const issuerKey = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
const trustedIssuer = (project_id: number, name: string) => ({
  project_id,
  issuer: `https://${name}.example.com`,
  jwks: { keys: [{ ...issuerKey, kid: 'k' }] },
})

async function oauthClientId(served: ServedApi, clientId: string): Promise<number> {
  const { body } = await served.api('GET', '/api/v1/oauth-clients?limit=200')
  return body.items.find((one: { client_id: string }) => one.client_id === clientId).id
}

/** Two keys and two members, the first of whom has called a tool. */
async function addMembers(house: House, home: AssertionHome) {
  const nowSeconds = Math.floor(Date.now() / 1000)
  // A refusal repeats the kid to whoever sent it: it must not pass for a secret.
  const signer = newAssertionKey('Ed25519', 'key-of-b')
  const assertionKey = await registerKey(home, signer)
  await registerKey(home, newAssertionKey('ES256', 'key-2-of-b'))
  const mint = (sub: string) =>
    mintToken(home, signer.sign(assertionClaims(home.projectId, nowSeconds, { sub })))
  const session = await mint(foreignName)
  await mint(`${foreignName}-2`)
  const call = { name: foreignName, arguments: {} }
  const { body } = await callLegacy(`${house.url}/mcp`, session, 'tools/call', call)
  expect(body.result.isError).toBeFalsy()
  const found = await house.api('GET', `/api/v1/members?project_id=${home.projectId}`)
  const [member] = found.body.items
  expect(member).toMatchObject({ external_id: foreignName, calls: 1 })
  const secrets = [foreignName, signer.publicPem.split('\n')[1] ?? '', session]
  return { signer, assertionKey, session, member: member.id, secrets }
}

/** Posts what must be made; yields the answer's body. */
export function createWith(served: ServedApi) {
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  return async (path: string, body: object): Promise<any> => {
    const answer = await served.api('POST', `/api/v1${path}`, body)
    expect(answer.status).toBe(201)
    return answer.body
  }
}

/** A tool as project B has it: one that signs, so that its signatures can be asked about. */
const foreignTool = (house: House, projectId: number, name: string) => ({
  project_id: projectId,
  name,
  base_url: house.upstream.url,
  http_method: 'GET',
  endpoint_path: '/secret-of-b',
  auth_strategy: 'hmac_signature',
  encrypted_auth_secret: `secret of ${foreignName}`,
})

const newKey = newAssertionKey('ES256', 'new')

/** A body that each operation takes, about project B where it can name a project. */
const bodies: Readonly<Record<string, (b: ForeignProject, house: House) => object>> = {
  bootstrap: () => ({ project: 'new' }),
  createProject: () => ({ name: 'new' }),
  updateProject: () => ({ name: 'changed' }),
  updatePolicy: () => ({ is_mcp_enabled: false }),
  previewPolicy: () => ({ is_mcp_enabled: false }),
  addScope: () => ({ name: foreignName, description: 'changed' }),
  revokeConnections: ({ projectId }) => ({ project_id: projectId }),
  createIntegration: ({ projectId }) => ({ name: 'new', project_id: projectId }),
  updateIntegration: () => ({ is_active: false }),
  rotateApiKey: () => ({ overlap_seconds: 0 }),
  pinOauthClient: () => ({
    client_id: 'https://client.example/doc',
    document: {
      client_id: 'https://client.example/doc',
      client_name: 'new',
      redirect_uris: ['http://localhost/callback'],
    },
  }),
  createTool: ({ projectId }, house) => foreignTool(house, projectId, 'new'),
  updateTool: () => ({ description: 'changed' }),
  rollbackTool: () => ({ version: 1 }),
  executeTool: () => ({ arguments: {} }),
  resolveRun: () => ({ outcome: 'done' }),
  createOpenapiSource: ({ projectId }, house) => ({
    name: 'new',
    project_id: projectId,
    url: `${house.upstream.url}/openapi.json`,
  }),
  updateOpenapiSource: () => ({ name: 'changed' }),
  setOpenapiSourceAuth: () => ({ strategy: 'static_bearer', secret: 'changed' }),
  startOpenapiImport: () => ({ reuse_document: true }),
  applyOpenapiImport: () => ({ accept_dangerous: true }),
  putOpenapiOverride: () => ({ is_enabled: false }),
  createAdminToken: () => ({ name: 'new' }),
  registerAssertionKey: ({ projectId }) => ({
    project_id: projectId,
    kid: newKey.kid,
    public_key: newKey.publicPem,
  }),
  verifyAssertion: (b) => ({ project_id: b.projectId, assertion: foreignAssertion(b) }),
  mintSessionToken: (b) => ({ member_assertion: foreignAssertion(b) }),
  createUser: ({ projectId }) => ({ email: 'new@people.example', project_id: projectId }),
  updateUser: () => ({ name: 'changed' }),
  setUserRole: () => ({ role: 'viewer' }),
  updateMember: () => ({ is_blocked: true, calls_per_minute: 1 }),
  rotateSigningKey: () => ({ overlap_seconds: 0 }),
  putTrustedIssuer: ({ projectId }) => trustedIssuer(projectId, 'new'),
  explainSignature: ({ tool }) => ({
    tool_id: tool,
    timestamp: '1',
    request_id: 'x',
    method: 'GET',
    target: '/',
  }),
}

/** A body the operation takes; undefined where it takes none. */
export function bodyAbout(
  b: ForeignProject,
  house: House,
  { operationId, described }: Operation,
): object | undefined {
  if (described.requestBody === undefined) return undefined
  const body = bodies[operationId]
  // A new operation must be entered above: that is what makes the tables of the tests complete.
  if (body === undefined) throw new Error(`no sample body for ${operationId}`)
  return body(b, house)
}

/** The operation's path with what project B has of its kind. */
export function pathInto(b: ForeignProject, { path, operationId }: Operation): string {
  const { toResolve, toVerify } = b.unknownRuns
  const run = { resolveRun: toResolve, verifyRun: toVerify }[operationId] ?? b.run
  const dropped = operationId === 'cancelOpenapiImport' ? b.droppedPlan : null
  const id = [
    ['/api/v1/projects/', b.projectId] as const,
    ['/api/v1/integrations/', b.integration] as const,
    ['/api/v1/custom-tools/', b.tool] as const,
    ['/api/v1/runs/', run] as const,
    ['/api/v1/admin-tokens/', b.adminToken] as const,
    ['/api/v1/assertion-keys/', b.assertionKey] as const,
    ['/api/v1/members/', b.member] as const,
    ['/api/v1/users/', b.user] as const,
    ['/api/v1/oauth-clients/', b.oauthClient] as const,
    ['/api/v1/connections/', b.connection] as const,
    ['/api/v1/trusted-issuers/', b.trustedIssuer] as const,
    ['/api/v1/openapi-sources/', dropped?.source ?? b.openapiSource] as const,
  ].find(([prefix]) => path.startsWith(prefix))?.[1]
  if (id === undefined && path.includes('{')) throw new Error(`no foreign id for ${path}`)
  return path
    .replace(/\{[^}]+\}/, String(id))
    .replace('{name}', foreignName)
    .replace('{import_id}', String(dropped?.import ?? b.openapiImport))
    .replace('{key}', encodeURIComponent(foreignOperation))
}

/**
 * All there is to read about project B, and of the instance, as an administrator of all of it sees
 * them; and that B's session token still works.
 */
export async function stateOf(b: ForeignProject, house: House, served: ServedApi): Promise<string> {
  const readable = served.operations.filter(({ method }) => method === 'GET')
  const paths = readable.map((operation) => {
    const isOfProject = projectLists(served).includes(operation.path)
    const query = isOfProject ? `?limit=200&project_id=${b.projectId}` : ''
    return pathInto(b, operation) + query
  })
  const answers = await Promise.all(paths.map((path) => served.api('GET', path)))
  expect(answers.map((answer) => answer.status)).toEqual(paths.map(() => 200))
  const listed = await callLegacy(`${house.url}/mcp`, b.session, 'tools/list')
  expect(listed.status).toBe(200)
  return JSON.stringify([listed.body.result, ...answers.map((answer) => answer.body)])
}

/** The lists that hold the things of one project. */
export function projectLists({ operations }: ServedApi): readonly string[] {
  return operations
    .filter(({ method, described }) =>
      (described.parameters ?? []).some(
        (one: { in: string; name: string }) =>
          method === 'GET' && one.in === 'query' && one.name === 'project_id',
      ),
    )
    .map(({ path }) => path)
}
