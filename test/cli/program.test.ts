import { describe, expect, test } from 'bun:test'
import { version } from '../../src/version.ts'
import { runCli, runWith } from './fake_surroundings.ts'

describe('help', () => {
  const pages = [
    ['--help'],
    ['serve', '--help'],
    ['tool', '--help'],
    ['tool', 'add', '--help'],
    ['runs', 'list', '--help'],
    ['help', 'bootstrap'],
  ]
  for (const words of pages) {
    test(`gatehouse ${words.join(' ')} is printed on standard output, 80 columns wide`, async () => {
      const { code, stdout, stderr } = await runWith(words)
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toMatchSnapshot()
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
    })
  }

  test('no flag of serve takes a secret itself', async () => {
    const { stdout } = await runWith(['serve', '--help'])
    expect(stdout).toContain('--master-key-file <path>')
    expect(stdout).not.toMatch(/--master-key </)
  })
})

describe('misuse', () => {
  const cases: readonly (readonly [string[], string])[] = [
    [['serv'], "error: unknown command 'serv'\n  Did you mean serve?\n"],
    [['tool', 'lst'], "error: unknown command 'lst'\n  Did you mean list?\n"],
    [['tool', 'list', '--jsn'], "error: unknown option '--jsn'\n  Did you mean --json?\n"],
    [['tool', 'show'], "error: missing required argument 'tool'\n"],
    [['bootstrap'], "error: required option '--project <name>' not specified\n"],
    [
      ['runs', 'list', '--state', 'odd'],
      "error: option '--state <state>' argument 'odd' is invalid. Allowed choices are sending, done, failed_not_sent, unknown.\n",
    ],
  ]
  for (const [words, message] of cases) {
    test(`gatehouse ${words.join(' ')} ends with 2 and says what is wrong`, async () => {
      const outcome = await runCli(words)
      expect(outcome).toEqual({ code: 2, stdout: '', stderr: message, requests: [] })
    })
  }

  test('with --json the failure is an object', async () => {
    const { code, stderr } = await runWith(['tool', 'show', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(stderr)).toEqual({ error: { detail: "missing required argument 'tool'" } })
  })

  test('no command, or a noun without a verb, shows help on standard error and ends with 2', async () => {
    for (const words of [[], ['tool']]) {
      const { code, stdout, stderr } = await runWith(words)
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toStartWith(`Usage: gatehouse ${words.join(' ')}`.trimEnd())
    }
  })

  test('a failure nobody foresaw ends with 1 and shows where it happened', async () => {
    const loadServer = () => {
      throw new Error('boom\u001b[2J')
    }
    const { code, stderr } = await runWith(['serve'], { loadServer })
    expect(code).toBe(1)
    expect(stderr).toStartWith('error: Unexpected: boom\\u001b[2J\n')
    expect(stderr).toContain('program.test.ts')
  })
})

describe('configuration', () => {
  test('a setting that cannot be used ends every command with 2', async () => {
    for (const words of [['serve'], ['config', 'validate'], ['tool', 'list'], ['healthcheck']]) {
      const { code, stderr } = await runWith(words, { env: { GATEHOUSE_LISTEN: 'here' } })
      expect(code).toBe(2)
      expect(stderr).toStartWith(
        'error: The configuration cannot be used\n  listen (GATEHOUSE_LISTEN): "here" is not',
      )
    }
  })

  test('config show prints every setting, with --sources where from', async () => {
    const env = {
      GATEHOUSE_EGRESS_ALLOW: 'a.test,b.test:81',
      GATEHOUSE_MASTER_KEY: '00'.repeat(32),
    }
    const files = { '/srv/data/gatehouse.toml': 'log_level = "debug"' }
    const words = ['config', 'show', '--sources', '--drain-seconds', '5']
    const { code, stdout } = await runWith(words, { env, files })
    expect(code).toBe(0)
    expect(stdout).toMatchSnapshot()
  })

  test('config show --json has the values as they are', async () => {
    const { stdout } = await runWith([
      'config',
      'show',
      '--json',
      '--allowed-hosts',
      'a.test',
      '--allowed-hosts',
      'b.test',
    ])
    const { settings, settings_file } = JSON.parse(stdout)
    expect(settings_file).toBeNull()
    expect(settings).toContainEqual({ name: 'allowed_hosts', value: ['a.test', 'b.test'] })
    expect(settings).toContainEqual({ name: 'max_in_flight', value: 1024 })
    expect(settings).toContainEqual({ name: 'master_key', value: null })
  })

  test('config validate says which file it read', async () => {
    const files = { '/srv/g.toml': 'log_level = "debug"' }
    const { code, stdout } = await runWith(['config', 'validate', '--config', 'g.toml'], { files })
    expect([code, stdout]).toEqual([0, 'The configuration is valid (/srv/g.toml).\n'])
  })
})

describe('version', () => {
  test('is one line, or an object', async () => {
    expect((await runWith(['--version'])).stdout).toBe(`${version}\n`)
    expect((await runWith(['version'])).stdout).toStartWith(`gatehouse ${version} (`)
    const { stdout } = await runWith(['version', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ version, bun: Bun.version })
  })
})
