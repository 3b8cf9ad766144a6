import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type RunningApp, startApp } from '../helpers/running_app.ts'
import { frozenClock, goodPassword, local, tokenOf, Visitor } from './visitor.ts'

const owner = {
  name: 'Olga',
  email: 'olga@example.com',
  password: goodPassword,
  password_again: goodPassword,
}

describe('case 260: the first owner', () => {
  let app: RunningApp
  const { time, clock } = frozenClock()
  const setupUrl = () => local(app, 'POST', '/api/v1/setup-url')
  const claim = (token: string, fields = {}) =>
    new Visitor(app).post('/setup', { token, ...owner, ...fields })

  beforeAll(async () => {
    app = await startApp({ clock })
  })
  afterAll(() => app.stop())

  test('nobody can sign in yet, and the page says where the link is', async () => {
    const page = await new Visitor(app).get('/login')
    expect(page.status).toBe(200)
    expect(page.text).toContain('gatehouse setup-url')
    expect(page.text).not.toContain('<form')
  })

  test('the link is told on the machine alone and kept where its owner alone reads', async () => {
    const { admin_token: adminToken } = await app.bootstrap()
    for (const token of [null, adminToken]) {
      const refused = await app.api('POST', '/api/v1/setup-url', {}, token)
      expect([401, 403]).toContain(refused.status)
      expect(JSON.stringify(refused.body)).not.toContain('gh_setup_')
    }
    const { status, body } = await setupUrl()
    expect(status).toBe(200)
    expect(body.url).toStartWith(`${app.url}/setup/gh_setup_`)
    expect(Date.parse(body.expires_at) - time.nowMs).toBe(60 * 60_000)
    const path = join(app.dataDir, 'setup-url')
    expect(readFileSync(path, 'utf8')).toBe(`${body.url}\n`)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('a network peer without the link claims nothing', async () => {
    for (const token of ['', 'x', `gh_setup_${'A'.repeat(43)}`]) {
      const page = await claim(token)
      expect(page.status).toBe(403)
      expect(page.text).toContain('The link is not valid or was used before')
      expect(page.headers.getSetCookie()).toEqual([])
    }
    expect((await local(app, 'GET', '/api/v1/users')).body.items).toEqual([])
  })

  test('a newer link replaces the one before, and an hour later it is over', async () => {
    const first = tokenOf((await setupUrl()).body.url)
    const second = tokenOf((await setupUrl()).body.url)
    const visitor = new Visitor(app)
    expect((await visitor.get(`/setup/${first}`)).status).toBe(403)
    expect((await visitor.get(`/setup/${second}`)).status).toBe(200)
    time.nowMs += 60 * 60_000
    expect((await visitor.get(`/setup/${second}`)).status).toBe(403)
    expect((await claim(second)).status).toBe(403)
  })

  test('what was typed wrong is said beside its field, and the link stays good', async () => {
    const token = tokenOf((await setupUrl()).body.url)
    for (const [fields, text] of [
      [{ password: 'short', password_again: 'short' }, 'Take 12 characters or more'],
      [{ password_again: 'another one entirely' }, 'The two passwords differ.'],
      [{ email: 'nobody' }, 'Write your email address.'],
      [{ name: ' ' }, 'Write your name'],
    ] as const) {
      const page = await claim(token, fields)
      expect([page.status, page.headers.getSetCookie()]).toEqual([422, []])
      expect(page.text).toContain(text)
    }
    expect((await local(app, 'GET', '/api/v1/users')).body.items).toEqual([])
  })

  test('of many who open the same link at once, one becomes the owner', async () => {
    const token = tokenOf((await setupUrl()).body.url)
    const all = await Promise.all(
      [1, 2, 3, 4].map((n) => claim(token, { email: `olga${n}@example.com` })),
    )
    expect(all.map(({ status }) => status).sort()).toEqual([303, 409, 409, 409])
    const { items } = (await local(app, 'GET', '/api/v1/users')).body
    expect(items).toMatchObject([{ roles: [{ project_id: null, role: 'owner' }] }])
    // The text of the link is of no use now, nor is another made.
    expect(existsSync(join(app.dataDir, 'setup-url'))).toBe(false)
    expect(await setupUrl()).toMatchObject({ status: 409, body: { code: 'setup_done' } })
    const again = await claim(token)
    expect(again.status).toBe(409)
    expect(again.text).toContain('The first administrator exists already')
    expect((await new Visitor(app).get(`/setup/${token}`)).status).toBe(409)
  })

  test('the token is in no log line and not in the database', async () => {
    const token = tokenOf(
      (await local(app, 'POST', '/api/v1/users', { email: 'a@example.com' })).body.invitation.url,
    )
    await new Visitor(app).get(`/setup/${token}`)
    await new Visitor(app).get(`/setup/${token.slice(0, 20)}%20`)
    const log = app.logLines().join('\n')
    expect(log).toContain('"path":"/setup/[redacted]"')
    expect(log).not.toContain('gh_setup_')
    for (const name of ['gatehouse.db', 'gatehouse.db-wal']) {
      expect(readFileSync(join(app.dataDir, name)).includes(token)).toBe(false)
    }
  })
})
