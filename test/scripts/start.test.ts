import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { engines } from '../../package.json'
import { copyProject, type ProjectCopy } from './project_copy.ts'

const pinned = engines.bun

/** A stand-in for Bun: says its version, notes installs in `asked`, else prints its arguments. */
const bunScript = (version: string) => `
case $1 in
  --version) echo ${version} ;;
  install | add) echo noise; mkdir -p node_modules; echo "bun-${version} $*" >>"$ASKED" ;;
  *) echo "$*" ;;
esac
`

describe('scripts/start', () => {
  let copy: ProjectCopy
  const asked = () => Bun.file(join(copy.directory, 'asked')).text()

  /** Puts a program on PATH that knows where to note what it was asked. */
  const addProgram = (name: string, script: string) =>
    copy.addProgram(name, `ASKED=${copy.directory}/asked\n${script}`)

  /** npm and a Bun of another version: both leave the pinned Bun where the real ones would. */
  const fetching = () => `
    place=${copy.directory}/.tools/node_modules/@oven/bun-linux-x64/bin
    mkdir -p "$place" && cat ${copy.directory}/pinned-bun >"$place/bun" && chmod 755 "$place/bun"
  `

  beforeEach(async () => {
    copy = await copyProject()
    await copy.write('pinned-bun', `#!/bin/sh\nASKED=${copy.directory}/asked\n${bunScript(pinned)}`)
  })

  afterEach(() => copy.remove())

  test('with npm alone fetches the pinned Bun, runs no install script, keeps the lock', async () => {
    await addProgram('npm', `echo noise; echo "npm $*" >>"$ASKED"; ${fetching()}`)
    const first = await copy.run(['scripts/start', 'tool', 'list'])
    expect(first.code).toBe(0)
    const [npm = '', install = ''] = (await asked()).split('\n')
    expect(npm).toContain(`--ignore-scripts`)
    expect(npm).toEndWith(` bun@${pinned}`)
    expect(install).toBe(`bun-${pinned} install --frozen-lockfile`)
    expect(first.stdout).toEndWith(`${copy.directory}/src/main.ts tool list\n`)
    expect(first.stdout).not.toContain('noise')
  })

  test('the second time installs nothing and says nothing but what the verb says', async () => {
    await addProgram('bun', bunScript(pinned))
    expect((await copy.run(['scripts/start'])).code).toBe(0)
    const before = await asked()
    const second = await copy.run(['scripts/start', 'version', '--json'])
    expect(await asked()).toBe(before)
    expect(second.stderr).toBe('')
    expect(second.stdout).toEndWith('src/main.ts version --json\n')
  })

  test('a changed lock file is installed at the next start', async () => {
    await addProgram('bun', bunScript(pinned))
    for (const lock of ['{"lockfileVersion":1}', '{"lockfileVersion":2}']) {
      await copy.write('bun.lock', lock)
      expect((await copy.run(['scripts/start'])).code).toBe(0)
    }
    expect((await asked()).trim().split('\n')).toHaveLength(2)
  })

  test('with another Bun alone has that one fetch the pinned Bun', async () => {
    const other = `case $1 in --version) echo 1.0.0 ;; *) echo "bun-1.0.0 $*" >>"$ASKED"; ${fetching()} ;; esac`
    await addProgram('bun', other)
    const finished = await copy.run(['scripts/start'])
    expect(finished.code).toBe(0)
    const lines = (await asked()).trim().split('\n')
    expect(lines).toEqual([
      `bun-1.0.0 add --exact --ignore-scripts bun@${pinned}`,
      `bun-${pinned} install --frozen-lockfile`,
    ])
  })

  test('with neither Node.js nor Bun says what it needs and runs nothing', async () => {
    const finished = await copy.run(['scripts/start'])
    expect(finished.code).toBe(1)
    expect(finished.stdout).toBe('')
    expect(finished.stderr).toContain(`needs Bun ${pinned}, or Node.js with npm`)
  })

  test('when the install fails shows why and does not start', async () => {
    await addProgram('npm', 'echo the registry is away >&2; exit 1')
    const finished = await copy.run(['scripts/start'])
    expect(finished.code).toBe(1)
    expect(finished.stdout).toBe('')
    expect(finished.stderr).toContain('the registry is away')
    expect(finished.stderr).toEndWith('gatehouse: set-up failed\n')
  })

  test.each([
    [[], 'serve'],
    [['--listen', '127.0.0.1:0'], 'serve --listen 127.0.0.1:0'],
    [['demo'], 'demo'],
    [['tool', 'list', '--json'], 'tool list --json'],
  ] as const)('given %j runs gatehouse %s', async (words, expected) => {
    await addProgram('bun', bunScript(pinned))
    const finished = await copy.run(['scripts/start', ...words])
    expect(finished.stdout).toEndWith(`/src/main.ts ${expected}\n`)
  })

  test('works through a symbolic link, from another directory and without HOME', async () => {
    await addProgram('bun', bunScript(pinned).replace('echo "$*"', 'echo "$PWD $*"'))
    const place = join(copy.directory, 'elsewhere')
    await copy.write('elsewhere/file', '')
    await symlink('../scripts/start', join(place, 'gatehouse'))
    for (const home of [undefined, '', '/nonexistent']) {
      const options = { cwd: place, ...(home === undefined ? {} : { home }) }
      const finished = await copy.run(['elsewhere/gatehouse', 'tool', 'import', 'a.yaml'], options)
      expect(finished.stdout).toStartWith(`${place} `)
      expect(finished.stdout).toEndWith(`${copy.directory}/src/main.ts tool import a.yaml\n`)
    }
  })

  test('two first starts at once install once', async () => {
    const slow = bunScript(pinned).replace('echo noise', 'sleep 1')
    await addProgram('bun', slow)
    const both = await Promise.all([copy.run(['scripts/start']), copy.run(['scripts/start'])])
    expect(both.map((finished) => finished.code)).toEqual([0, 0])
    expect((await asked()).trim().split('\n')).toHaveLength(1)
  })

  test('a set-up that was killed does not block the next one', async () => {
    await addProgram('bun', bunScript(pinned))
    const gone = Bun.spawn(['true'])
    await gone.exited
    await copy.write('.tools/lock/pid', `${gone.pid}\n`)
    expect((await copy.run(['scripts/start'])).code).toBe(0)
  })
})
