import { AppError } from '../../errors.ts'
import type { ConsoleDeps } from '../console_session.ts'

/** For whom passkeys are made and where they count. */
export interface PasskeySite {
  /** The RP ID (WebAuthn Level 3 §5.1.2): the host of the public URL. */
  readonly id: string
  readonly origin: string
}

/**
 * The site that passkeys here belong to. Null where browsers make none: over plain http other than
 * on localhost, and at a bare address.
 */
export function passkeySite({ publicUrl }: Pick<ConsoleDeps, 'publicUrl'>): PasskeySite | null {
  const url = URL.parse(publicUrl())
  if (url === null) return null
  const { hostname, origin, protocol } = url
  const isLocal = hostname === 'localhost' || hostname.endsWith('.localhost')
  const isAddress = hostname.startsWith('[') || /^\d+(?:\.\d+){3}$/.test(hostname)
  return isLocal || (protocol === 'https:' && !isAddress) ? { id: hostname, origin } : null
}

/** As `passkeySite`. @throws AppError not_found - there are no passkeys here */
export function requirePasskeySite(deps: Pick<ConsoleDeps, 'publicUrl'>): PasskeySite {
  const site = passkeySite(deps)
  if (site === null) throw new AppError('not_found')
  return site
}
