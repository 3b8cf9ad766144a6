import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { callLegacy, callModern, mcpHeaders, postMcp } from '../helpers/mcp_client.ts'
import { type McpFixture, startMcpFixture } from './mcp_fixture.ts'

let fixture: McpFixture
let key: string

beforeAll(async () => {
  fixture = await startMcpFixture()
  key = fixture.project.api_key
  await fixture.addTool('ping')
})
afterAll(() => fixture.stop())

const pingBody = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ping"}}'

describe('the addresses of the MCP endpoint', () => {
  test.each(['/mcp', '/mcp/', '/mcp/demo'])(
    '%s answers both eras, without a redirect',
    async (path) => {
      const url = fixture.app.url + path
      for (const call of [callLegacy, callModern]) {
        const { status, body } = await call(url, key, 'tools/call', { name: 'ping' })
        expect(status).toBe(200)
        expect(body.result.structuredContent).toEqual({ ok: true })
      }
    },
  )

  test('a query string changes nothing', async () => {
    const { status } = await callLegacy(`${fixture.url}?a=1`, key, 'tools/list')
    expect(status).toBe(200)
  })

  test('a deeper path is not found', async () => {
    const { status, body } = await callLegacy(`${fixture.url}/demo/more`, key, 'tools/list')
    expect(status).toBe(404)
    expect(body.code).toBe('not_found')
  })

  test('case 40: a key of project A at the address of project B, or of none, is an unknown key', async () => {
    const { body: other } = await fixture.app.api('POST', '/api/v1/projects', { name: 'Other' })
    for (const slug of [other.slug, 'no-such-project']) {
      const wrong = `tengine_${'A'.repeat(43)}`
      const wrongKey = await postMcp(`${fixture.url}/${slug}`, wrong, pingBody)
      const sent = await fixture.hitsDuring(async () => {
        const answer = await postMcp(`${fixture.url}/${slug}`, key, pingBody)
        expect(answer.status).toBe(401)
        const { request_id: _, ...said } = answer.body
        const { request_id: __, ...unknown } = wrongKey.body
        expect(said).toEqual(unknown)
        expect(answer.headers.get('www-authenticate')).toBe(
          wrongKey.headers.get('www-authenticate'),
        )
      })
      expect(sent).toBe(0)
    }
  })
})

describe('the credential comes before everything else', () => {
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']

  test.each(methods)('case 38: %s without a credential is 401 with a challenge', async (method) => {
    const response = await fetch(fixture.url, { method })
    expect(response.status).toBe(401)
    // RFC 6750 §3.1: no error code where no credential was sent.
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer realm="gatehouse", resource_metadata="${fixture.app.url}/.well-known/oauth-protected-resource/mcp"`,
    )
  })

  test.each([
    ['a body that is no JSON', { 'content-type': 'application/json' }, '{'],
    ['a body of another type', { 'content-type': 'text/plain' }, pingBody],
    ['an Accept that fits nothing', { accept: 'image/png' }, pingBody],
    ['a modern request that is malformed', { 'mcp-protocol-version': '2026-07-28' }, '[]'],
  ])('%s is 401 too', async (_, headers, body) => {
    const response = await fetch(fixture.url, { method: 'POST', headers, body })
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ code: 'missing_credential' })
  })

  const presented = [
    ['an unknown key', `Bearer tengine_${'A'.repeat(43)}`],
    ['a key of another form', 'Bearer sk-123'],
    ['an admin token', 'admin'],
    ['another scheme', 'Basic dGVuZ2luZV94Og=='],
    ['case 48: two credentials', 'Bearer a, Bearer b'],
    ['an empty credential', 'Bearer '],
  ]

  test.each(presented)('%s is 401 and nothing is sent', async (_, credential) => {
    const authorization =
      credential === 'admin' ? `Bearer ${fixture.project.admin_token}` : credential
    const sent = await fixture.hitsDuring(async () => {
      const headers = { ...mcpHeaders('-'), authorization: authorization ?? '' }
      const response = await fetch(fixture.url, { method: 'POST', headers, body: pingBody })
      expect(response.status).toBe(401)
      const { code, detail } = (await response.json()) as { code: string; detail: string }
      expect({ code, detail }).toEqual({
        code: 'invalid_api_key',
        detail: 'Invalid or inactive API key',
      })
      expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"')
    })
    expect(sent).toBe(0)
  })

  test('a key in the query string counts for nothing', async () => {
    const response = await fetch(`${fixture.url}?access_token=${key}`, { method: 'POST' })
    expect(response.status).toBe(401)
  })
})

describe('an authenticated request', () => {
  test.each(['GET', 'DELETE', 'PUT', 'PATCH'])('%s is 405 and names POST', async (method) => {
    const response = await fetch(fixture.url, { method, headers: mcpHeaders(key) })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
  })

  test.each([
    ['text/plain', 415, 'unsupported_media_type'],
    ['application/json-patch+json', 415, 'unsupported_media_type'],
    ['application/json; charset=utf-8', 200, undefined],
    ['APPLICATION/JSON', 200, undefined],
  ])('case 20: Content-Type %s gives %d', async (type, status, code) => {
    const answer = await postMcp(fixture.url, key, pingBody, { 'content-type': type })
    expect(answer.status).toBe(status)
    expect(answer.body.code).toBe(code)
  })

  test.each([
    ['application/json', 406],
    ['text/event-stream', 406],
    ['application/json, text/event-stream', 200],
    ['text/event-stream;q=0.5, application/json', 200],
    ['*/*', 200],
    ['application/*, text/*', 200],
  ])('case 20: Accept %s gives %d', async (accept, status) => {
    const sent = await fixture.hitsDuring(async () => {
      expect((await postMcp(fixture.url, key, pingBody, { accept })).status).toBe(status)
    })
    expect(sent).toBe(status === 200 ? 1 : 0)
  })

  test('case 294: is answered for its caller alone', async () => {
    for (const method of ['tools/list', 'prompts/list', 'server/discover', 'no/such']) {
      const { headers } = await callModern(fixture.url, key, method)
      expect(headers.get('cache-control')).toBe('no-store')
    }
  })
})

describe('the name and the page a request comes from', () => {
  test('cases 21–25: a foreign Host or Origin is refused before the credential is looked at', async () => {
    for (const header of [{ host: 'evil.example.com' }, { origin: 'https://evil.example.com' }]) {
      const response = await fetch(fixture.url, { method: 'POST', headers: header })
      expect(response.status).toBe(403)
      expect(response.headers.get('www-authenticate')).toBeNull()
    }
  })
})
