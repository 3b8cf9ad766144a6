import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/** What a test changes of an honest ID token. */
export interface Forgery {
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
  /** Signed with a key that is not in the set. */
  readonly isForeignKey?: boolean
  /** Signed with this secret by HS256. */
  readonly hmacSecret?: string
  /** No signature at all. */
  readonly isUnsigned?: boolean
}

/** A provider that says whatever a test wants, where a real one would not. */
export interface ForgedProvider {
  readonly issuer: string
  /** Method and path of every request so far. */
  readonly hits: string[]
  /** The body of the last token request, and its `Authorization`. */
  lastExchange: { readonly form: URLSearchParams; readonly authorization: string | null } | null
  /** What is laid over the discovery document. */
  metadata: Record<string, unknown>
  /** The nonce of the honest ID token. */
  nonce: string
  forgery: Forgery
  /** Answers instead of the provider where it gives something. */
  instead: (path: string) => Response | Promise<Response> | null
  stop(): Promise<void>
}

/** Starts one on loopback, over TLS where a certificate is given; call `stop` in afterAll. */
export async function startForgedProvider(
  tls?: Readonly<Record<'cert' | 'key', string>>,
): Promise<ForgedProvider> {
  const [own, foreign] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')])
  const jwk = { ...(await exportJWK(own.publicKey)), kid: 'k', alg: 'RS256', use: 'sig' }
  const idToken = async () => {
    const { header = {}, claims = {}, isForeignKey, isUnsigned, hmacSecret } = forged.forgery
    const seconds = Math.floor(Date.now() / 1000)
    const honest = {
      iss: forged.issuer,
      aud: 'client',
      sub: 'ada',
      iat: seconds,
      exp: seconds + 60,
      nonce: forged.nonce,
      email: 'ada@example.com',
      email_verified: true,
      groups: ['devs'],
    }
    const payload = JSON.parse(JSON.stringify({ ...honest, ...claims }))
    if (isUnsigned) return `${encoded({ alg: 'none', ...header })}.${encoded(payload)}.`
    if (hmacSecret !== undefined) {
      const signed = new SignJWT(payload).setProtectedHeader({ alg: 'HS256', ...header })
      return signed.sign(new TextEncoder().encode(hmacSecret))
    }
    const { privateKey } = isForeignKey ? foreign : own
    return new SignJWT(payload)
      .setProtectedHeader({ alg: 'RS256', kid: 'k', ...header })
      .sign(privateKey)
  }
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    development: false,
    ...(tls === undefined ? {} : { tls }),
    fetch: async (request) => {
      const { pathname } = new URL(request.url)
      forged.hits.push(`${request.method} ${pathname}`)
      const instead = await forged.instead(pathname)
      if (instead !== null) return instead
      if (pathname === '/jwks') return Response.json({ keys: [jwk] })
      if (pathname === '/token') {
        const form = new URLSearchParams(await request.text())
        forged.lastExchange = { form, authorization: request.headers.get('authorization') }
        const tokens = { access_token: 'a', token_type: 'Bearer', id_token: await idToken() }
        return Response.json(tokens)
      }
      return Response.json({
        issuer: forged.issuer,
        authorization_endpoint: `${forged.issuer}/auth`,
        token_endpoint: `${forged.issuer}/token`,
        jwks_uri: `${forged.issuer}/jwks`,
        id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        ...forged.metadata,
      })
    },
  })
  const forged: ForgedProvider = {
    issuer: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${server.port}`,
    hits: [],
    lastExchange: null,
    metadata: {},
    nonce: '',
    forgery: {},
    instead: () => null,
    stop: () => server.stop(true),
  }
  return forged
}

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
