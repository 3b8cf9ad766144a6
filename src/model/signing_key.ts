/** A key this instance signs session tokens with; what may be shown of it. */
export interface SigningKey {
  /** RFC 7638 thumbprint. */
  readonly kid: string
  /** A public JWK (RFC 7517) as JSON text. */
  readonly publicJwk: string
  readonly createdAtMs: number
  /** Its signatures count until then; null for the current key. */
  readonly notAfterMs: number | null
}
