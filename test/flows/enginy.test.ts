import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser } from 'playwright-core'
import { openChromium } from '../helpers/chromium.ts'
import { setUpOwner } from '../http/visitor.ts'
import { checkedScopes, type Desk, decide, signIn, sitDown } from './desk.ts'
import { admin, auditOf, type FlowWorld, minuteMs, postForm, startFlowWorld } from './flow_world.ts'
import { connectWith, knock, toolsWith } from './mcp_session.ts'
import { type Attempt, beginAttempt } from './pkce.ts'

const redirectUri = 'http://localhost:3118/callback'
const email = 'ada@example.com'
const everyScope = ['CONTACTS_READ', 'CONTACTS_WRITE', 'CAMPAIGNS_READ', 'INBOX_READ']
const ceiling = ['CONTACTS_READ', 'CONTACTS_WRITE', 'CAMPAIGNS_READ']

let world: FlowWorld
let browser: Browser
let desk: Desk
let projectId: number
let endpoint: Record<'authorize' | 'token' | 'revoke' | 'register' | 'mcp', string>

beforeAll(async () => {
  world = await startFlowWorld()
  browser = await openChromium()
  const { url } = world.app
  desk = await sitDown(browser, url)
  const oauth = `${url}/api/v1/mcp-oauth`
  endpoint = {
    authorize: `${oauth}/authorize`,
    token: `${oauth}/token`,
    revoke: `${oauth}/revoke`,
    register: `${oauth}/register`,
    mcp: `${url}/mcp`,
  }
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await world?.stop()
})

const setPolicy = (change: object) =>
  admin(world, 'PATCH', `/api/v1/projects/${projectId}/policy`, change)

const register = async (uri: string) => {
  const response = await fetch(endpoint.register, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ client_name: 'Claude Code', redirect_uris: [uri] },
      ...{ token_endpoint_auth_method: 'none' },
    }),
  })
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  return { status: response.status, body: (await response.json()) as any }
}

const begin = (clientId: string, terms: { scope?: string; redirectUri?: string } = {}) =>
  beginAttempt({
    ...{ endpoint: endpoint.authorize, clientId, redirectUri, resource: endpoint.mcp },
    ...terms,
  })

/** Opens the consent page and leaves only these boxes checked. */
async function choose(attempt: Attempt, scopes: readonly string[]): Promise<void> {
  await desk.page.goto(attempt.url)
  for (const name of await checkedScopes(desk)) {
    if (!scopes.includes(name)) await desk.page.getByRole('checkbox', { name }).first().uncheck()
  }
}

/** Approves what is checked and redeems the code as Claude Code does. */
async function finish(clientId: string, attempt: Attempt) {
  const callback = await decide(desk, 'Approve')
  expect(callback.origin + callback.pathname).toBe(redirectUri)
  expect(callback.searchParams.get('state')).toBe(attempt.state)
  const { status, body } = await postForm(endpoint.token, {
    ...{ grant_type: 'authorization_code', code: callback.searchParams.get('code') ?? '' },
    ...{ client_id: clientId, redirect_uri: redirectUri, code_verifier: attempt.verifier },
    resource: endpoint.mcp,
  })
  expect(status).toBe(200)
  return body
}

const refresh = (clientId: string, token: string) =>
  postForm(endpoint.token, {
    ...{ grant_type: 'refresh_token', client_id: clientId, refresh_token: token },
    resource: endpoint.mcp,
  })

const liveConnections = async () =>
  (await admin(world, 'GET', `/api/v1/connections?project_id=${projectId}&live=true`)).items

test("Enginy's admin and user controls, as its page tells", async () => {
  await setUpOwner(world.app)
  projectId = (await admin(world, 'POST', '/api/v1/projects', { name: 'Workspace' })).id
  for (const name of everyScope) {
    await admin(world, 'POST', `/api/v1/projects/${projectId}/scopes`, { name })
  }
  await world.addTool(projectId, 'find_contact', { required_scopes: ['CONTACTS_READ'] })
  await world.addTool(projectId, 'change_contact', { required_scopes: ['CONTACTS_WRITE'] })
  await world.addTool(projectId, 'list_campaigns', { required_scopes: ['CAMPAIGNS_READ'] })
  await world.addTool(projectId, 'read_inbox', { required_scopes: ['INBOX_READ'] })
  await world.addPerson(projectId, email)

  // An admin decides which callback URL is allowed and the most that may be granted.
  await setPolicy({ allowed_redirect_uris: [redirectUri], policy_scopes: ceiling })
  const elsewhere = await register('https://evil.example/callback')
  expect([elsewhere.status, elsewhere.body.error]).toEqual([400, 'invalid_redirect_uri'])
  const { status, body: client } = await register(redirectUri)
  expect([status, client.client_secret]).toEqual([201, undefined])
  const clientId: string = client.client_id

  // A user signs in. Another port than the allowed one is no allowed callback: a page says so.
  const { page } = desk
  const otherPort = begin(clientId, { redirectUri: 'http://localhost:3119/callback' })
  await page.goto(otherPort.url)
  await signIn(desk, email)
  await page.getByText('redirect_uri is not allowed').waitFor()
  expect(desk.sentTo).toEqual([])

  // More than the ceiling cannot be asked for.
  const more = begin(clientId, { scope: 'CONTACTS_READ INBOX_READ' })
  const answer = await page.request.get(more.url, { maxRedirects: 0 })
  const told = new URL(answer.headers()['location'] ?? '')
  expect(told.origin + told.pathname).toBe(redirectUri)
  expect(Object.fromEntries(told.searchParams)).toEqual({
    ...{ error: 'invalid_scope', error_description: 'Requested scopes are not allowed' },
    ...{ state: more.state, iss: world.app.url },
  })

  // No explicit permissions asked: the full current ceiling.
  const whole = begin(clientId)
  await page.goto(whole.url)
  await page.getByText('this computer').first().waitFor()
  expect((await checkedScopes(desk)).sort()).toEqual(ceiling.toSorted())
  const full = await finish(clientId, whole)
  expect(full.scope.split(' ').sort()).toEqual(ceiling.toSorted())
  const withAll = ['change_contact', 'find_contact', 'list_campaigns', 'mcp_whoami']
  expect(await toolsWith(endpoint.mcp, full.access_token)).toEqual(withAll)

  // The user approves less than was asked; CONTACTS_WRITE includes CONTACTS_READ.
  const narrow = begin(clientId, { scope: 'CONTACTS_WRITE CAMPAIGNS_READ' })
  await choose(narrow, ['CONTACTS_WRITE'])
  const some = await finish(clientId, narrow)
  expect(some.scope).toBe('CONTACTS_WRITE')
  const contacts = ['change_contact', 'find_contact', 'mcp_whoami']
  expect(await toolsWith(endpoint.mcp, some.access_token)).toEqual(contacts)
  const session = await connectWith(endpoint.mcp, some.access_token)
  const found = await session.callTool({ name: 'find_contact', arguments: {} })
  expect(JSON.stringify(found.content)).toContain('from /find_contact')
  expect(world.hits.map(({ target }) => target)).toEqual(['/find_contact'])
  const who = await session.callTool({ name: 'mcp_whoami', arguments: {} })
  const said = JSON.stringify(who.content)
  for (const text of [email, clientId, 'CONTACTS_WRITE']) expect(said).toContain(text)
  const campaigns = await session.callTool({ name: 'list_campaigns', arguments: {} })
  expect(campaigns.isError).toBe(true)
  expect(JSON.stringify(campaigns.content)).toContain('Tool requires scopes: CAMPAIGNS_READ')
  expect(world.hits).toHaveLength(1)

  // The admin is shown what a tighter policy would do, tightens it, and the live session has less at
  // once; what needs more is refused there and then.
  const tighter = { policy_scopes: ['CONTACTS_READ'] }
  const preview = await admin(
    world,
    'POST',
    `/api/v1/projects/${projectId}/policy/preview`,
    tighter,
  )
  expect(preview).toMatchObject({ working: 2, stopped: 0, narrowed: 2 })
  await setPolicy(tighter)
  const { tools } = await session.listTools()
  expect(tools.map(({ name }) => name).sort()).toEqual(['find_contact', 'mcp_whoami'])
  const change = await session.callTool({ name: 'change_contact', arguments: {} })
  expect(change.isError).toBe(true)
  expect(JSON.stringify(change.content)).toContain('Tool requires scopes: CONTACTS_WRITE')
  expect(world.hits).toHaveLength(1)
  await setPolicy({ is_mcp_enabled: false })
  expect((await knock(endpoint.mcp, some.access_token)).status).toBe(403)
  await setPolicy({ is_mcp_enabled: true, policy_scopes: ceiling })
  expect((await session.listTools()).tools).toHaveLength(contacts.length)
  await session.close()

  // Pinned client ids: another client is out, whatever it holds.
  await setPolicy({ allowed_client_ids: ['some-other-client'] })
  expect((await knock(endpoint.mcp, some.access_token)).status).toBe(401)
  await page.goto(begin(clientId).url)
  await page.getByText('OAuth client_id is not allowed').waitFor()
  await setPolicy({ allowed_client_ids: [clientId] })
  expect((await knock(endpoint.mcp, some.access_token)).status).toBe(200)

  // Refresh tokens rotate. One that is used again later is a security problem: the connection ends, its
  // successors with it, and the audit log says so. The person's other connection goes on.
  const second = (await refresh(clientId, some.refresh_token)).body
  expect((await knock(endpoint.mcp, second.access_token)).status).toBe(200)
  const connections = await liveConnections()
  expect(connections).toHaveLength(2)
  world.pass(minuteMs)
  const reused = await refresh(clientId, some.refresh_token)
  expect([reused.status, reused.body.error]).toEqual([400, 'invalid_grant'])
  const dead = await knock(endpoint.mcp, second.access_token)
  expect([dead.status, dead.challenge]).toEqual([401, expect.stringContaining('invalid_token')])
  expect((await refresh(clientId, second.refresh_token)).body.error).toBe('invalid_grant')
  const [left, ...others] = await liveConnections()
  expect([left.user.email, others]).toEqual([email, []])
  const ended = connections.find(({ id }: { id: string }) => id !== left.id)
  expect(await auditOf(world, projectId)).toContain(`grant.refresh_reuse connection:${ended.id}`)
  expect((await knock(endpoint.mcp, full.access_token)).status).toBe(200)

  // The admin revokes the other one; it ends at once and does not come back.
  await admin(world, 'DELETE', `/api/v1/connections/${left.id}`)
  expect((await knock(endpoint.mcp, full.access_token)).status).toBe(401)
  expect((await refresh(clientId, full.refresh_token)).body.error).toBe('invalid_grant')
  expect(await liveConnections()).toEqual([])
  expect(await auditOf(world, projectId)).toContain(`connection.revoke connection:${left.id}`)

  // The user connects again, and the client itself gives the connection up (RFC 7009).
  const third = begin(clientId, { scope: 'CONTACTS_READ' })
  await choose(third, ['CONTACTS_READ'])
  const last = await finish(clientId, third)
  const revoked = await postForm(endpoint.revoke, {
    client_id: clientId,
    token: last.refresh_token,
  })
  expect(revoked.status).toBe(200)
  expect((await knock(endpoint.mcp, last.access_token)).status).toBe(401)
  const [newest] = await auditOf(world, projectId)
  expect(newest).toStartWith('grant.revoke connection:')
  expect(world.hits).toHaveLength(1)
  expect(desk.complaints).toEqual([])
}, 30_000)
