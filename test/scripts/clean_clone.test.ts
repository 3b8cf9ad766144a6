import { afterAll, beforeAll, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { $ } from 'bun'
import { startProcess } from '../helpers/server_process.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'

const root = resolve(import.meta.dir, '../..')
let place: string
let clone: string
let cwd: string
const path = () => `${join(place, 'bin')}:/usr/bin:/bin`

/** As a set-up leaves it, but without the network: what is installed here, under the clone's stamp. */
async function install(): Promise<void> {
  const installed = join(root, 'node_modules')
  const own = join(clone, 'node_modules')
  mkdirSync(own)
  for (const name of readdirSync(installed).filter((each) => each !== '.gatehouse_stamp')) {
    symlinkSync(join(installed, name), join(own, name))
  }
  const { stdout: sum } = await $`cat package.json bun.lock | cksum`.cwd(clone).quiet()
  await Bun.write(join(own, '.gatehouse_stamp'), `${Bun.version} ${sum}`)
}

beforeAll(async () => {
  place = temporaryDir()
  clone = join(place, 'clone')
  cwd = join(place, 'empty')
  for (const name of ['bin', 'empty']) mkdirSync(join(place, name))
  symlinkSync(process.execPath, join(place, 'bin/bun'))
  await $`git -c ${'safe.directory=*'} clone --quiet ${root} ${clone}`.quiet()
  await install()
}, 60_000)

afterAll(() => rmSync(place, { recursive: true, force: true }))

test('a clean clone runs the demo with nothing but PATH, from an empty directory', async () => {
  const words = [join(clone, 'scripts/start'), 'demo', '--listen', '127.0.0.1:0']
  const demo = startProcess(words, { cwd, env: { PATH: path(), HOME: '/nonexistent' } })
  const ended = demo.exited.then((code) => `ended with ${code}: ${demo.stderr.text}`)
  const shown = demo.stdout.until(/runs list --data-dir (\S+)\n/)
  const dataDir = await Promise.race([shown, ended])
  expect(dataDir).toStartWith('/')
  expect(demo.stdout.text).toContain('(the API checked the signature: valid)')
  expect(existsSync(join(dataDir, 'gatehouse.db'))).toBe(true)
  demo.kill('SIGINT')
  expect(await demo.exited).toBe(0)
  expect(demo.stderr.text).toBe('')
  expect([existsSync(dataDir), readdirSync(cwd)]).toEqual([false, []])
  expect(await $`git status --porcelain`.cwd(clone).text()).toBe('')
}, 30_000)
