import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { FailedAttempts } from '../../src/access/failed_attempts.ts'
import { loadConfig } from '../../src/config.ts'
import { HttpApp, type HttpDeps } from '../../src/http/app.ts'
import { type Listening, listen, type Served } from '../../src/http/listen.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createLogger } from '../../src/log.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'
import { callText, type House, mcpLines, rawMcp, startHouse } from './house.ts'
import { exchange, type RawAnswer, requestText } from './raw_client.ts'

const canaries = [
  `tengine_${'k'.repeat(43)}`,
  `gha_${'a'.repeat(43)}`,
  'Bearer abcdefgh12345678',
  'password=hunter2hunter2',
  'https://root:hunter3hunter3@db.internal/',
]
const hidden = ['kkkkkkkk', 'aaaaaaaa', 'abcdefgh12345678', 'hunter2', 'hunter3']

describe('a fault of our own', () => {
  let running: Listening | null = null
  let log = ''
  const dataDir = temporaryDir()

  afterEach(async () => {
    await running?.stop()
    running = null
    log = ''
  })
  afterAll(() => rmSync(dataDir, { recursive: true }))

  const logger = createLogger({
    format: 'json',
    level: 'debug',
    write: (lines) => {
      log += lines
    },
    clock: systemClock,
  })

  async function serve(served: Served): Promise<string> {
    const flags = { data_dir: dataDir, listen: '127.0.0.1:0' }
    running = await listen(served, loadConfig({ flags, env: {}, readFile: () => null }), logger)
    return running.address
  }

  const thrown = new Error(`cannot reach ${canaries.join(' ')}`, { cause: canaries.join(' ') })

  /** The product with everything below its HTTP side failing. */
  function brokenApp(error: unknown): Served {
    const fail = () => {
      throw error
    }
    const database = { read: fail, write: fail, close: async () => {} }
    const deps = {
      access: { database, clock: systemClock },
      failures: new FailedAttempts(systemClock, 60),
      trustedProxies: [],
      mcp: { answer: async () => fail() },
      resourceMetadataOf: () => '',
      readiness: async () => 'ready',
      maxInFlight: 10,
      manage: {},
      executor: {},
      logger,
    }
    const http = new HttpApp(deps as unknown as HttpDeps)
    return {
      fetch: (request, peer) => http.fetch(request, peer),
      bound: ({ rules }) => {
        http.rules = rules
      },
    }
  }

  function expectSilent(answer: RawAnswer): void {
    expect(answer).toMatchObject({
      status: 500,
      body: { code: 'internal', detail: 'Internal error', status: 500 },
    })
    const { request_id: requestId } = answer.body
    expect(answer.headers.get('x-request-id')).toBe(requestId)
    expect(Object.keys(answer.body).sort()).toEqual([
      'code',
      'detail',
      'request_id',
      'status',
      'title',
      'type',
    ])
    logger.flush()
    for (const secret of hidden) {
      expect(answer.text).not.toContain(secret)
      expect(log).not.toContain(secret)
    }
    const lines = log.split('\n').filter((line) => line.includes('"internal_error"'))
    expect(lines.map((line) => JSON.parse(line).request_id)).toEqual([requestId])
    expect(lines[0]).toContain('cannot reach')
    expect(lines[0]).toContain('inbound_abuse_log.test.ts')
  }

  const bearer = `Authorization: Bearer gha_${'x'.repeat(43)}`

  test('case 31: below /mcp shows the caller a request id, the log its cause without secrets', async () => {
    const url = await serve(brokenApp(thrown))
    const host = `Host: ${new URL(url).host}`
    expectSilent(await exchange(url, requestText('POST /mcp', [host, bearer], '{}')))
  })

  test('case 31: below the management API likewise', async () => {
    const url = await serve(brokenApp(thrown))
    const host = `Host: ${new URL(url).host}`
    expectSilent(await exchange(url, requestText('GET /api/v1/projects', [host, bearer])))
  })

  test('case 31: around the whole application likewise', async () => {
    const url = await serve({ bound: () => {}, fetch: () => Promise.reject(thrown) })
    expectSilent(await exchange(url, requestText('GET /', ['Host: x'])))
  })

  test('case 31: of a kind that is no Error at all is a 500 too', async () => {
    for (const odd of ['text', null, undefined, { message: 'x' }, 42]) {
      const url = await serve(brokenApp(odd))
      const host = `Host: ${new URL(url).host}`
      const answer = await exchange(url, requestText('POST /mcp', [host, bearer], '{}'))
      expect(answer).toMatchObject({ status: 500, body: { code: 'internal' } })
      await running?.stop()
    }
  })
})

describe('what a caller can make the log say', () => {
  let house: House

  beforeAll(async () => {
    house = await startHouse()
  })
  afterAll(() => house.stop())

  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  const raw = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/

  async function linesOf(act: () => Promise<unknown>): Promise<string[]> {
    const before = house.logLines().length
    await act()
    const lines = house.logLines().slice(before)
    for (const line of lines) {
      expect(line).not.toMatch(raw)
      expect(JSON.parse(line)).toMatchObject({ event: 'request' })
    }
    return lines
  }

  const forged = String.raw`x\r\n{\"event\":\"forged\"}\u001b[2J\u202e\u200b\u0085\u2028`

  test('case 34: a tool name with line breaks, ANSI and bidi stays one escaped line', async () => {
    const lines = await linesOf(() => rawMcp(house, callText(forged)))
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '').tool).toContain('{"event":"forged"}')
  })

  test('case 34: so does a method name of JSON-RPC', async () => {
    const body = `{"jsonrpc":"2.0","id":1,"method":"${forged}"}`
    expect(await linesOf(() => rawMcp(house, body))).toHaveLength(1)
  })

  test('case 34: a path or user agent with them stays one line or is refused unparsed', async () => {
    const odd = ['%0d%0a{"event":"forged"}', 'é\u202e\u2028', '\u001b[2J', '\u0085', '"\\']
    for (const text of odd) {
      const path = requestText(`GET /mcp/${text}`, mcpLines(house))
      const agent = requestText('GET /mcp/x', [...mcpLines(house), `User-Agent: ${text}`])
      for (const request of [path, agent]) {
        const lines = await linesOf(() => exchange(house.url, request))
        expect(lines.length).toBeLessThanOrEqual(1)
      }
    }
  })

  test('case 34: a method with them never arrives', async () => {
    for (const method of ['GE\u001bT', 'G\u202eET', 'GET"']) {
      const text = requestText(`${method} /mcp`, mcpLines(house))
      expect(await linesOf(() => exchange(house.url, text))).toEqual([])
    }
  })

  test('case 34: a name of 1 MB is cut', async () => {
    const [line = ''] = await linesOf(() => rawMcp(house, callText('n'.repeat(1024 * 1024))))
    expect(line.length).toBeLessThan(8_000)
  })

  test('cases 47, 62: a credential in query, path or tool name is not in the log', async () => {
    const key = house.apiKey
    const act = async () => {
      const query = await exchange(
        house.url,
        requestText(`POST /mcp?access_token=${key}&api_key=${key}`, [`Host: ${house.host}`], '{}'),
      )
      expect(query).toMatchObject({ status: 401, body: { code: 'missing_credential' } })
      await exchange(house.url, requestText(`GET /${key}`, [`Host: ${house.host}`]))
      await exchange(house.url, requestText(`POST /mcp/${key}`, mcpLines(house), callText('x')))
      await rawMcp(house, callText(key))
      await rawMcp(house, `{"jsonrpc":"2.0","id":1,"method":"${key}"}`)
    }
    const lines = await linesOf(act)
    expect(lines).toHaveLength(5)
    expect(lines.join('\n')).not.toContain(key.slice('tengine_'.length))
  })
})
