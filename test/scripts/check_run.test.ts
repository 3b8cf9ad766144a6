import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { $ } from 'bun'
import { copyProject, type ProjectCopy } from './project_copy.ts'

const imports = "import { afterAll, beforeAll, expect, test } from 'bun:test'\n"
const passing = "test('a', () => expect(1).toBe(1))\n"

describe('scripts/test', () => {
  let copy: ProjectCopy

  beforeAll(async () => {
    copy = await copyProject()
    await symlink(process.execPath, join(copy.programs, 'bun'))
    await copy.write('bun.lock', '{}')
    await copy.write('test/helpers/property_seed.ts', '')
    await copy.write('package.json', JSON.stringify({ engines: { bun: Bun.version } }, null, 2))
    // As after a set-up, so that nothing is installed.
    const { stdout: sum } = await $`cat package.json bun.lock | cksum`.cwd(copy.directory).quiet()
    await copy.write('node_modules/.gatehouse_stamp', `${Bun.version} ${sum}`)
  })

  afterAll(() => copy.remove())

  test.each([
    ['tests that pass', passing + passing.replace("'a'", "'b'"), 0, '2 passed, 0 failed'],
    ['a failed test', `${passing}test('b', () => expect(1).toBe(2))\n`, 1, '1 passed, 1 failed'],
    [
      'a test out of time',
      `${passing}test('b', () => new Promise(() => {}), 20)\n`,
      1,
      '1 passed, 1 failed',
    ],
    ['a skipped test', `${passing}test.skip('b', () => {})\n`, 0, '1 passed, 0 failed'],
    ['an error between tests', `${passing}throw new Error('x')\n`, 1, '0 passed, 1 failed'],
    [
      'a failed hook',
      `${passing}afterAll(() => { throw new Error('x') })\n`,
      1,
      '1 passed, 1 failed',
    ],
    ['a file that does not parse', 'test(', 1, '0 passed, 1 failed'],
    ['a process that exits well', "test('a', () => process.exit(0))\n", 1, '0 passed, 1 failed'],
    ['a process that is killed', 'process.kill(process.pid, 9)\n', 1, '0 passed, 1 failed'],
    ['no test at all', '\n', 1, '0 passed, 1 failed'],
  ] as const)('with %s', async (name, source, code, lastLine) => {
    const path = `test/${name.replaceAll(' ', '_')}.test.ts`
    await copy.write(path, imports + source)
    const finished = await copy.run(['scripts/test', path])
    expect(finished.stdout.trimEnd().split('\n').at(-1)).toBe(lastLine)
    expect(finished.code).toBe(code)
  })

  test('counts each check that cannot even run as failed', async () => {
    await copy.write('test/good.test.ts', imports + passing)
    const finished = await copy.run(['scripts/test'])
    expect(finished.stdout).toMatch(/\n\d+ passed, ([3-9]|\d\d) failed\n$/)
    expect(finished.code).toBe(1)
  })
})
