/** What a request signature covers (wire.md §6, reliability.md case 155). */
export interface SignedParts {
  /** Unix seconds of this attempt. */
  readonly timestampSeconds: number
  /** The run's uuid: the same on every attempt, never a caller's text. */
  readonly requestId: string
  readonly method: string
  /** Raw path and query, as sent. */
  readonly target: string
  /** Lower-case hex SHA-256 of the body bytes, as `bodyDigest` gives it. */
  readonly bodyDigest: string
}

/** Signs canonical lines with one secret. */
export interface RequestSigner {
  /** Gives `tng2=` and the lower-case hex HMAC-SHA256 of the line's UTF-8 bytes. */
  sign(line: string): string
}

const emptyDigest = sha256Hex('')

/** Lower-case hex SHA-256 of a body's bytes; no body counts as zero bytes. */
export function bodyDigest(body: Uint8Array | null): string {
  return body === null || body.length === 0 ? emptyDigest : sha256Hex(body)
}

/** The text that is signed: version, timestamp, id, method, target, body digest; no newline. */
export function canonicalLine(parts: SignedParts): string {
  const { timestampSeconds, requestId, method, target } = parts
  return `tng2 ${timestampSeconds} ${requestId} ${method} ${target} ${parts.bodyDigest}`
}

/** Prepares an HMAC-SHA256 key once; each signature then starts from a copy of its state. */
export function prepareSigner(secret: string): RequestSigner {
  const keyed = new Bun.CryptoHasher('sha256', secret)
  return { sign: (line) => `tng2=${keyed.copy().update(line).digest('hex')}` }
}

/**
 * The value of `X-Tengine-Signature`: one signature per valid secret, comma-separated, in the order
 * given; two during a rotation, the newer first (wire.md §6).
 */
export function signatureHeader(signers: readonly RequestSigner[], line: string): string {
  return signers.map((signer) => signer.sign(line)).join(',')
}

function sha256Hex(bytes: Uint8Array | string): string {
  return Bun.CryptoHasher.hash('sha256', bytes, 'hex')
}
