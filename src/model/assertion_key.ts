/** How a customer may sign member assertions (wire.md §3). */
export const assertionAlgorithms = ['ES256', 'ES384', 'Ed25519', 'RS256'] as const
export type AssertionAlgorithm = (typeof assertionAlgorithms)[number]

/** A customer's public key; `kid` is unique per project among the active ones (wire.md §1, §4). */
export interface AssertionKey {
  readonly id: number
  readonly projectId: number
  readonly kid: string
  /** The one algorithm its signatures are checked with, whatever a token's header says. */
  readonly algorithm: AssertionAlgorithm
  /** SubjectPublicKeyInfo in PEM (RFC 7468 §13). */
  readonly publicKey: string
  readonly createdAtMs: number
  /** Null while it is active. */
  readonly deactivatedAtMs: number | null
}

/** What a `kid` may look like: 1 to 128 visible ASCII characters. */
export const kidPattern = /^[\x21-\x7e]{1,128}$/
