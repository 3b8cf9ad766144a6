import { Database } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { builtBinary } from '../helpers/built_binary.ts'
import { startProcess } from '../helpers/server_process.ts'
import { mountImageDisk } from './image_disk.ts'
import { callOnce, type KillWorld, startWorld, type ToolName } from './kill_world.ts'
import { canMountImages, rounds } from './means.ts'
import { chosenSeed, SeededRandom } from './random.ts'

const seed = chosenSeed()
const random = new SeededRandom(seed)
const secrets = { hmac: 'a-shared-secret', bearer: 'a-bearer-secret' }

/** Everything one query gives from the database of a directory, after seeing that it is sound. */
function queried(dataDir: string, sql: string): unknown[][] {
  const path = join(dataDir, 'gatehouse.db')
  expect(existsSync(path)).toBe(true)
  const database = new Database(path, { readwrite: true })
  expect(database.query('PRAGMA integrity_check').values()).toEqual([['ok']])
  const rows = database.query(sql).values()
  database.close()
  return rows
}

/** Cuts the power of a writer at random, so often; how many acknowledged rows each cut lost. */
async function cutWriter(durability: 'synced' | 'written', cuts: number): Promise<number[]> {
  using disk = mountImageDisk(64)
  const script = Bun.fileURLToPath(import.meta.resolve('./committing_writer.ts'))
  const writer = startProcess([process.execPath, script, disk.dataDir, durability], {})
  await writer.stdout.until(/(\b20\n)/)
  const lost: number[] = []
  for (let cut = 0; cut < cuts; cut++) {
    await Bun.sleep(random.integer(20, 150))
    const acknowledged = Number(writer.stdout.text.trimEnd().split('\n').at(-1))
    const image = disk.takeImage(writer.pid)
    const found = image.whileMounted((dataDir) =>
      queried(dataDir, "SELECT COUNT(*) FROM instance WHERE name LIKE 'x%'"),
    )
    lost.push(Math.max(0, acknowledged - Number(found[0]?.[0])))
  }
  writer.kill('SIGKILL')
  await writer.exited
  return lost
}

describe.skipIf(!canMountImages)(`case 222: the power goes (FAULT_SEED=${seed})`, () => {
  test('a synced write that was acknowledged is there afterwards', async () => {
    const cuts = rounds(5, 40)
    expect(await cutWriter('synced', cuts)).toEqual(Array.from({ length: cuts }, () => 0))
  }, 120_000)

  test('the method sees a loss: writes that wait for no sync are lost', async () => {
    const lost = await cutWriter('written', rounds(3, 10))
    expect(Math.max(...lost)).toBeGreaterThan(0)
  }, 120_000)

  test('R2: a write call that was answered is on record, whenever the power went', async () => {
    using disk = mountImageDisk(96)
    const world = await startWorld([await builtBinary()], secrets, disk.dataDir)
    let isOver = false
    const answered: string[] = []
    const load = callAll(
      world,
      () => isOver,
      (runId) => answered.push(runId),
    )
    for (let cut = 0; cut < rounds(5, 30); cut++) {
      await Bun.sleep(random.integer(20, 200))
      const acknowledged = [...answered]
      const image = disk.takeImage(world.server.pid)
      const rows = image.whileMounted((dataDir) =>
        queried(dataDir, "SELECT lower(hex(id)) FROM runs WHERE state = 'done'"),
      )
      const done = new Set(rows.map(([id]) => id))
      expect(acknowledged.filter((id) => !done.has(id.replaceAll('-', '')))).toEqual([])
    }
    isOver = true
    await load
    expect(answered.length).toBeGreaterThan(50)
    await world.stop()
  }, 120_000)
})

/** 20 clients that write until told to end. */
async function callAll(
  world: KillWorld,
  isOver: () => boolean,
  onAnswered: (runId: string) => void,
): Promise<void> {
  let next = 1
  const tools: readonly [ToolName, ...ToolName[]] = ['signed-write', 'bearer-write']
  const client = async () => {
    while (!isOver()) {
      const call = await callOnce(world, random.pick(tools), String(next++))
      if (call !== null && !call.isError) onAnswered(call.runId)
    }
  }
  await Promise.all(Array.from({ length: 20 }, client))
}
