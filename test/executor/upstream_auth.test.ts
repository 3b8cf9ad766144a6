import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { callLegacy } from '../helpers/mcp_client.ts'
import {
  answer,
  type RawRequest,
  type RawUpstream,
  startRawUpstream,
} from '../helpers/raw_upstream.ts'
import { type Bootstrapped, type RunningApp, startApp } from '../helpers/running_app.ts'

const secretValue = 's3cret/+ value?'.replace(' ', '_')

/** A request's token endpoint answer, by what it presents. */
interface TokenRules {
  lifetimeSeconds: number
  onlyPost: boolean
  refuses: boolean
  delayMs: number
}

let nowMs = Date.now()
const clock = { nowMs: () => nowMs, monotonicMs: () => performance.now() }
const rules: TokenRules = { lifetimeSeconds: 3600, onlyPost: false, refuses: false, delayMs: 0 }
let apiStatus = 200
let issued = 0
let upstream: RawUpstream
let tokens: RawUpstream
let app: RunningApp
let made: Bootstrapped

const status = (code: number, body: string) =>
  Buffer.from(
    `HTTP/1.1 ${code} X\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )

function tokenAnswer({ head, body }: RawRequest): Buffer {
  const form = new URLSearchParams(body.toString())
  const basic = /^authorization: Basic (.*)\r$/im.exec(head)?.[1]
  const given = basic
    ? Buffer.from(basic, 'base64').toString()
    : `${form.get('client_id')}:${form.get('client_secret')}`
  const isKnown = given === (basic ? 'my+id:p%40ss%3Aword' : 'my id:p@ss:word')
  if (rules.refuses || !isKnown || (rules.onlyPost && basic)) {
    const echo = `bad credentials p@ss:word for ${given}`
    return status(401, JSON.stringify({ error: 'invalid_client', error_description: echo }))
  }
  const access_token = `token-number-${++issued}`
  const expires_in = rules.lifetimeSeconds
  return status(200, JSON.stringify({ access_token, token_type: 'bearer', expires_in }))
}

beforeAll(async () => {
  tokens = startRawUpstream((connection, request) => {
    setTimeout(() => connection.end(tokenAnswer(request)), rules.delayMs)
  })
  upstream = startRawUpstream((connection, { head, body }) => {
    const echoed = JSON.stringify({ head, body: body.toString() })
    connection.end(
      apiStatus === 200
        ? answer(echoed, ['content-type: application/json'])
        : status(apiStatus, echoed),
    )
  })
  const egress_allow = [upstream, tokens].map(({ port }) => `http://127.0.0.1:${port}`)
  app = await startApp({ clock, settings: { egress_allow } })
  made = await app.bootstrap()
})
afterAll(async () => {
  await app.stop()
  upstream.stop()
  tokens.stop()
})
beforeEach(() => {
  Object.assign(rules, { lifetimeSeconds: 3600, onlyPost: false, refuses: false, delayMs: 0 })
  apiStatus = 200
})

let tools = 0
async function makeTool(fields: object) {
  const name = `tool-${++tools}`
  const answered = await app.api('POST', '/api/v1/custom-tools', {
    project_id: made.project_id,
    name,
    http_method: 'GET',
    base_url: `http://127.0.0.1:${upstream.port}`,
    endpoint_path: '/v1/things',
    input_schema: { type: 'object', properties: { q: { type: 'string' } } },
    ...fields,
  })
  return { name, id: answered.body.id as number, answered }
}

const call = (name: string, args = {}) =>
  callLegacy(made.mcp_url, made.api_key, 'tools/call', { name, arguments: args }).then(
    (answered) => answered.body.result,
  )
const lastHead = () => upstream.requests.at(-1)?.head ?? ''

describe('static_query', () => {
  const fields = {
    auth_strategy: 'static_query',
    auth_header_name: 'api key',
    encrypted_auth_secret: secretValue,
  }
  const sent = 'api%20key=s3cret%2F%2B_value%3F'

  test('ends the query with the secret, percent-encoded, and nobody sees it again', async () => {
    const { name, id } = await makeTool(fields)
    const result = await call(name, { q: 'a' })
    expect(lastHead()).toStartWith(`GET /v1/things?q=a&${sent} HTTP/1.1\r\n`)
    expect(JSON.stringify(result)).not.toContain('s3cret')
    await call(name)
    expect(lastHead()).toStartWith(`GET /v1/things?${sent} HTTP/1.1\r\n`)
    apiStatus = 404
    const failed = await call(name)
    expect(failed.isError).toBe(true)
    expect(JSON.stringify(failed)).not.toContain('s3cret')
    const runs = await app.api('GET', `/api/v1/runs?project_id=${made.project_id}`)
    expect(JSON.stringify(runs.body)).not.toContain('s3cret')
    const preview = await execute(id, { dry_run: true, arguments: { q: 'a' } })
    expect(preview.body.url).toEndWith('/v1/things?q=a&api%20key=***')
    expect(JSON.stringify(preview.body)).not.toContain('s3cret')
    expect(app.logLines().join()).not.toContain('s3cret')
  })

  test('needs a name', async () => {
    const { answered } = await makeTool({ ...fields, auth_header_name: null })
    expect(answered.status).toBe(422)
    expect(answered.body.errors[0].pointer).toBe('/auth_header_name')
  })
})

describe('static_cookie', () => {
  const fields = {
    auth_strategy: 'static_cookie',
    auth_header_name: 'session',
    encrypted_auth_secret: 'abc123secret==',
  }

  test('is the Cookie header, and nobody sees it again', async () => {
    const { name, id } = await makeTool(fields)
    const result = await call(name)
    expect(lastHead()).toContain('\r\nCookie: session=abc123secret==\r\n')
    expect(JSON.stringify(result)).not.toContain('abc123secret')
    const preview = await execute(id, { dry_run: true, arguments: {} })
    expect(JSON.stringify(preview.body)).toContain('session=***')
    expect(JSON.stringify(preview.body)).not.toContain('abc123secret')
  })

  test.each(['a;b', 'a b', 'a,b', 'a\\b'])('refuses the secret %j', async (secret) => {
    const { answered } = await makeTool({ ...fields, encrypted_auth_secret: secret })
    expect(answered.status).toBe(422)
  })
})

const execute = (id: number, body: object) =>
  app.api('POST', `/api/v1/custom-tools/${id}/execute`, {
    integration_id: made.integration_id,
    ...body,
  })

describe('oauth_client_credentials (RFC 6749 §4.4)', () => {
  let scope = 0
  const fields = (more: object = {}) => ({
    auth_strategy: 'oauth_client_credentials',
    encrypted_auth_secret: 'my id:p@ss:word',
    auth_oauth: {
      token_url: `http://127.0.0.1:${tokens.port}/oauth/token?tenant=1`,
      scopes: [`things.read.${++scope}`, 'b'],
      audience: 'https://api.example.com',
      ...more,
    },
  })

  test('gets a token with Basic credentials, sends it, keeps it and never shows it', async () => {
    const before = tokens.requests.length
    const { name, id } = await makeTool(fields())
    const preview = await execute(id, { dry_run: true, arguments: {} })
    expect(JSON.stringify(preview.body)).toContain('Bearer ***')
    expect(tokens.requests.length).toBe(before)
    const results = await Promise.all([call(name), call(name), call(name)])
    expect(tokens.requests.length).toBe(before + 1)
    const asked = tokens.requests.at(-1)
    expect(asked?.head).toStartWith('POST /oauth/token?tenant=1 HTTP/1.1\r\n')
    const form = new URLSearchParams(asked?.body.toString())
    expect(Object.fromEntries(form)).toEqual({
      grant_type: 'client_credentials',
      scope: `things.read.${scope} b`,
      audience: 'https://api.example.com',
      resource: 'https://api.example.com',
    })
    expect(lastHead()).toContain(`\r\nAuthorization: Bearer token-number-${issued}\r\n`)
    expect(JSON.stringify(results)).not.toContain('token-number')
    nowMs += 3600_000 - 61_000
    await call(name)
    expect(tokens.requests.length).toBe(before + 1)
    nowMs += 1_000
    await call(name)
    expect(tokens.requests.length).toBe(before + 2)
  })

  test('falls back to the credentials in the body, and remembers', async () => {
    rules.onlyPost = true
    rules.lifetimeSeconds = 30
    const before = tokens.requests.length
    const { name } = await makeTool(fields())
    expect((await call(name)).isError).toBeFalsy()
    expect(tokens.requests.length).toBe(before + 2)
    expect(tokens.requests.at(-1)?.head.toLowerCase()).not.toContain('authorization')
    await call(name)
    expect(tokens.requests.length).toBe(before + 3)
  })

  test('a refused token is replaced for the next call, once, and nothing is sent twice', async () => {
    const deduplication = { mode: 'off' }
    const { name } = await makeTool({ ...fields(), http_method: 'POST', deduplication })
    await call(name)
    apiStatus = 401
    const [calls, asked] = [upstream.requests.length, tokens.requests.length]
    expect((await call(name)).isError).toBe(true)
    expect(upstream.requests.length).toBe(calls + 1)
    expect(tokens.requests.length).toBe(asked)
    await call(name)
    await call(name)
    expect(tokens.requests.length).toBe(asked + 1)
    nowMs += 61_000
    await call(name)
    await call(name)
    expect(tokens.requests.length).toBe(asked + 2)
  })

  test('a refusal names the host, never the secret, and nothing is sent', async () => {
    rules.refuses = true
    const calls = upstream.requests.length
    const { name } = await makeTool({ ...fields(), http_method: 'POST' })
    const result = await call(name)
    expect(result._meta['tengine/error']).toMatchObject({
      code: 'upstream_auth_failed',
      status: 502,
    })
    const text = JSON.stringify(result)
    expect(text).toContain('The token endpoint at 127.0.0.1 answered 401 (invalid_client')
    expect(text).not.toContain('p@ss')
    expect(upstream.requests.length).toBe(calls)
    const runs = await app.api('GET', `/api/v1/runs?project_id=${made.project_id}`)
    expect(runs.body.items[0]).toMatchObject({ state: 'failed_not_sent' })
    expect(JSON.stringify(runs.body)).not.toContain('p@ss')
  })

  test('an endpoint that is slower than the tool’s timeout does not hold the call', async () => {
    rules.delayMs = 600
    const calls = upstream.requests.length
    const { name } = await makeTool({ ...fields(), timeout_ms: 150 })
    const result = await call(name)
    expect(result._meta['tengine/error'].code).toBe('upstream_auth_failed')
    expect(upstream.requests.length).toBe(calls)
  })

  test('the token endpoint passes the egress policy, when registered and when asked', async () => {
    const outside = await makeTool(fields({ token_url: 'http://127.0.0.1:1/token' }))
    expect(outside.answered.status).toBe(422)
    expect(outside.answered.body.errors[0].pointer).toBe('/auth_oauth/token_url')
    const calls = upstream.requests.length
    const inside = await makeTool(fields({ token_url: 'https://10.1.2.3/token' }))
    expect(inside.answered.status).toBe(201)
    const result = await call(inside.name)
    expect(result._meta['tengine/error'].code).toBe('upstream_auth_failed')
    expect(JSON.stringify(result)).toContain('10.1.2.3')
    expect(upstream.requests.length).toBe(calls)
  })

  test.each<[string, object, string]>([
    ['no auth_oauth', { auth_oauth: null }, '/auth_oauth'],
    ['a secret without a colon', { encrypted_auth_secret: 'abc' }, '/encrypted_auth_secret'],
  ])('%s is refused at registration', async (_, change, pointer) => {
    const { answered } = await makeTool({ ...fields(), ...change })
    expect(answered.status).toBe(422)
    expect(answered.body.errors[0].pointer).toBe(pointer)
  })
})
