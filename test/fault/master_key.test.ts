import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtBinary } from '../helpers/built_binary.ts'
import { startServer } from '../helpers/server_process.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'
import { fill, serve, signs } from './sample_server.ts'

let program: readonly string[]
let place: string

beforeAll(async () => {
  program = [await builtBinary()]
  place = temporaryDir()
}, 60_000)

afterAll(() => rmSync(place, { recursive: true, force: true }))

describe('a master key from outside', () => {
  const key = randomBytes(32)
  const sources: readonly (readonly [string, (directory: string) => Record<string, string>])[] = [
    ['GATEHOUSE_MASTER_KEY in base64', () => ({ GATEHOUSE_MASTER_KEY: key.toString('base64') })],
    ['GATEHOUSE_MASTER_KEY in hex', () => ({ GATEHOUSE_MASTER_KEY: key.toString('hex') })],
    [
      'GATEHOUSE_MASTER_KEY_FILE',
      (directory) => {
        writeFileSync(join(directory, 'key'), `${key.toString('base64')}\n`)
        return { GATEHOUSE_MASTER_KEY_FILE: join(directory, 'key') }
      },
    ],
    [
      'a systemd credential',
      (directory) => {
        writeFileSync(join(directory, 'gatehouse.master_key'), key.toString('hex'))
        return { CREDENTIALS_DIRECTORY: directory }
      },
    ],
  ]

  for (const [index, [name, give]] of sources.entries()) {
    test(`${name} opens the store, again too, and no master.key is written`, async () => {
      const directory = join(place, `given-${index}`)
      mkdirSync(directory)
      const dataDir = join(directory, 'data')
      const env = give(directory)
      const first = await startServer({ program, dataDir, env })
      await fill(first)
      await first.stop()
      const second = await startServer({ program, dataDir, env })
      expect(await signs(second)).toBe(true)
      expect(await second.stop()).toBe(0)
      expect(readdirSync(dataDir).sort()).toEqual([
        'gatehouse.db',
        'lock.db',
        'reserve',
        'setup-url',
      ])
      const without = await serve(dataDir)
      expect([without.code, existsSync(join(dataDir, 'master.key'))]).toEqual([78, false])
    })
  }

  test('each of them is the same key', async () => {
    const dataDir = join(place, 'given-0', 'data')
    const directory = join(place, 'given-3')
    const server = await startServer({
      program,
      dataDir,
      env: { CREDENTIALS_DIRECTORY: directory },
    })
    expect(await signs(server)).toBe(true)
    await server.stop()
  })
})
