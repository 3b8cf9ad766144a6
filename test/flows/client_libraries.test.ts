import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import type { Browser } from 'playwright-core'
import { openChromium } from '../helpers/chromium.ts'
import { setUpOwner } from '../http/visitor.ts'
import { type Desk, decide, signIn, sitDown } from './desk.ts'
import { admin, auditOf, type FlowWorld, minuteMs, startFlowWorld } from './flow_world.ts'
import { knock, toolsWith } from './mcp_session.ts'

const email = 'ada@example.com'
const redirectUri = 'https://app.example/callback'
const client_name = 'Library client'

let world: FlowWorld
let browser: Browser
let projectId: number
let mcpUrl: string

beforeAll(async () => {
  world = await startFlowWorld()
  browser = await openChromium()
  mcpUrl = `${world.app.url}/mcp`
  await setUpOwner(world.app)
  projectId = (await admin(world, 'POST', '/api/v1/projects', { name: 'Sales' })).id
  for (const name of ['DEALS_READ', 'DEALS_WRITE']) {
    await admin(world, 'POST', `/api/v1/projects/${projectId}/scopes`, { name })
  }
  await world.addTool(projectId, 'list_deals', { required_scopes: ['DEALS_READ'] })
  await world.addTool(projectId, 'close_deal', { required_scopes: ['DEALS_WRITE'] })
  await world.addPerson(projectId, email)
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await world?.stop()
})

/** A person signs in and approves in a browser of their own; yields where the client is told. */
async function approve(url: string): Promise<URL> {
  const desk: Desk = await sitDown(browser, world.app.url)
  await desk.page.goto(url)
  await signIn(desk, email)
  const callback = await decide(desk, 'Approve')
  expect(desk.complaints).toEqual([])
  await desk.close()
  return callback
}

const isServed = async (token: string) => (await knock(mcpUrl, token)).status === 200

/** The audit log says of a connection that ended for this. */
async function expectAudited(action: string): Promise<void> {
  const [newest] = await auditOf(world, projectId)
  expect(newest).toStartWith(`${action} connection:`)
}

describe('oauth4webapi', () => {
  const insecure = { [oauth.allowInsecureRequests]: true }
  const resource = () => ({ additionalParameters: { resource: mcpUrl }, ...insecure })

  test('discovers, registers, is approved, refreshes, loses all by reuse, and revokes', async () => {
    const about = await oauth.processResourceDiscoveryResponse(
      new URL(mcpUrl),
      await oauth.resourceDiscoveryRequest(new URL(mcpUrl), insecure),
    )
    const issuer = new URL(about.authorization_servers?.[0] ?? '')
    const server = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }),
    )
    const metadata = {
      client_name,
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'none',
    }
    const client = await oauth.processDynamicClientRegistrationResponse(
      await oauth.dynamicClientRegistrationRequest(server, metadata, insecure),
    )
    const none = oauth.None()

    const connect = async () => {
      const state = oauth.generateRandomState()
      const verifier = oauth.generateRandomCodeVerifier()
      const url = new URL(server.authorization_endpoint ?? '')
      url.search = new URLSearchParams({
        ...{ response_type: 'code', client_id: client.client_id, redirect_uri: redirectUri, state },
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        ...{ code_challenge_method: 'S256', resource: mcpUrl, scope: 'DEALS_READ DEALS_WRITE' },
      }).toString()
      const answer = oauth.validateAuthResponse(server, client, await approve(url.href), state)
      const redeem = () =>
        oauth.authorizationCodeGrantRequest(
          ...([server, client, none, answer, redirectUri, verifier, resource()] as const),
        )
      const tokens = await oauth.processAuthorizationCodeResponse(server, client, await redeem())
      return { tokens, redeem }
    }
    const refresh = async (token: string | undefined) =>
      oauth.processRefreshTokenResponse(
        server,
        client,
        await oauth.refreshTokenGrantRequest(server, client, none, token ?? '', resource()),
      )

    const { tokens } = await connect()
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 900 })
    const deals = ['close_deal', 'list_deals', 'mcp_whoami']
    expect(await toolsWith(mcpUrl, tokens.access_token)).toEqual(deals)
    const second = await refresh(tokens.refresh_token)
    const third = await refresh(second.refresh_token)
    expect(new Set([tokens, second, third].map((one) => one.refresh_token)).size).toBe(3)
    expect(await isServed(third.access_token)).toBe(true)

    // The first one comes up again, a minute later.
    world.pass(minuteMs)
    await expect(refresh(tokens.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' })
    expect(await isServed(third.access_token)).toBe(false)
    await expect(refresh(third.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' })
    await expectAudited('grant.refresh_reuse')

    // A code that comes up again ends what it gave.
    const stolen = await connect()
    expect(await isServed(stolen.tokens.access_token)).toBe(true)
    const replay = oauth.processAuthorizationCodeResponse(server, client, await stolen.redeem())
    await expect(replay).rejects.toMatchObject({ error: 'invalid_grant' })
    expect(await isServed(stolen.tokens.access_token)).toBe(false)
    await expectAudited('grant.code_reuse')

    const last = await connect()
    const revocation = await oauth.revocationRequest(
      ...([server, client, none, last.tokens.refresh_token ?? '', insecure] as const),
    )
    expect(await oauth.processRevocationResponse(revocation)).toBeUndefined()
    expect(await isServed(last.tokens.access_token)).toBe(false)
    await expectAudited('grant.revoke')
  }, 20_000)
})

describe('openid-client', () => {
  const options: openid.DynamicClientRegistrationRequestOptions = {
    algorithm: 'oauth2',
    execute: [openid.allowInsecureRequests],
  }

  test('discovers, registers with a secret, is approved, refreshes, loses all by reuse, and revokes', async () => {
    const issuer = new URL(world.app.url)
    const terms = {
      ...{ client_name, redirect_uris: [redirectUri] },
      token_endpoint_auth_method: 'client_secret_basic',
    }
    const config = await openid.dynamicClientRegistration(
      ...([issuer, terms, openid.ClientSecretBasic(), options] as const),
    )
    expect(config.clientMetadata().client_secret).toMatch(/^tng_ocs_/)

    const connect = async () => {
      const pkceCodeVerifier = openid.randomPKCECodeVerifier()
      const expectedState = openid.randomState()
      const url = openid.buildAuthorizationUrl(config, {
        ...{ redirect_uri: redirectUri, state: expectedState, resource: mcpUrl },
        code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
        ...{ code_challenge_method: 'S256', scope: 'DEALS_WRITE' },
      })
      const checks = { pkceCodeVerifier, expectedState }
      const callback = await approve(url.href)
      return openid.authorizationCodeGrant(config, callback, checks, { resource: mcpUrl })
    }
    const refresh = (token: string | undefined, scope = 'DEALS_WRITE') =>
      openid.refreshTokenGrant(config, token ?? '', { resource: mcpUrl, scope })

    const tokens = await connect()
    expect([tokens.scope, tokens.expiresIn()]).toEqual(['DEALS_WRITE', expect.any(Number)])
    const deals = ['close_deal', 'list_deals', 'mcp_whoami']
    expect(await toolsWith(mcpUrl, tokens.access_token)).toEqual(deals)
    const narrowed = await refresh(tokens.refresh_token, 'DEALS_READ')
    expect(narrowed.scope).toBe('DEALS_READ')
    expect(await toolsWith(mcpUrl, narrowed.access_token)).toEqual(['list_deals', 'mcp_whoami'])

    world.pass(minuteMs)
    await expect(refresh(tokens.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' })
    expect(await isServed(narrowed.access_token)).toBe(false)
    await expectAudited('grant.refresh_reuse')

    const last = await connect()
    expect(await isServed(last.access_token)).toBe(true)
    await openid.tokenRevocation(config, last.refresh_token ?? '')
    expect(await isServed(last.access_token)).toBe(false)
    await expect(refresh(last.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' })
    await expectAudited('grant.revoke')
  }, 20_000)
})
