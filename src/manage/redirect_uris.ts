import { AppError } from '../errors.ts'
import { redirectUriFault } from '../model/redirect_uri.ts'

/**
 * Refuses redirect URIs no client may have (reliability.md case 94).
 * @throws AppError validation_failed - naming each
 */
export function checkRedirectUris(uris: readonly string[]): void {
  const errors = uris.flatMap((uri, index) => {
    const message = redirectUriFault(uri)
    return message === null ? [] : [{ pointer: `/redirect_uris/${index}`, message }]
  })
  if (errors.length > 0) throw new AppError('validation_failed', { errors })
}
