import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mcpHeaders } from '../helpers/mcp_client.ts'
import { type Hit, type McpFixture, startMcpFixture } from './mcp_fixture.ts'

let fixture: McpFixture

beforeAll(async () => {
  fixture = await startMcpFixture()
  await fixture.addTool('read')
  await fixture.addTool('write', { http_method: 'POST', deduplication: { mode: 'off' } })
})
afterAll(() => fixture.stop())

interface Held {
  /** Resolves when the upstream got the request. */
  readonly arrived: Promise<Hit>
  /** Lets the upstream answer. */
  readonly release: () => void
}

/** Makes the upstream keep its next answers back. */
function holdAnswers(): Held {
  const arrived = Promise.withResolvers<Hit>()
  const released = Promise.withResolvers<void>()
  fixture.upstream.answer = async (hit) => {
    arrived.resolve(hit)
    await released.promise
    return Response.json({ late: true })
  }
  return { arrived: arrived.promise, release: released.resolve }
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Calls a tool over a connection of its own, which `leave` breaks off. */
function callAndLeave(name: string, meta: object = {}) {
  const abort = new AbortController()
  const response = fetch(fixture.url, {
    method: 'POST',
    headers: { ...mcpHeaders(fixture.project.api_key), connection: 'close' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name, _meta: meta },
    }),
    signal: abort.signal,
  })
  response.catch(() => {})
  return { response, leave: () => abort.abort() }
}

/** The newest run of a tool, once it is no longer under way. */
async function endedRun(name: string) {
  for (let attempt = 0; attempt < 300; attempt++) {
    const { project_id } = fixture.project
    const { body } = await fixture.app.api('GET', `/api/v1/runs?project_id=${project_id}&limit=1`)
    const [run] = body.items
    if (run?.tool_name === name && run.state !== 'sending') return run
    await Bun.sleep(10)
  }
  throw new Error(`No run of ${name} came to an end.`)
}

const withinMs = <T>(ms: number, promise: Promise<T>): Promise<T | 'too late'> =>
  Promise.race([promise, Bun.sleep(ms).then(() => 'too late' as const)])

describe('case 37: a client that goes away', () => {
  test('during a read has it broken off upstream within a second', async () => {
    const { arrived } = holdAnswers()
    const { leave } = callAndLeave('read')
    const hit = await arrived
    leave()
    expect(await withinMs(1_500, aborted(hit.signal))).toBeUndefined()
    expect(await endedRun('read')).toMatchObject({ error_code: 'call_cancelled' })
  })

  test('during a write leaves it to finish, and the run is done', async () => {
    const { arrived, release } = holdAnswers()
    const { leave } = callAndLeave('write')
    const hit = await arrived
    leave()
    expect(await withinMs(500, aborted(hit.signal))).toBe('too late')
    release()
    expect(await endedRun('write')).toMatchObject({ state: 'done', upstream_status: 200 })
  })

  test('from a stream of progress has its read broken off as well', async () => {
    const { arrived } = holdAnswers()
    const { response, leave } = callAndLeave('read', { progressToken: 'p' })
    const hit = await arrived
    const { headers } = await response
    expect(headers.get('content-type')).toBe('text/event-stream')
    leave()
    expect(await withinMs(1_500, aborted(hit.signal))).toBeUndefined()
    expect(await endedRun('read')).toMatchObject({ error_code: 'call_cancelled' })
  })

  test('from a stream of progress leaves its write to finish', async () => {
    const { arrived, release } = holdAnswers()
    const { response, leave } = callAndLeave('write', { progressToken: 'p' })
    const hit = await arrived
    await response
    leave()
    expect(await withinMs(500, aborted(hit.signal))).toBe('too late')
    release()
    expect(await endedRun('write')).toMatchObject({ state: 'done', upstream_status: 200 })
  })
})
