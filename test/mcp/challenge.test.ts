import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { callLegacy, mcpHeaders, postMcp } from '../helpers/mcp_client.ts'
import { exchange, requestText } from '../http/raw_client.ts'
import { type McpFixture, startMcpFixture } from './mcp_fixture.ts'

const publicUrl = 'https://tools.example.com'
let fixture: McpFixture

beforeAll(async () => {
  const settings = { public_url: publicUrl, allowed_hosts: ['evil.example', '127.0.0.1'] }
  fixture = await startMcpFixture({ settings })
  await fixture.addTool('ping')
})
afterAll(() => fixture.stop())

const metadata = `${publicUrl}/.well-known/oauth-protected-resource/mcp`
const where = (slug = '') => `resource_metadata="${metadata}${slug}"`

describe('case 38: the challenge of the MCP endpoint', () => {
  test.each([
    ['/mcp', ''],
    ['/mcp/', ''],
    ['/mcp?a=b', ''],
    ['/mcp/demo', '/demo'],
    ['/mcp/no-such-project', '/no-such-project'],
    ['/mcp/Not_A_Slug', ''],
  ])('%s without a credential names its metadata, and no error', async (path, slug) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const response = await fetch(fixture.app.url + path, { method })
      expect(response.status).toBe(401)
      const challenge = response.headers.get('www-authenticate')
      expect(challenge).toBe(`Bearer realm="gatehouse", ${where(slug)}`)
    }
  })

  const refused = [
    ['an API key that is none', `tengine_${'A'.repeat(43)}`, 'Invalid or inactive API key'],
    ['an access token that is none', `tng_oat_${'A'.repeat(43)}`, 'Token validation failed'],
    ['a session token that is none', 'tng_mst_x.y.z', 'Token validation failed'],
    ['an assertion', 'eyJhbGciOiJub25lIn0.e30.', 'Invalid member assertion'],
  ] as const

  test.each(refused)('%s is told what is wrong with it', async (_, token, description) => {
    const sent = await fixture.hitsDuring(async () => {
      const answer = await callLegacy(`${fixture.url}/demo`, token, 'tools/call', { name: 'ping' })
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toBe(
        `Bearer realm="gatehouse", error="invalid_token", error_description="${description}", ${where('/demo')}`,
      )
    })
    expect(sent).toBe(0)
  })

  test('comes from the public URL, whatever the Host header says', async () => {
    for (const host of ['evil.example', `127.0.0.1:${new URL(fixture.url).port}`]) {
      const text = requestText('POST /mcp', [`Host: ${host}`, 'X-Forwarded-Host: evil.example'], '')
      const answer = await exchange(fixture.app.url, text)
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toBe(`Bearer realm="gatehouse", ${where()}`)
    }
  })

  test('nothing of a path gets into it that is no slug', async () => {
    for (const path of ['/mcp/a"b', "/mcp/a'b", '/mcp/%22%0d%0ax', '/mcp/a%2fb', '/mcp/..;']) {
      const lines = [`Host: 127.0.0.1`]
      const answer = await exchange(fixture.app.url, requestText(`POST ${path}`, lines, ''))
      const challenge = answer.headers.get('www-authenticate')
      expect([401, 400, 404]).toContain(answer.status)
      if (answer.status === 401) expect(challenge).toBe(`Bearer realm="gatehouse", ${where()}`)
      else expect(challenge).toBeNull()
    }
  })

  test('names what the policy of the project suggests to ask for, and only that', async () => {
    await fixture.addTool('reading', { required_scopes: ['NOTES_READ', 'FILES_READ'] })
    const setPolicy = (change: object) =>
      fixture.app.api('PATCH', `/api/v1/projects/${fixture.project.project_id}/policy`, change)
    const challengeAt = async (path: string, token: string | null = null) => {
      const headers = token === null ? {} : { authorization: `Bearer ${token}` }
      const answer = await fetch(fixture.app.url + path, { method: 'POST', headers })
      return answer.headers.get('www-authenticate')
    }
    const suggested = { challenge_scopes: ['NOTES_READ', 'FILES_READ', 'NOTES_READ'] }
    expect((await setPolicy(suggested)).status).toBe(200)
    const named = 'scope="FILES_READ NOTES_READ", '
    expect(await challengeAt('/mcp/demo')).toBe(
      `Bearer realm="gatehouse", ${named}${where('/demo')}`,
    )
    expect(await challengeAt('/mcp/demo', 'tengine_x')).toContain(named)
    for (const path of ['/mcp', '/mcp/other']) {
      expect(await challengeAt(path)).not.toContain('scope=')
    }
    // A ceiling that is lowered takes the suggestion with it.
    await setPolicy({ policy_scopes: ['NOTES_READ'] })
    expect(await challengeAt('/mcp/demo')).toContain('scope="NOTES_READ", ')
    const tooMuch = await setPolicy({ challenge_scopes: ['FILES_READ', 'NO_SUCH'] })
    expect(tooMuch.status).toBe(422)
    expect(tooMuch.body.errors).toEqual([
      { pointer: '/challenge_scopes/0', message: 'is above policy_scopes' },
      { pointer: '/challenge_scopes/1', message: 'is not a scope of the project' },
    ])
    await setPolicy({ policy_scopes: [], challenge_scopes: [] })
    expect(await challengeAt('/mcp/demo')).not.toContain('scope=')
  })

  test('a page of another origin may read it', async () => {
    const origin = publicUrl
    const response = await fetch(fixture.url, {
      method: 'POST',
      headers: { ...mcpHeaders('x'), origin, authorization: '' },
    })
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)
    expect(response.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate')
  })

  test('is absent where the credential is not what is wrong', async () => {
    const { api_key: key } = fixture.project
    const deeper = await postMcp(`${fixture.url}/a/b`, key, '{}')
    const get = await fetch(fixture.url, { headers: mcpHeaders(key) })
    for (const answer of [deeper, get]) {
      expect(answer.headers.get('www-authenticate')).toBeNull()
    }
  })

  test('the management API, which no OAuth token opens, names no metadata', async () => {
    const answer = await fixture.app.api('GET', '/api/v1/projects', undefined, null)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="gatehouse"')
  })
})
