import type { StoredOauthClient } from '../../model/oauth_client.ts'
import type { Membership, User } from '../../model/user.ts'
import type { OAuthError } from '../oauth_error.ts'
import type { Resource } from '../resource.ts'

/** Where the answer to a request for authorization goes. */
export interface AnswerTo {
  readonly issuer: string
  readonly redirectUri: string
  /** Byte for byte what the client sent (case 114); null where it sent none. */
  readonly state: string | null
}

/** A request for authorization whose form is right: what is left depends on project and person. */
export interface Authorization extends AnswerTo {
  readonly client: StoredOauthClient
  /** base64url of a SHA-256. */
  readonly codeChallenge: string
  readonly resource: Resource
  /** Whether the client named the resource itself. */
  readonly namesResource: boolean
  /** What the client asks for; empty: all that may be granted. */
  readonly scopes: readonly string[]
}

/** The signed-in person who decides. */
export interface Person {
  readonly sessionId: number
  readonly user: User
  readonly memberships: readonly Membership[]
  /** Where the person sits; null on the machine itself. */
  readonly address: string | null
}

/** A refusal that the client is told of by way of the browser (RFC 6749 §4.1.2.1). */
export class RefusedAuthorization extends Error {
  readonly refusal: OAuthError
  /** Where the browser goes. */
  readonly location: string

  constructor(refusal: OAuthError, to: AnswerTo) {
    super(refusal.description, { cause: refusal })
    this.name = 'RefusedAuthorization'
    this.refusal = refusal
    const { error, description } = refusal
    this.location = answerLocation(to, [
      ['error', error],
      ['error_description', description],
    ])
  }
}

/**
 * The redirect that carries an answer: the client's URI as it stands, the answer, its `state`, and who
 * answers (RFC 6749 §4.1.2, RFC 9207 §2; cases 114, 115).
 */
export function answerLocation(
  { redirectUri, state, issuer }: AnswerTo,
  answer: readonly (readonly [string, string])[],
): string {
  const told = [...answer, ...(state === null ? [] : [['state', state] as const]), ['iss', issuer]]
  const query = told.map((pair) => pair.map((part = '') => encodeURIComponent(part)).join('='))
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${query.join('&')}`
}
