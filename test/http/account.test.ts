import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RunningApp, startApp } from '../helpers/running_app.ts'
import {
  appCode,
  frozenClock,
  goodPassword,
  local,
  type Page,
  setUpOwner,
  Visitor,
} from './visitor.ts'

const otherPassword = 'quiet harbour lamp 902'
const secretIn = ({ text }: Page) => /secret=([A-Z2-7]+)/.exec(text)?.[1] ?? ''
const codesIn = ({ text }: Page) => text.match(/\b[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}\b/g) ?? []

describe('a person’s own account', () => {
  let app: RunningApp
  let people = 0
  const { time, clock } = frozenClock()

  beforeAll(async () => {
    app = await startApp({ clock })
    await setUpOwner(app)
  })
  afterAll(() => app.stop())

  /** A new person, and a browser where they are signed in. */
  async function person() {
    const email = `person${++people}@example.com`
    const made = await local(app, 'POST', '/api/v1/users', { email, password: goodPassword })
    const signIn = async (password = goodPassword) => {
      const visitor = new Visitor(app)
      return { visitor, page: await visitor.signIn(email, password) }
    }
    const { visitor } = await signIn()
    return { id: made.body.user.id as number, email, visitor, signIn }
  }

  /** As `person`, with an authenticator app; the codes are those shown when it was confirmed. */
  async function personWithApp() {
    const made = await person()
    await made.visitor.act('/account/second-factor/begin')
    const secret = secretIn(await made.visitor.get('/account'))
    const code = appCode(secret, time.nowMs)
    const page = await made.visitor.act('/account/second-factor/confirm', { code })
    return { ...made, secret, page, codes: codesIn(page) }
  }

  const isIn = async (visitor: Visitor) => (await visitor.get('/account')).status === 200
  const show = async (visitor: Visitor, code: string) => {
    const { csrf } = await visitor.get('/login/second-factor')
    return visitor.post('/login/second-factor', { code, csrf })
  }

  test('shows whose it is and where they are signed in', async () => {
    const { email, visitor } = await person()
    const { text } = await visitor.get('/account')
    expect(text).toContain(email)
    expect(text).toContain('Where you are signed in')
  })

  describe('the password', () => {
    const change = (visitor: Visitor, fields: Record<string, string> = {}) =>
      visitor.act('/account/password', {
        current_password: goodPassword,
        password: otherPassword,
        password_again: otherPassword,
        ...fields,
      })

    test('case 257: once changed, every other session ends and this one has another token', async () => {
      const { visitor, signIn } = await person()
      const elsewhere = (await signIn()).visitor
      const before = visitor.copy()
      const { status, location } = await change(visitor)
      expect([status, location]).toEqual([303, '/account?done=password'])
      expect(visitor.cookie).not.toBe(before.cookie)
      const places = [visitor, elsewhere, before]
      expect(await Promise.all(places.map(isIn))).toEqual([true, false, false])
      expect((await signIn()).page.status).toBe(401)
      expect((await signIn(otherPassword)).page.status).toBe(303)
    })

    test.each([
      [{ current_password: 'not this one at all' }, 401, 'The password is wrong.'],
      [{ password_again: 'something else here' }, 422, 'The two passwords differ.'],
      [{ password: 'tiny', password_again: 'tiny' }, 422, 'Take 12 characters or more'],
      [
        { password: 'Password1234', password_again: 'Password1234' },
        422,
        'one of the best known passwords',
      ],
    ])('stays when it is refused: %j', async (fields, status, text) => {
      const { visitor, signIn } = await person()
      const page = await change(visitor, fields)
      expect([page.status, page.headers.getSetCookie()]).toEqual([status, []])
      expect(page.text).toContain(text)
      expect((await signIn()).page.status).toBe(303)
    })

    test('a stolen screen cannot guess it: ten wrong ones, then 429', async () => {
      const { visitor } = await person()
      for (let n = 0; n < 10; n++) await change(visitor, { current_password: `a wrong one ${n}` })
      const page = await change(visitor)
      expect(page.status).toBe(429)
      expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0)
      time.nowMs += 15 * 60_000
    })
  })

  describe('the authenticator app', () => {
    test('is asked for only once it has shown a code, and then always', async () => {
      const { visitor, signIn } = await person()
      await visitor.act('/account/second-factor/begin')
      expect((await signIn()).page.location).toBe('/account')
      const wrong = await visitor.act('/account/second-factor/confirm', { code: '000000' })
      expect([wrong.status, codesIn(wrong)]).toEqual([401, []])
      const secret = secretIn(await visitor.get('/account'))
      const before = visitor.copy()
      const code = appCode(secret, time.nowMs)
      const page = await visitor.act('/account/second-factor/confirm', { code })
      expect(page.status).toBe(200)
      expect(codesIn(page)).toHaveLength(10)
      // Case 257: under new rights comes a new token.
      expect([await isIn(visitor), await isIn(before)]).toEqual([true, false])
      // Neither the secret nor the codes are shown again.
      const after = await visitor.get('/account')
      expect([secretIn(after), codesIn(after)]).toEqual(['', []])
      expect((await signIn()).page.location).toBe('/login/second-factor')
    })

    test('between the steps a person is not signed in', async () => {
      const { signIn } = await personWithApp()
      const { visitor } = await signIn()
      const account = await visitor.get('/account')
      expect([account.status, account.location]).toEqual([303, '/login/second-factor'])
      const { csrf } = await visitor.get('/login/second-factor')
      expect(csrf).not.toBe('')
      const forced = await visitor.post('/account/sessions/end-others', { csrf })
      expect([forced.status, forced.location]).toEqual([303, '/login'])
    })

    test('case 257: the second step gives another token and goes on to where it was headed', async () => {
      const { email, secret } = await personWithApp()
      time.nowMs += 30_000
      const visitor = new Visitor(app)
      const first = await visitor.post('/login', { email, password: goodPassword, next: '/docs' })
      expect(first.location).toBe('/login/second-factor?next=%2Fdocs')
      const before = visitor.copy()
      const { csrf } = await visitor.get('/login/second-factor?next=%2Fdocs')
      const code = appCode(secret, time.nowMs)
      const page = await visitor.post('/login/second-factor', { code, csrf, next: '/docs' })
      expect([page.status, page.location]).toEqual([303, '/docs'])
      expect([await isIn(visitor), await isIn(before)]).toEqual([true, false])
    })

    test('a code is taken once, and none of an earlier half minute after it', async () => {
      const { secret, signIn } = await personWithApp()
      time.nowMs += 60_000
      const attempt = async (code: string) => {
        const { visitor } = await signIn()
        return (await show(visitor, code)).status
      }
      const code = appCode(secret, time.nowMs)
      expect(await attempt(code)).toBe(303)
      expect(await attempt(code)).toBe(401)
      expect(await attempt(appCode(secret, time.nowMs - 30_000))).toBe(401)
      expect(await attempt(appCode(secret, time.nowMs + 30_000))).toBe(303)
      expect(await attempt(appCode(secret, time.nowMs + 60_000))).toBe(401)
    })

    test('of many who show one code at once, one gets in', async () => {
      const { secret, signIn } = await personWithApp()
      time.nowMs += 60_000
      const visitors = await Promise.all([1, 2, 3, 4].map(async () => (await signIn()).visitor))
      const code = appCode(secret, time.nowMs)
      const pages = await Promise.all(visitors.map((visitor) => show(visitor, code)))
      expect(pages.map(({ status }) => status).sort()).toEqual([303, 401, 401, 401])
    })

    test('a recovery code stands in for it, once, in any case and grouping', async () => {
      const { codes, signIn, visitor } = await personWithApp()
      const [code = ''] = codes
      const typed = code.toLowerCase().replaceAll('-', ' ')
      expect((await show((await signIn()).visitor, typed)).status).toBe(303)
      expect((await show((await signIn()).visitor, code)).status).toBe(401)
      expect((await visitor.get('/account')).text).toContain('9 recovery codes')
    })

    test('new recovery codes take the password and end the old ones', async () => {
      const { codes, visitor, signIn } = await personWithApp()
      const path = '/account/recovery-codes'
      const refused = await visitor.act(path, { current_password: 'not the password' })
      expect([refused.status, codesIn(refused)]).toEqual([401, []])
      const page = await visitor.act(path, { current_password: goodPassword })
      const renewed = codesIn(page)
      expect(renewed).toHaveLength(10)
      expect((await show((await signIn()).visitor, codes[0] ?? '')).status).toBe(401)
      expect((await show((await signIn()).visitor, renewed[0] ?? '')).status).toBe(303)
    })

    test('case 255: ten wrong codes, from wherever, then 429', async () => {
      const { secret, signIn } = await personWithApp()
      time.nowMs += 60_000
      const { visitor } = await signIn()
      const good = appCode(secret, time.nowMs)
      const bad = String((Number(good) + 1) % 1_000_000).padStart(6, '0')
      for (let n = 0; n < 10; n++) expect((await show(visitor, bad)).status).toBe(401)
      const page = await show(visitor, good)
      expect(page.status).toBe(429)
      expect(page.headers.get('retry-after')).toBe('900')
      expect(await isIn(visitor)).toBe(false)
    })

    test('the half-way session is over after ten minutes', async () => {
      const { secret, signIn } = await personWithApp()
      const { visitor } = await signIn()
      const { csrf } = await visitor.get('/login/second-factor')
      time.nowMs += 10 * 60_000
      const code = appCode(secret, time.nowMs)
      const page = await visitor.post('/login/second-factor', { code, csrf })
      expect([page.status, page.location]).toEqual([303, '/login'])
    })

    test('going without it again takes the password', async () => {
      const { visitor, signIn } = await personWithApp()
      const path = '/account/second-factor/remove'
      expect((await visitor.act(path, { current_password: 'not the password' })).status).toBe(401)
      expect((await signIn()).page.location).toBe('/login/second-factor')
      expect((await visitor.act(path, { current_password: goodPassword })).status).toBe(303)
      expect((await signIn()).page.location).toBe('/account')
    })

    test('another secret cannot be slipped under one in use', async () => {
      const { secret, visitor, signIn } = await personWithApp()
      time.nowMs += 60_000
      await visitor.act('/account/second-factor/begin')
      const code = appCode(secret, time.nowMs)
      expect((await show((await signIn()).visitor, code)).status).toBe(303)
    })

    test('its secret and the codes are nowhere in the data or the log', async () => {
      const { secret, codes } = await personWithApp()
      const bytes = ['gatehouse.db', 'gatehouse.db-wal'].map((name) =>
        readFileSync(join(app.dataDir, name)),
      )
      const log = Buffer.from(app.logLines().join('\n'))
      expect(secret).toHaveLength(32)
      for (const text of [secret, ...codes, ...codes.map((code) => code.replaceAll('-', ''))]) {
        expect([...bytes, log].map((each) => each.includes(text))).toEqual([false, false, false])
      }
    })
  })

  describe('where a person is signed in', () => {
    test('one session, or all but this, ends at once', async () => {
      const { visitor, signIn } = await person()
      const [first, second, third] = await Promise.all([signIn(), signIn(), signIn()])
      const { text } = await visitor.get('/account')
      const ids = [...text.matchAll(/name="session_id" value="(\d+)"/g)].map(([, id]) => id ?? '')
      expect(ids).toHaveLength(3)
      await visitor.act('/account/sessions/end', { session_id: ids[0] ?? '' })
      const places = [first, second, third].map((each) => each.visitor)
      expect((await Promise.all(places.map(isIn))).filter(Boolean)).toHaveLength(2)
      await visitor.act('/account/sessions/end-others')
      expect(await Promise.all(places.map(isIn))).toEqual([false, false, false])
      expect(await isIn(visitor)).toBe(true)
    })

    test('nobody ends another person’s session', async () => {
      const [one, two] = [await person(), await person()]
      await two.signIn()
      const { text } = await two.visitor.get('/account')
      const [, foreign = ''] = /name="session_id" value="(\d+)"/.exec(text) ?? []
      expect(foreign).not.toBe('')
      for (const session_id of [foreign, '1 OR 1=1', '']) {
        await one.visitor.act('/account/sessions/end', { session_id })
      }
      expect((await two.visitor.get('/account')).text).toContain(`value="${foreign}"`)
      expect(await isIn(two.visitor)).toBe(true)
    })
  })

  test('what people do about their accounts is on record', async () => {
    const { id, visitor } = await personWithApp()
    await visitor.act('/account/second-factor/remove', { current_password: goodPassword })
    const { items } = (await local(app, 'GET', `/api/v1/audit?actor=user:${id}`)).body
    const actions = items.map(({ action }: { action: string }) => action)
    expect(actions).toEqual(['second_factor.disable', 'second_factor.enable', 'sign_in.succeeded'])
    expect((await local(app, 'GET', '/api/v1/audit/verify')).body.fault ?? null).toBeNull()
  })
})
