import { describe, expect, test } from 'bun:test'
import { type ConfigInputs, describeConfig, loadConfig } from '../src/config.ts'
import { AppError } from '../src/errors.ts'

const load = (flags: ConfigInputs['flags'], file = '', env: Record<string, string> = {}) =>
  loadConfig({
    flags,
    env,
    readFile: (path) => (path === '/srv/data/gatehouse.toml' ? file : null),
    cwd: '/srv',
  })

function faults(flags: ConfigInputs['flags']): (readonly [string, string])[] {
  try {
    load(flags)
  } catch (error) {
    if (error instanceof AppError) {
      return error.errors.map(({ pointer, message }) => [pointer, message] as const)
    }
    throw error
  }
  return []
}

const issuer = { oidc_issuer: 'https://login.example.com' }

describe('settings of sign-in through an OpenID provider', () => {
  test('without them there is none, and the rest has defaults', () => {
    const config = load({})
    expect([config.oidcIssuer, config.oidcClientId, config.oidcClientSecret]).toEqual([
      null,
      null,
      null,
    ])
    expect([config.oidcName, config.oidcScopes, config.oidcGroupsClaim]).toEqual([
      'single sign-on',
      'openid email profile',
      'groups',
    ])
    expect([...config.oidcRoleMap]).toEqual([])
    expect([config.oidcCreateUsers, config.oidcRequired]).toEqual([true, false])
  })

  test('each is read from the settings file', () => {
    const config = load(
      {},
      `oidc_issuer = "https://login.example.com"
oidc_client_id = "gatehouse"
oidc_client_secret = "s3cret-of-the-client"
oidc_name = "Example Corp"
oidc_scopes = "openid email groups"
oidc_groups_claim = "roles"
oidc_role_map = ["admins=admin", "devs=developer@crm"]
oidc_create_users = false
oidc_required = true`,
    )
    expect(config.oidcIssuer).toBe('https://login.example.com')
    expect(config.oidcName).toBe('Example Corp')
    expect([...config.oidcRoleMap]).toEqual(['admins=admin', 'devs=developer@crm'])
    expect([config.oidcCreateUsers, config.oidcRequired]).toEqual([false, true])
    const shown = JSON.stringify(describeConfig(config))
    expect(shown).not.toContain('s3cret')
    expect(shown).toContain('devs=developer@crm')
  })

  test('the flag of a switch that is on anyway takes a value', () => {
    expect(load({ oidc_create_users: 'false' }).oidcCreateUsers).toBe(false)
    expect(load({}, '', { GATEHOUSE_OIDC_CREATE_USERS: 'no' }).oidcCreateUsers).toBe(false)
  })

  test('an issuer without a client id is refused, with what to do', () => {
    expect(faults(issuer)).toEqual([
      ['/oidc_client_id', 'oidc_issuer is set and oidc_client_id is not. Set both.'],
    ])
  })

  const orphans = {
    oidc_client_id: 'gatehouse',
    oidc_client_secret: 's3cret-of-the-client',
    oidc_role_map: ['admins=admin'],
    oidc_required: true,
  }
  test.each(Object.entries(orphans))('%s without an issuer is refused', (name, value) => {
    const message = `${name} is set and oidc_issuer is not. Set oidc_issuer, or remove ${name}.`
    expect(faults({ [name]: value })).toEqual([[`/${name}`, message]])
  })

  test('scopes without openid are no OpenID Connect', () => {
    const [fault] = faults({ ...issuer, oidc_client_id: 'a', oidc_scopes: 'email openidx' })
    expect(fault?.[0]).toBe('/oidc_scopes')
  })

  test('an issuer or an entry that cannot be used is named', () => {
    expect(faults({ oidc_issuer: 'http://login.example.com' })[0]?.[1]).toBe(
      'oidc_issuer (--oidc-issuer): "http://login.example.com" is plain http beyond this machine. Write https://.',
    )
    expect(faults({ ...issuer, oidc_role_map: ['a=admin', 'b=root'] })[0]?.[1]).toContain(
      'oidc_role_map (--oidc-role-map) "b=root" is not group=role',
    )
  })
})
