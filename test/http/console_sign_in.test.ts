import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type RunningApp, startApp } from '../helpers/running_app.ts'
import { frozenClock, goodPassword, local, setUpOwner, Visitor } from './visitor.ts'

const email = 'owner@example.com'
const hourMs = 60 * 60_000

describe('signing in', () => {
  let app: RunningApp
  let owner: Visitor
  const { time, clock } = frozenClock()

  beforeAll(async () => {
    app = await startApp({ clock, settings: { trusted_proxies: ['127.0.0.1'] } })
    owner = await setUpOwner(app)
  })
  afterAll(() => app.stop())

  const isIn = async (visitor: Visitor) => (await visitor.get('/account')).status === 200
  const signedIn = async () => {
    const visitor = new Visitor(app)
    const page = await visitor.signIn(email, goodPassword)
    expect([page.status, page.location]).toEqual([303, '/account'])
    return visitor
  }

  test('who is not signed in is sent to the sign-in page and back', async () => {
    const visitor = new Visitor(app)
    const page = await visitor.get('/account')
    expect([page.status, page.location]).toEqual([303, '/login?next=%2Faccount'])
    expect((await visitor.get('/login?next=%2Faccount')).text).toContain('value="/account"')
  })

  test('case 116: only a path of this server is gone to afterwards', async () => {
    for (const [next, goal] of [
      [
        '/api/v1/mcp-oauth/authorize?client_id=a&state=%2F',
        '/api/v1/mcp-oauth/authorize?client_id=a&state=%2F',
      ],
      ['/docs', '/docs'],
      ['https://evil.example/', '/account'],
      ['//evil.example/', '/account'],
      ['/\\evil.example', '/account'],
      ['/.//evil.example', '/account'],
      ['/%09/evil.example', '/%09/evil.example'],
      ['/a\r\nset-cookie: x=1', '/account'],
      ['javascript:alert(1)', '/account'],
      ['', '/account'],
    ] as const) {
      const page = await new Visitor(app).post('/login', { email, password: goodPassword, next })
      expect([next, page.status, page.location]).toEqual([next, 303, goal])
    }
  })

  test('case 256: an unknown person and a wrong password read alike', async () => {
    const page = async (typed: string) => {
      const { status, text, headers } = await new Visitor(app).signIn(typed, 'not the password')
      return [status, text.replaceAll(typed, ''), headers.getSetCookie()]
    }
    const known = await page(email)
    expect(known[0]).toBe(401)
    expect(known[1]).toContain('Email or password is wrong')
    expect(await page('nobody@example.com')).toEqual(known)
  })

  test('the email address counts whatever its case', async () => {
    const page = await new Visitor(app).signIn(' Owner@EXAMPLE.com', goodPassword)
    expect(page.status).toBe(303)
  })

  test('case 257: the token changes at sign-in, and the old one is dead', async () => {
    const visitor = await signedIn()
    const before = visitor.copy()
    await visitor.signIn(email, goodPassword)
    expect(visitor.cookie).not.toBe(before.cookie)
    expect([await isIn(visitor), await isIn(before)]).toEqual([true, false])
  })

  test('case 257: a token somebody else has chosen is not taken up', async () => {
    const visitor = new Visitor(app)
    visitor.cookie = `gatehouse_session=gh_sess_${'B'.repeat(43)}`
    const planted = visitor.copy()
    await visitor.signIn(email, goodPassword)
    expect(visitor.cookie).not.toBe(planted.cookie)
    expect(await isIn(planted)).toBe(false)
  })

  test('case 258: a session ends after 30 minutes without a request', async () => {
    const visitor = await signedIn()
    time.nowMs += 29 * 60_000
    expect(await isIn(visitor)).toBe(true)
    time.nowMs += 29 * 60_000
    expect(await isIn(visitor)).toBe(true)
    time.nowMs += 30 * 60_000
    expect(await isIn(visitor)).toBe(false)
  })

  test('case 258: a session ends after 12 hours, however busy', async () => {
    const visitor = await signedIn()
    const endMs = time.nowMs + 12 * hourMs
    while (time.nowMs + 20 * 60_000 < endMs) {
      time.nowMs += 20 * 60_000
      expect(await isIn(visitor)).toBe(true)
    }
    time.nowMs = endMs
    expect(await isIn(visitor)).toBe(false)
  })

  test('case 258: signing out ends the session on the server', async () => {
    const visitor = await signedIn()
    const twin = visitor.copy()
    const { status, text } = await visitor.act('/logout')
    expect([status, visitor.cookie]).toEqual([200, ''])
    expect(text).toContain('You are signed out')
    expect(await isIn(twin)).toBe(false)
  })

  test('a person whose account is shut is out at once and stays out', async () => {
    const made = await local(app, 'POST', '/api/v1/users', {
      email: 'shut@example.com',
      password: goodPassword,
    })
    const visitor = new Visitor(app)
    await visitor.signIn('shut@example.com', goodPassword)
    expect(await isIn(visitor)).toBe(true)
    const path = `/api/v1/users/${made.body.user.id}`
    expect((await local(app, 'PATCH', path, { is_disabled: true })).status).toBe(200)
    expect(await isIn(visitor)).toBe(false)
    expect((await visitor.signIn('shut@example.com', goodPassword)).status).toBe(401)
    await local(app, 'PATCH', path, { is_disabled: false })
    // The session of before does not come back with the account.
    expect(await isIn(visitor)).toBe(false)
    expect((await visitor.signIn('shut@example.com', goodPassword)).status).toBe(303)
  })

  test('case 255: ten failures in a quarter of an hour, then 429 with an honest Retry-After', async () => {
    const from = (address: string) => ({ 'x-forwarded-for': address })
    const attempt = (password: string, address: string) =>
      new Visitor(app).post('/login', { email, password }, from(address))
    for (let n = 0; n < 10; n++) {
      expect((await attempt(`wrong password ${n}`, '203.0.113.7')).status).toBe(401)
    }
    const refused = await attempt(goodPassword, '203.0.113.7')
    expect([refused.status, refused.headers.getSetCookie()]).toEqual([429, []])
    expect(refused.headers.get('retry-after')).toBe('900')
    expect(refused.text).toContain('Too many failed sign-ins')
    // The person at another address, and others at this one, are not held back.
    expect((await attempt(goodPassword, '198.51.100.4')).status).toBe(303)
    const other = { email: 'shut@example.com', password: goodPassword }
    expect((await new Visitor(app).post('/login', other, from('203.0.113.7'))).status).toBe(303)
    time.nowMs += 15 * 60_000
    expect((await attempt(goodPassword, '203.0.113.7')).status).toBe(303)
  })

  test('case 255: many at once are counted before they are looked at', async () => {
    const from = { 'x-forwarded-for': '203.0.113.8' }
    const attempt = (n: number) =>
      new Visitor(app).post('/login', { email, password: `wrong password ${n}` }, from)
    const statuses = await Promise.all(Array.from({ length: 14 }, (_, n) => attempt(n)))
    expect(statuses.filter(({ status }) => status === 401)).toHaveLength(10)
    expect(statuses.filter(({ status }) => status === 429)).toHaveLength(4)
  })

  describe('case 259: a form of another site', () => {
    test.each([
      [{ origin: 'https://evil.example' }, [403]],
      [{ origin: 'null' }, [403]],
      [{ origin: '', 'sec-fetch-site': 'cross-site' }, [403]],
      [{ origin: '', 'sec-fetch-site': 'same-site' }, [403]],
      [{ origin: '' }, [403]],
      [{ origin: '', 'sec-fetch-site': 'same-origin' }, [303]],
    ] as const)('with %j signs nobody in or out', async (headers, statuses) => {
      const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''))
      const body = new URLSearchParams({ email, password: goodPassword }).toString()
      const type = { 'content-type': 'application/x-www-form-urlencoded' }
      const response = await fetch(`${app.url}/login`, {
        method: 'POST',
        body,
        headers: { ...type, ...given },
        redirect: 'manual',
      })
      expect(statuses).toContain(response.status as never)
      expect(response.headers.getSetCookie()).toHaveLength(response.status === 303 ? 1 : 0)
    })

    test('an origin that may call /mcp has no say over forms', async () => {
      const origin = 'https://console.example'
      const settings = { allowed_origins: [origin] }
      const own = await startApp({ settings })
      try {
        await setUpOwner(own)
        const page = await new Visitor(own).post(
          '/login',
          { email, password: goodPassword },
          { origin },
        )
        expect([page.status, page.headers.getSetCookie()]).toEqual([403, []])
        expect(page.text).toContain('The form was not sent from this site')
      } finally {
        await own.stop()
      }
    })

    test.each([
      '/logout',
      '/account/password',
      '/account/sessions/end-others',
      '/account/second-factor/begin',
    ])('%s without the token of the very session changes nothing', async (path) => {
      const visitor = await signedIn()
      const foreign = (await (await signedIn()).get('/account')).csrf
      for (const csrf of ['', 'x', foreign]) {
        const page = await visitor.post(path, { csrf })
        expect([page.status, page.headers.getSetCookie()]).toEqual([403, []])
      }
      expect(await isIn(visitor)).toBe(true)
    })

    test('the token is of one session and dies with it', async () => {
      const visitor = await signedIn()
      const { csrf } = await visitor.get('/account')
      await visitor.signIn(email, goodPassword)
      expect((await visitor.post('/logout', { csrf })).status).toBe(403)
    })
  })

  test('the answers are kept nowhere, and may not be framed', async () => {
    const visitor = await signedIn()
    for (const path of ['/account', '/login', '/setup/x']) {
      const { headers } = await visitor.get(path)
      expect(headers.get('cache-control')).toBe('no-store')
    }
    const { headers } = await visitor.get('/account')
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  })

  test('a form is taken in one encoding and one size', async () => {
    const json = await new Visitor(app).post('/login', {}, { 'content-type': 'application/json' })
    expect(json.status).toBe(415)
    const large = await new Visitor(app).post('/login', { email, password: 'x'.repeat(70_000) })
    expect(large.status).toBe(413)
    const twice = await fetch(`${app.url}/login`, {
      method: 'POST',
      headers: { origin: app.url, 'content-type': 'application/x-www-form-urlencoded' },
      body: 'email=a&email=b',
    })
    expect(twice.status).toBe(400)
  })

  test('no password and no session token is in the log or the database', async () => {
    expect(await isIn(owner)).toBe(false)
    const visitor = await signedIn()
    const log = app.logLines().join('\n')
    const [, token = ''] = visitor.cookie.split('=')
    const { items } = (await local(app, 'GET', '/api/v1/audit?limit=200')).body
    for (const secret of [goodPassword, token, 'wrong password 3']) {
      expect(log.includes(secret)).toBe(false)
      expect(JSON.stringify(items).includes(secret)).toBe(false)
      for (const name of ['gatehouse.db', 'gatehouse.db-wal']) {
        const bytes = Buffer.from(await Bun.file(`${app.dataDir}/${name}`).bytes())
        expect(bytes.includes(secret)).toBe(false)
      }
    }
  })
})

describe('case 258: the cookie', () => {
  test('over https it is bound to the host and never leaves TLS or reaches a script', async () => {
    const app = await startApp({ settings: { public_url: 'https://tools.example.com' } })
    try {
      const visitor = await setUpOwner(app)
      expect(visitor.setCookies).toHaveLength(1)
      const [pair = '', ...attributes] = (visitor.setCookies[0] ?? '').split('; ')
      expect(pair).toMatch(/^__Host-gatehouse=gh_sess_[\w-]{43}$/)
      expect(attributes.sort()).toEqual([
        'HttpOnly',
        'Max-Age=43200',
        'Path=/',
        'SameSite=Lax',
        'Secure',
      ])
      // A cookie that any host beside this one could have set counts for nothing.
      const twin = visitor.copy()
      twin.cookie = visitor.cookie.replace('__Host-gatehouse', 'gatehouse_session')
      expect((await twin.get('/account')).status).toBe(303)
      expect((await visitor.get('/account')).status).toBe(200)
    } finally {
      await app.stop()
    }
  })

  test('over plain http on loopback it does without TLS, for browsers would drop it', async () => {
    const app = await startApp()
    try {
      const visitor = await setUpOwner(app)
      const [cookie = ''] = visitor.setCookies
      expect(cookie).toMatch(/^gatehouse_session=gh_sess_[\w-]{43}; /)
      expect(cookie).not.toContain('Secure')
      expect(cookie).toContain('HttpOnly; SameSite=Lax')
    } finally {
      await app.stop()
    }
  })
})
