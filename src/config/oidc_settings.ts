import type { FieldError } from '../errors.ts'
import { issuerSetting } from '../model/issuer.ts'
import { parseRoleMapText } from '../model/role_map.ts'
import { switchSetting, textSetting, wordSwitchSetting } from '../model/setting.ts'
import { list, optional, type Setting, settled } from './setting.ts'

/** The settings of sign-in through an OpenID provider: a part of the table in src/config.ts. */
export const oidcSettings = {
  oidc_issuer: optional(issuerSetting, 'issuer URL of the OpenID provider people sign in through'),
  oidc_client_id: optional(textSetting, 'client id this server has at that provider'),
  oidc_client_secret: {
    ...optional(textSetting, 'client secret this server has at that provider'),
    isSecret: true,
  },
  oidc_name: settled(textSetting, 'single sign-on', 'what the button on the sign-in page says'),
  oidc_scopes: settled(textSetting, 'openid email profile', 'scopes asked of the provider'),
  oidc_groups_claim: settled(textSetting, 'groups', "claim that holds a person's groups"),
  oidc_role_map: list(
    'entry',
    parseRoleMapText,
    'what groups make of people: group=role or group=role@project',
  ),
  oidc_create_users: settled(
    wordSwitchSetting,
    'true',
    'a first sign-in makes an account when a group gives a role',
  ),
  oidc_required: settled(
    switchSetting,
    'false',
    'nobody signs in by password; the provider is the only way in',
  ),
} as const satisfies Record<string, Setting<unknown>>

/** The members of the configuration that these settings become. */
export interface OidcConfig {
  /** As the provider writes it; null: nobody signs in elsewhere. */
  readonly oidcIssuer: string | null
  readonly oidcClientId: string | null
  /** Null for a public client, which has PKCE alone. */
  readonly oidcClientSecret: string | null
  readonly oidcName: string
  /** Separated by spaces, `openid` among them. */
  readonly oidcScopes: string
  readonly oidcGroupsClaim: string
  /** Entries as text, each checked. */
  readonly oidcRoleMap: readonly string[]
  readonly oidcCreateUsers: boolean
  readonly oidcRequired: boolean
}

/** What of these settings does not go together, each with the fix. */
export function oidcContradictions(config: OidcConfig): FieldError[] {
  const { oidcIssuer, oidcClientId, oidcClientSecret, oidcRoleMap, oidcRequired } = config
  const fault = (name: string, message: string): FieldError => ({ pointer: `/${name}`, message })
  if (oidcIssuer !== null) {
    return [
      ...(oidcClientId === null
        ? [fault('oidc_client_id', 'oidc_issuer is set and oidc_client_id is not. Set both.')]
        : []),
      ...(config.oidcScopes.split(' ').includes('openid')
        ? []
        : [fault('oidc_scopes', 'oidc_scopes lacks openid. Write openid email profile.')]),
    ]
  }
  const orphans = [
    ['oidc_client_id', oidcClientId !== null],
    ['oidc_client_secret', oidcClientSecret !== null],
    ['oidc_role_map', oidcRoleMap.length > 0],
    ['oidc_required', oidcRequired],
  ] as const
  return orphans
    .filter(([, isSet]) => isSet)
    .map(([name]) =>
      fault(name, `${name} is set and oidc_issuer is not. Set oidc_issuer, or remove ${name}.`),
    )
}
