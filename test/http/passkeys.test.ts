import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { freePort } from '../binary/free_port.ts'
import { type RunningApp, startApp } from '../helpers/running_app.ts'
import { startExternalWorld } from './external_sign_in_world.ts'
import { type Lies, SoftPasskey } from './soft_passkey.ts'
import {
  appCode,
  frozenClock,
  goodPassword,
  local,
  type Page,
  setUpOwner,
  Visitor,
} from './visitor.ts'
import { type Rest, WebBrowser } from './web_browser.ts'

let app: RunningApp
let url: string
let people = 0
const { time, clock } = frozenClock()

beforeAll(async () => {
  const port = await freePort()
  url = `http://localhost:${port}`
  app = await startApp({ clock, settings: { listen: `127.0.0.1:${port}`, public_url: url } })
  await setUpOwner(app)
})
afterAll(() => app.stop())

const optionsIn = ({ text }: { readonly text: string }) => {
  const [, escaped = 'null'] = /data-passkey-options="([^"]+)"/.exec(text) ?? []
  return JSON.parse(escaped.replaceAll('&quot;', '"').replaceAll('&amp;', '&'))
}
const csrfIn = ({ text }: Rest) => /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? ''

/** A new person at a browser of their own, signed in by password. */
async function person() {
  const email = `person${++people}@example.com`
  const made = await local(app, 'POST', '/api/v1/users', { email, password: goodPassword })
  const browser = new WebBrowser()
  await browser.post(`${url}/login`, { email, password: goodPassword })
  const act = async (path: string, fields: Record<string, string>) => {
    const csrf = csrfIn(await browser.get(`${url}/account`))
    return browser.post(url + path, { csrf, ...fields })
  }
  return { id: made.body.user.id as number, email, browser, act }
}

const named = { passkey_name: 'My phone', current_password: goodPassword }

/** As `person`, with a passkey on a device. */
async function personWithPasskey() {
  const made = await person()
  const device = new SoftPasskey(url)
  const begun = await made.act('/account/passkeys/begin', named)
  const answer = device.create(optionsIn(begun))
  const added = await made.act('/account/passkeys/add', { passkey_name: 'My phone', answer })
  expect(added.headers.get('location')).toBe('/account?done=passkey_added')
  return { ...made, device }
}

const begin = async (browser: WebBrowser) =>
  optionsIn(await browser.post(`${url}/login/passkey`, {}))
const answerWith = (browser: WebBrowser, answer: string) =>
  browser.post(`${url}/login/passkey/answer`, { answer })
const isIn = async (browser: WebBrowser) => (await browser.get(`${url}/account`)).status === 200
const actionsOf = async (id: number): Promise<string[]> => {
  const { body } = await local(app, 'GET', '/api/v1/audit?limit=100')
  return body.items
    .filter((each: { actor: string }) => each.actor === `user:${id}`)
    .map(({ action }: { action: string }) => action)
}

describe('a passkey', () => {
  test('signs its person in, without password; the attempt’s cookie is gone, the use noted', async () => {
    const { id, device } = await personWithPasskey()
    const browser = new WebBrowser()
    const entered = await answerWith(browser, device.get(await begin(browser)))
    expect([entered.status, entered.headers.get('location')]).toEqual([303, '/account'])
    expect([...browser.cookiesOf(url).keys()]).toEqual(['gatehouse_session'])
    expect((await browser.get(`${url}/account`)).text).toContain('last used')
    expect(await actionsOf(id)).toContain('passkey.add')
  })

  test.each<[string, Lies]>([
    ['another origin', { origin: 'http://localhost:1' }],
    ['another RP ID', { rpId: 'evil.example' }],
    ['a challenge nobody was given', { challenge: 'A'.repeat(43) }],
    ['a registration’s type', { type: 'webauthn.create' }],
    ['no user verification', { isUnverified: true }],
    ['another key’s signature', { hasOtherKey: true }],
    ['another person’s handle', { userHandle: 'AAAA' }],
  ])('with %s is refused, and nobody is signed in', async (_, lies) => {
    const { device } = await personWithPasskey()
    const browser = new WebBrowser()
    const refused = await answerWith(browser, device.get(await begin(browser), lies))
    expect(refused.status).toBe(401)
    expect(refused.text).toContain('The passkey was not accepted')
    expect(await isIn(browser)).toBe(false)
    expect((await answerWith(browser, device.get(await begin(browser)))).status).toBe(303)
  })

  test('an answer counts once, in the browser that was asked, within five minutes', async () => {
    const { device } = await personWithPasskey()
    const browser = new WebBrowser()
    const answer = device.get(await begin(browser))
    const twin = new WebBrowser()
    twin.takeCookies(browser, url)
    const stranger = new WebBrowser()
    await begin(stranger)
    expect((await answerWith(stranger, answer)).status).toBe(401)
    expect((await answerWith(browser, answer)).status).toBe(303)
    expect((await answerWith(twin, answer)).status).toBe(401)

    const late = new WebBrowser()
    const asked = await begin(late)
    time.nowMs += 5 * 60_000
    expect((await answerWith(late, device.get(asked))).status).toBe(401)
  })

  test('whose counter stands still or goes back is refused', async () => {
    const { device } = await personWithPasskey()
    const browser = new WebBrowser()
    const use = async (counter: number) =>
      (await answerWith(browser, device.get(await begin(browser), { counter }))).status
    expect([await use(5), await use(5), await use(4), await use(0), await use(6)]).toEqual([
      ...[303, 401, 401, 401, 303],
    ])
  })

  test('of a disabled person is refused, and once a second factor is reset it is gone', async () => {
    const { id, device } = await personWithPasskey()
    const browser = new WebBrowser()
    await local(app, 'PATCH', `/api/v1/users/${id}`, { is_disabled: true })
    expect((await answerWith(browser, device.get(await begin(browser)))).status).toBe(401)
    await local(app, 'PATCH', `/api/v1/users/${id}`, { is_disabled: false })
    expect((await answerWith(browser, device.get(await begin(browser)))).status).toBe(303)
    await local(app, 'DELETE', `/api/v1/users/${id}/second-factor`)
    expect((await answerWith(browser, device.get(await begin(browser)))).status).toBe(401)
  })

  test('does not finish the sign-in of another person who waits for the second factor', async () => {
    const { device } = await personWithPasskey()
    const other = await personWithPasskey()
    await other.act('/account/second-factor/begin', {})
    const { text } = await other.browser.get(`${url}/account`)
    const code = appCode(/secret=([A-Z2-7]+)/.exec(text)?.[1] ?? '', time.nowMs)
    await other.act('/account/second-factor/confirm', { code })
    const browser = new WebBrowser()
    const entered = await browser.post(`${url}/login`, {
      email: other.email,
      password: goodPassword,
    })
    expect(entered.headers.get('location')).toBe('/login/second-factor')
    expect((await answerWith(browser, device.get(await begin(browser)))).status).toBe(401)
    expect(await isIn(browser)).toBe(false)
    const own = await answerWith(browser, other.device.get(await begin(browser)))
    expect([own.status, await isIn(browser)]).toEqual([303, true])
  })
})

describe('adding and removing', () => {
  test('asks for the password first; a wrong one gets no challenge', async () => {
    const { act } = await person()
    const refused = await act('/account/passkeys/begin', { ...named, current_password: 'no' })
    expect([refused.status, optionsIn(refused)]).toEqual([401, null])
    const { device, act: ask, browser, id } = await personWithPasskey()
    const { text } = await browser.get(`${url}/account`)
    const passkey_id = /<option value="(\d+)"/.exec(text)?.[1] ?? ''
    const kept = await ask('/account/passkeys/remove', { passkey_id, current_password: 'no' })
    expect(kept.status).toBe(401)
    const stranger = await person()
    await stranger.act('/account/passkeys/remove', { passkey_id, current_password: goodPassword })
    const guest = new WebBrowser()
    expect((await answerWith(guest, device.get(await begin(guest)))).status).toBe(303)
    await ask('/account/passkeys/remove', { passkey_id, current_password: goodPassword })
    expect((await answerWith(guest, device.get(await begin(guest)))).status).toBe(401)
    expect((await actionsOf(id)).filter((each) => each.startsWith('passkey.')).sort()).toEqual([
      ...['passkey.add', 'passkey.remove'],
    ])
  })

  test.each<[string, Lies]>([
    ['another origin', { origin: 'http://localhost:1' }],
    ['another RP ID', { rpId: 'evil.example' }],
    ['a challenge nobody was given', { challenge: 'A'.repeat(43) }],
    ['no user verification', { isUnverified: true }],
  ])('a new passkey with %s is refused and not kept', async (_, lies) => {
    const { act, browser } = await person()
    const device = new SoftPasskey(url)
    const answer = device.create(optionsIn(await act('/account/passkeys/begin', named)), lies)
    const refused = await act('/account/passkeys/add', { passkey_name: 'x', answer })
    expect(refused.status).toBe(401)
    expect((await browser.get(`${url}/account`)).text).not.toContain('Remove a passkey')
  })

  test('an answer adds a passkey once, for the session that asked', async () => {
    const { act } = await person()
    const device = new SoftPasskey(url)
    const answer = device.create(optionsIn(await act('/account/passkeys/begin', named)))
    const other = await person()
    const fields = { passkey_name: 'x', answer }
    expect((await other.act('/account/passkeys/add', fields)).status).toBe(401)
    expect((await act('/account/passkeys/add', fields)).status).toBe(303)
    expect((await act('/account/passkeys/add', fields)).status).toBe(401)
  })
})

test('what begins in vain from one address is throttled', async () => {
  const other = await startApp({ clock, settings: { public_url: 'https://gate.example' } })
  try {
    const visitor = new Visitor({ url: other.url })
    const go = (): Promise<Page> =>
      visitor.post('/login/passkey', {}, { host: 'gate.example', origin: 'https://gate.example' })
    expect((await go()).status).toBe(200)
    expect(visitor.setCookies[0]).toMatch(
      /^__Host-gatehouse_passkey=gh_pass_[\w-]{43}; Path=\/; Max-Age=300; HttpOnly; SameSite=Strict; Secure$/,
    )
    for (let n = 1; n < 100; n++) await go()
    const full = await go()
    expect([full.status, optionsIn(full)]).toEqual([429, null])
  } finally {
    await other.stop()
  }
})

test('oidc_required: a passkey alone is no way in', async () => {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const settings = { oidc_required: true, listen: `127.0.0.1:${port}`, public_url: origin }
  const world = await startExternalWorld({ settings })
  try {
    await setUpOwner(world.app)
    const browser = new WebBrowser()
    const page = await browser.get(`${origin}/login`)
    expect(page.text).not.toContain('passkey')
    expect(page.headers.get('content-security-policy')).not.toContain('script-src')
    for (const path of ['/login/passkey', '/login/passkey/answer']) {
      const refused = await browser.post(origin + path, { answer: '{}' })
      expect([refused.status, optionsIn(refused)]).toEqual([403, null])
      expect(refused.text).toContain('Nobody signs in by password here')
    }
    expect(browser.cookiesOf(origin).size).toBe(0)
  } finally {
    await world.stop()
  }
})

test('at a bare address there are none: no script, no button, nothing to begin', async () => {
  const other = await startApp({ clock })
  try {
    await setUpOwner(other)
    const visitor = new Visitor(other)
    const page = await visitor.get('/login')
    expect(page.text).not.toContain('passkey')
    expect(page.headers.get('content-security-policy')).not.toContain('script-src')
    expect((await visitor.post('/login/passkey', {})).status).toBe(404)
  } finally {
    await other.stop()
  }
})
