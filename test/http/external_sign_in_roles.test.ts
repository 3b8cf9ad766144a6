import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { startApp } from '../helpers/running_app.ts'
import { type ExternalWorld, startExternalWorld } from './external_sign_in_world.ts'
import { goodPassword, local, setUpOwner } from './visitor.ts'
import { WebBrowser } from './web_browser.ts'

const person = (email: string, groups: unknown) => ({ email, email_verified: true, groups })

describe('what groups make of people', () => {
  let world: ExternalWorld
  beforeAll(async () => {
    world = await startExternalWorld({
      settings: {
        oidc_role_map: [
          'admins=admin',
          'owners=owner',
          'devs=developer@demo',
          'readers=viewer@demo',
          'readers=viewer@other',
          'devs=developer@no-such-project',
          'cn=ops@example.com=member@demo',
        ],
      },
    })
    await local(world.app, 'POST', '/api/v1/projects', { name: 'other', slug: 'other' })
  })
  afterAll(() => world.stop())

  const rolesOf = async (email: string) =>
    (await world.account(email)).roles.map(
      ({ project_id, role }: { project_id: number | null; role: string }) =>
        `${role}@${project_id === null ? '*' : project_id === world.projectId ? 'demo' : 'other'}`,
    )
  const come = async (email: string, groups: unknown, browser = new WebBrowser()) => {
    world.provider.people.set(email, person(email, groups))
    return world.signIn(email, browser)
  }

  test('who is in a group of owners may be the first owner of all', async () => {
    const login = await new WebBrowser().get(`${world.app.url}/login`)
    expect(login.text).toContain('Sign in with Example Corp')
    expect((await come('first@example.com', ['owners'])).url.pathname).toBe('/account')
    expect(await rolesOf('first@example.com')).toEqual(['owner@*'])
  })

  test('case 263: the last owner stays one, whatever the groups say; one of two does not', async () => {
    await come('first@example.com', [])
    expect(await rolesOf('first@example.com')).toEqual(['owner@*'])
    await come('first@example.com', ['admins'])
    expect(await rolesOf('first@example.com')).toEqual(['owner@*'])
    const second = {
      email: 'second@example.com',
      role: 'owner',
      password: goodPassword,
    }
    await local(world.app, 'POST', '/api/v1/users', second)
    await come('first@example.com', ['admins'])
    expect(await rolesOf('first@example.com')).toEqual(['admin@*'])
  })

  test('in each place the strongest role counts, and a project that is not there gives none', async () => {
    await come('ada@example.com', ['readers', 'devs', 'others'])
    expect(await rolesOf('ada@example.com')).toEqual(['developer@demo', 'viewer@other'])
  })

  test('groups that are gone take their roles along, with every session begun under them', async () => {
    const elsewhere = new WebBrowser()
    await come('bob@example.com', ['readers', 'devs'], elsewhere)
    const browser = new WebBrowser()
    expect((await come('bob@example.com', ['readers'], browser)).status).toBe(200)
    expect(await rolesOf('bob@example.com')).toEqual(['viewer@demo', 'viewer@other'])
    const later = await elsewhere.get(`${world.app.url}/account`)
    expect(later.headers.get('location')).toStartWith('/login')
    const { id } = await world.account('bob@example.com')
    expect(await world.audit()).toContain(`user.set_role user:${id}`)
  })

  test('unchanged groups end no session', async () => {
    const first = new WebBrowser()
    await come('cid@example.com', ['devs'], first)
    await come('cid@example.com', ['others', 'devs'])
    expect((await first.get(`${world.app.url}/account`)).status).toBe(200)
  })

  test('who has no group left has no role, is refused, and is signed out everywhere', async () => {
    const browser = new WebBrowser()
    await come('dan@example.com', ['devs'], browser)
    const refused = await come('dan@example.com', [])
    expect(refused.status).toBe(403)
    expect(refused.text).toContain('You have no role here any more')
    expect(await rolesOf('dan@example.com')).toEqual([])
    expect((await browser.get(`${world.app.url}/account`)).status).toBe(303)
    const { id } = await world.account('dan@example.com')
    expect(await world.audit()).toContain(`user.remove_role user:${id}`)
  })

  test('a role given by hand is kept: groups neither change it nor take it away', async () => {
    await come('eve@example.com', ['devs'])
    const { id } = await world.account('eve@example.com')
    const byHand = { role: 'viewer', project_id: world.projectId }
    await local(world.app, 'POST', `/api/v1/users/${id}/roles`, byHand)
    await come('eve@example.com', ['devs', 'admins'])
    expect(await rolesOf('eve@example.com')).toEqual(['admin@*', 'viewer@demo'])
    expect((await come('eve@example.com', [])).status).toBe(200)
    expect(await rolesOf('eve@example.com')).toEqual(['viewer@demo'])
  })

  test('a group whose name holds = and @ is one all the same; a claim may be a single text', async () => {
    await come('fay@example.com', 'cn=ops@example.com')
    expect(await rolesOf('fay@example.com')).toEqual(['member@demo'])
  })

  test('names of groups match exactly, and what is no text is no group', async () => {
    const refused = await come('gus@example.com', ['Devs', 'devs ', 7, null, { devs: 1 }, ['devs']])
    expect(refused.status).toBe(403)
    expect(await world.account('gus@example.com')).toBeUndefined()
  })
})

describe('settings of the sign-in', () => {
  test('without oidc_create_users an invited person comes in, and nobody else', async () => {
    const world = await startExternalWorld({
      settings: { oidc_create_users: 'false' },
      authMethod: 'client_secret_post',
    })
    try {
      world.provider.people.set('new', person('new@example.com', ['devs']))
      expect((await world.signIn('new')).status).toBe(403)
      expect(await world.account('new@example.com')).toBeUndefined()
      await local(world.app, 'POST', '/api/v1/users', { email: 'new@example.com' })
      const { url, status } = await world.signIn('new')
      expect([url.pathname, status]).toEqual(['/account', 200])
    } finally {
      await world.stop()
    }
  })

  test('oidc_required: the page has no password field and no password is taken', async () => {
    const world = await startExternalWorld({ settings: { oidc_required: true } })
    try {
      const email = 'owner@example.com'
      await setUpOwner(world.app, email)
      const browser = new WebBrowser()
      const { text } = await browser.get(`${world.app.url}/login`)
      expect(text).toContain('Sign in with Example Corp')
      expect(text).not.toContain('type="password"')
      const typed = { email, password: goodPassword }
      const refused = await browser.post(`${world.app.url}/login`, typed)
      expect(refused.status).toBe(403)
      expect(refused.text).toContain('Nobody signs in by password here')
      expect(browser.cookiesOf(world.app.url).size).toBe(0)
      world.provider.people.set('owner', person(email, []))
      expect((await world.signIn('owner')).url.pathname).toBe('/account')
    } finally {
      await world.stop()
    }
  })

  test('the groups may stand in a claim of another name', async () => {
    const world = await startExternalWorld({ settings: { oidc_groups_claim: 'name' } })
    try {
      world.provider.people.set('hal', { ...person('hal@example.com', []), name: 'devs' })
      expect((await world.signIn('hal')).status).toBe(200)
    } finally {
      await world.stop()
    }
  })

  test('while the provider is away the page says so, and passwords work', async () => {
    const world = await startExternalWorld()
    try {
      await setUpOwner(world.app, 'owner@example.com')
      await world.provider.stop()
      const browser = new WebBrowser()
      const start = `${world.app.url}/login/external?next=%2Faccount%3Fa`
      const { status, text } = await browser.get(start)
      expect(status).toBe(503)
      expect(text).toContain('The sign-in provider does not answer')
      expect(text).toContain('name="next" value="/account?a"')
      expect(browser.cookiesOf(world.app.url).size).toBe(0)
      const typed = { email: 'owner@example.com', password: goodPassword, next: '/account?a' }
      const { status: entered, headers } = await browser.post(`${world.app.url}/login`, typed)
      expect([entered, headers.get('location')]).toEqual([303, '/account?a'])
      expect(world.app.logLines().join('\n')).toContain('did not answer')
    } finally {
      await world.app.stop()
    }
  })

  test('without a provider there is no button and no way', async () => {
    const app = await startApp()
    try {
      await setUpOwner(app)
      const browser = new WebBrowser()
      expect((await browser.get(`${app.url}/login`)).text).not.toContain('/login/external')
      for (const path of ['/login/external', '/login/external/callback?code=a&state=b']) {
        expect((await browser.get(app.url + path)).status).toBe(404)
      }
    } finally {
      await app.stop()
    }
  })

  test('a browser on https gets a __Host- cookie that comes along from another site', async () => {
    const world = await startExternalWorld({ settings: { public_url: 'https://gate.example.com' } })
    try {
      const { headers } = await new WebBrowser().get(`${world.app.url}/login/external`)
      const asked = new URL(headers.get('location') ?? '').searchParams
      expect(asked.get('redirect_uri')).toBe('https://gate.example.com/login/external/callback')
      expect(headers.get('set-cookie')).toMatch(
        /^__Host-gatehouse_external_\w{1,12}=gh_ext_[\w-]{43}; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/,
      )
    } finally {
      await world.stop()
    }
  })
})
