import { createSecureContext, getCACertificates } from 'node:tls'
import type { Socket, TLSOptions } from 'bun'

/** Whom the connector trusts beside the usual authorities, and whom it does not. */
export interface TlsTrustOptions {
  /** PEM certificates of further authorities. */
  readonly extraCas?: readonly string[]
  /** SHA-256 fingerprints (`AB:CD:…`) of server certificates to refuse although they verify. */
  readonly refusedFingerprints?: readonly string[]
}

/** Why a certificate is not accepted; it will not be the next time either. */
export class CertificateRefusal extends Error {}

/** What Bun.connect takes beside its documented options; node:tls in Bun hands it over the same way. */
interface ContextTlsOptions extends TLSOptions {
  readonly secureContext?: unknown
}

/** The TLS settings of one connector. */
export class TlsTrust {
  private readonly secureContext: unknown
  private readonly refused: ReadonlySet<string>

  constructor(options: TlsTrustOptions = {}) {
    const extra = options.extraCas ?? []
    // Built once: given as `ca`, all authorities would be read again for every connection (1 ms).
    this.secureContext =
      extra.length === 0
        ? undefined
        : createSecureContext({ ca: [...getCACertificates('default'), ...extra] }).context
    const fingerprints = options.refusedFingerprints ?? []
    this.refused = new Set(fingerprints.map((text) => text.toUpperCase()))
  }

  /**
   * Options for one connection; `serverName` is null for an IP literal, which has no SNI (RFC 6066
   * §3): only the empty name keeps Bun from sending the address as one.
   */
  optionsFor(serverName: string | null): ContextTlsOptions {
    const { secureContext } = this
    const options = { rejectUnauthorized: true, serverName: serverName ?? '' }
    return secureContext === undefined ? options : { ...options, secureContext }
  }

  /** Says why a verified certificate is refused all the same; null when it is not. */
  refusal(socket: Socket<unknown>): string | null {
    if (this.refused.size === 0) return null
    const { fingerprint256 } = socket.getPeerX509Certificate()
    return this.refused.has(fingerprint256.toUpperCase()) ? 'it is refused by configuration' : null
  }
}

/** What the TLS library says of the peer once the handshake is over. */
export interface HandshakeVerdict {
  readonly isAuthorized: boolean
  readonly error: Error | null
}

/**
 * Says why the peer must not be talked to, or null: the chain must verify, and the name or address
 * must stand in the certificate's subject alternative names; its common name counts for nothing
 * (RFC 9110 §4.3.4; reliability.md case 168).
 */
export function peerProblem(
  socket: Socket<unknown>,
  verdict: HandshakeVerdict,
  name: { readonly host: string; readonly isIpLiteral: boolean },
): string | null {
  const { error } = verdict
  if (error !== null && error !== undefined) return error.message
  if (!verdict.isAuthorized || !socket.authorized) return 'the chain does not verify'
  const certificate = socket.getPeerX509Certificate()
  const match = name.isIpLiteral
    ? certificate.checkIP(name.host)
    : certificate.checkHost(name.host, { subject: 'never', partialWildcards: false })
  return match === undefined ? `it is not made out for ${name.host}` : null
}
