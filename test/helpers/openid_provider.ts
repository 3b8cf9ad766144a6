import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'

/** What the provider knows of a person, by claim. */
export type Person = Readonly<Record<string, unknown>>

/** A real OpenID provider (the package oidc-provider) on loopback. */
export interface OpenidProvider {
  readonly issuer: string
  /** By `sub`. */
  readonly people: Map<string, Person>
  /** Who is at the browser; null turns the sign-in down. */
  whoSignsIn: string | null
  /** Method and path of every request so far. */
  readonly hits: string[]
  /** Begins to serve one client. */
  register(client: OpenidClient): Promise<void>
  stop(): Promise<void>
}

/** The one client of the provider. */
export interface OpenidClient {
  readonly redirectUri: string
  readonly clientId: string
  readonly clientSecret: string
  /** How the client shows its secret; in the header unless told. */
  readonly authMethod?: 'client_secret_basic' | 'client_secret_post'
  /** Whether the claims of scopes stand in the ID token too; at userinfo alone unless told. */
  readonly isIdTokenFull?: boolean
}

/** Starts a provider; call `stop` in afterAll. */
export async function startOpenidProvider(): Promise<OpenidProvider> {
  let answer: Handler = (_, response) => response.writeHead(503).end()
  const hits: string[] = []
  const server = createServer((request, response) => {
    hits.push(`${request.method} ${request.url?.split('?')[0]}`)
    void answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const people = new Map<string, Person>()
  const provider: OpenidProvider = {
    issuer,
    people,
    hits,
    whoSignsIn: null,
    register: async (client) => {
      const running = await quietly(async () => new Provider(issuer, await setUp(client, people)))
      const serve = running.callback()
      answer = (request, response) => {
        if (!request.url?.startsWith('/interaction/')) return serve(request, response)
        const { whoSignsIn } = provider
        const result =
          whoSignsIn === null
            ? { error: 'access_denied', error_description: 'turned down' }
            : { login: { accountId: whoSignsIn } }
        return running.interactionFinished(request, response, result)
      }
    },
    stop: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  }
  return provider
}

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

/** The package warns that it is meant for Node and that its keys are for tests. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { warn, info } = console
  console.warn = () => {}
  console.info = () => {}
  try {
    return await work()
  } finally {
    console.warn = warn
    console.info = info
  }
}

interface ProviderContext {
  readonly oidc: {
    readonly client: { readonly clientId: string }
    readonly session: { readonly accountId: string }
    readonly provider: { readonly Grant: new (of: object) => ProviderGrant }
  }
}

interface ProviderGrant {
  addOIDCScope(scope: string): void
  save(): Promise<string>
}

async function setUp(client: OpenidClient, people: ReadonlyMap<string, Person>) {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const { authMethod = 'client_secret_basic' } = client
  return {
    clients: [
      {
        client_id: client.clientId,
        client_secret: client.clientSecret,
        redirect_uris: [client.redirectUri],
        token_endpoint_auth_method: authMethod,
      },
    ],
    clientAuthMethods: [authMethod],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), use: 'sig', alg: 'RS256', kid: 'one' }] },
    cookies: { keys: ['of the tests'] },
    conformIdTokenClaims: client.isIdTokenFull !== true,
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['name', 'groups'],
    },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    ttl: { Session: 1, Interaction: 60, Grant: 60, AccessToken: 60, IdToken: 60 },
    findAccount: (_: unknown, sub: string) => ({
      accountId: sub,
      claims: () => ({ sub, ...people.get(sub) }),
    }),
    loadExistingGrant: async ({ oidc }: ProviderContext) => {
      const { clientId } = oidc.client
      const grant = new oidc.provider.Grant({ clientId, accountId: oidc.session.accountId })
      grant.addOIDCScope('openid email profile')
      await grant.save()
      return grant
    },
  }
}
