import { describe, expect, test } from 'bun:test'
import { parseOptions } from '../../scripts/bench/bench_options.ts'
import type { CallsJob } from '../../scripts/bench/load/job.ts'
import { CALL_NUMBER, PICK, RequestBytes } from '../../scripts/bench/load/request_bytes.ts'
import { runCalls } from '../../scripts/bench/load/run_calls.ts'
import { runOnce } from '../../scripts/bench/load/run_once.ts'

const window = { warmupMs: 10, minMs: 30, enoughCalls: 1, maxMs: 200 }

function jobFor(port: number, callers = 4): CallsJob {
  return {
    kind: 'calls',
    port,
    request: `GET /items/${CALL_NUMBER} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`,
    picks: 1,
    expect: { status: 200, contains: [`item ${CALL_NUMBER}`], lacks: ['isError'] },
    callers,
    window,
    serverPid: process.pid,
    ownPids: [process.pid],
    answersOnStream: false,
  }
}

/** Serves on loopback while `use` runs. */
async function withServer<T>(
  fetch: (request: Request) => Response | Promise<Response>,
  use: (port: number) => Promise<T>,
): Promise<T> {
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch })
  try {
    return await use(server.port ?? 0)
  } finally {
    await server.stop(true)
  }
}

const idOf = (request: Request) => request.url.slice(request.url.lastIndexOf('/') + 1)
const rightAnswer = (request: Request) => new Response(`item ${idOf(request)}`)

describe('the load generator', () => {
  test('makes no two calls alike, and counts each with its latency and its CPU', async () => {
    const seen: string[] = []
    const answer = (request: Request) => {
      seen.push(idOf(request))
      return rightAnswer(request)
    }
    const result = await withServer(answer, (port) => runCalls(jobFor(port)))
    expect(new Set(seen).size).toBe(seen.length)
    expect(result.calls).toBeGreaterThan(4)
    expect(result.calls).toBeLessThanOrEqual(seen.length)
    expect(result.p50Ms).toBeGreaterThan(0)
    expect(result.p99Ms).toBeGreaterThanOrEqual(result.p50Ms)
    if (process.platform === 'linux') expect(result.cpuMicros).toBeGreaterThan(0)
  })

  test('reads large, chunked and slowly trickling answers to their end', async () => {
    const pieces = (request: Request) => {
      const body = new ReadableStream<Uint8Array>({
        async start(controller) {
          controller.enqueue(Buffer.from('x'.repeat(100_000)))
          await Bun.sleep(1)
          controller.enqueue(Buffer.from(`item ${idOf(request)}`))
          controller.close()
        },
      })
      return new Response(body)
    }
    const large = (request: Request) => new Response(`${'x'.repeat(300_000)}item ${idOf(request)}`)
    for (const answer of [pieces, large]) {
      const result = await withServer(answer, (port) => runCalls(jobFor(port)))
      expect(result.calls).toBeGreaterThan(0)
    }
  })

  test.each([
    [
      'another status',
      (request: Request) => new Response(`item ${idOf(request)}`, { status: 503 }),
    ],
    ["another call's answer", () => new Response('item 1000000000')],
    [
      'a failure told as success',
      (request: Request) => new Response(`item ${idOf(request)} isError`),
    ],
  ])('takes no answer for right that is %s', async (_what, answer) => {
    const run = withServer(answer, (port) => runCalls(jobFor(port)))
    await expect(run).rejects.toThrow(/answer/)
  })

  test('ends with an error when the server hangs up', async () => {
    const hangUp = () => new Response('bye', { headers: { connection: 'close' } })
    const run = withServer(hangUp, (port) => runCalls(jobFor(port)))
    await expect(run).rejects.toThrow()
  })

  test('a call per caller is answered once each, all under way together', async () => {
    let now = 0
    let most = 0
    const slow = async (request: Request) => {
      most = Math.max(most, ++now)
      await Bun.sleep(100)
      now--
      return rightAnswer(request)
    }
    const result = await withServer(slow, (port) => {
      const { request, expect } = jobFor(port)
      const times = { rampMs: 20, timeoutMs: 5_000 }
      return runOnce({ kind: 'once', port, request, expect, callers: 50, ...times })
    })
    expect(result.calls).toBe(50)
    expect(most).toBe(50)
  })
})

test('a request is the same bytes but for its numbers', () => {
  const request = new RequestBytes(`a ${CALL_NUMBER} b ${PICK} c ${CALL_NUMBER}`, 1_000)
  expect(request.fill(1_000_000_042).toString()).toBe('a 1000000042 b 00042 c 1000000042')
  expect(request.fill(1_234_567_890).toString()).toBe('a 1234567890 b 00890 c 1234567890')
})

test('the options say what is wrong with them', () => {
  expect(parseOptions([])).toMatchObject({
    rounds: 5,
    parts: ['calls', 'sessions', 'list', 'start', 'scale', 'slow'],
  })
  expect(parseOptions(['--quick', '--only=list,slow'])).toMatchObject({
    rounds: 3,
    parts: ['list', 'slow'],
  })
  expect(parseOptions(['--help'])).toBeNull()
  expect(() => parseOptions(['--only=lists'])).toThrow(
    '--only: lists is none of calls, sessions, list',
  )
  expect(() => parseOptions(['--rounds=0'])).toThrow('--rounds: 0 is not 1 to 50')
  expect(() => parseOptions(['--gatehouse=fast'])).toThrow('--gatehouse')
})
