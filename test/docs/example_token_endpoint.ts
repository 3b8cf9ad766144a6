import { createPublicKey } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose'

export const apiKey = 'tengine_made_up_for_the_examples'
export const projectId = '42'

/** An exchange that was asked for. */
export interface Exchange {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: JWTPayload
}

/** How the endpoint behaves. */
export interface EndpointSettings {
  /** By kid: what it takes. */
  readonly keys: Readonly<Record<string, { publicKeyPem: string; algorithms: readonly string[] }>>
  /** Seconds from an assertion's `iat` to `expires_at`; null leaves `expires_at` out. */
  readonly expiresAfterSeconds?: number | null
  /** Holds every answer back until as many exchanges are there, or until the release. */
  readonly holdsUntil?: number | 'released'
  /** An answer in place of the token's; null for the token. */
  readonly answer?: (exchange: number) => Response | Promise<Response> | null
}

/** A stand-in for `POST /api/v1/mcp/session-token` (wire.md §3) that takes nothing on trust. */
export interface TokenEndpoint {
  readonly url: string
  readonly exchanges: readonly Exchange[]
  stop(): Promise<void>
}

export function problem(status: number, parts: Readonly<Record<string, string>>): Response {
  const headers = { 'content-type': 'application/problem+json' }
  return Response.json({ status, ...parts }, { status, headers })
}

/** Serves the endpoint. `/arrived` answers once an exchange is there, `/release` lets all held answers go. */
export function startTokenEndpoint(settings: EndpointSettings): TokenEndpoint {
  const exchanges: Exchange[] = []
  const seenIds = new Set<string>()
  const arrived = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  if (settings.holdsUntil === undefined) gate.resolve()

  async function exchange(request: Request): Promise<Response> {
    const checked = await check(request, settings)
    if (typeof checked === 'string') {
      return problem(401, { code: 'refused_by_the_test', detail: checked })
    }
    const { jti = '', iat = 0 } = checked.claims
    if (jti.length < 16 || seenIds.has(jti)) {
      return problem(401, { code: 'refused_by_the_test', detail: 'the jti is not fresh' })
    }
    seenIds.add(jti)
    const number = exchanges.push(checked)
    arrived.resolve()
    if (settings.holdsUntil === number) gate.resolve()
    await gate.promise
    return (await settings.answer?.(number)) ?? tokenAnswer(number, iat)
  }

  function tokenAnswer(number: number, iat: number): Response {
    const { expiresAfterSeconds: seconds = 900 } = settings
    const expiry =
      seconds === null ? {} : { expires_at: new Date((iat + seconds) * 1000).toISOString() }
    const token = `tng_mst_${number}`
    return Response.json({ token, expires_in_minutes: 15, ...expiry, token_type: 'Bearer' })
  }

  const routes = {
    '/api/v1/mcp/session-token': { POST: exchange },
    '/arrived': () => arrived.promise.then(() => new Response()),
    '/release': () => {
      gate.resolve()
      return new Response()
    },
  }
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, routes, idleTimeout: 60 })
  return {
    url: `http://127.0.0.1:${server.port}`,
    exchanges,
    stop: () => server.stop(true),
  }
}

/** The exchange, or what is wrong with it. */
async function check(request: Request, settings: EndpointSettings): Promise<Exchange | string> {
  if (request.headers.get('authorization') !== `Bearer ${apiKey}`) return 'wrong API key'
  if (!request.headers.get('content-type')?.startsWith('application/json')) return 'not JSON'
  const body = (await request.json()) as Readonly<Record<string, unknown>>
  const { member_assertion: assertion, ...others } = body
  if (typeof assertion !== 'string' || Object.keys(others).length > 0) return 'another body'
  const header = decodeProtectedHeader(assertion)
  const key = settings.keys[String(header.kid)]
  if (key === undefined) return 'unknown kid'
  const { iat = 0, exp = 0 } = decodeJwt(assertion)
  if (exp - iat !== 60) return 'not for 60 seconds'
  const { payload } = await jwtVerify(assertion, createPublicKey(key.publicKeyPem), {
    algorithms: [...key.algorithms],
    audience: `tengine:project:${projectId}`,
    currentDate: new Date(iat * 1000),
  })
  return typeof payload.aud === 'string' ? { header, claims: payload } : 'an audience in a list'
}
