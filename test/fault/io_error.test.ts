import { afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { builtBinary } from '../helpers/built_binary.ts'
import { runGatehouse } from '../helpers/server_process.ts'
import { type InjectedFault, injectFault } from './injected_fault.ts'
import {
  type AnsweredCall,
  callOnce,
  type KillWorld,
  restart,
  runsSince,
  startWorld,
} from './kill_world.ts'
import { canInject, rounds } from './means.ts'

const secrets = { hmac: 'a-shared-secret', bearer: 'a-bearer-secret' }
let program: readonly string[]
let world: KillWorld

beforeAll(async () => {
  program = [await builtBinary()]
}, 60_000)

afterEach(async () => {
  await world.stop()
  rmSync(world.dataDir, { recursive: true, force: true })
})

const wal = () => join(world.dataDir, 'gatehouse.db-wal')

/** Six writes at once, which share a sync: as many waves of them as the fault needs to be reached. */
async function callInWaves({ call, when }: Omit<InjectedFault, 'path'>) {
  const numbers: string[] = []
  const answers: (AnsweredCall | null)[] = []
  for (let wave = 0; wave < Number.parseInt(when, 10); wave++) {
    const own = Array.from({ length: 6 }, (_, index) => `${call}-${when}-${wave}-${index}`)
    numbers.push(...own)
    answers.push(
      ...(await Promise.all(own.map((number) => callOnce(world, 'bearer-write', number)))),
    )
  }
  return { numbers, answers }
}

/** Lets a fault strike while writes are called, sees the server end, and starts it again. */
async function strike(fault: Omit<InjectedFault, 'path'>) {
  const { server, upstream } = world
  const since = new Date()
  const release = await injectFault(server.pid, { ...fault, path: wal() })
  const { numbers, answers } = await callInWaves(fault)
  const code = await Promise.race([server.exited, Bun.sleep(8_000).then(() => 'it goes on')])
  await release()
  await upstream.idle()
  const said = server.stderr.text
  await restart(world)
  const rows = await runsSince(world, since)
  return { code, said, rows, answers, numbers }
}

describe.skipIf(!canInject)('a disk that fails under a server', () => {
  const faults = [
    ['case 225: a write', { call: 'pwrite64', fate: 'error=EIO' }],
    ['case 227: a write to what has become read-only', { call: 'pwrite64', fate: 'error=EROFS' }],
    ['case 226: a sync', { call: 'fsync', fate: 'error=EIO' }],
  ] as const
  for (const [what, fault] of faults) {
    const whens = fault.fate === 'error=EROFS' ? 1 : rounds(3, 10)
    test(`${what}: it ends with 70 at once, and says after what was not written`, async () => {
      world = await startWorld(program, secrets)
      for (let when = 1; when <= whens; when++) {
        const { code, said, rows, answers, numbers } = await strike({ ...fault, when: `${when}+` })
        expect(code).toBe(70)
        expect(said).toContain('"event":"store_failed"')
        expect(said).toMatch(/\nerror: The disk of the store has failed\n {2}disk I\/O error\./)
        for (const [index, number] of numbers.entries()) {
          const hits = world.upstream.hits.filter((hit) => hit.number === number)
          const answer = answers[index] ?? null
          const isDone = answer !== null && answer.errorCode === null
          expect(hits.length).toBeLessThanOrEqual(1)
          if (isDone) expect(rows.get(answer.runId)?.state).toBe('done')
          for (const { runId } of hits) {
            expect(['done', 'unknown']).toContain(rows.get(runId)?.state ?? 'missing')
            if (!isDone && answer !== null) expect(answer.errorCode).toBe('outcome_unknown')
          }
          // What was refused before it was sent may be on record all the same, as unknown (case 226).
          if (hits.length === 0) expect(isDone).toBe(false)
        }
        expect(
          (await callOnce(world, 'bearer-write', `after-${what}-${when}`))?.errorCode,
        ).toBeNull()
      }
    }, 60_000)
  }

  test('case 225: nothing is sent upstream when the claim itself cannot be written', async () => {
    world = await startWorld(program, secrets)
    const { numbers } = await strike({ call: 'pwrite64', fate: 'error=EIO', when: '1+' })
    expect(world.upstream.hits.filter(({ number }) => numbers.includes(number))).toEqual([])
  }, 30_000)

  test('case 225: a disk that fails at the start ends it with 70 too, with the file and advice', async () => {
    world = await startWorld(program, secrets)
    await world.server.stop()
    const words = ['serve', '--listen', '127.0.0.1:0', '--data-dir', world.dataDir]
    const strace = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=pwrite64']
    const inject = [
      '-e',
      'inject=pwrite64:error=EIO',
      '-P',
      join(world.dataDir, 'gatehouse.db-wal'),
    ]
    const { code, stderr } = await runGatehouse([...strace, ...inject, ...program], words, {
      env: { PATH: process.env['PATH'] ?? '' },
    })
    expect(stderr).toContain('error: The disk of the store has failed\n')
    expect(code).toBe(70)
    await restart(world)
  }, 30_000)
})
