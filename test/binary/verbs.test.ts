import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { version } from '../../src/version.ts'
import { builtBinary } from '../helpers/built_binary.ts'
import { type ProcessOptions, runGatehouse, startServer } from '../helpers/server_process.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'

let program: readonly string[]
let cwd: string

beforeAll(async () => {
  program = [await builtBinary()]
  cwd = temporaryDir()
}, 60_000)

afterAll(() => {
  expect(readdirSync(cwd).filter((name) => name !== 'data')).toEqual([])
  rmSync(cwd, { recursive: true, force: true })
})

const run = (words: string, options: ProcessOptions = {}) =>
  runGatehouse(program, words.split(' '), { cwd, ...options })

describe('the verbs of the executable', () => {
  test('version says what it is, for people and for machines', async () => {
    const json = await run('version --json')
    expect(json).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(json.stdout)).toMatchObject({ version, bun: Bun.version })
    expect((await run('version')).stdout).toStartWith(`gatehouse ${version} (`)
    expect(await run('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  test('config show says of each setting where it comes from', async () => {
    const words = 'config show --sources --json --drain-seconds 5'
    const env = { GATEHOUSE_MAX_IN_FLIGHT: '7', GATEHOUSE_MASTER_KEY: '00'.repeat(32) }
    const { code, stdout, stderr } = await run(words, { env })
    expect([code, stderr]).toEqual([0, ''])
    const { settings } = JSON.parse(stdout)
    expect(settings).toContainEqual({ name: 'drain_seconds', value: 5, source: 'flag' })
    expect(settings).toContainEqual({ name: 'max_in_flight', value: 7, source: 'env' })
    expect(settings).toContainEqual({ name: 'listen', value: '127.0.0.1:8080', source: 'default' })
    expect(settings).toContainEqual({ name: 'master_key', value: '(set)', source: 'env' })
    expect(stdout).not.toContain('0000')
  })

  test('completion bash is a script that bash takes and that completes', async () => {
    const { code, stdout, stderr } = await run('completion bash')
    expect([code, stderr]).toEqual([0, ''])
    const checked = Bun.spawnSync(['bash', '-n'], { stdin: Buffer.from(stdout) })
    expect([checked.exitCode, String(checked.stderr)]).toEqual([0, ''])
    expect((await run('complete -- tool li')).stdout).toStartWith('list\t')
  })

  for (const [words, complaint] of [
    ['nonsense', "unknown command 'nonsense'"],
    ['tool nonsense', "unknown command 'nonsense'"],
    ['serve --no-such-flag', "unknown option '--no-such-flag'"],
    ['serve --listen nowhere', 'listen (--listen): "nowhere"'],
    ['bootstrap', "required option '--project <name>' not specified"],
  ] as const) {
    test(`${words}: usage, exit code 2, nothing on standard output`, async () => {
      const { code, stdout, stderr } = await run(words)
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toStartWith('error: ')
      expect(stderr).toContain(complaint)
    })
  }

  test('healthcheck ends with 3 where nothing runs, 0 where all is well, 1 where it is not', async () => {
    expect(await run('healthcheck')).toEqual({
      code: 3,
      stdout: '',
      stderr: `error: No server runs for ${join(cwd, 'data')}\n`,
    })
    expect((await run('healthcheck --url http://127.0.0.1:1')).code).toBe(3)
    const server = await startServer({ program, cwd })
    expect(await run('healthcheck')).toEqual({ code: 0, stdout: 'ready\n', stderr: '' })
    expect((await run(`healthcheck --url ${server.url}`)).code).toBe(0)
    expect(await server.stop()).toBe(0)
    const ailing = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: () => Response.json({ status: 'store_unavailable' }, { status: 503 }),
    })
    expect(await run(`healthcheck --url ${ailing.url.origin}`)).toMatchObject({
      code: 1,
      stdout: '',
    })
    await ailing.stop(true)
  })

  test('a failure with --json is JSON on standard error', async () => {
    const { code, stdout, stderr } = await run('tool show absent --json')
    expect([code, stdout]).toEqual([1, ''])
    expect(JSON.parse(stderr).error.detail).toBe('There is no project yet')
  })

  test('a settings file beside the database is read; a mistake in it is shown with the fix', async () => {
    const file = join(cwd, 'data', 'gatehouse.toml')
    writeFileSync(file, 'drain_second = 5\n')
    const { code, stderr } = await run('config validate')
    expect(code).toBe(2)
    expect(stderr).toContain('drain_second is not a setting. Did you mean drain_seconds?')
    writeFileSync(file, 'drain_seconds = 5\n')
    expect((await run('config validate')).stdout).toBe(`The configuration is valid (${file}).\n`)
  })
})
