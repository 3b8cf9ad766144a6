import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { startApp } from '../helpers/running_app.ts'
import { connect, type OauthHouse, post, redeem, startOauthHouse } from './oauth_exchange.ts'
import { local, Visitor } from './visitor.ts'

let house: OauthHouse
const publicUrl = 'https://gate.example.com'
beforeAll(async () => {
  house = await startOauthHouse()
})
afterAll(() => house.stop())

const endpoint = (name: string) => `/api/v1/mcp-oauth/${name}`
const json = async (response: Response) => ({
  status: response.status,
  headers: response.headers,
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  body: (await response.json()) as any,
})

describe('the form endpoints', () => {
  test.each(['token', 'revoke', 'introspect', 'register'])(
    'case 130: GET /%s is 405, without any credential',
    async (name) => {
      const response = await fetch(house.url + endpoint(name))
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
    },
  )

  test('other methods of the page are 405', async () => {
    const response = await fetch(house.url + endpoint('authorize'), { method: 'PUT' })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, POST'])
  })

  test('case 130: a JSON body is 400', async () => {
    const { status, body } = await json(
      await fetch(house.url + endpoint('token'), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"grant_type":"refresh_token"}',
      }),
    )
    expect([status, body.error]).toEqual([400, 'invalid_request'])
  })

  test('case 119: a repeated parameter is 400', async () => {
    const { status, body } = await json(
      await fetch(house.url + endpoint('token'), {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'grant_type=refresh_token&client_id=a&client_id=a',
      }),
    )
    expect([status, body]).toEqual([
      400,
      { error: 'invalid_request', error_description: 'The parameter client_id is repeated' },
    ])
  })

  test('a form beyond 64 KiB is 413', async () => {
    const { status, body } = await post(house, 'token', { code: 'a'.repeat(65 * 1024) })
    expect([status, body.error]).toEqual([413, 'invalid_request'])
  })

  test('case 120: who came with the header is told its scheme, and nothing is kept', async () => {
    const authorization = `Basic ${btoa('nobody:wrong')}`
    const form = { grant_type: 'client_credentials' }
    const { status, headers, body } = await post(house, 'token', form, { authorization })
    expect([status, body.error]).toEqual([401, 'invalid_client'])
    expect(headers.get('www-authenticate')).toBe('Basic realm="gatehouse"')
    expect(headers.get('cache-control')).toBe('no-store')
  })

  test('an API key or a session is no client', async () => {
    const bearer = { authorization: `Bearer ${house.apiKey}` }
    const { status, body } = await post(house, 'token', { grant_type: 'refresh_token' }, bearer)
    expect([status, body.error]).toEqual([401, 'invalid_client'])
  })

  test('case 128: revoking what is unknown is 200 with nothing in it', async () => {
    const fields = { client_id: house.clientId, token: 'nonsense' }
    const { status, body } = await post(house, 'revoke', fields)
    expect([status, body]).toEqual([200, null])
  })

  test('case 106: tokens of one kind are none of another', async () => {
    const { access_token, refresh_token } = await connect(house)
    for (const token of [refresh_token, `tng_oac_${'a'.repeat(43)}`, 'eyJhbGciOiJub25lIn0.e30.']) {
      const response = await fetch(`${house.url}/mcp`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: '{}',
      })
      expect([token.slice(0, 8), response.status]).toEqual([token.slice(0, 8), 401])
    }
    const asCode = await redeem(house, access_token)
    expect(asCode.body.error).toBe('invalid_grant')
    const asAdmin = await house.api('GET', '/api/v1/projects', undefined, access_token)
    expect(asAdmin.status).toBe(401)
  })
})

describe('an integration acts for itself', () => {
  test('with id and secret, within the policy, without a refresh token', async () => {
    const made = await house.api('POST', '/api/v1/integrations', {
      project_id: house.projectId,
      name: 'Backend',
      kind: 'oauth_client',
    })
    const { client_id, client_secret } = made.body
    const authorization = `Basic ${btoa(`${client_id}:${client_secret}`)}`
    const form = { grant_type: 'client_credentials', resource: `${house.url}/mcp` }
    const { status, body } = await post(house, 'token', form, { authorization })
    expect([status, body]).toEqual([
      200,
      {
        access_token: expect.stringMatching(/^tng_oat_/),
        token_type: 'Bearer',
        expires_in: 900,
        scope: 'ALL',
      },
    ])
    const seen = await post(house, 'introspect', { token: body.access_token }, { authorization })
    expect(seen.body).toMatchObject({ active: true, client_id, sub: client_id })
  })
})

describe('pages of other origins', () => {
  const origin = 'https://elsewhere.example'

  test.each(['token', 'revoke', 'register'])(
    'case 130: may call /%s for themselves, never with credentials',
    async (name) => {
      const preflight = await fetch(house.url + endpoint(name), {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      })
      expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([
        204,
        '*',
      ])
      const { headers } = await post(house, name, {}, { origin })
      expect(headers.get('access-control-allow-origin')).toBe('*')
      expect(headers.get('access-control-allow-credentials')).toBeNull()
    },
  )

  test.each(['authorize', 'introspect'])('may not call /%s', async (name) => {
    const response = await fetch(house.url + endpoint(name), {
      method: 'POST',
      headers: { origin },
    })
    expect(response.status).toBe(403)
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('may read the metadata', async () => {
    const path = '/.well-known/oauth-authorization-server'
    const response = await fetch(house.url + path, { headers: { origin } })
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([
      200,
      '*',
    ])
  })

  test('the cookie of a person is worth nothing at the token endpoint', async () => {
    const { status } = await post(house, 'token', {}, { cookie: house.owner.cookie })
    expect(status).toBe(400)
  })
})

describe('the well-known documents', () => {
  const read = async (path: string) => json(await fetch(`${house.url}/.well-known/${path}`))

  test('case 134: speak of the public URL, whatever Host says', async () => {
    const settings = { public_url: publicUrl, allowed_hosts: ['other.example.com'] }
    const gate = await startApp({ settings })
    try {
      for (const host of ['gate.example.com', 'other.example.com', new URL(gate.url).host]) {
        for (const [path, member] of [
          ['oauth-authorization-server', 'issuer'],
          ['openid-configuration', 'issuer'],
        ] as const) {
          const response = await fetch(`${gate.url}/.well-known/${path}`, { headers: { host } })
          expect(await response.json()).toMatchObject({ [member]: publicUrl })
        }
        const response = await fetch(`${gate.url}/.well-known/oauth-protected-resource/mcp`, {
          headers: { host },
        })
        expect(await response.json()).toMatchObject({
          resource: `${publicUrl}/mcp`,
          authorization_servers: [publicUrl],
        })
      }
      const spoofed = await fetch(`${gate.url}/.well-known/oauth-authorization-server`, {
        headers: { host: 'evil.example' },
      })
      expect(spoofed.status).toBe(403)
    } finally {
      await gate.stop()
    }
  })

  test('case 135: each path serves its resource', async () => {
    const resources = {
      'oauth-protected-resource': '/mcp',
      'oauth-protected-resource/': '/mcp',
      'oauth-protected-resource/mcp': '/mcp',
      'oauth-protected-resource/mcp/': '/mcp',
      [`oauth-protected-resource/mcp/${house.slug}`]: `/mcp/${house.slug}`,
      [`oauth-protected-resource/mcp/${house.slug}/`]: `/mcp/${house.slug}`,
      // Whether a project is there, nobody learns.
      'oauth-protected-resource/mcp/nowhere': '/mcp/nowhere',
    }
    for (const [path, resource] of Object.entries(resources)) {
      const { status, body } = await read(path)
      expect([path, status, body.resource]).toEqual([path, 200, house.url + resource])
    }
  })

  test('the metadata of the server is the same at every address of it', async () => {
    const at = await Promise.all(
      [
        'oauth-authorization-server',
        'openid-configuration',
        'oauth-authorization-server/mcp',
        `oauth-authorization-server/mcp/${house.slug}`,
        'openid-configuration/mcp',
      ].map(read),
    )
    expect(new Set(at.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1)
    expect(at[0]?.body.issuer).toBe(house.url)
  })

  test.each([
    'oauth-protected-resource/x',
    'oauth-protected-resource/mcp/a/b',
    'oauth-protected-resource/mcp/A',
    'oauth-protected-resource/mcpx',
    'oauth-authorization-server/x',
    'openid-configuration/mcp/a/b',
    'nothing',
  ])('case 135: %s is 404', async (path) => {
    expect((await read(path)).status).toBe(404)
  })

  test('registration is announced as long as some policy lets clients in', async () => {
    const policy = `/api/v1/projects/${house.projectId}/policy`
    const announced = async () => {
      const { body } = await read('oauth-authorization-server')
      return 'registration_endpoint' in body
    }
    expect(await announced()).toBe(true)
    await local(house, 'PATCH', policy, { registration_mode: 'off' })
    expect(await announced()).toBe(false)
    await local(house, 'PATCH', policy, { registration_mode: 'on' })
    expect(await announced()).toBe(true)
  })
})

test('a stranger is sent to sign in, and learns nothing of projects', async () => {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: house.clientId,
    redirect_uri: 'http://127.0.0.1/callback',
    code_challenge: 'a'.repeat(43),
    code_challenge_method: 'S256',
    resource: `${house.url}/mcp/nowhere`,
  })
  const page = await new Visitor(house).get(`${endpoint('authorize')}?${query}`)
  expect([page.status, page.location?.startsWith('/login?next=')]).toEqual([303, true])
})
