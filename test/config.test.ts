import { describe, expect, test } from 'bun:test'
import {
  type Config,
  type ConfigInputs,
  describeConfig,
  loadConfig,
  settings,
} from '../src/config.ts'
import { AppError } from '../src/errors.ts'

interface Given {
  flags?: ConfigInputs['flags']
  env?: Record<string, string>
  files?: Record<string, string>
}

function load({ flags = {}, env = {}, files = {} }: Given): Config {
  const readFile = (path: string) => files[path] ?? null
  return loadConfig({ flags, env, readFile, cwd: '/srv' })
}

function refusal(given: Given): AppError {
  try {
    load(given)
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('it was accepted')
}

const messages = (given: Given) => refusal(given).errors.map((error) => error.message)

const keyA = Buffer.alloc(32, 1).toString('base64')
const keyB = Buffer.alloc(32, 2).toString('hex')
const keyC = Buffer.alloc(32, 3).toString('base64url')
const keyD = Buffer.alloc(32, 4).toString('base64')

describe('precedence', () => {
  const places = {
    flag: { flags: { listen: '127.0.0.1:1' } },
    env: { env: { GATEHOUSE_LISTEN: '127.0.0.1:2' } },
    file: { files: { '/srv/data/gatehouse.toml': 'listen = "127.0.0.1:4"' } },
  }
  const steps = [
    ['flag', { ...places.flag, ...places.env, ...places.file }, 1],
    ['env', { ...places.env, ...places.file }, 2],
    ['file', places.file, 4],
    ['default', {}, 8080],
  ] as const
  for (const [source, given, port] of steps) {
    test(`a plain setting is taken from the ${source} when nothing stronger has it`, () => {
      const config = load(given)
      expect(config.listen.port).toBe(port)
      expect(config.sources.get('listen')).toBe(source)
    })
  }

  const listPlaces = {
    flag: { flags: { egress_allow: ['a.test', 'b.test:81'] } },
    env: { env: { GATEHOUSE_EGRESS_ALLOW: 'c.test, 10.0.0.0/8' } },
    file: { files: { '/srv/data/gatehouse.toml': 'egress_allow = ["d.test", "e.test"]' } },
  }
  const listSteps = [
    [
      'flag',
      { ...listPlaces.flag, ...listPlaces.env, ...listPlaces.file },
      ['a.test', 'b.test:81'],
    ],
    ['env', { ...listPlaces.env, ...listPlaces.file }, ['c.test', '10.0.0.0/8']],
    ['file', listPlaces.file, ['d.test', 'e.test']],
    ['default', {}, []],
  ] as const
  for (const [source, given, entries] of listSteps) {
    test(`a list is taken whole from the ${source} when nothing stronger has it`, () => {
      const config = load(given)
      expect([...config.egressAllow]).toEqual([...entries])
      expect(config.sources.get('egress_allow')).toBe(source)
    })
  }

  const files = {
    '/srv/flag.key': `${keyA}\n`,
    '/run/creds/gatehouse.master_key': `${keyC}\n`,
    '/srv/data/gatehouse.toml': `master_key = "${keyD}"`,
  }
  const CREDENTIALS_DIRECTORY = '/run/creds'
  const secretSteps = [
    [
      'flag',
      {
        flags: { master_key_file: 'flag.key' },
        env: { GATEHOUSE_MASTER_KEY: keyB, CREDENTIALS_DIRECTORY },
      },
      1,
    ],
    ['env', { env: { GATEHOUSE_MASTER_KEY: keyB, CREDENTIALS_DIRECTORY } }, 2],
    ['credential', { env: { CREDENTIALS_DIRECTORY } }, 3],
    ['file', {}, 4],
  ] as const
  for (const [source, given, byte] of secretSteps) {
    test(`a secret is taken from the ${source} when nothing stronger has it`, () => {
      const config = load({ ...given, files })
      expect(config.masterKey?.every((each) => each === byte)).toBe(true)
      expect(config.masterKey?.byteLength).toBe(32)
      expect(config.sources.get('master_key')).toBe(source)
    })
  }

  test('a secret that stands nowhere is null, and the server makes its own', () => {
    const config = load({})
    expect(config.masterKey).toBeNull()
    expect(config.sources.get('master_key')).toBe('default')
  })

  test('a secret may stand in a file that the environment or the settings file names', () => {
    const secrets = { '/run/secrets/key': `${keyA}\n`, '/etc/gh/key': keyB }
    const byEnv = load({ env: { GATEHOUSE_MASTER_KEY_FILE: '/run/secrets/key' }, files: secrets })
    expect([byEnv.masterKey?.[0], byEnv.sources.get('master_key')]).toEqual([1, 'env'])
    const toml = { '/etc/gh/g.toml': 'master_key_file = "key"' }
    const byFile = load({ flags: { config: '/etc/gh/g.toml' }, files: { ...secrets, ...toml } })
    expect([byFile.masterKey?.[0], byFile.sources.get('master_key')]).toEqual([2, 'file'])
  })

  test('a systemd credential may bear the plain name too', () => {
    const files = { '/c/admin_token': 'gha_abc\n' }
    const config = load({ env: { CREDENTIALS_DIRECTORY: '/c' }, files })
    expect([config.adminToken, config.sources.get('admin_token')]).toEqual([
      'gha_abc',
      'credential',
    ])
  })

  test('a secret given twice in one place is refused, whichever was meant', () => {
    const env = { GATEHOUSE_MASTER_KEY: keyA, GATEHOUSE_MASTER_KEY_FILE: '/k' }
    expect(messages({ env })).toEqual([
      'master_key is set twice, by GATEHOUSE_MASTER_KEY and GATEHOUSE_MASTER_KEY_FILE. Keep one.',
    ])
  })

  test('a secret file that is missing is named', () => {
    expect(messages({ env: { GATEHOUSE_MASTER_KEY_FILE: '/none' } })).toEqual([
      'master_key names /none, which does not exist or is empty.',
    ])
  })

  test('an empty variable counts as absent', () => {
    const config = load({ env: { GATEHOUSE_LISTEN: ' ', GATEHOUSE_EGRESS_ALLOW: '' } })
    expect(config.sources.get('listen')).toBe('default')
    expect(config.listen.port).toBe(8080)
  })
})

describe('the settings file', () => {
  test('a named file is read instead of the one in the data directory', () => {
    const files = {
      '/etc/g.toml': 'log_level = "warn"',
      '/srv/data/gatehouse.toml': 'log_level = "error"\nmax_in_flight = 5',
    }
    for (const given of [
      { flags: { config: '/etc/g.toml' } },
      { env: { GATEHOUSE_CONFIG: '/etc/g.toml' } },
    ]) {
      const config = load({ ...given, files })
      expect([config.logLevel, config.maxInFlight]).toEqual(['warn', 1024])
      expect(config.settingsFile).toBe('/etc/g.toml')
    }
  })

  test('takes numbers, booleans and lists as TOML has them, and paths from its own directory', () => {
    const toml =
      'max_in_flight = 7\ninsecure_listen = true\nallowed_hosts = ["A.test", "b.test:81"]\ndata_dir = "state"'
    const config = load({ flags: { config: 'etc/g.toml' }, files: { '/srv/etc/g.toml': toml } })
    expect(config.maxInFlight).toBe(7)
    expect(config.insecureListen).toBe(true)
    expect([...config.allowedHosts]).toEqual(['a.test', 'b.test:81'])
    expect(config.dataDir).toBe('/srv/etc/state')
  })

  test('a named file that is not there is an error, not an empty configuration', () => {
    const error = refusal({ env: { GATEHOUSE_CONFIG: 'none.toml' } })
    expect(error.code).toBe('validation_failed')
    expect(error.reason).toBe('/srv/none.toml, named by GATEHOUSE_CONFIG, is not there.')
  })

  test('a file that is not TOML or cannot be read is refused with its path', () => {
    const broken = refusal({ files: { '/srv/data/gatehouse.toml': 'listen = \n' } })
    expect(broken.reason).toStartWith('/srv/data/gatehouse.toml is not valid TOML:')
    const readFile = () => {
      throw Object.assign(new Error('no'), { code: 'EACCES' })
    }
    expect(() => loadConfig({ flags: { config: 'x' }, env: {}, readFile, cwd: '/srv' })).toThrow(
      'The settings file cannot be used',
    )
  })

  test('an unknown key is refused with the closest one that exists', () => {
    const files = { '/srv/data/gatehouse.toml': 'lisen = "127.0.0.1:1"\nzzz = 1' }
    expect(messages({ files })).toEqual([
      'lisen is not a setting. Did you mean listen?',
      'zzz is not a setting. Remove it.',
    ])
  })

  test('the file inside the data directory cannot move the data directory', () => {
    const files = { '/srv/data/gatehouse.toml': 'data_dir = "/elsewhere"' }
    expect(refusal({ files }).errors[0]?.pointer).toBe('/data_dir')
  })

  test('a value that is a table is refused', () => {
    const files = { '/srv/data/gatehouse.toml': '[listen]\nport = 1' }
    expect(messages({ files })[0]).toStartWith('listen is neither text, a number')
  })
})

describe('the environment', () => {
  test('case 169: the server does not start while certificate checks are switched off', () => {
    const error = refusal({ env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } })
    expect(error.code).toBe('validation_failed')
    expect(error.errors[0]?.message).toContain('NODE_TLS_REJECT_UNAUTHORIZED=0')
    expect(load({ env: { NODE_TLS_REJECT_UNAUTHORIZED: '1' } }).logLevel).toBe('info')
  })

  test('case 253: the server does not start with a debugger attached', () => {
    for (const name of ['BUN_INSPECT', 'BUN_INSPECT_CONNECT_TO', 'BUN_INSPECT_NOTIFY']) {
      expect(refusal({ env: { [name]: 'ws://localhost' } }).errors[0]?.pointer).toBe(`/${name}`)
    }
  })

  test('an unknown GATEHOUSE_ variable is refused with the closest one that exists', () => {
    expect(messages({ env: { GATEHOUSE_LISTEM: 'x' } })).toEqual([
      'GATEHOUSE_LISTEM is not a setting. Did you mean GATEHOUSE_LISTEN?',
    ])
  })

  test('what Kubernetes sets beside a Service called gatehouse is not taken for a setting', () => {
    const env = {
      GATEHOUSE_SERVICE_HOST: '10.0.0.1',
      GATEHOUSE_SERVICE_PORT: '80',
      GATEHOUSE_SERVICE_PORT_HTTP: '80',
      GATEHOUSE_PORT: 'tcp://10.0.0.1:80',
      GATEHOUSE_PORT_80_TCP_ADDR: '10.0.0.1',
    }
    expect(load({ env }).listen.port).toBe(8080)
  })

  test('proxy variables change nothing', () => {
    const config = load({ env: { HTTP_PROXY: 'http://p', HTTPS_PROXY: 'http://p' } })
    expect([...config.sources.values()].every((source) => source === 'default')).toBe(true)
  })
})

describe('values', () => {
  test('every problem is reported at once, each with its setting, its place and the fix', () => {
    const error = refusal({
      flags: { listen: 'everywhere' },
      env: { GATEHOUSE_LOG_LEVEL: 'loud', GATEHOUSE_ALLOWED_HOSTS: 'app.example,https://x' },
      files: { '/srv/data/gatehouse.toml': 'max_body_bytes = "many"' },
    })
    expect(error.code).toBe('validation_failed')
    expect(error.errors.map(({ pointer, message }) => `${pointer} ${message}`)).toEqual([
      '/listen listen (--listen): "everywhere" is not an IP address with a port. Write 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:8080.',
      '/allowed_hosts allowed_hosts (GATEHOUSE_ALLOWED_HOSTS) "https://x" is not a host. Write host or host:port, without https://.',
      '/max_body_bytes max_body_bytes (max_body_bytes in /srv/data/gatehouse.toml): "many" is not a whole number from 1024 to 1073741824.',
      '/log_level log_level (GATEHOUSE_LOG_LEVEL): "loud" is not one of debug, info, warn, error.',
    ])
  })

  test('case 252: a refused secret is not repeated in the message', () => {
    const error = refusal({ env: { GATEHOUSE_MASTER_KEY: 'hunter2hunter2' } })
    expect(JSON.stringify([error.message, error.reason, error.errors])).not.toContain('hunter2')
    expect(error.errors[0]?.message).toContain('openssl rand -base64 32')
  })

  test('the public URL follows the listen address unless it is set', () => {
    expect(load({}).publicUrl).toBe('http://127.0.0.1:8080')
    expect(load({ flags: { listen: '[::1]:90' } }).publicUrl).toBe('http://[::1]:90')
    expect(load({ flags: { listen: '127.0.0.1:0' } }).publicUrl).toBeNull()
    const wildcard = load({ flags: { listen: '0.0.0.0:90', insecure_listen: true } })
    expect(wildcard.publicUrl).toBe('http://127.0.0.1:90')
    expect(load({ flags: { public_url: 'https://GW.Test/' } }).publicUrl).toBe('https://gw.test')
  })

  test('listening beyond loopback needs an https public URL or a clear word', () => {
    const listen = { listen: '0.0.0.0:8080' }
    expect(messages({ flags: listen })[0]).toContain('insecure_listen')
    expect(messages({ flags: { ...listen, public_url: 'http://gw.test' } })).toHaveLength(1)
    expect(load({ flags: { ...listen, public_url: 'https://gw.test' } }).listen.host).toBe(
      '0.0.0.0',
    )
    expect(load({ flags: { ...listen, insecure_listen: true } }).insecureListen).toBe(true)
  })

  test('the file of further authorities is read, and must hold certificates', () => {
    const pem = '-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n'
    const config = load({ flags: { upstream_ca_file: 'ca.pem' }, files: { '/srv/ca.pem': pem } })
    expect([config.upstreamCaFile, config.upstreamCaPem]).toEqual(['/srv/ca.pem', pem])
    expect(messages({ flags: { upstream_ca_file: 'none.pem' } })).toHaveLength(1)
    expect(
      messages({ flags: { upstream_ca_file: 'k' }, files: { '/srv/k': 'text' } }),
    ).toHaveLength(1)
  })
})

describe('describeConfig', () => {
  test('lists every setting once, with its value and source', () => {
    const described = describeConfig(load({ env: { GATEHOUSE_EGRESS_ALLOW: 'a.test' } }))
    expect(described.map(({ name }) => String(name))).toEqual(Object.keys(settings))
    expect(described.find(({ name }) => name === 'listen')?.value).toBe('127.0.0.1:8080')
    const egress = described.find(({ name }) => name === 'egress_allow')
    expect([egress?.value, egress?.source]).toEqual([['a.test'], 'env'])
    expect(described.every(({ value }) => value !== undefined)).toBe(true)
  })

  test('case 252: secrets are shown as set or not, never themselves', () => {
    const env = { GATEHOUSE_MASTER_KEY: keyA, GATEHOUSE_ADMIN_TOKEN: 'gha_very_secret' }
    const text = JSON.stringify(describeConfig(load({ env })))
    expect(text).not.toContain(keyA)
    expect(text).not.toContain('very_secret')
    expect(text.match(/\(set\)/g)).toHaveLength(2)
    const bare = describeConfig(load({}))
    expect(bare.find(({ name }) => name === 'master_key')?.value).toBeNull()
  })
})
