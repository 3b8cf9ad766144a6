import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Browser } from 'playwright-core'
import { openChromium } from '../helpers/chromium.ts'
import { goodPassword } from '../http/visitor.ts'
import { type Desk, decide, signIn, sitDown } from './desk.ts'
import { admin, type FlowWorld, getJson, minuteMs, postForm, startFlowWorld } from './flow_world.ts'
import { connectWith, knock, toolsWith } from './mcp_session.ts'
import { beginAttempt } from './pkce.ts'

const redirectUri = 'https://claude.ai/api/mcp/auth_callback'
const email = 'olga@example.com'

let world: FlowWorld
let browser: Browser
let desk: Desk

beforeAll(async () => {
  world = await startFlowWorld()
  browser = await openChromium()
  desk = await sitDown(browser, world.app.url)
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await world?.stop()
})

/** The owner opens the link from the machine and makes an account. */
async function setUpOwner(): Promise<void> {
  const { url } = await admin(world, 'POST', '/api/v1/setup-url')
  const { page } = desk
  await page.goto(url)
  await page.getByLabel('Your name').fill('Olga Owner')
  await page.getByLabel('Email address').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(goodPassword)
  await page.getByLabel('Password once more').fill(goodPassword)
  await page.getByRole('button', { name: 'Create the account' }).click()
  await page.getByRole('heading', { name: 'Your account' }).waitFor()
}

test("Claude Desktop's connector with client id and secret, as its page tells", async () => {
  const base = world.app.url

  // Prerequisites: an account, a project, an enabled tool, an MCP integration.
  await setUpOwner()
  const { id: projectId } = await admin(world, 'POST', '/api/v1/projects', { name: 'Sales' })
  const input_schema = { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] }
  await world.addTool(projectId, 'get_contact', {
    ...{ endpoint_path: '/contacts/{id}', input_schema, require_member: true },
    inject_member_identity: { id: true, email: true, roles: true },
  })
  const made = await admin(world, 'POST', '/api/v1/integrations', {
    ...{ project_id: projectId, name: 'Claude Desktop', kind: 'oauth_client' },
  })

  // Step 1: client id, client secret (shown this once) and the server URL.
  const { client_id, client_secret, mcp_url, integration } = made
  expect([client_id, mcp_url]).toEqual([expect.stringMatching(/^mcp_/), `${base}/mcp/sales`])
  expect(client_secret).toMatch(/^tng_ocs_/)
  const shownAgain = await admin(world, 'GET', `/api/v1/integrations/${integration.id}`)
  expect(JSON.stringify(shownAgain)).not.toContain(client_secret)

  // Step 4: the connector is given the URL as the page writes it, with the slash at the end. Without a
  // token it is refused, and told where everything is to be found.
  const serverUrl = `${base}/mcp/`
  const refused = await knock(serverUrl, null)
  expect(refused.status).toBe(401)
  const [, metadataUrl = ''] = /resource_metadata="([^"]+)"/.exec(refused.challenge) ?? []
  expect(metadataUrl).toStartWith(`${base}/.well-known/oauth-protected-resource`)
  const root = await getJson(`${base}/.well-known/oauth-protected-resource`)
  const resource = await getJson(metadataUrl)
  expect(resource).toEqual(root)
  expect(resource).toMatchObject({ resource: `${base}/mcp`, authorization_servers: [base] })
  const server = await getJson(`${base}/.well-known/oauth-authorization-server`)
  expect(server).toMatchObject({
    issuer: base,
    authorization_endpoint: `${base}/api/v1/mcp-oauth/authorize`,
    token_endpoint: `${base}/api/v1/mcp-oauth/token`,
    code_challenge_methods_supported: ['S256'],
  })

  // The browser opens; who is not signed in signs in, and is asked.
  await desk.page.context().clearCookies()
  const attempt = beginAttempt({
    ...{ endpoint: server.authorization_endpoint, clientId: client_id, redirectUri },
    resource: serverUrl,
  })
  const { page } = desk
  await page.goto(attempt.url)
  expect(page.url()).toStartWith(`${base}/login?next=`)
  await signIn(desk, email)
  await page.getByRole('heading', { name: 'Connect Claude Desktop?' }).waitFor()
  expect(await page.getByText('Set up by an administrator').isVisible()).toBe(true)
  expect(await page.locator('dd strong').innerText()).toBe('claude.ai')
  expect(await page.getByText('Sales', { exact: true }).first().isVisible()).toBe(true)
  const callback = await decide(desk, 'Approve')
  expect(callback.origin + callback.pathname).toBe(redirectUri)
  const { code = '', ...echoed } = Object.fromEntries(callback.searchParams)
  expect(echoed).toEqual({ state: attempt.state, iss: base })
  expect(desk.complaints).toEqual([])

  // The code is exchanged with the secret; with another secret it is not.
  const asClient = (secret: string, fields: Readonly<Record<string, string>>) =>
    postForm(server.token_endpoint, { client_id, client_secret: secret, ...fields })
  const exchange = {
    ...{ grant_type: 'authorization_code', code, code_verifier: attempt.verifier },
    ...{ redirect_uri: redirectUri, resource: serverUrl },
  }
  const stranger = await asClient('tng_ocs_wrong', exchange)
  expect([stranger.status, stranger.body.error]).toEqual([401, 'invalid_client'])
  const { status, headers, body: tokens } = await asClient(client_secret, exchange)
  expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
  expect(tokens).toMatchObject({ token_type: 'Bearer', expires_in: 900, scope: 'ALL' })

  // Step 5: "What tools are available?", and one of them is called.
  const claude = await connectWith(serverUrl, tokens.access_token)
  const { tools } = await claude.listTools()
  expect(tools.map(({ name }) => name)).toEqual(['mcp_whoami', 'get_contact'])
  const called = await claude.callTool({ name: 'get_contact', arguments: { id: '42' } })
  expect(called.isError ?? false).toBe(false)
  expect(JSON.stringify(called.content)).toContain('from /contacts/42')
  const hit = world.hits.at(-1)
  expect([hit?.target, world.hits.length]).toEqual(['/contacts/42', 1])
  const { items: people } = await admin(world, 'GET', '/api/v1/users')
  expect(hit?.headers.get('x-tengine-member-id')).toBe(`user_${people[0].id}`)
  expect(hit?.headers.get('x-tengine-member-email')).toBe(email)
  expect(hit?.headers.get('x-tengine-member-roles')).toBe('owner')
  expect(JSON.stringify([...(hit?.headers ?? [])])).not.toContain(tokens.access_token)
  await claude.close()

  // A quarter of an hour later it refreshes in the background.
  world.pass(16 * minuteMs)
  expect((await knock(serverUrl, tokens.access_token)).status).toBe(401)
  const refresh = (secret: string, refresh_token: string) =>
    asClient(secret, { grant_type: 'refresh_token', refresh_token, resource: serverUrl })
  const second = await refresh(client_secret, tokens.refresh_token)
  expect(second.status).toBe(200)
  expect(second.body.refresh_token).not.toBe(tokens.refresh_token)
  expect(await toolsWith(serverUrl, second.body.access_token)).toEqual([
    'get_contact',
    'mcp_whoami',
  ])

  // The secret is rotated; both count for an hour, and then the new one alone.
  const rotated = await admin(world, 'POST', `/api/v1/integrations/${integration.id}/rotate`, {
    overlap_seconds: 3_600,
  })
  expect(rotated.client_id).toBe(client_id)
  const third = await refresh(client_secret, second.body.refresh_token)
  const fourth = await refresh(rotated.client_secret, third.body.refresh_token)
  expect([third.status, fourth.status]).toEqual([200, 200])
  world.pass(61 * minuteMs)
  const late = await refresh(client_secret, fourth.body.refresh_token)
  expect([late.status, late.body.error]).toEqual([401, 'invalid_client'])
  const fifth = await refresh(rotated.client_secret, fourth.body.refresh_token)
  expect(fifth.status).toBe(200)
  const live = fifth.body.access_token
  expect((await knock(serverUrl, live)).status).toBe(200)

  // The integration is deleted; the next call is refused, and nothing reaches the API.
  const before = world.hits.length
  await admin(world, 'DELETE', `/api/v1/integrations/${integration.id}`)
  const gone = await knock(serverUrl, live)
  expect([gone.status, gone.challenge]).toEqual([401, expect.stringContaining('invalid_token')])
  await expect(connectWith(serverUrl, live)).rejects.toThrow()
  const again = await refresh(rotated.client_secret, fifth.body.refresh_token)
  expect([again.status, again.body.error]).toEqual([401, 'invalid_client'])
  expect(world.hits.length).toBe(before)
}, 30_000)
