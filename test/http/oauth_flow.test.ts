import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import {
  answerOf,
  authorizePath,
  callback,
  challengeOf,
  connect,
  consent,
  formFields,
  type OauthHouse,
  post,
  redeem,
  refresh,
  register,
  requestPath,
  startOauthHouse,
  whoami,
} from './oauth_exchange.ts'
import { frozenClock, goodPassword, local, Visitor } from './visitor.ts'

let house: OauthHouse
const { time, clock } = frozenClock()
beforeAll(async () => {
  house = await startOauthHouse({ clock })
  for (const name of ['CONTACTS_READ', 'CONTACTS_WRITE']) {
    const path = `/api/v1/projects/${house.projectId}/scopes`
    expect((await house.api('POST', path, { name, description: `About ${name}` })).status).toBe(201)
  }
})
afterAll(() => house.stop())

/** Where the browser is sent to sign in. */
const signInFor = (path: string) => `/login?next=${encodeURIComponent(path)}`

const isActive = async (token: string) => (await whoami(house, token)).status === 200

describe('from the address bar to a tool', () => {
  test('sign in, approve, redeem, call, refresh, revoke', async () => {
    const visitor = new Visitor(house)
    const path = requestPath(house)
    const first = await visitor.get(path)
    expect([first.status, first.location]).toEqual([303, signInFor(path)])
    const typed = { email: 'owner@example.com', password: goodPassword, next: path }
    const entered = await visitor.post('/login', typed)
    expect([entered.status, entered.location]).toEqual([303, path])

    const page = await visitor.get(path)
    expect(page.status).toBe(200)
    expect(page.text).toContain('Test client')
    expect(page.text).toContain('CONTACTS_READ')
    const answer = await visitor.post(authorizePath, {
      ...formFields(page),
      decision: 'approve',
    })
    expect(answer.status).toBe(303)
    const given = answerOf(answer)
    expect([given.get('state'), given.get('iss')]).toEqual(['state 1', house.url])

    const tokens = await redeem(house, given.get('code'))
    expect(tokens.status).toBe(200)
    expect(tokens.headers.get('cache-control')).toBe('no-store')
    expect(tokens.body).toEqual({
      access_token: expect.stringMatching(/^tng_oat_/),
      token_type: 'Bearer',
      expires_in: 900,
      refresh_token: expect.stringMatching(/^tng_ort_/),
      scope: 'CONTACTS_READ CONTACTS_WRITE',
    })
    const called = await whoami(house, tokens.body.access_token)
    expect(called.body.result.structuredContent).toMatchObject({
      user: { email: 'owner@example.com' },
      client: { id: house.clientId },
    })

    const renewed = await refresh(house, tokens.body.refresh_token)
    expect(await isActive(renewed.body.access_token)).toBe(true)
    const revoked = await post(house, 'revoke', {
      client_id: house.clientId,
      token: renewed.body.refresh_token,
    })
    expect([revoked.status, revoked.body]).toEqual([200, null])
    expect(await isActive(renewed.body.access_token)).toBe(false)
    expect(await isActive(tokens.body.access_token)).toBe(false)
  })

  test('a subset may be approved, and no more than that is granted', async () => {
    const scope = `scope.${house.projectId}.CONTACTS_WRITE`
    const proof = 'subset'.padEnd(43, '-')
    const fields = { code_challenge: challengeOf(proof) }
    const answer = answerOf(await consent(house, fields, { [scope]: null }))
    const tokens = await redeem(house, answer.get('code'), { code_verifier: proof })
    expect(tokens.body.scope).toBe('CONTACTS_READ')
  })

  test('case 104: a refresh narrows, and never widens', async () => {
    const first = await connect(house)
    const narrow = await refresh(house, first.refresh_token, { scope: 'CONTACTS_READ' })
    expect(narrow.body.scope).toBe('CONTACTS_READ')
    const wide = await refresh(house, narrow.body.refresh_token, { scope: 'CONTACTS_WRITE' })
    expect([wide.status, wide.body]).toEqual([
      400,
      { error: 'invalid_scope', error_description: 'Requested scopes are not allowed' },
    ])
  })

  test('a denial is told to the client', async () => {
    const page = await consent(house, {}, { decision: 'deny' })
    const answer = answerOf(page)
    expect([answer.get('error'), answer.get('state'), answer.get('iss')]).toEqual([
      'access_denied',
      'state 1',
      house.url,
    ])
    expect(page.headers.get('referrer-policy')).toBe('no-referrer')
  })

  test('case 114: state comes back byte for byte through the form', async () => {
    const state = `${'x'.repeat(4096)} ünï 漢\r\n"<&+%`
    const answer = answerOf(await consent(house, { state }))
    expect(answer.get('state')).toBe(state)
  })

  test('browsers are led on by a page, which other redirects of the client cannot break', async () => {
    const page = await house.owner.get(requestPath(house))
    const form = { ...formFields(page), decision: 'deny' }
    const led = await house.owner.post(authorizePath, form, { 'sec-fetch-dest': 'document' })
    expect([led.status, led.location]).toEqual([200, null])
    expect(led.text).toContain(`${callback}?error=access_denied`)
    expect(led.headers.get('referrer-policy')).toBe('no-referrer')
    expect(led.headers.get('cache-control')).toBe('no-store')
  })
})

describe('case 98 and 103: at once', () => {
  test('of 50 redemptions exactly one wins, and then its tokens are dead', async () => {
    const proof = 'fifty'.padEnd(43, '-')
    const page = await consent(house, { code_challenge: challengeOf(proof) })
    const code = answerOf(page).get('code')
    const all = Array.from({ length: 50 }, () => redeem(house, code, { code_verifier: proof }))
    const answers = await Promise.all(all)
    const won = answers.filter(({ status }) => status === 200)
    const lost = answers.filter(
      ({ status, body }) => status === 400 && body.error === 'invalid_grant',
    )
    expect([won.length, lost.length]).toEqual([1, 49])
    expect(await isActive(won[0]?.body.access_token)).toBe(false)
    expect((await refresh(house, won[0]?.body.refresh_token)).body.error).toBe('invalid_grant')
  })

  test('20 refreshes make one family; the old token later ends it', async () => {
    const first = await connect(house)
    const all = Array.from({ length: 20 }, () => refresh(house, first.refresh_token))
    const answers = await Promise.all(all)
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1)
    const latest = answers.at(-1)?.body
    expect(await isActive(latest.access_token)).toBe(true)
    time.nowMs += 10_001
    expect((await refresh(house, first.refresh_token)).body.error).toBe('invalid_grant')
    expect(await isActive(latest.access_token)).toBe(false)
    expect((await refresh(house, latest.refresh_token)).body.error).toBe('invalid_grant')
    const { body } = await local(house, 'GET', '/api/v1/audit?action=grant.refresh_reuse')
    expect(body.items).toHaveLength(1)
  })
})

describe('what is refused at the page', () => {
  const pages: readonly [string, Readonly<Record<string, string | null>>, number, string][] = [
    ['an unknown client', { client_id: 'nobody' }, 400, 'authorize_invalid'],
    ['another redirect', { redirect_uri: 'https://evil.example/' }, 400, 'redirect_not_allowed'],
  ]
  test.each(pages)('case 92: %s is told on a page', async (_, fields, status, code) => {
    const page = await house.owner.get(requestPath(house, fields))
    expect([page.status, page.location]).toEqual([status, null])
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(page.text).toContain(code)
  })

  test('case 92: it says `redirect_uri is not allowed`', async () => {
    const page = await house.owner.get(
      requestPath(house, { redirect_uri: 'https://evil.example/' }),
    )
    expect(page.text).toContain('redirect_uri is not allowed')
  })

  test('case 119: a repeated parameter is told on a page', async () => {
    const page = await house.owner.get(`${requestPath(house)}&client_id=${house.clientId}`)
    expect([page.status, page.location]).toEqual([400, null])
  })

  test('case 95: the rest is told to the client, also before anyone has signed in', async () => {
    const path = requestPath(house, { code_challenge_method: 'plain' })
    const answer = answerOf(await new Visitor(house).get(path))
    expect([answer.get('error'), answer.get('state'), answer.get('iss')]).toEqual([
      'invalid_request',
      'state 1',
      house.url,
    ])
  })

  test('the policy: scopes above the ceiling, clients, redirects, MCP off', async () => {
    const set = (policy: object) =>
      house.api('PATCH', `/api/v1/projects/${house.projectId}/policy`, policy)
    await set({ policy_scopes: ['CONTACTS_READ'] })
    const wide = requestPath(house, { scope: 'CONTACTS_WRITE' })
    const told = answerOf(await house.owner.get(wide))
    expect([told.get('error'), told.get('error_description')]).toEqual([
      'invalid_scope',
      'Requested scopes are not allowed',
    ])
    await set({ policy_scopes: [], allowed_client_ids: ['somebody'] })
    const foreign = await house.owner.get(requestPath(house))
    expect([foreign.status, foreign.location]).toEqual([403, null])
    expect(foreign.text).toContain('OAuth client_id is not allowed')
    await set({ allowed_client_ids: [], allowed_redirect_uris: ['http://localhost:3118/callback'] })
    const elsewhere = await house.owner.get(requestPath(house))
    expect([elsewhere.status, elsewhere.location]).toEqual([400, null])
    await set({ allowed_redirect_uris: [], is_mcp_enabled: false })
    const off = answerOf(await house.owner.get(requestPath(house)))
    expect(off.get('error')).toBe('access_denied')
    await set({ is_mcp_enabled: true })
  })

  const forged: readonly [
    string,
    Readonly<Record<string, string>>,
    Readonly<Record<string, string>>,
  ][] = [
    ['no CSRF token', { csrf: '' }, {}],
    ['a wrong CSRF token', { csrf: 'a'.repeat(43) }, {}],
    ['a form of another origin', {}, { origin: 'https://evil.example' }],
    ['a form of no origin', {}, { origin: 'null' }],
  ]
  test.each(forged)('case 110: %s is refused, and no code is given', async (_, change, headers) => {
    const page = await house.owner.get(requestPath(house))
    const form = { ...formFields(page), decision: 'approve', ...change }
    const answer = await house.owner.post(authorizePath, form, headers)
    expect([answer.status, answer.location]).toEqual([403, null])
    expect(answer.text).not.toContain('tng_oac_')
  })

  test('the form is read anew: what it was made to say is checked again', async () => {
    const page = await house.owner.get(requestPath(house))
    const fields = formFields(page)
    const query = fields['authorization']?.replace(
      encodeURIComponent(callback),
      'https%3A%2F%2Fevil',
    )
    const moved = { ...fields, authorization: query ?? '', decision: 'approve' }
    const answer = await house.owner.post(authorizePath, moved)
    expect([answer.status, answer.location]).toEqual([400, null])
    const added = { ...fields, [`scope.${house.projectId}.ADMIN_WRITE`]: 'on', decision: 'approve' }
    const told = answerOf(await house.owner.post(authorizePath, added))
    expect([told.get('error'), told.get('code')]).toEqual(['invalid_scope', null])
  })

  test('the page of consent: its policy lets the answer go to the client alone', async () => {
    const page = await house.owner.get(requestPath(house))
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(policy).toContain(`form-action 'self' http://127.0.0.1:33418;`)
    expect(page.headers.get('x-frame-options')).toBe('DENY')
    expect(page.headers.get('cache-control')).toBe('no-store')
  })
})

describe('case 105: a token of one project', () => {
  test('is none at another, and good at its own', async () => {
    const other = await local(house, 'POST', '/api/v1/projects', { name: 'Other' })
    const resource = `${house.url}/mcp/${house.slug}`
    const { access_token: token } = await connect(house, { resource })
    expect((await whoami(house, token, `/mcp/${house.slug}`)).status).toBe(200)
    const foreign = await whoami(house, token, `/mcp/${other.body.slug ?? 'other'}`)
    expect([foreign.status, foreign.body.detail]).toEqual([401, 'Token validation failed'])
  })
})

describe('several projects', () => {
  test('the person chooses one, and a client twin is asked again', async () => {
    const second = await local(house, 'POST', '/api/v1/projects', { name: 'Second' })
    const twin = await register(house)
    const page = await house.owner.get(requestPath(house, { client_id: twin.client_id }))
    expect(page.status).toBe(200)
    expect(page.text).toContain('Second')
    const form = { ...formFields(page), decision: 'approve', project: String(second.body.id) }
    const proof = answerOf(await house.owner.post(authorizePath, form)).get('code')
    const tokens = await redeem(house, proof, { client_id: twin.client_id })
    expect(tokens.body.scope).toBe('ALL')
  })
})

test('case 131: neither codes nor tokens reach the log', async () => {
  const resource = `${house.url}/mcp/${house.slug}`
  const { access_token, refresh_token } = await connect(house, { resource })
  await refresh(house, refresh_token)
  const log = house.logLines().join('\n')
  expect(log).toContain('/api/v1/mcp-oauth/token')
  expect(log).not.toContain(access_token)
  expect(log).not.toContain(refresh_token)
  expect(log).not.toMatch(/tng_oac_[A-Za-z0-9_-]{43}/)
})
