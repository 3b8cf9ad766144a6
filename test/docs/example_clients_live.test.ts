import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import {
  GatehouseClient,
  GatehouseError,
} from '../../docs/examples/clients/typescript/gatehouse_client.ts'
import {
  type AssertionKeyPair,
  newAssertionKey,
  registerKey,
  type SigningAlgorithm,
} from '../helpers/assertions.ts'
import { callLegacy, type RpcAnswer } from '../helpers/mcp_client.ts'
import { type House, startHouse } from '../http/house.ts'
import { examples, program } from './example_processes.ts'

interface User {
  readonly userId: string
  readonly email?: string
  readonly roles?: readonly string[]
}

interface Outcome {
  readonly token?: string
  readonly error?: Readonly<Record<'status' | 'code' | 'detail' | 'reason', unknown>>
}

/** One client, on the clock of the house. */
interface LiveClient {
  ask(user: User): Promise<Outcome>
  stop(): Promise<void>
}

interface Settings {
  readonly apiKey: string
  readonly signer: AssertionKeyPair
}

const startMs = Date.parse('2026-03-01T12:00:00Z')
let nowMs = startMs
let house: House
let client: LiveClient | null = null
let kids = 0

const setTo = (seconds: number) => {
  nowMs = startMs + seconds * 1000
}

const pemOf = ({ privateKey }: AssertionKeyPair) =>
  privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

function startTypeScript({ apiKey, signer }: Settings): LiveClient {
  const typescript = new GatehouseClient({
    baseUrl: house.url,
    apiKey,
    projectId: String(house.projectId),
    privateKeyPem: pemOf(signer),
    kid: signer.kid,
    now: () => nowMs,
  })
  return {
    ask: async (user) => {
      try {
        return { token: await typescript.sessionToken(user) }
      } catch (error) {
        if (!(error instanceof GatehouseError)) throw error
        const { status, code, detail, reason = null } = error
        return { error: { status, code, detail, reason } }
      }
    },
    stop: async () => {},
  }
}

function startPython({ apiKey, signer }: Settings): LiveClient {
  const settings = {
    base_url: house.url,
    api_key: apiKey,
    project_id: String(house.projectId),
    private_key_pem: pemOf(signer),
    kid: signer.kid,
  }
  // The packages are Debian's: the python3 that comes first on the PATH may be another one.
  const python = program('/usr/bin/python3', 'python3')
  const words = ['-B', join(import.meta.dir, 'example_clients_live.py')]
  const process = Bun.spawn(
    [python, ...words, join(examples, 'clients/python'), JSON.stringify(settings)],
    { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' },
  )
  const lines = linesOf(process.stdout)
  return {
    ask: async ({ userId: user_id, ...others }) => {
      const request = { now: nowMs / 1000, user: { user_id, ...others } }
      process.stdin.write(`${JSON.stringify(request)}\n`)
      await process.stdin.flush()
      const { value, done } = await lines.next()
      if (done) throw new Error('The Python client ended. Are python3-jwt and -requests there?')
      return JSON.parse(value)
    },
    stop: async () => {
      await process.stdin.end()
      expect(await process.exited).toBe(0)
    },
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of stream) {
    const parts = (text + decoder.decode(chunk, { stream: true })).split('\n')
    text = parts.pop() ?? ''
    yield* parts
  }
}

beforeAll(async () => {
  house = await startHouse({ clock: { nowMs: () => nowMs, monotonicMs: () => performance.now() } })
  await house.addTool({
    name: 'things-get',
    require_member: true,
    inject_member_identity: { id: true, email: true, roles: true },
  })
})
afterAll(() => house.stop())
beforeEach(() => {
  setTo(0)
  house.reset()
})
afterEach(async () => {
  await client?.stop()
  client = null
})

const call = (token = ''): Promise<RpcAnswer> =>
  callLegacy(`${house.url}/mcp/`, token, 'tools/call', { name: 'things-get', arguments: {} })

/** Who the upstream was told it is, for each request that reached it. */
const members = () =>
  house.upstream.hits.map(({ headers }) =>
    ['id', 'email', 'roles'].map((name) => headers.get(`x-tengine-member-${name}`)),
  )

const minted = () =>
  house.logLines().filter((line) => line.includes('"event":"session_token_minted"')).length

describe.each([
  ['Python', startPython],
  ['TypeScript', startTypeScript],
] as const)('the published client in %s, with a running server', (_, start) => {
  /** A client with a key of its own that the project knows. */
  async function startKnown(algorithm: SigningAlgorithm = 'ES256') {
    const signer = newAssertionKey(algorithm, `backend-${++kids}`)
    const keyId = await registerKey(house, signer)
    const started = start({ apiKey: house.apiKey, signer })
    client = started
    return { client: started, keyId, kid: signer.kid }
  }

  test.each(['ES256', 'ES384', 'Ed25519', 'RS256'] as const)(
    'gets tokens with an %s key, one per user, that say upstream who it is',
    async (algorithm) => {
      const known = await startKnown(algorithm)
      const before = minted()
      const alice = { userId: 'alice', email: 'alice@example.com', roles: ['editor', 'admin'] }
      const first = await known.client.ask(alice)
      const bob = await known.client.ask({ userId: 'bob' })
      expect(await known.client.ask(alice)).toEqual(first)
      expect(minted() - before).toBe(2)
      for (const { token } of [first, bob]) expect((await call(token)).status).toBe(200)
      expect(members()).toEqual([
        ['alice', 'alice@example.com', 'editor,admin'],
        ['bob', null, null],
      ])
    },
  )

  test('has a new token a minute before the old one is refused', async () => {
    const known = await startKnown()
    const alice = { userId: 'alice' }
    const first = await known.client.ask(alice)
    setTo(839)
    expect(await known.client.ask(alice)).toEqual(first)
    setTo(840)
    const second = await known.client.ask(alice)
    expect(second.token).toStartWith('tng_mst_')
    expect(second.token).not.toBe(first.token)
    expect((await call(first.token)).status).toBe(200)
    setTo(901)
    const { status, body } = await call(first.token)
    expect([status, body.code, body.detail]).toEqual([
      401,
      'member_token_expired',
      'Member JWT has expired',
    ])
    expect(members()).toHaveLength(1)
    expect((await call(second.token)).status).toBe(200)
    expect(members()).toHaveLength(2)
  })

  test('is told that its key was revoked, and so is whoever holds its tokens', async () => {
    const known = await startKnown()
    const { token } = await known.client.ask({ userId: 'alice' })
    const path = `/api/v1/assertion-keys/${known.keyId}`
    expect((await house.api('DELETE', path)).status).toBe(204)
    const { status, body } = await call(token)
    expect([status, body.detail]).toEqual([401, 'Invalid member assertion'])
    expect(house.upstream.hits).toEqual([])
    expect(await known.client.ask({ userId: 'bob' })).toEqual({
      error: {
        status: 401,
        code: 'assertion_key_not_found',
        detail: 'Invalid member assertion: KEY_NOT_FOUND',
        reason: expect.stringContaining(known.kid),
      },
    })
  })

  test('is told that its API key is wrong', async () => {
    const started = start({ apiKey: 'tengine_wrong', signer: newAssertionKey('ES256', 'any') })
    client = started
    expect((await started.ask({ userId: 'alice' })).error).toMatchObject({
      status: 401,
      code: 'invalid_api_key',
      detail: 'Invalid or inactive API key',
    })
  })
})
