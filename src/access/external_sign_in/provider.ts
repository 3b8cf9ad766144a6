import * as oidc from 'openid-client'
import { AppError } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import { type ClaimedIdentity, isIncomplete, readIdentity } from './claimed_identity.ts'
import { providerFailure } from './provider_failure.ts'
import { createProviderFetch } from './provider_fetch.ts'

/** The operator's OpenID provider, and who this server is there. */
export interface ProviderOptions {
  readonly issuer: string
  readonly clientId: string
  /** Null: a public client, which has PKCE alone. */
  readonly clientSecret: string | null
  readonly scopes: string
  readonly groupsClaim: string
  /** PEM of further authorities. */
  readonly caPem: string | null
  readonly clock: Clock
  /** Of each request; 10 s unless told. */
  readonly timeoutMs?: number
}

/** What a sign-in must come back with. */
export interface SignInChecks {
  readonly state: string
  readonly nonce: string
  /** PKCE (RFC 7636). */
  readonly verifier: string
}

/** Providers change their endpoints rarely, and say so well ahead. */
const discoveryMs = 60 * 60_000

/**
 * Signs people in at an OpenID provider by the authorization code flow with PKCE, state and nonce
 * (OpenID Connect Core 1.0 §3.1, RFC 9700 §2.1). ID tokens are verified against the provider's keys,
 * and `iss` of the answer where the provider sends it (RFC 9207).
 */
export class Provider {
  private readonly options: ProviderOptions
  private found: { readonly at: Promise<oidc.Configuration>; readonly untilMs: number } | null =
    null

  constructor(options: ProviderOptions) {
    this.options = options
  }

  /** New secrets for one sign-in. */
  newChecks(): SignInChecks {
    return {
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      verifier: oidc.randomPKCECodeVerifier(),
    }
  }

  /** Where to send a browser. @throws AppError provider_unavailable */
  async authorizationUrl(checks: SignInChecks, redirectUri: string): Promise<string> {
    const configuration = await this.configuration()
    const parameters = {
      redirect_uri: redirectUri,
      scope: this.options.scopes,
      state: checks.state,
      nonce: checks.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(checks.verifier),
      code_challenge_method: 'S256',
    }
    try {
      return oidc.buildAuthorizationUrl(configuration, parameters).href
    } catch (error) {
      throw providerFailure(error)
    }
  }

  /**
   * Exchanges the code in the provider's answer for who the person is.
   * @param answer the redirect URI with the parameters that came back
   * @throws AppError external_sign_in_failed, external_sign_in_refused or provider_unavailable
   */
  async identify(answer: URL, checks: SignInChecks): Promise<ClaimedIdentity> {
    const configuration = await this.configuration()
    try {
      const tokens = await oidc.authorizationCodeGrant(configuration, answer, {
        pkceCodeVerifier: checks.verifier,
        expectedState: checks.state,
        expectedNonce: checks.nonce,
        idTokenExpected: true,
      })
      const claims = tokens.claims()
      if (claims === undefined) throw new AppError('external_sign_in_failed')
      const key = { issuer: claims.iss, subject: claims.sub }
      const { groupsClaim } = this.options
      const asksMore =
        isIncomplete(claims, key.issuer, groupsClaim) &&
        configuration.serverMetadata().userinfo_endpoint !== undefined
      const more = asksMore
        ? [await oidc.fetchUserInfo(configuration, tokens.access_token, claims.sub)]
        : []
      return readIdentity(key, [claims, ...more], groupsClaim)
    } catch (error) {
      throw providerFailure(error)
    }
  }

  /** What the provider says of itself, read once an hour; a failure is not kept. */
  private async configuration(): Promise<oidc.Configuration> {
    const nowMs = this.options.clock.monotonicMs()
    if (this.found === null || nowMs >= this.found.untilMs) {
      this.found = { at: this.discover(), untilMs: nowMs + discoveryMs }
    }
    const { found } = this
    try {
      return await found.at
    } catch (error) {
      if (this.found === found) this.found = null
      throw providerFailure(error)
    }
  }

  private discover(): Promise<oidc.Configuration> {
    const { issuer, clientId, clientSecret, caPem, timeoutMs = 10_000 } = this.options
    const execute = [oidc.enableNonRepudiationChecks]
    if (issuer.startsWith('http:')) execute.push(oidc.allowInsecureRequests)
    return oidc.discovery(new URL(issuer), clientId, {}, clientAuth(clientSecret), {
      [oidc.customFetch]: createProviderFetch(caPem),
      execute,
      timeout: timeoutMs / 1000,
    })
  }
}

/** Shows the secret in the header, as every provider must take it, unless this one says otherwise. */
function clientAuth(secret: string | null): oidc.ClientAuth {
  if (secret === null) return oidc.None()
  const inBody = oidc.ClientSecretPost(secret)
  return (...request) => {
    const [server, client, , headers] = request
    const methods = server.token_endpoint_auth_methods_supported ?? [basic]
    if (!methods.includes(basic)) return inBody(...request)
    const credentials = `${formEncoded(client.client_id)}:${formEncoded(secret)}`
    headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`)
  }
}

const basic = 'client_secret_basic'

/**
 * RFC 6749 §2.3.1, encoding no more than has to be: some providers do not decode, and the library's
 * own encodes even hyphens, which most secrets hold.
 */
const formEncoded = (text: string) => encodeURIComponent(text).replaceAll('%20', '+')
