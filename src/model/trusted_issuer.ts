/** An identity provider whose assertions a project takes (MCP enterprise-managed authorization). */
export interface TrustedIssuer {
  readonly id: number
  readonly projectId: number
  /** Its `iss`, compared as text. */
  readonly issuer: string
  /** Its public keys: a JWK Set (RFC 7517 §5) as JSON text. */
  readonly jwks: string
  readonly createdAtMs: number
}

/** The external id of a member that an identity provider vouches for; no other source gives its like. */
export const federatedMemberId = ({ id }: Pick<TrustedIssuer, 'id'>, subject: string) =>
  `idp${id}:${subject}`
