import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { callText, type Hit, type House, mcpLines, startHouse } from './house.ts'
import { exchange, RawClient, requestText } from './raw_client.ts'

/** Bun counts in steps of 4 s: its 10 s end after 12. */
const endsWithinMs = 15_000
const big = 'x'.repeat(24 * 1024 * 1024)
const slowMs = 13_000
let house: House

const hitsAt = (path: string) => house.upstream.hits.filter((hit) => hit.target === path)
const until = async (met: () => unknown, timeoutMs = 3_000) => {
  const deadline = Date.now() + timeoutMs
  while (!(await met()) && Date.now() < deadline) await Bun.sleep(20)
  expect(await met()).toBeTruthy()
}

beforeAll(async () => {
  house = await startHouse()
  house.upstream.answer = async ({ target, signal }: Hit) => {
    if (target === '/big') return new Response(big)
    if (target === '/slow') await Bun.sleep(slowMs)
    if (target === '/hang') {
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve())
        setTimeout(resolve, 1_500)
      })
    }
    return Response.json({ ok: true })
  }
  const cap = { max_response_bytes: 64 * 1024 * 1024 }
  await house.addTool({ name: 'ping', endpoint_path: '/ping' })
  await house.addTool({ name: 'big', endpoint_path: '/big', ...cap })
  await house.addTool({ name: 'slow', endpoint_path: '/slow' })
  await house.addTool({ name: 'hang-read', endpoint_path: '/hang' })
  await house.addTool({ name: 'hang-write', endpoint_path: '/hang', http_method: 'POST' })
})
afterAll(() => house.stop())

const mcp = (body: string, lines: readonly string[] = []) =>
  requestText('POST /mcp', [...mcpLines(house), ...lines], body)
const managed = (line: string, body: string) => {
  const credential = `Authorization: Bearer ${house.adminToken}`
  return requestText(
    line,
    [`Host: ${house.host}`, credential, 'Content-Type: application/json'],
    body,
  )
}

/** Sends the start of a request, then a byte each second, until the server has had enough. */
async function dripUntilClosed(start: string, drip: string): Promise<number> {
  const client = await RawClient.connect(house.url)
  await client.send(start)
  const startedAt = performance.now()
  const timer = setInterval(() => void client.send(drip), 1_000)
  await client.isClosedWithin(endsWithinMs + 1_000)
  clearInterval(timer)
  client.close()
  return performance.now() - startedAt
}

describe('clients that are slow on purpose', () => {
  test.concurrent('case 3: headers that drip in end the connection and reach no route', async () => {
    const head = `POST /mcp/dripping HTTP/1.1\r\nHost: ${house.host}\r\nX-A: `
    const starts = [head, 'GET /mcp/dripping', 'GE']
    const times = await Promise.all(starts.map((start) => dripUntilClosed(start, 'a')))
    for (const time of times) expect(time).toBeLessThan(endsWithinMs)
    expect(house.logLines().join('\n')).not.toContain('/mcp/dripping')
  }, 20_000)

  test.concurrent('case 4: a body that drips in ends the connection, unparsed', async () => {
    const announced = mcp('', ['Content-Length: 1000']).trimEnd()
    const chunked = mcp('', ['Transfer-Encoding: chunked']).trimEnd()
    const times = await Promise.all([
      dripUntilClosed(`${announced}\r\n\r\n`, ' '),
      dripUntilClosed(`${chunked}\r\n\r\n`, '1\r\n \r\n'),
      dripUntilClosed(managed('POST /api/v1/projects', '{').replace(': 1\r', ': 99\r'), ' '),
    ])
    for (const time of times) expect(time).toBeLessThan(endsWithinMs)
  }, 20_000)

  test.concurrent('case 4: a call answered does not buy time for the next request on the connection', async () => {
    const client = await RawClient.connect(house.url)
    await client.send(mcp(callText('ping')))
    expect((await client.response())?.status).toBe(200)
    const idle = await RawClient.connect(house.url)
    await idle.send(mcp('{"jsonrpc":"2.0","id":1,"method":"tools/list"}'))
    await client.send(mcp('', ['Content-Length: 1000']))
    const closed = [client, idle].map((each) => each.isClosedWithin(endsWithinMs))
    expect(await Promise.all(closed)).toEqual([true, true])
  }, 20_000)

  test.concurrent('case 7: a client that takes nothing of a large answer is cut off', async () => {
    const client = await RawClient.connect(house.url)
    await client.send(mcp(callText('big')))
    client.pause()
    await until(() => hitsAt('/big').length === 1)
    await Bun.sleep(13_000)
    client.resume()
    expect(await client.isClosedWithin(2_000)).toBe(true)
    expect(client.text.length).toBeLessThan(big.length)
    client.close()
  }, 25_000)
})

describe('clients that wait, with good reason', () => {
  test.concurrent('a slow tool keeps its caller connected at /mcp, at the API and at the socket', async () => {
    const tools = await house.api('GET', `/api/v1/custom-tools?project_id=${house.projectId}`)
    const { id } = tools.body.items.find((tool: { name: string }) => tool.name === 'slow')
    const path = `/api/v1/custom-tools/${id}/execute`
    const overSocket = fetch(`http://localhost${path}`, {
      method: 'POST',
      unix: join(house.dataDir, 'admin.sock'),
    })
    const clients = await Promise.all([RawClient.connect(house.url), RawClient.connect(house.url)])
    await clients[0].send(mcp(callText('slow')))
    // Without a body: after reading one, Bun counts no idle time anyway.
    const credential = `Authorization: Bearer ${house.adminToken}`
    await clients[1].send(requestText(`POST ${path}`, [`Host: ${house.host}`, credential]))
    const answers = await Promise.all(clients.map((client) => client.response(slowMs + 4_000)))
    expect(answers.map((answer) => answer?.status)).toEqual([200, 200])
    expect((await overSocket).status).toBe(200)
    for (const client of clients) client.close()
  }, 25_000)

  const revision = '2026-07-28'
  const listenText = (id: number) =>
    JSON.stringify({
      jsonrpc: '2.0',
      id,
      method: 'subscriptions/listen',
      params: {
        notifications: { toolsListChanged: true },
        _meta: {
          'io.modelcontextprotocol/protocolVersion': revision,
          'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    })
  const listenLines = [`MCP-Protocol-Version: ${revision}`, 'Mcp-Method: subscriptions/listen']

  test.concurrent('case 6: the 65th stream of an integration is 429; the others live on, silent or not', async () => {
    const clients: RawClient[] = []
    for (let id = 0; id < 64; id++) {
      const client = await RawClient.connect(house.url)
      clients.push(client)
      await client.send(mcp(listenText(id), listenLines))
      expect(await client.hasReceived('subscriptions/acknowledged')).toBe(true)
    }
    const refused = await exchange(house.url, mcp(listenText(64), listenLines))
    expect(refused).toMatchObject({ status: 429, body: { code: 'too_many_streams' } })
    expect(refused.headers.get('retry-after')).not.toBeNull()
    const made = await house.api('POST', '/api/v1/integrations', {
      project_id: house.projectId,
      name: 'other',
    })
    const other = await RawClient.connect(house.url)
    const lines = [...mcpLines(house, made.body.api_key), ...listenLines]
    await other.send(requestText('POST /mcp', lines, listenText(65)))
    expect(await other.hasReceived('subscriptions/acknowledged')).toBe(true)
    await Bun.sleep(13_000)
    expect(clients.every((client) => client.isOpen)).toBe(true)
    for (const client of [...clients, other]) client.close()
  }, 30_000)

  test.concurrent('case 5: 1,000 idle connections delay nobody, and end by themselves', async () => {
    const idle: RawClient[] = []
    while (idle.length < 1_000) idle.push(await RawClient.connect(house.url))
    const times: number[] = []
    for (let n = 0; n < 9; n++) {
      const startedAt = performance.now()
      expect((await exchange(house.url, mcp(callText('ping')))).status).toBe(200)
      times.push(performance.now() - startedAt)
    }
    // The median, for other tests run meanwhile; 50 ms on a machine of its own.
    expect(times.sort((a, b) => a - b)[4]).toBeLessThan(500)
    const ended = await Promise.all(idle.map((client) => client.isClosedWithin(endsWithinMs)))
    expect(ended.every((each) => each)).toBe(true)
  }, 30_000)
})

describe('clients that leave in the middle of a call', () => {
  const leave = async (tool: string) => {
    const client = await RawClient.connect(house.url)
    const count = hitsAt('/hang').length
    await client.send(mcp(callText(tool)))
    await until(() => hitsAt('/hang').length > count)
    client.close()
    return hitsAt('/hang')[count]
  }
  const lastRun = async (tool: string) => {
    const runs = await house.runs()
    return runs.find((run) => run.tool_name === tool)
  }

  // One after the other: both look at what reaches the same path.
  test.concurrent('case 37: a read is aborted upstream; a write already sent is left to finish and recorded', async () => {
    const read = await leave('hang-read')
    await until(() => read?.signal.aborted)
    await until(() => lastRun('hang-read'))
    const stopped = { http_method: 'GET', upstream_status: null, error_code: 'call_cancelled' }
    expect(await lastRun('hang-read')).toMatchObject(stopped)

    const write = await leave('hang-write')
    await until(async () => (await lastRun('hang-write'))?.state === 'done')
    expect(write?.signal.aborted).toBe(false)
    const finished = { http_method: 'POST', upstream_status: 200, error_code: null }
    expect(await lastRun('hang-write')).toMatchObject(finished)
  })
})
