import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Operation, Row } from '../../src/store/database.ts'
import { openSqlite } from '../../src/store/open_sqlite.ts'
import type { StoreEvent } from '../../src/store/store_event.ts'
import { builtBinary } from '../helpers/built_binary.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import {
  type AnsweredCall,
  callOnce,
  type KillWorld,
  restart,
  runsSince,
  startWorld,
} from './kill_world.ts'
import { canMount, rounds } from './means.ts'
import { mountSmallDisk, type SmallDisk } from './small_disk.ts'

const secrets = { hmac: 'a-shared-secret', bearer: 'a-bearer-secret' }

function* put(name: string): Operation<readonly Row[]> {
  return yield {
    sql: 'INSERT INTO instance (name, value) VALUES ($1, $2)',
    params: [name, new Uint8Array(2000)],
  }
}

function* count(): Operation<number> {
  const [row] = yield { sql: "SELECT COUNT(*) AS n FROM instance WHERE name LIKE 'x%'", params: [] }
  return Number(row?.['n'])
}

async function until(isSo: () => boolean | Promise<boolean>, timeoutMs = 8_000): Promise<void> {
  const endMs = performance.now() + timeoutMs
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error('it did not come to be so in time')
    await Bun.sleep(20)
  }
}

describe.skipIf(!canMount)('a store on a disk that is full', () => {
  test('case 224: new writes are refused, ends of calls get the room held back for them', async () => {
    using disk = mountSmallDisk(8)
    const events: StoreEvent[] = []
    const store = openSqlite(disk.dataDir, { onEvent: (event) => events.push(event) })
    const { database } = store
    await store.keepReserve()
    const reserve = join(disk.dataDir, 'reserve')
    const reservedBytes = statSync(reserve).size
    expect(reservedBytes).toBeGreaterThan(500_000)
    await database.write(() => put('x before'))
    disk.fill()

    const first = database.write(() => put('x refused'))
    await expect(first).rejects.toMatchObject({ code: 'storage_full', status: 503 })
    expect(store.state()).toEqual({ status: 'storage_full' })
    expect(existsSync(reserve)).toBe(true)
    const refused = database.write(() => put('x refused'))
    await expect(refused).rejects.toMatchObject({ code: 'storage_full' })
    const records = Array.from({ length: 20 }, (_, i) => database.record(() => put(`x end ${i}`)))
    await Promise.all(records)
    expect(existsSync(reserve)).toBe(false)
    // There would be room for it now, but not for it.
    const still = database.write(() => put('x refused'))
    await expect(still).rejects.toMatchObject({ code: 'storage_full' })
    expect(await database.read(count)).toBe(21)

    disk.free()
    await until(() => store.state().status === 'sound')
    expect(statSync(reserve).size).toBeGreaterThan(500_000)
    await database.write(() => put('x after'))
    expect(await database.read(count)).toBe(22)
    expect(events.map(({ kind }) => kind)).toEqual(['storage_full', 'storage_freed'])
    await store.close()
  })

  test('case 224: an end of a call beside a new write gets through, and the write does not', async () => {
    using disk = mountSmallDisk(8)
    const { database, keepReserve, close } = openSqlite(disk.dataDir)
    await keepReserve()
    disk.fill()
    const settled = await Promise.allSettled([
      database.write(() => put('x new')),
      database.record(() => put('x end')),
    ])
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(await database.read(count)).toBe(1)
    await close()
  })

  test('case 223: a disk that is full from the start opens with the room held back', async () => {
    using disk = mountSmallDisk(8)
    const first = openSqlite(disk.dataDir)
    await first.keepReserve()
    await first.database.write(() => put('x'))
    await first.close()
    disk.fill()
    const second = openSqlite(disk.dataDir)
    expect(await second.database.read(count)).toBe(1)
    await second.close()
  })
})

describe.skipIf(!canMount)('a server whose disk fills up', () => {
  let disk: SmallDisk
  let world: KillWorld
  let nextNumber = 1
  const call = (tool: 'bearer-write' | 'read') => callOnce(world, tool, String(nextNumber++))
  const readiness = async () => {
    const response = await fetch(`${world.server.url}/readyz`)
    return [response.status, ((await response.json()) as { status: string }).status]
  }
  const untilReady = () => until(async () => (await readiness())[0] === 200)

  beforeAll(async () => {
    disk = mountSmallDisk(8)
    world = await startWorld([await builtBinary()], secrets, disk.dataDir)
    await until(() => existsSync(join(disk.dataDir, 'reserve')))
  }, 60_000)

  afterAll(async () => {
    await world.stop()
    disk[Symbol.dispose]()
  })

  /** Calls until one is refused for want of room: the log of the database may have some left. */
  async function callUntilRefused(): Promise<AnsweredCall> {
    for (let i = 0; i < 2_000; i++) {
      const answered = await call('bearer-write')
      if (answered?.errorCode === 'storage_full') return answered
    }
    throw new Error('the disk did not fill')
  }

  test('case 223, R8: no write is sent that cannot be recorded, reading goes on, room is noticed', async () => {
    for (let round = 0; round < rounds(2, 20); round++) {
      disk.fill()
      const refused = await callUntilRefused()
      const sent = new Set(world.upstream.hits.map(({ number }) => number))
      expect(sent.has(refused.number)).toBe(false)
      const before = world.upstream.hits.length
      for (let i = 0; i < 20; i++) {
        expect((await call('bearer-write'))?.errorCode).toBe('storage_full')
      }
      expect(world.upstream.hits).toHaveLength(before)
      expect(await readiness()).toEqual([503, 'storage_full'])
      expect((await fetch(`${world.server.url}/livez`)).status).toBe(200)
      const list = await callLegacy(`${world.server.url}/mcp`, world.project.api_key, 'tools/list')
      expect(list.body.result.tools.length).toBeGreaterThan(0)
      const wrong = await callLegacy(`${world.server.url}/mcp`, 'gh_key_wrong', 'tools/list')
      expect(wrong.status).toBe(401)
      const change = await world.server.api('POST', '/api/v1/projects', { name: 'x', slug: 'x' })
      expect([change.status, change.body.code]).toEqual([503, 'storage_full'])
      expect(Number(change.headers.get('retry-after'))).toBeGreaterThan(0)

      disk.free()
      await untilReady()
      expect((await call('bearer-write'))?.errorCode).toBeNull()
      expect(world.upstream.hits).toHaveLength(before + 1)
    }
    expect(world.server.stderr.text).toContain('"event":"storage_full"')
    expect(world.server.stderr.text).toContain('"event":"storage_freed"')
  }, 60_000)

  test('case 224: a write that is under way when it fills up is told as what it came to', async () => {
    const since = new Date()
    world.upstream.onReceived = () => disk.fill()
    const answered = await Promise.all(Array.from({ length: 8 }, () => call('bearer-write')))
    world.upstream.onReceived = () => {}
    disk.free()
    await untilReady()
    await world.upstream.idle()
    world.server.kill('SIGKILL')
    await world.server.exited
    await restart(world)
    const rows = await runsSince(world, since)
    for (const one of answered) {
      const state = rows.get(one?.runId ?? '')?.state
      const wasSent = world.upstream.hits.some(({ number }) => number === one?.number)
      if (one?.errorCode === null) expect([wasSent, state]).toEqual([true, 'done'])
      else if (wasSent) expect(['outcome_unknown', state]).toEqual([one?.errorCode, 'unknown'])
      else expect(one?.errorCode).toBe('storage_full')
    }
    const told = (wanted: string | null) => answered.filter((one) => one?.errorCode === wanted)
    expect(told(null).length + told('outcome_unknown').length).toBeGreaterThan(0)
  }, 60_000)
})
