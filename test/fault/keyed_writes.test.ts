import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mcpHeaders } from '../helpers/mcp_client.ts'
import { type ServerProcess, startServer } from '../helpers/server_process.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'
import { type CountingUpstream, startCountingUpstream } from './counting_upstream.ts'
import { type Failpoint, failpointFile, failpoints } from './failpoint.ts'
import { chosenSeed, SeededRandom } from './random.ts'

const root = join(import.meta.dir, '../..')
const program = [
  process.execPath,
  '--preload',
  join(root, 'test/fault/failpoint.ts'),
  join(root, 'src/main.ts'),
]
const dataDir = temporaryDir()
let upstream: CountingUpstream
let server: ServerProcess
let apiKey = ''
let nextNumber = 1

const start = () =>
  startServer({ program, dataDir, flags: ['--egress-allow', upstream.url, '--drain-seconds', '0'] })

beforeAll(async () => {
  upstream = startCountingUpstream({ hmac: 'a-shared-secret', bearer: 'a-bearer-secret' })
  server = await start()
  const project = await server.bootstrap()
  apiKey = project.api_key
  const { status } = await server.api('POST', '/api/v1/custom-tools', {
    project_id: project.project_id,
    name: 'write',
    base_url: upstream.url,
    http_method: 'POST',
    endpoint_path: '/bearer',
    auth_strategy: 'static_bearer',
    encrypted_auth_secret: 'a-bearer-secret',
    input_schema: { type: 'object', properties: { number: { type: 'string' } } },
  })
  expect(status).toBe(201)
}, 30_000)

afterAll(async () => {
  await server.stop()
  await upstream.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

/** What a caller was told; null where the connection broke first. */
interface Told {
  readonly runId: string
  readonly code: string | null
  readonly isReplayed: boolean
  readonly text: string
}

/** A caller that names its request, or leaves it to Gatehouse to know it again. */
async function call(number: string, key: string | null): Promise<Told | null> {
  const _meta = key === null ? {} : { 'tengine/idempotency_key': key }
  const params = { name: 'write', arguments: { number }, _meta }
  try {
    const response = await fetch(`${server.url}/mcp`, {
      method: 'POST',
      headers: mcpHeaders(apiKey),
      body: JSON.stringify({ jsonrpc: '2.0', id: number, method: 'tools/call', params }),
    })
    const { result } = (await response.json()) as { result: Result }
    const meta = result._meta
    return {
      runId: String(meta['tengine/request_id']),
      code: (meta['tengine/error'] as { code: string } | undefined)?.code ?? null,
      isReplayed: meta['tengine/replayed'] === true,
      text: result.content[0]?.text ?? '',
    }
  } catch {
    return null
  }
}

interface Result {
  readonly _meta: Readonly<Record<string, unknown>>
  readonly content: readonly { readonly text: string }[]
}

/** Cuts one call off, starts again, and repeats it as its caller would. */
async function cutOff(point: Failpoint | 'after_send', key: string | null) {
  const number = String(nextNumber++)
  if (point === 'after_send') upstream.onReceived = () => server.kill('SIGKILL')
  else writeFileSync(failpointFile(dataDir, point), '')
  const first = await call(number, key)
  expect(await server.exited).toBe(137)
  upstream.onReceived = () => {}
  if (point !== 'after_send') rmSync(failpointFile(dataDir, point))
  await upstream.idle()
  server = await start()
  const hits = () => upstream.hits.filter((hit) => hit.number === number)
  const before = hits().length
  const again = await call(number, key)
  const third = await call(number, key)
  return { first, before, again, third, hits: hits() }
}

/** How many requests reach the upstream before each point. */
const reached = { after_claim: 0, before_send: 0, after_send: 1, before_record: 1, after_record: 1 }

describe('a write whose server is killed', () => {
  for (const point of [...failpoints, 'after_send'] as const) {
    for (const named of ['named by its caller', 'known by its arguments']) {
      test(`R1, case 207: ${point.replace('_', ' ')}, ${named}: is never sent twice`, async () => {
        const key = named.startsWith('named') ? crypto.randomUUID() : null
        const { first, before, again, third, hits } = await cutOff(point, key)
        expect(first).toBeNull()
        expect(before).toBe(reached[point])
        expect(hits).toHaveLength(reached[point])
        expect(third).toEqual(again === null ? null : { ...again, text: third?.text ?? '' })
        if (point === 'after_record') {
          expect(again).toMatchObject({ code: null, isReplayed: true, runId: hits[0]?.runId })
          return
        }
        expect(again).toMatchObject({ code: 'outcome_unknown', isReplayed: false })
        if (hits[0] !== undefined) expect(again?.runId).toBe(hits[0].runId)
        expect(again?.text).toContain(`gatehouse runs resolve ${again?.runId}`)
      }, 20_000)
    }
  }
})

describe('callers that repeat their writes until they are told', () => {
  const rounds = 8
  const callers = 25
  const random = new SeededRandom(chosenSeed())

  /** One caller: repeats what was cut off, under its key, and takes what it is told. */
  async function persist(isOver: () => boolean): Promise<Persisted> {
    const number = String(nextNumber++)
    const key = random.pick([crypto.randomUUID(), null])
    for (let tries = 1; ; tries++) {
      const told = await call(number, key)
      if (told !== null) return { number, key, told, tries }
      while (!isOver()) await Bun.sleep(5)
    }
  }

  interface Persisted {
    readonly number: string
    readonly key: string | null
    readonly told: Told
    readonly tries: number
  }

  test(`R1, cases 207, 214: ${rounds} kills at random: none is sent twice, none told wrongly`, async () => {
    const all: Persisted[] = []
    upstream.delayMs = () => random.integer(0, 10)
    for (let round = 0; round < rounds; round++) {
      let isOver = false
      let countdown = random.integer(1, callers)
      const kill = () => --countdown === 0 && server.kill('SIGKILL')
      if (random.pick([true, false])) upstream.onReceived = kill
      else upstream.onAnswered = kill
      const waiting = Array.from({ length: callers }, () => persist(() => isOver))
      expect(await server.exited).toBe(137)
      upstream.onReceived = upstream.onAnswered = () => {}
      await upstream.idle()
      server = await start()
      isOver = true
      all.push(...(await Promise.all(waiting)))
    }
    const hitsOf = Map.groupBy(upstream.hits, ({ number }) => number)
    for (const { number, told } of all) {
      const hits = hitsOf.get(number) ?? []
      expect(hits.length).toBeLessThanOrEqual(1)
      if (told.code === null) expect(hits.map(({ runId }) => runId)).toEqual([told.runId])
      else expect(told.code).toBe('outcome_unknown')
    }
    expect(all.filter(({ tries }) => tries > 1).length).toBeGreaterThan(rounds)
    expect(all.filter(({ told }) => told.code !== null).length).toBeGreaterThan(0)
    for (const { number, key, told } of all) {
      const again = await call(number, key)
      expect([again?.runId, again?.code]).toEqual([told.runId, told.code])
    }
    expect(upstream.hits.filter(({ number }) => Number(number) > 0).length).toBe(
      new Set(upstream.hits.map(({ number }) => number)).size,
    )
  }, 60_000)
})
