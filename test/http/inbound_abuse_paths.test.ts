import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { callText, type House, mcpLines, startHouse } from './house.ts'
import { exchange, requestText } from './raw_client.ts'

let house: House

beforeAll(async () => {
  house = await startHouse()
  await house.addTool({ name: 'ping' })
})
beforeEach(() => house.reset())
afterAll(() => house.stop())

/** A call of `ping`, which would hit the upstream, at any request line. */
const pingText = (line: string) => requestText(line, mcpLines(house), callText('ping'))
const send = (text: string) => exchange(house.url, text)
const bare = (line: string) => send(requestText(line, [`Host: ${house.host}`]))

describe('paths that try to be another', () => {
  test.each([
    '//mcp',
    '//evil.example/mcp',
    '/mcp%2f',
    '/mcp%2F',
    '/MCP',
    '/Mcp/',
    '/mcp//',
    '/mcp/demo/',
    '/mcp/demo/x',
    '/mcp;a=b',
    '/mcp%00',
    '/%6dcp',
    '/mcp.json',
    '/mcp%20',
    '/xmcp',
    '/mcpx',
  ])('case 36: %s is not /mcp', async (path) => {
    expect(await send(pingText(`POST ${path}`))).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    })
    expect(house.upstream.hits).toEqual([])
  })

  test.each([
    '/admin/../mcp',
    '/docs/../mcp',
    '/./mcp',
    '/mcp/../mcp',
    '/mcp/%2e%2e/mcp',
    '/mcp\\',
    '/api/v1/../../mcp',
    '/healthz/../mcp',
  ])('case 36: %s is authenticated as the /mcp it resolves to', async (path) => {
    const anonymous = await bare(`POST ${path}`)
    expect(anonymous.status).toBe(401)
    expect(house.upstream.hits).toEqual([])
    expect((await send(pingText(`POST ${path}`))).status).toBe(200)
  })

  test.each([
    '/%61pi/v1/projects',
    '/docs/../api/v1/projects',
    '/docs/%2e%2e/api/v1/projects',
    '/mcp/../api/v1/projects',
    '/healthz/../api/v1/projects',
    '/openapi.json/../api/v1/projects',
    '//api/v1/projects',
    '/api//v1/projects',
    '/API/v1/projects',
    '/api%2fv1/projects',
    '/api/v1%2fprojects',
    '/api/v1/projects/',
    '/api/v1/projects%00',
    '/api/v1;/projects',
    '/api/v1/projects?x=/docs',
    '/api/v1/projects#/docs',
    '/api\\v1\\projects',
    '/%2561pi/v1/projects',
  ])('case 36: %s opens the management API to nobody without a credential', async (path) => {
    const answer = await bare(`GET ${path}`)
    expect([401, 404]).toContain(answer.status)
    expect(answer.text).not.toContain('demo')
  })

  test.each([
    '/docs/../../etc/passwd',
    '/docs/%2e%2e/%2e%2e/etc/passwd',
    '/docs/..%2f..%2fetc%2fpasswd',
    '/docs/....//etc/passwd',
    '/docs/gatehouse.db',
    '/docs/%00',
    '/docs//etc/passwd',
  ])('case 36: %s reads no file', async (path) => {
    expect(await bare(`GET ${path}`)).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })

  test('case 36: a project is named by its exact slug only', async () => {
    for (const slug of ['DEMO', '%64emo', 'demo%00', 'demo.', 'dem', 'other', '..;']) {
      const answer = await send(pingText(`POST /mcp/${slug}`))
      expect(answer).toMatchObject({ status: 401, body: { code: 'invalid_api_key' } })
    }
    expect(house.upstream.hits).toEqual([])
    expect((await send(pingText('POST /mcp/demo'))).status).toBe(200)
  })
})
