import type { CausesOf } from '../error_causes.ts'

const show = (command: string) => `\`gatehouse ${command}\``

/** Causes and fixes of errors about people who sign in, and the OAuth clients they connect. */
export const peopleCauses = {
  sign_in_failed: {
    group: 'people',
    cause:
      'There is no account with this email, the password is another, or the account is disabled.',
    fix: `An administrator sees accounts with ${show('user list')} and makes a new link with ${show('user reset-password EMAIL')}.`,
  },
  second_factor_failed: {
    group: 'people',
    cause:
      'The six digits are not those of this half minute, or were used already; or the recovery code is none, or was used.',
    fix: `Check the clock of the phone and wait for the next code. Without the phone use a recovery code, or let an administrator run ${show('user reset-second-factor EMAIL')}.`,
  },
  passkey_failed: {
    group: 'people',
    cause:
      'The passkey is not known here, belongs to a disabled account or to somebody else, was asked for in another browser or more than five minutes ago, or its answer did not hold: its origin, signature or counter.',
    fix: `Try again, or sign in with the password. Without either an administrator runs ${show('user reset-password EMAIL')}.`,
  },
  not_signed_in: {
    group: 'people',
    cause: 'The page needs a signed-in person, and the session is over or was never begun.',
    fix: 'Sign in at `/login`.',
  },
  csrf_failed: {
    group: 'people',
    cause:
      'The form came from another site, from a session that has ended, or was opened before signing in.',
    fix: 'Open the page again and send the form from there.',
  },
  external_sign_in_failed: {
    group: 'people',
    cause:
      "The sign-in was begun in another browser or more than ten minutes ago, was used already, was turned down at the provider, or the provider's answer did not hold: its state, nonce, issuer or signature.",
    fix: 'Start again at `/login`. If it stays, the server log has the cause under `external_sign_in_failed`; see [sign-in.md](sign-in.md).',
  },
  external_sign_in_refused: {
    group: 'people',
    cause:
      'The provider does not vouch for the email address, there is no account for it and none of the groups makes one, no role is left, or the account is disabled.',
    fix: '`reason` says which. [sign-in.md](sign-in.md) tells how groups become roles.',
  },
  provider_unavailable: {
    group: 'people',
    cause: 'The OpenID provider was not reached, or answered with something else.',
    fix: 'Check `oidc_issuer` and the way to it; the server log has the cause. Passwords go on working unless `oidc_required` is set.',
  },
  password_sign_in_off: {
    group: 'people',
    cause: 'The setting `oidc_required` makes the OpenID provider the only way in.',
    fix: 'Sign in through the provider.',
  },
  too_many_sign_ins: {
    group: 'people',
    cause: 'Ten failed sign-ins within a quarter of an hour, for this account from this address.',
    fix: 'Wait as long as `Retry-After` says. Other addresses are not held back.',
  },
  setup_link_invalid: {
    group: 'people',
    cause: 'The link is mistyped, older than its time, or was used.',
    fix: `Make another on the machine of the server: ${show('setup-url')} for the first administrator, ${show('user reset-password EMAIL')} for anyone else.`,
  },
  setup_done: {
    group: 'people',
    cause: 'The setup link was opened although an owner exists.',
    fix: 'Sign in as that owner at `/login`.',
  },
  weak_password: {
    group: 'people',
    cause: 'The password has fewer than 12 characters, or is among the best known ones.',
    fix: 'Take a longer one; several words are fine.',
  },
  last_owner: {
    group: 'people',
    cause: 'The change would leave nobody who owns the whole installation.',
    fix: 'Make somebody else an owner first.',
  },
  client_not_allowed: {
    group: 'people',
    cause:
      "The project's policy names the OAuth clients that may connect, and this is none of them.",
    fix: "Add its client id to `allowed_client_ids` of the project's policy, or empty that list.",
  },
  redirect_not_allowed: {
    group: 'people',
    cause:
      "The client asks to be answered at an address that it did not register, or that the project's policy does not allow.",
    fix: 'Register exactly that URI, port and path included; at a loopback address the port may differ.',
  },
  scopes_not_allowed: {
    group: 'people',
    cause:
      'The client asks for scopes that the project does not have or its policy does not let anyone grant.',
    fix: 'Ask for fewer, or for none to be offered all that may be granted.',
  },
  authorize_invalid: {
    group: 'people',
    cause:
      'The address of the authorization page lacks a parameter, repeats one, or names an unknown client.',
    fix: '`reason` says which. Remove the connection in the AI client and add it again.',
  },
  access_token_expired: {
    group: 'people',
    cause:
      "An OAuth access token (`tng_oat_…`) has reached its end: 15 minutes after it was made, unless the project's policy says otherwise. It was good until then, so it does not count as a failed authentication.",
    fix: 'Clients get the next one with their refresh token by themselves; one that does not is to be connected again.',
  },
  scope_in_use: {
    group: 'people',
    cause: 'A scope was to be removed that a tool of the project requires.',
    fix: `Take it out of the tool's \`required_scopes\` first; \`reason\` names the tools.`,
  },
  mcp_disabled: {
    group: 'people',
    cause: "The project's policy switches MCP off.",
    fix: `Switch it on: ${show('policy set PROJECT --mcp on')}.`,
  },
} as const satisfies CausesOf
