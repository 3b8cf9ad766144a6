import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { builtBinary } from '../helpers/built_binary.ts'
import { type InjectedFault, injectFault } from './injected_fault.ts'
import { callOnce, type KillWorld, restart, runsSince, startWorld } from './kill_world.ts'
import { canInject, rounds } from './means.ts'

const secrets = { hmac: 'a-shared-secret', bearer: 'a-bearer-secret' }
let world: KillWorld
let nextNumber = 1

beforeAll(async () => {
  world = await startWorld([await builtBinary()], secrets)
}, 60_000)

afterAll(async () => {
  await world.stop()
  rmSync(world.dataDir, { recursive: true, force: true })
})

/** Kills the server as it makes a certain system call for one of four writes, and starts it again. */
async function killAt(fault: InjectedFault) {
  const { server, upstream } = world
  const since = new Date()
  const release = await injectFault(server.pid, fault)
  const numbers = Array.from({ length: 4 }, () => String(nextNumber++))
  const calls = numbers.map((number) => callOnce(world, 'bearer-write', number))
  const ended = Promise.race([server.exited, Bun.sleep(3_000).then(() => 'it goes on')])
  const answers = await Promise.all(calls)
  if ((await ended) === 'it goes on') server.kill('SIGKILL')
  await server.exited
  await release()
  await upstream.idle()
  await restart(world)
  return { numbers, answers, wasStruck: (await ended) === 137, rows: await runsSince(world, since) }
}

/** Where a call can be cut off, to the system call. */
const points = [
  ['before a claim or an end is synced', 'fsync'],
  ['before a claim or an end is written', 'pwrite64'],
  ['after the claim, before the upstream is reached', 'connect'],
  ['before the request or the answer leaves', 'sendto'],
] as const

describe.skipIf(!canInject)('killed at a certain system call', () => {
  for (const [where, call] of points) {
    test(`cases 207, 221: ${where}: nothing is sent twice, lost or told wrongly`, async () => {
      const isOfStore = call === 'fsync' || call === 'pwrite64'
      const path = isOfStore ? { path: join(world.dataDir, 'gatehouse.db-wal') } : {}
      let struck = 0
      for (let when = 1; when <= rounds(2, 6); when++) {
        const fault = { call, fate: 'signal=SIGKILL', when: String(when), ...path } as const
        const { numbers, answers, wasStruck, rows } = await killAt(fault)
        struck += wasStruck ? 1 : 0
        for (const [index, number] of numbers.entries()) {
          const hits = world.upstream.hits.filter((hit) => hit.number === number)
          expect(hits.length).toBeLessThanOrEqual(1)
          const answer = answers[index] ?? null
          if (answer?.errorCode === null) expect(rows.get(answer.runId)?.state).toBe('done')
          for (const { runId } of hits) {
            expect(['done', 'unknown']).toContain(rows.get(runId)?.state ?? 'missing')
          }
        }
        const states = new Set([...rows.values()].map(({ state }) => state))
        expect([...states].filter((state) => state === 'sending' || state === 'claimed')).toEqual(
          [],
        )
      }
      expect(struck).toBeGreaterThan(0)
    }, 120_000)
  }
})
