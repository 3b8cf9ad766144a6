import { describe, expect, test } from 'bun:test'
import { type ConfigInputs, describeConfig, loadConfig } from '../src/config.ts'
import { AppError } from '../src/errors.ts'

interface Given {
  flags?: ConfigInputs['flags']
  env?: Record<string, string>
  files?: Record<string, string>
}

function load({ flags = {}, env = {}, files = {} }: Given) {
  return loadConfig({ flags, env, readFile: (path) => files[path] ?? null, cwd: '/srv' })
}

function messages(given: Given): string[] {
  try {
    load(given)
  } catch (error) {
    if (error instanceof AppError) return error.errors.map(({ message }) => message)
    throw error
  }
  throw new Error('it was accepted')
}

describe('settings about callers', () => {
  test('without a setting sessions last 15 minutes, members are proven and no proxy is trusted', () => {
    const config = load({})
    expect(config.memberSessionMinutes).toBe(15)
    expect(config.allowUnverifiedMemberSessionMinting).toBe(false)
    expect(config.failedAuthPerMinute).toBe(60)
    expect([...config.trustedProxies]).toEqual([])
  })

  test('each is read from its flag, its variable and the settings file', () => {
    const config = load({
      flags: { trusted_proxies: ['127.0.0.1', 'fd00::/8'] },
      env: { GATEHOUSE_FAILED_AUTH_PER_MINUTE: '0' },
      files: {
        '/srv/data/gatehouse.toml':
          'member_session_minutes = 60\nallow_unverified_member_session_minting = true',
      },
    })
    expect([...config.trustedProxies]).toEqual(['127.0.0.1', 'fd00::/8'])
    expect(config.failedAuthPerMinute).toBe(0)
    expect(config.memberSessionMinutes).toBe(60)
    expect(config.allowUnverifiedMemberSessionMinting).toBe(true)
  })

  test('numbers beyond their bounds are refused', () => {
    for (const minutes of ['1', '61', '15m']) {
      expect(messages({ env: { GATEHOUSE_MEMBER_SESSION_MINUTES: minutes } })).toEqual([
        `member_session_minutes (GATEHOUSE_MEMBER_SESSION_MINUTES): "${minutes}" is not a whole number from 2 to 60.`,
      ])
    }
    expect(messages({ flags: { failed_auth_per_minute: '100001' } })[0]).toContain('0 to 100000')
  })

  test('a proxy that is no address or range is named, with the fix', () => {
    const env = { GATEHOUSE_TRUSTED_PROXIES: '10.0.0.0/8, proxy.internal' }
    expect(messages({ env })).toEqual([
      'trusted_proxies (GATEHOUSE_TRUSTED_PROXIES) "proxy.internal" is not an IP address or a range of them. Write 10.0.0.5, 10.0.0.0/8 or fd00::/8, without a port.',
    ])
    expect(messages({ flags: { trusted_proxies: ['10.0.0.1/8'] } })[0]).toContain(
      '"10.0.0.1/8" has address bits set after the first 8',
    )
  })

  const bare = 'ALLOW_UNVERIFIED_MEMBER_SESSION_MINTING'
  const prefixed = `GATEHOUSE_${bare}`
  const file = { '/srv/data/gatehouse.toml': 'allow_unverified_member_session_minting = false' }
  const sources: readonly (readonly [string, Given, boolean, string])[] = [
    ['the bare variable over the file', { env: { [bare]: 'true' }, files: file }, true, 'env'],
    ['the prefixed variable alone', { env: { [prefixed]: 'true' } }, true, 'env'],
    ['the prefixed over the bare', { env: { [bare]: 'true', [prefixed]: 'false' } }, false, 'env'],
    [
      'the bare, where the prefixed is empty',
      { env: { [bare]: '1', [prefixed]: '' } },
      true,
      'env',
    ],
    [
      'the flag over the bare',
      { env: { [bare]: 'false' }, flags: { [bare.toLowerCase()]: true } },
      true,
      'flag',
    ],
    ['the default, where the bare is empty', { env: { [bare]: ' ' } }, false, 'default'],
  ]
  for (const [what, given, isAllowed, source] of sources) {
    test(`unverified minting is taken from ${what}, and shown so`, () => {
      const config = load(given)
      expect(config.allowUnverifiedMemberSessionMinting).toBe(isAllowed)
      const shown = describeConfig(config).find(({ name }) => name === bare.toLowerCase())
      expect([shown?.value, String(shown?.source)]).toEqual([isAllowed, source])
    })
  }

  test('a bare variable that is neither true nor false is refused by its own name', () => {
    expect(messages({ env: { [bare]: 'maybe' } })).toEqual([
      `allow_unverified_member_session_minting (${bare}): "maybe" is neither true nor false. Write true or false.`,
    ])
  })

  test('no other setting is read without its prefix', () => {
    const env = { LISTEN: '127.0.0.1:1', FAILED_AUTH_PER_MINUTE: '1', MAX_IN_FLIGHT: '1' }
    expect([...load({ env }).sources.values()].every((source) => source === 'default')).toBe(true)
  })
})
