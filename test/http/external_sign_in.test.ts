import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { type ExternalWorld, startExternalWorld } from './external_sign_in_world.ts'
import { appCode, frozenClock, goodPassword, local, setUpOwner, Visitor } from './visitor.ts'
import { WebBrowser } from './web_browser.ts'

const ada = { name: 'Ada', email: 'ada@example.com', email_verified: true, groups: ['devs'] }

describe('signing in through an OpenID provider', () => {
  let world: ExternalWorld
  beforeAll(async () => {
    world = await startExternalWorld()
    await setUpOwner(world.app)
  })
  afterAll(() => world.stop())
  beforeEach(() => {
    world.provider.people.clear()
    world.provider.people.set('ada', ada)
  })

  test('the sign-in page offers it beside the password, by the name the operator gave it', async () => {
    const { text } = await new WebBrowser().get(`${world.app.url}/login?next=%2Faccount%3Fa%3D1`)
    expect(text).toContain('Sign in with Example Corp')
    expect(text).toContain('href="/login/external?next=%2Faccount%3Fa%3D1"')
    expect(text).toContain('type="password"')
  })

  test('the first sign-in makes an account with the role of the group, the second finds it', async () => {
    const browser = new WebBrowser()
    const rest = await world.signIn('ada', browser)
    expect([rest.status, rest.url.pathname]).toEqual([200, '/account'])
    expect(rest.text).toContain('ada@example.com')
    const made = await world.account('ada@example.com')
    expect(made.roles).toEqual([{ project_id: world.projectId, role: 'developer' }])
    expect([made.name, made.has_password]).toEqual(['Ada', false])
    const again = await world.signIn('ada')
    expect(again.url.pathname).toBe('/account')
    expect((await world.account('ada@example.com')).id).toBe(made.id)
    const mine = (await world.audit()).filter((line) => line.endsWith(`user:${made.id}`))
    const actions = ['user.create', 'user.set_role', 'sign_in.succeeded', 'sign_in.succeeded']
    expect(mine).toEqual(actions.map((action) => `${action} user:${made.id}`))
  })

  test('the request has PKCE S256, state, nonce and the redirect URI of the public URL', async () => {
    const { headers } = await new WebBrowser().get(`${world.app.url}/login/external`)
    const asked = new URL(headers.get('location') ?? '')
    expect(asked.origin).toBe(world.provider.issuer)
    const { state, nonce, code_challenge, ...rest } = Object.fromEntries(asked.searchParams)
    for (const secret of [state, nonce, code_challenge]) expect(secret?.length).toBe(43)
    expect(rest).toEqual({
      client_id: 'gatehouse',
      response_type: 'code',
      redirect_uri: `${world.app.url}/login/external/callback`,
      scope: 'openid email profile',
      code_challenge_method: 'S256',
    })
  })

  test('a verified address finds the account that is there, which keeps its password and role', async () => {
    const email = 'grace@example.com'
    const body = { email, role: 'viewer', project_id: world.projectId, password: goodPassword }
    const { body: made } = await local(world.app, 'POST', '/api/v1/users', body)
    world.provider.people.set('grace', { ...ada, email: 'Grace@Example.com' })
    const rest = await world.signIn('grace')
    expect(rest.url.pathname).toBe('/account')
    const account = await world.account(email)
    expect([account.id, account.has_password]).toEqual([made.user.id, true])
    const { issuer } = world.provider
    const last_login_at = expect.any(String)
    expect(account.identities).toEqual([{ issuer, subject: 'grace', last_login_at }])
    expect(account.roles).toEqual([{ project_id: world.projectId, role: 'viewer' }])
    expect(await world.audit()).toContain(`user.link_identity user:${made.user.id}`)
    const login = { email, password: goodPassword, next: '/account' }
    const byPassword = await new WebBrowser().post(`${world.app.url}/login`, login)
    expect(byPassword.status).toBe(303)
  })

  test('an address that another person has taken over does not bring the account along', async () => {
    await world.signIn('ada')
    world.provider.people.set('impostor', ada)
    const browser = new WebBrowser()
    const rest = await world.signIn('impostor', browser)
    expect(rest.status).toBe(403)
    expect(rest.text).toContain('somebody else at the provider')
    expect(browser.cookiesOf(world.app.url).size).toBe(0)
  })

  const refused = [
    ['an unverified address', { email_verified: false }, 'does not vouch'],
    ['an address of which nothing is said', { email_verified: undefined }, 'does not vouch'],
    ['"true" as a text', { email_verified: 'true' }, 'does not vouch'],
    ['no address', { email: undefined }, 'names no email address'],
    ['an address that is none', { email: 'x' }, 'names no email address'],
    ['no group that gives a role', { groups: ['others'] }, 'none of your groups'],
    ['no groups at all', { groups: undefined }, 'none of your groups'],
  ] as const
  test.each(refused)('%s makes no account, and the page says so', async (_, claims, words) => {
    world.provider.people.set('eve', { ...ada, email: 'eve@example.com', ...claims })
    const browser = new WebBrowser()
    const rest = await world.signIn('eve', browser)
    expect([rest.status, rest.url.pathname]).toEqual([403, '/login/external/callback'])
    expect(rest.text).toContain(words)
    expect(rest.text).toContain('Sign in with Example Corp')
    expect(browser.cookiesOf(world.app.url).size).toBe(0)
    expect(await world.account('eve@example.com')).toBeUndefined()
  })

  test('an unverified address does not open the account that has it', async () => {
    await world.signIn('ada')
    world.provider.people.set('eve', { ...ada, email_verified: false })
    const browser = new WebBrowser()
    expect((await world.signIn('eve', browser)).status).toBe(403)
    expect(browser.cookiesOf(world.app.url).size).toBe(0)
  })

  test('a disabled person is refused, known to the provider or not yet', async () => {
    await world.signIn('ada')
    const { id } = await world.account('ada@example.com')
    await local(world.app, 'PATCH', `/api/v1/users/${id}`, { is_disabled: true })
    const browser = new WebBrowser()
    const rest = await world.signIn('ada', browser)
    expect([rest.status, browser.cookiesOf(world.app.url).size]).toEqual([403, 0])
    expect(rest.text).toContain('Your account is disabled')
    await local(world.app, 'PATCH', `/api/v1/users/${id}`, { is_disabled: false })
    const invited = { email: 'off@example.com', role: 'viewer' }
    const { body } = await local(world.app, 'POST', '/api/v1/users', invited)
    await local(world.app, 'PATCH', `/api/v1/users/${body.user.id}`, { is_disabled: true })
    world.provider.people.set('off', { ...ada, email: 'off@example.com' })
    expect((await world.signIn('off')).text).toContain('Your account is disabled')
    expect(await world.audit()).not.toContain(`user.link_identity user:${body.user.id}`)
  })

  test('who turns the sign-in down at the provider reads so, and can try again', async () => {
    const rest = await world.signIn(null)
    expect(rest.status).toBe(401)
    expect(rest.text).toContain('You did not agree')
    expect(rest.text).toContain('href="/login/external?next=%2Faccount"')
  })

  const places = [
    ['/account?tab=1', '/account?tab=1'],
    ['//evil.example', '/account'],
    ['/\\evil.example', '/account'],
    ['https://evil.example/', '/account'],
    ['/%09/evil.example', '/%09/evil.example'],
    ['javascript:alert(1)', '/account'],
  ] as const
  test.each(places)('case 116: next=%s leads to %s', async (next, goal) => {
    const browser = new WebBrowser()
    world.provider.whoSignsIn = 'ada'
    const start = `${world.app.url}/login/external?next=${encodeURIComponent(next)}`
    const isCallback = ({ pathname }: URL) => pathname === '/login/external/callback'
    const { url } = await browser.go(start, isCallback)
    const back = await browser.get(url)
    expect([back.status, back.headers.get('location')]).toEqual([303, goal])
  })

  test('cases 257 and 258: the session is new, and the cookie of the attempt is gone', async () => {
    const browser = new WebBrowser()
    await world.signIn('ada', browser)
    const first = new Map(browser.cookiesOf(world.app.url))
    expect([...first.keys()]).toEqual(['gatehouse_session'])
    await world.signIn('ada', browser)
    expect(browser.cookiesOf(world.app.url).get('gatehouse_session')).not.toBe(
      first.get('gatehouse_session'),
    )
    const old = new WebBrowser()
    old.takeCookies(browser, world.app.url)
    expect((await old.get(`${world.app.url}/account`)).status).toBe(200)
  })

  test('two windows may be on their way at once', async () => {
    const browser = new WebBrowser()
    world.provider.whoSignsIn = 'ada'
    const isCallback = ({ pathname }: URL) => pathname === '/login/external/callback'
    const first = await browser.go(`${world.app.url}/login/external`, isCallback)
    // The provider takes a code for void once the same session there has got another.
    browser.forget(world.provider.issuer)
    const second = await browser.go(`${world.app.url}/login/external`, isCallback)
    for (const { url } of [first, second]) expect((await browser.get(url)).status).toBe(303)
  })

  test('no secret of the exchange is logged', async () => {
    const browser = new WebBrowser()
    await world.signIn('ada', browser)
    await world.signIn(null)
    const log = world.app.logLines().join('\n')
    const callback = new URL(browser.trail.find((url) => url.includes('code=')) ?? 'http://none')
    for (const name of ['code', 'state']) {
      const value = callback.searchParams.get(name)
      expect(value?.length).toBeGreaterThan(20)
      expect(log).not.toContain(value ?? '')
    }
    expect(log).toContain('external_sign_in_failed')
    expect(log).not.toContain('GOCSPX')
  })
})

describe('what a sign-in must come back with', () => {
  let world: ExternalWorld
  const { time, clock } = frozenClock(Date.now())
  beforeAll(async () => {
    world = await startExternalWorld({ clock, isIdTokenFull: true })
    await setUpOwner(world.app)
    world.provider.people.set('ada', ada)
    world.provider.whoSignsIn = 'ada'
  })
  afterAll(() => world.stop())

  const isCallback = ({ pathname }: URL) => pathname === '/login/external/callback'
  const begin = (browser: WebBrowser) =>
    browser.go(`${world.app.url}/login/external`, isCallback).then(({ url }) => url)
  const exchanges = () => world.provider.hits.filter((hit) => hit === 'POST /token').length

  async function expectRefused(browser: WebBrowser, url: URL, words = 'Start again') {
    const before = exchanges()
    const { status, text } = await browser.get(url)
    expect(status).toBe(401)
    expect(text).toContain(words)
    expect(exchanges()).toBe(before)
    expect(browser.cookiesOf(world.app.url).has('gatehouse_session')).toBe(false)
  }

  test('claims in the ID token need no call of the userinfo endpoint', async () => {
    await new WebBrowser().go(`${world.app.url}/login/external`)
    expect(world.provider.hits).toContain('POST /token')
    expect(world.provider.hits).not.toContain('GET /me')
  })

  test('another state, or none, is refused and the provider is not asked', async () => {
    for (const state of [`${'A'.repeat(43)}`, '', null]) {
      const browser = new WebBrowser()
      const url = await begin(browser)
      if (state === null) url.searchParams.delete('state')
      else url.searchParams.set('state', state)
      await expectRefused(browser, url)
    }
  })

  test('an answer that was used is refused, also with the cookie it came with', async () => {
    const browser = new WebBrowser()
    const url = await begin(browser)
    const thief = new WebBrowser()
    thief.takeCookies(browser, world.app.url)
    expect((await browser.get(url)).status).toBe(303)
    await expectRefused(thief, url)
  })

  test('of twenty at once with one answer, one gets in', async () => {
    const browser = new WebBrowser()
    const url = await begin(browser)
    const before = exchanges()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => {
        const each = new WebBrowser()
        each.takeCookies(browser, world.app.url)
        return each.get(url)
      }),
    )
    expect(answers.filter(({ status }) => status === 303).length).toBe(1)
    expect(exchanges()).toBe(before + 1)
  })

  test("an answer in another browser is refused: nobody is signed in as somebody else's person", async () => {
    const url = await begin(new WebBrowser())
    await expectRefused(new WebBrowser(), url)
    const busy = new WebBrowser()
    await begin(busy)
    await expectRefused(busy, url)
  })

  test('an answer after ten minutes is refused', async () => {
    const late = new WebBrowser()
    const url = await begin(late)
    time.nowMs += 10 * 60_000
    await expectRefused(late, url)
    const early = new WebBrowser()
    const inTime = await begin(early)
    time.nowMs += 10 * 60_000 - 1
    expect((await early.get(inTime)).status).toBe(303)
  })

  test('RFC 9207: an answer of another issuer, or of none, is refused and the code goes nowhere', async () => {
    for (const iss of ['https://evil.example', null]) {
      const browser = new WebBrowser()
      const url = await begin(browser)
      if (iss === null) url.searchParams.delete('iss')
      else url.searchParams.set('iss', iss)
      await expectRefused(browser, url, 'does not fit the sign-in you began')
    }
  })

  test('a repeated parameter is refused', async () => {
    const browser = new WebBrowser()
    const url = await begin(browser)
    url.searchParams.append('code', 'another')
    await expectRefused(browser, url, 'does not fit')
  })

  test('a second factor that the person set up here is asked for', async () => {
    const email = 'grace@example.com'
    await local(world.app, 'POST', '/api/v1/users', { email, password: goodPassword })
    const visitor = new Visitor(world.app)
    await visitor.signIn(email, goodPassword)
    await visitor.act('/account/second-factor/begin')
    const { text } = await visitor.get('/account')
    const secret = /secret=([A-Z2-7]+)/.exec(text)?.[1] ?? ''
    const code = appCode(secret, time.nowMs)
    expect((await visitor.act('/account/second-factor/confirm', { code })).status).toBe(200)
    world.provider.people.set('grace', { ...ada, email })
    const browser = new WebBrowser()
    const { url } = await world.signIn('grace', browser)
    expect(url.pathname + url.search).toBe('/login/second-factor?next=%2Faccount')
    expect((await browser.get(`${world.app.url}/account`)).headers.get('location')).toBe(
      '/login/second-factor',
    )
  })

  test('one address begins 300 sign-ins in ten minutes, then waits; nothing is sent out for it', async () => {
    const start = () => new WebBrowser().get(`${world.app.url}/login/external`)
    let begun = 0
    for (let last = await start(); last.status === 303 && begun < 301; last = await start()) begun++
    expect(begun).toBeLessThanOrEqual(300)
    const { status, headers, text } = await start()
    expect(status).toBe(429)
    expect(headers.get('retry-after')).toBe('2')
    expect(text).toContain('Too many sign-ins were begun from your address')
    time.nowMs += 10 * 60_000
    expect((await start()).status).toBe(303)
  })
})
