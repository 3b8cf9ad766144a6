import type { OauthDeps } from './oauth_deps.ts'
import { redeemCode } from './token/authorization_code.ts'
import { tokenForItself } from './token/client_credentials.ts'
import { jwtBearer, redeemIdentityAssertion } from './token/identity_assertion.ts'
import { redeemRefreshToken } from './token/refresh_token.ts'
import type { TokenAnswer } from './token/token_answer.ts'
import type { TokenRequest } from './token/token_request.ts'

/** Exchanges what a known client brings for tokens. @throws OAuthError */
export type GrantType = (deps: OauthDeps, request: TokenRequest) => Promise<TokenAnswer>

/** What the token endpoint exchanges, by `grant_type` (RFC 6749 §4). */
export const grantTypes: ReadonlyMap<string, GrantType> = new Map([
  ['authorization_code', redeemCode],
  ['refresh_token', redeemRefreshToken],
  ['client_credentials', tokenForItself],
  [jwtBearer, redeemIdentityAssertion],
])

/** Their names, for the metadata. */
export const supportedGrantTypes: readonly string[] = [...grantTypes.keys()]
