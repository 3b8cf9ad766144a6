import type { FormParameters } from '../form_parameters.ts'
import { OAuthError } from '../oauth_error.ts'
import { readResource } from '../resource.ts'

/** What a named resource is compared with. */
export interface Audience {
  readonly publicUrl: string
  /** The grant's; and beside it the URL its project has now, where the slug was changed since. */
  readonly resources: readonly string[]
  /** Whether it has to be named again. */
  readonly isRequired: boolean
}

/**
 * A token is for the resource its grant is for, and for no other (RFC 8707 §2.2; case 105); null where
 * nothing is wrong.
 */
export function resourceFault(
  form: FormParameters,
  { publicUrl, resources, isRequired }: Audience,
): OAuthError | null {
  const text = form.get('resource')
  if (text === null) {
    return isRequired ? new OAuthError('invalid_target', 'resource is missing') : null
  }
  const named = readResource(publicUrl, text)
  if (named !== null && resources.includes(named.url)) return null
  return new OAuthError('invalid_target', 'resource is not the one that was approved')
}
