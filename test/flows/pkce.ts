import { randomBytes } from 'node:crypto'
import { challengeOf } from '../oauth/oauth_world.ts'

/** What a program that signs somebody in makes up and remembers (RFC 7636 §4). */
export interface Attempt {
  readonly state: string
  readonly verifier: string
  /** The URL it opens the browser at. */
  readonly url: string
}

/** Where to ask, and for what. */
export interface Request {
  readonly endpoint: string
  readonly clientId: string
  readonly redirectUri: string
  readonly resource: string
  /** Nothing asked where absent. */
  readonly scope?: string
}

/** Begins an authorization with PKCE. */
export function beginAttempt(request: Request): Attempt {
  const state = randomBytes(16).toString('base64url')
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    code_challenge: challengeOf(verifier),
    code_challenge_method: 'S256',
    state,
    resource: request.resource,
    ...(request.scope === undefined ? {} : { scope: request.scope }),
  })
  return { state, verifier, url: `${request.endpoint}?${query}` }
}
