/** What a challenge may say (RFC 6750 §3, RFC 9728 §5.1). */
export interface BearerChallenge {
  /** Absent where no credential was sent at all (RFC 6750 §3.1). */
  readonly error?: 'invalid_token' | 'insufficient_scope'
  readonly description?: string
  /** What a token must hold. */
  readonly scopes?: readonly string[]
  /** Where the metadata of the protected resource is. */
  readonly resourceMetadata?: string
}

/** Writes the value of a `WWW-Authenticate` header. */
export function bearerChallenge(challenge: BearerChallenge): string {
  const { error, description, scopes, resourceMetadata } = challenge
  const parameters = [
    ['realm', 'gatehouse'],
    ['error', error],
    ['error_description', description],
    ['scope', scopes?.join(' ')],
    ['resource_metadata', resourceMetadata],
  ] as const
  const given = parameters.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}="${quotable(value)}"`],
  )
  return `Bearer ${given.join(', ')}`
}

/** RFC 6750 §3 leaves these characters out of every value. */
const quotable = (value: string) => value.replace(/[^\x20-\x7e]|["\\]/g, "'")
