import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import * as oauth from 'oauth4webapi'
import { callback, formFields, type OauthHouse, startOauthHouse, whoami } from './oauth_exchange.ts'

let house: OauthHouse
beforeAll(async () => {
  house = await startOauthHouse()
})
afterAll(() => house.stop())

// Loopback speaks plain http.
const plain = { [oauth.allowInsecureRequests]: true }

/** What a client finds out from nothing but the MCP URL. */
async function discover(): Promise<oauth.AuthorizationServer> {
  const mcpUrl = new URL(`${house.url}/mcp`)
  const found = await oauth.resourceDiscoveryRequest(mcpUrl, plain)
  const resource = await oauth.processResourceDiscoveryResponse(mcpUrl, found)
  const issuer = new URL(resource.authorization_servers?.[0] ?? '')
  const options = { algorithm: 'oauth2', ...plain } as const
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options))
}

/** Approves in the browser of the owner; gives the callback as the client sees it. */
async function approve(url: URL): Promise<URL> {
  const path = url.pathname + url.search
  const page = await house.owner.get(path)
  const answer = await house.owner.post(url.pathname, { ...formFields(page), decision: 'approve' })
  return new URL(answer.location ?? '')
}

interface Session {
  readonly server: oauth.AuthorizationServer
  readonly client: oauth.Client
  readonly authentication: oauth.ClientAuth
  readonly scope?: string
}

async function authorize(session: Session): Promise<oauth.TokenEndpointResponse> {
  const { server, client, authentication, scope } = session
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const resource = `${house.url}/mcp`
  const url = new URL(server.authorization_endpoint ?? '')
  const parameters = {
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: callback,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    resource,
    ...(scope === undefined ? {} : { scope }),
  }
  url.search = new URLSearchParams(parameters).toString()
  const answer = oauth.validateAuthResponse(server, client, await approve(url), state)
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    authentication,
    answer,
    callback,
    verifier,
    { ...plain, additionalParameters: { resource } },
  )
  return oauth.processAuthorizationCodeResponse(server, client, response)
}

describe('a client that follows the standards to the letter (oauth4webapi)', () => {
  test('registers, connects, refreshes and revokes, all from the MCP URL', async () => {
    const server = await discover()
    const registered = await oauth.processDynamicClientRegistrationResponse(
      await oauth.dynamicClientRegistrationRequest(
        server,
        {
          client_name: 'Standard client',
          redirect_uris: ['http://127.0.0.1/callback'],
          token_endpoint_auth_method: 'none',
        },
        plain,
      ),
    )
    const client: oauth.Client = { client_id: registered.client_id }
    const session = { server, client, authentication: oauth.None() }
    const first = await authorize(session)
    expect((await whoami(house, first.access_token)).status).toBe(200)

    const renewed = await oauth.processRefreshTokenResponse(
      server,
      client,
      await oauth.refreshTokenGrantRequest(
        server,
        client,
        session.authentication,
        first.refresh_token ?? '',
        { ...plain, additionalParameters: { resource: `${house.url}/mcp` } },
      ),
    )
    expect(renewed.refresh_token).not.toBe(first.refresh_token)
    expect((await whoami(house, renewed.access_token)).status).toBe(200)

    await oauth.processRevocationResponse(
      await oauth.revocationRequest(
        server,
        client,
        session.authentication,
        renewed.refresh_token ?? '',
        plain,
      ),
    )
    expect((await whoami(house, renewed.access_token)).status).toBe(401)
    const late = await oauth.refreshTokenGrantRequest(
      server,
      client,
      session.authentication,
      renewed.refresh_token ?? '',
      plain,
    )
    const error = await oauth
      .processRefreshTokenResponse(server, client, late)
      .catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(oauth.ResponseBodyError)
    expect((error as oauth.ResponseBodyError).error).toBe('invalid_grant')
  })

  test('connects with id and secret, looks its token up, and acts for itself', async () => {
    const made = await house.api('POST', '/api/v1/integrations', {
      project_id: house.projectId,
      name: 'Confidential',
      kind: 'oauth_client',
      redirect_uris: [callback],
    })
    const server = await discover()
    const client: oauth.Client = { client_id: made.body.client_id }
    const authentication = oauth.ClientSecretBasic(made.body.client_secret)
    const given = await authorize({ server, client, authentication })
    const seen = await oauth.processIntrospectionResponse(
      server,
      client,
      await oauth.introspectionRequest(server, client, authentication, given.access_token, plain),
    )
    expect(seen).toMatchObject({ active: true, aud: `${house.url}/mcp`, iss: house.url })
    const own = await oauth.processClientCredentialsResponse(
      server,
      client,
      await oauth.clientCredentialsGrantRequest(
        server,
        client,
        authentication,
        { resource: `${house.url}/mcp` },
        plain,
      ),
    )
    expect(own.refresh_token).toBeUndefined()
    expect((await whoami(house, own.access_token)).status).toBe(200)
  })

  test('finds a refusal told to it well-formed, issuer and state included', async () => {
    const server = await discover()
    const client: oauth.Client = { client_id: house.clientId }
    const state = oauth.generateRandomState()
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: client.client_id,
      redirect_uri: callback,
      state,
    })
    const url = new URL(server.authorization_endpoint ?? '')
    const page = await house.owner.get(`${url.pathname}?${query}`)
    const refused = () =>
      oauth.validateAuthResponse(server, client, new URL(page.location ?? ''), state)
    expect(refused).toThrow(oauth.AuthorizationResponseError)
  })
})
