import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type RunningApp, startApp } from '../helpers/running_app.ts'
import {
  appCode,
  frozenClock,
  goodPassword,
  local,
  setUpOwner,
  tokenOf,
  Visitor,
} from './visitor.ts'

const email = 'owner@example.com'
const { time, clock } = frozenClock()
let app: RunningApp
let owner: Visitor

beforeAll(async () => {
  app = await startApp({ clock, settings: { trusted_proxies: ['127.0.0.1'] } })
  owner = await setUpOwner(app)
})
afterAll(() => app.stop())

/** Every event, newest first. */
async function events(): Promise<Record<string, unknown>[]> {
  const { body } = await local(app, 'GET', '/api/v1/audit?limit=200')
  return body.items
}

/** The events that `act` wrote, oldest first. */
async function written(act: () => Promise<unknown>): Promise<Record<string, unknown>[]> {
  const before = (await events())[0]?.seq as number
  await act()
  return (await events()).filter(({ seq }) => Number(seq) > before).reverse()
}

const signInFrom = (address: string, typed: string, password = 'not the password') =>
  new Visitor(app).post('/login', { email: typed, password }, { 'x-forwarded-for': address })

const later = () => {
  time.nowMs += 60 * 60_000
}

describe('case 264: who came in, who did not, and from where', () => {
  test('a link that was made and used is on record, and the sign-in it leads to', async () => {
    const [signedIn, claimed, made] = await events()
    expect([made, claimed, signedIn]).toMatchObject([
      { action: 'setup_link.create', actor: 'local', address: null, project_id: null },
      { action: 'user.claim_installation', actor: 'user:1' },
      { action: 'sign_in.succeeded', actor: 'user:1', target: 'user:1', address: '127.0.0.1' },
    ])
    const created = await written(async () => {
      const invite = { email: 'ann@example.com', name: 'Ann', role: 'viewer' }
      const { body } = await local(app, 'POST', '/api/v1/users', invite)
      const typed = { password: goodPassword, password_again: goodPassword }
      const token = tokenOf(body.invitation.url)
      const page = await new Visitor(app).post('/setup', { token, ...typed })
      expect(page.status).toBe(303)
    })
    expect(created).toMatchObject([
      { action: 'user.create', actor: 'local', details: { invited: true } },
      { action: 'user.accept_invitation', actor: 'user:2' },
      { action: 'sign_in.succeeded', actor: 'user:2' },
    ])
    expect(JSON.stringify(created)).not.toContain('gh_setup_')
  })

  test('a sign-in names person and address', async () => {
    const seen = await written(() => signInFrom('203.0.113.7', email, goodPassword))
    expect(seen).toMatchObject([
      { action: 'sign_in.succeeded', actor: 'user:1', target: 'user:1', address: '203.0.113.7' },
    ])
  })

  test('a failed one names the address typed, folded, and whose account it is', async () => {
    const seen = await written(async () => {
      await signInFrom('203.0.113.8', ' Owner@EXAMPLE.com')
      await signInFrom('203.0.113.8', 'Nobody@example.com')
    })
    const failed = { action: 'sign_in.failed', actor: 'anonymous', address: '203.0.113.8' }
    expect(seen).toMatchObject([
      { ...failed, target: 'user:1', details: { email } },
      { ...failed, target: '', details: { email: 'nobody@example.com' } },
    ])
  })

  test('a password typed where the address belongs is not written down', async () => {
    const slip = 'correct horse battery'
    const seen = await written(() => signInFrom('203.0.113.9', slip, email))
    expect(seen).toMatchObject([{ action: 'sign_in.failed', details: { email: null } }])
    expect(JSON.stringify(await events())).not.toContain('horse')
  })

  test('a passkey that proves nothing is on record', async () => {
    const own = await startApp({ settings: { public_url: 'https://tools.example.com' } })
    try {
      await setUpOwner(own)
      const page = await new Visitor(own).post('/login/passkey/answer', { answer: '{}' })
      expect(page.status).toBe(401)
      const { body } = await local(own, 'GET', '/api/v1/audit?limit=1')
      expect(body.items).toMatchObject([
        { action: 'sign_in.failed', actor: 'anonymous', details: { email: null } },
      ])
    } finally {
      await own.stop()
    }
  })

  test('a wrong code is on record, the way in counts from the right one', async () => {
    later()
    const visitor = new Visitor(app)
    await visitor.signIn(email, goodPassword)
    await visitor.act('/account/second-factor/begin')
    const { text } = await visitor.get('/account')
    const [, secret = ''] = /secret=([A-Z2-7]+)/.exec(text) ?? []
    expect(secret).not.toBe('')
    const code = appCode(secret, time.nowMs)
    expect((await visitor.act('/account/second-factor/confirm', { code })).status).toBe(200)
    time.nowMs += 60_000
    const twin = new Visitor(app)
    const seen = await written(async () => {
      await twin.signIn(email, goodPassword)
      const { csrf } = await twin.get('/login/second-factor')
      for (const typed of ['000000', appCode(secret, time.nowMs)]) {
        await twin.post('/login/second-factor', { code: typed, csrf })
      }
    })
    expect(seen).toMatchObject([
      { action: 'second_factor.failed', actor: 'user:1', target: 'user:1', address: '127.0.0.1' },
      { action: 'sign_in.succeeded', actor: 'user:1', address: '127.0.0.1' },
    ])
    expect(JSON.stringify(seen)).not.toContain('000000')
    owner = twin
  })

  test('ending sessions is on record, one that was none of the own is not', async () => {
    const other = new Visitor(app)
    await other.signIn('ann@example.com', goodPassword)
    const seen = await written(async () => {
      expect((await owner.act('/account/sessions/end-others')).status).toBe(303)
      await owner.act('/account/sessions/end', { session_id: '4711' })
    })
    expect(seen).toMatchObject([
      { action: 'session.end_others', actor: 'user:1', target: 'user:1', address: '127.0.0.1' },
    ])
  })

  test('no event holds a password, and the chain holds', async () => {
    expect(JSON.stringify(await events())).not.toContain(goodPassword)
    expect((await local(app, 'GET', '/api/v1/audit/verify')).body.valid).toBe(true)
  })
})

describe('case 264: a guesser cannot fill the log', () => {
  test('who is throttled is told of once, however often it is tried, and how many were left out with the next', async () => {
    later()
    const from = '198.51.100.1'
    const seen = await written(async () => {
      for (let n = 0; n < 1000; n++) await signInFrom(from, 'ann@example.com')
    })
    expect(seen.map(({ action }) => action)).toEqual([
      ...new Array(10).fill('sign_in.failed'),
      'sign_in.throttled',
    ])
    expect(seen.at(-1)).toMatchObject({
      target: 'user:2',
      address: from,
      details: { email: 'ann@example.com' },
    })
    later()
    const [next] = await written(() => signInFrom(from, 'ann@example.com'))
    expect(next).toMatchObject({ action: 'sign_in.failed', details: { left_out: 989 } })
  })

  test('codes that are guessed are throttled, and that is told of once', async () => {
    later()
    const guesser = new Visitor(app)
    await guesser.signIn(email, goodPassword)
    const { csrf } = await guesser.get('/login/second-factor')
    const seen = await written(async () => {
      for (let n = 0; n < 14; n++) {
        await guesser.post('/login/second-factor', { code: `10000${n % 10}`, csrf })
      }
    })
    expect(seen.map(({ action }) => action)).toEqual([
      ...new Array(10).fill('second_factor.failed'),
      'second_factor.throttled',
    ])
  })
})
