import { describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const main = join(import.meta.dir, '../../src/main.ts')
const sink = join(import.meta.dir, '../../src/cli/file_sink.ts')
const env = { PATH: process.env.PATH ?? '', HOME: tmpdir() }

function gatehouse(words: readonly string[], more: Record<string, string> = {}) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, main, ...words], {
    cwd: tmpdir(),
    env: { ...env, ...more },
  })
  return { code: exitCode, stdout: String(stdout), stderr: String(stderr) }
}

describe('the program itself', () => {
  test('passes the exit code on and keeps the streams apart', () => {
    expect(gatehouse(['version'])).toMatchObject({ code: 0, stderr: '' })
    expect(gatehouse(['nonsense'])).toEqual({
      code: 2,
      stdout: '',
      stderr: "error: unknown command 'nonsense'\n",
    })
  })

  test('reads its own environment', () => {
    const outcome = gatehouse(['config', 'show', '--json', '--sources'], {
      GATEHOUSE_DRAIN_SECONDS: '7',
    })
    expect(JSON.parse(outcome.stdout).settings).toContainEqual({
      name: 'drain_seconds',
      value: 7,
      source: 'env',
    })
  })

  test('case 169: refuses every command while certificate checks are switched off', () => {
    const outcome = gatehouse(['project', 'list'], { NODE_TLS_REJECT_UNAUTHORIZED: '0' })
    expect([outcome.code, outcome.stdout]).toEqual([2, ''])
    expect(outcome.stderr).toContain(
      'NODE_TLS_REJECT_UNAUTHORIZED=0 switches certificate checks off.',
    )
  })

  test('help does not load the server', () => {
    const outcome = Bun.spawnSync(
      [
        process.execPath,
        '-e',
        `process.argv.length = 1; process.argv.push('x', '--help')
        process.on('exit', () => console.error(Object.keys(require.cache).join('\\n')))
        await import(${JSON.stringify(main)})`,
      ],
      { env },
    )
    const loaded = String(outcome.stderr)
    expect(loaded).toContain('src/cli/program.ts')
    expect(loaded).not.toMatch(/hono|jose|modelcontextprotocol|src\/store|src\/app\.ts|@bomb\.sh/)
  })
})

describe('completion', () => {
  for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
    test(`prints a script for ${shell}`, () => {
      const { code, stdout, stderr } = gatehouse(['completion', shell])
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toContain('gatehouse complete')
    })
  }

  test('an unknown shell is refused', () => {
    expect(gatehouse(['completion', 'tcsh']).code).toBe(2)
  })

  const asked: readonly (readonly [string[], string[]])[] = [
    [['to'], ['token', 'tool']],
    [['tool', 'li'], ['list']],
    [['runs', 'list', '--sta'], ['--state']],
    [['runs', 'list', '--state', 'un'], ['unknown']],
    [['completion', 'ba'], ['bash']],
  ]
  for (const [words, suggestions] of asked) {
    test(`${words.join(' ')} is completed to ${suggestions.join(', ')}`, () => {
      const { code, stdout } = gatehouse(['complete', '--', ...words])
      const values = stdout.split('\n').filter((line) => line !== '' && !line.startsWith(':'))
      expect([code, values.map((line) => line.split('\t')[0] ?? '')]).toEqual([0, suggestions])
    })
  }

  test('the scripts for bash and zsh are valid for the shells that are there', () => {
    for (const shell of ['bash', 'zsh'].filter((name) => Bun.which(name) !== null)) {
      const { stdout } = gatehouse(['completion', shell])
      const checked = Bun.spawnSync([shell, '-n'], { stdin: Buffer.from(stdout) })
      expect([shell, checked.exitCode, String(checked.stderr)]).toEqual([shell, 0, ''])
    }
  })
})

describe('output', () => {
  test('nothing is lost to a slow reader, and a reader that goes away is no error', async () => {
    const script = `import { openFileSink } from ${JSON.stringify(sink)}
      // Bun makes a pipe non-blocking here, as another program may have done.
      void process.stdout.isTTY
      const out = openFileSink(1)
      for (let i = 0; i < 20000; i++) out.write('line ' + i + ' ' + 'x'.repeat(90) + '\\n')
      out.flush()`
    const slow = Bun.spawn(
      ['sh', '-c', '"$0" -e "$1" | (sleep 0.2; tail -n 1)', process.execPath, script],
      { env },
    )
    expect(await new Response(slow.stdout).text()).toStartWith('line 19999 ')
    const gone = Bun.spawn(
      ['sh', '-c', '("$0" -e "$1"; echo "code $?" >&2) | head -n 1', process.execPath, script],
      {
        env,
        stderr: 'pipe',
      },
    )
    const [first, code] = await Promise.all([
      new Response(gone.stdout).text(),
      new Response(gone.stderr).text(),
    ])
    expect([first.slice(0, 7), code]).toEqual(['line 0 ', 'code 0\n'])
  })

  test('files it makes are its own alone', () => {
    const directory = mkdtempSync(join(tmpdir(), 'gatehouse-'))
    try {
      const script = `import { writeFileSync, statSync } from 'node:fs'
        process.on('exit', () => {
          writeFileSync('made', '')
          writeFileSync('mode', (statSync('made').mode & 0o777).toString(8))
        })
        process.argv.length = 1
        process.argv.push('x', 'version')
        await import(${JSON.stringify(main)})`
      Bun.spawnSync([process.execPath, '-e', script], { cwd: directory, env })
      expect(readFileSync(join(directory, 'mode'), 'utf8')).toBe('600')
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
