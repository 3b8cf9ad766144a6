import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { builtBinary } from '../helpers/built_binary.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import { callOnce, type KillWorld, startWorld } from './kill_world.ts'

const secrets = { hmac: 'a-shared-secret', bearer: 'a-bearer-secret' }
/** 200 ms for the lock, and what a busy machine takes besides. */
const mostMs = 350
let world: KillWorld

beforeAll(async () => {
  world = await startWorld([await builtBinary()], secrets)
}, 60_000)

afterAll(async () => {
  await world.stop()
  rmSync(world.dataDir, { recursive: true, force: true })
})

/** Another program, such as the sqlite3 shell, in the middle of a write. */
function holdLock(): { release(): void } {
  const other = new Database(join(world.dataDir, 'gatehouse.db'), { readwrite: true })
  other.run('BEGIN IMMEDIATE')
  return {
    release: () => {
      other.run('ROLLBACK')
      other.close()
    },
  }
}

async function timed<T>(work: Promise<T>): Promise<{ ms: number; value: T }> {
  const startedAtMs = performance.now()
  const value = await work
  return { ms: performance.now() - startedAtMs, value }
}

const middle = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

describe('case 234: another program holds the lock of the database', () => {
  test('writes are refused in a quarter of a second, unsent, and reads do not wait', async () => {
    const lock = holdLock()
    const writes = Array.from({ length: 6 }, (_, i) =>
      timed(callOnce(world, 'bearer-write', `locked-${i}`)),
    )
    const reads: number[] = []
    while (reads.length < 20) {
      const { url } = world.server
      const { ms, value } = await timed(
        callLegacy(`${url}/mcp`, world.project.api_key, 'tools/list'),
      )
      expect(value.status).toBe(200)
      reads.push(ms)
      await Bun.sleep(5)
    }
    const refused = await Promise.all(writes)
    const again = await timed(callOnce(world, 'bearer-write', 'locked-again'))
    lock.release()
    expect(again.ms).toBeLessThan(mostMs)
    expect(refused.map(({ value }) => value?.errorCode)).toEqual(
      refused.map(() => 'store_unavailable'),
    )
    expect(middle(refused.map(({ ms }) => ms))).toBeLessThan(mostMs)
    // SQLite's own wait would hold up every read for as long as the lock.
    expect(reads.filter((ms) => ms > 150).length).toBeLessThan(2)
    expect(world.upstream.hits.filter(({ number }) => number.startsWith('locked-'))).toEqual([])
    expect((await callOnce(world, 'bearer-write', 'free'))?.errorCode).toBeNull()
  })

  test('one that is soon let go is waited for', async () => {
    const lock = holdLock()
    const calls = Array.from({ length: 4 }, (_, i) => callOnce(world, 'bearer-write', `short-${i}`))
    await Bun.sleep(60)
    lock.release()
    const answers = await Promise.all(calls)
    expect(answers.map((one) => one?.errorCode)).toEqual([null, null, null, null])
    const hits = world.upstream.hits.filter(({ number }) => number.startsWith('short-'))
    expect(hits).toHaveLength(4)
  })
})
