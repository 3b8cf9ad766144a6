import type { ExternalSignIn } from '../access/external_sign_in.ts'
import { externalSignInPath } from '../model/external_sign_in_path.ts'
import type { SignInView } from '../web/pages/views.ts'
import { withNext } from './console_exchange.ts'

/** What the sign-in page shows of the OpenID provider, where there is one. */
export function otherWayIn(
  external: ExternalSignIn | null,
  next: string | null,
): Pick<SignInView, 'otherProvider' | 'isPasswordOff'> {
  if (external === null) return { otherProvider: null, isPasswordOff: false }
  const { name, isRequired } = external
  const url = withNext(externalSignInPath, next)
  return { otherProvider: { name, url }, isPasswordOff: isRequired }
}
