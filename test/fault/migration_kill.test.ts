import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDir } from '../helpers/temporary_dir.ts'
import { canInject, rounds } from './means.ts'
import { contentOf, makeOlderStore, newestVersion } from './older_store.ts'
import { chosenSeed, SeededRandom } from './random.ts'

const seed = chosenSeed()
const random = new SeededRandom(seed)
const oldVersion = 3
const projects = 200
const script = Bun.fileURLToPath(import.meta.resolve('./migrated_once.ts'))

let place: string
let older: string
let copies = 0

beforeAll(() => {
  place = temporaryDir()
  older = join(place, 'older')
  makeOlderStore(older, oldVersion, projects)
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

function copyOfOlder(): string {
  const dataDir = join(place, `copy-${++copies}`)
  cpSync(older, dataDir, { recursive: true })
  return dataDir
}

/** A start of the store in a process of its own, until its end. */
function start(dataDir: string, before: readonly string[] = []) {
  const words = [...before, process.execPath, script, dataDir]
  return Bun.spawn(words, { stdout: 'ignore', stderr: 'pipe', env: { PATH: process.env['PATH'] } })
}

/** What is true of a directory whose migration was killed, wherever it was. */
async function checkKilled(dataDir: string): Promise<number> {
  const path = join(dataDir, 'gatehouse.db')
  const killed = `${dataDir}-killed`
  cpSync(dataDir, killed, { recursive: true })
  const { version, projects: kept, isSound } = contentOf(join(killed, 'gatehouse.db'))
  rmSync(killed, { recursive: true })
  expect([kept, isSound]).toEqual([projects, true])
  expect(version).toBeGreaterThanOrEqual(oldVersion)
  expect(version).toBeLessThanOrEqual(newestVersion)
  const backup = `${path}.schema-${oldVersion}.backup`
  if (version > oldVersion) expect(existsSync(backup)).toBe(true)
  if (existsSync(backup)) {
    expect(contentOf(backup)).toMatchObject({ version: oldVersion, projects, isSound: true })
  }
  const again = start(dataDir)
  expect([await again.exited, await again.stderr.text()]).toEqual([0, ''])
  expect(contentOf(path)).toMatchObject({ version: newestVersion, projects, isSound: true })
  expect(readdirSync(dataDir).filter((name) => name.includes('.new'))).toEqual([])
  return version
}

describe(`case 231, R10: an upgrade that is killed (FAULT_SEED=${seed})`, () => {
  test('by the clock: leaves one version or the next, and the next start goes on', async () => {
    for (let round = 0; round < rounds(8, 40); round++) {
      const dataDir = copyOfOlder()
      const upgrade = start(dataDir)
      const path = join(dataDir, 'gatehouse.db')
      const before = readFileSync(path)
      while (upgrade.exitCode === null && readdirSync(dataDir).length === 1) await Bun.sleep(1)
      await Bun.sleep(random.integer(0, 30))
      upgrade.kill('SIGKILL')
      await upgrade.exited
      expect(before.byteLength).toBeGreaterThan(0)
      await checkKilled(dataDir)
      rmSync(dataDir, { recursive: true })
    }
  }, 120_000)

  test.skipIf(!canInject)(
    'at a write: at each of them in turn, none leaves half a version',
    async () => {
      const whole = copyOfOlder()
      const log = join(place, 'writes')
      const trace = ['strace', '-f', '-qq', '-e', 'trace=pwrite64']
      expect(await start(whole, [...trace, '-o', log]).exited).toBe(0)
      const writes = readFileSync(log, 'utf8').split('pwrite64(').length - 1
      expect(writes).toBeGreaterThan(20)
      const seen = new Set<number>()
      const points = rounds(12, writes)
      // One run makes a few writes more or fewer than the next; the last ones may not come.
      const sure = Math.floor(writes * 0.8)
      for (let point = 0; point < points; point++) {
        const when = 1 + Math.floor((point * sure) / points)
        const dataDir = copyOfOlder()
        const inject = `inject=pwrite64:signal=SIGKILL:when=${when}`
        const code = await start(dataDir, [...trace, '-o', '/dev/null', '-e', inject]).exited
        expect([when, code]).toEqual([when, 137])
        seen.add(await checkKilled(dataDir))
        rmSync(dataDir, { recursive: true })
      }
      expect(seen.size).toBeGreaterThan(2)
    },
    600_000,
  )
})
