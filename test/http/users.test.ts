import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type House, startHouse } from './house.ts'
import { frozenClock, goodPassword, setUpOwner, tokenOf, Visitor } from './visitor.ts'

describe('people over the management API', () => {
  let house: House
  let otherProject = 0
  let confined = ''
  let ownerId = 0
  let people = 0
  const { time, clock } = frozenClock()
  const path = '/api/v1/users'

  beforeAll(async () => {
    house = await startHouse({ clock })
    await setUpOwner(house)
    ownerId = (await house.api('GET', path)).body.items[0].id
    otherProject = (await house.api('POST', '/api/v1/projects', { name: 'Other' })).body.id
    const token = { name: 'confined', project_id: house.projectId }
    confined = (await house.api('POST', '/api/v1/admin-tokens', token)).body.token
  })
  afterAll(() => house.stop())

  const create = async (fields: object = {}, token = house.adminToken) =>
    house.api('POST', path, { email: `p${++people}@example.com`, ...fields }, token)
  const made = async (fields: object = {}) => {
    const { status, body } = await create(fields)
    if (status !== 201) throw new Error(JSON.stringify(body))
    return body.user
  }
  const rolesOf = async (id: number) => (await house.api('GET', `${path}/${id}`)).body.roles
  const setRole = (id: number, role: string, project_id: number | null, token?: string) =>
    house.api('POST', `${path}/${id}/roles`, { role, project_id }, token)

  describe('an invitation', () => {
    test('is a link, good for three days and one use, that ends in being signed in', async () => {
      const { status, body } = await create({ role: 'viewer', project_id: house.projectId })
      expect(status).toBe(201)
      expect(body.user).toMatchObject({
        has_password: false,
        has_second_factor: false,
        passkeys: [],
        identities: [],
        is_disabled: false,
        last_login_at: null,
        roles: [{ project_id: house.projectId, role: 'viewer' }],
      })
      expect(Date.parse(body.invitation.expires_at) - time.nowMs).toBe(72 * 60 * 60_000)
      const token = tokenOf(body.invitation.url)
      const visitor = new Visitor(house)
      expect((await visitor.get(`/setup/${token}`)).text).toContain(body.user.email)
      const fields = { token, password: goodPassword, password_again: goodPassword }
      // Whose account it is, is not for the form to say.
      const page = await visitor.post('/setup', {
        ...fields,
        email: 'owner@example.com',
        name: 'x',
      })
      expect([page.status, page.location]).toEqual([303, '/account'])
      expect((await visitor.get('/account')).text).toContain(body.user.email)
      expect((await visitor.post('/setup', fields)).status).toBe(403)
    })

    test('ends with its time, and with the account', async () => {
      const open = async (url: string) =>
        (await new Visitor(house).get(`/setup/${tokenOf(url)}`)).status
      const late = (await create()).body.invitation.url
      const { user, invitation } = (await create()).body
      expect(await open(invitation.url)).toBe(200)
      await house.api('PATCH', `${path}/${user.id}`, { is_disabled: true })
      expect(await open(invitation.url)).toBe(403)
      await house.api('PATCH', `${path}/${user.id}`, { is_disabled: false })
      expect(await open(invitation.url)).toBe(403)
      expect(await open(late)).toBe(200)
      time.nowMs += 72 * 60 * 60_000
      expect(await open(late)).toBe(403)
    })

    test('is not made where a password is given, which must be a good one', async () => {
      const { status, body } = await create({ password: goodPassword })
      expect([status, body.invitation, body.user.has_password]).toEqual([201, null, true])
      const weak = await create({ password: 'hunter2' })
      expect([weak.status, weak.body.code]).toEqual([422, 'weak_password'])
      const email = `p${people}@example.com`
      expect((await house.api('GET', `${path}?email=${email}`)).body.items).toEqual([])
    })
  })

  test('an email address is one person’s, whatever its case', async () => {
    const { email } = await made()
    const again = await create({ email: email.toUpperCase() })
    expect([again.status, again.body.code]).toEqual([409, 'name_taken'])
    const found = await house.api('GET', `${path}?email=${email.toUpperCase()}`)
    expect(found.body.items).toMatchObject([{ email }])
  })

  test('a new password by link ends every session, and the second factor is still asked for', async () => {
    const user = await made({ password: goodPassword })
    const visitor = new Visitor(house)
    await visitor.signIn(user.email, goodPassword)
    const { body } = await house.api('POST', `${path}/${user.id}/reset-password`)
    // Until the link is used nothing changes.
    expect((await visitor.get('/account')).status).toBe(200)
    const password = 'orange bicycle cloud 8'
    const fields = { token: tokenOf(body.url), password, password_again: password }
    expect((await new Visitor(house).post('/setup', fields)).location).toBe('/account')
    expect((await visitor.get('/account')).status).toBe(303)
    expect((await new Visitor(house).signIn(user.email, goodPassword)).status).toBe(401)
  })

  describe('case 262: a field that this does not take', () => {
    test.each([
      ['PATCH', '', { role: 'owner' }, '/role'],
      ['PATCH', '', { id: 1 }, '/id'],
      ['PATCH', '', { project_id: null }, '/project_id'],
      ['PATCH', '', { roles: [] }, '/roles'],
      ['PATCH', '', { email: 'x@example.com' }, '/email'],
      ['PATCH', '', { has_second_factor: false }, '/has_second_factor'],
      ['PATCH', '', { password: goodPassword }, '/password'],
      ['POST', '/roles', { role: 'viewer', user_id: 1 }, '/user_id'],
      ['POST', '/roles', { role: 'root' }, '/role'],
    ])('%s users/{id}%s %j changes nothing', async (method, more, body, pointer) => {
      const before = await made({ role: 'viewer' })
      const answer = await house.api(method, `${path}/${before.id}${more}`, { ...body })
      expect([answer.status, answer.body.code]).toEqual([422, 'validation_failed'])
      expect(answer.body.errors[0].pointer).toBe(pointer)
      expect((await house.api('GET', `${path}/${before.id}`)).body).toEqual(before)
    })
  })

  describe('roles', () => {
    test('are of a project or of all, one each, and the last one given counts', async () => {
      const { id } = await made({ role: 'member', project_id: house.projectId })
      await setRole(id, 'viewer', otherProject)
      await setRole(id, 'developer', house.projectId)
      expect((await setRole(id, 'admin', null)).status).toBe(200)
      expect(await rolesOf(id)).toEqual([
        { project_id: null, role: 'admin' },
        { project_id: house.projectId, role: 'developer' },
        { project_id: otherProject, role: 'viewer' },
      ])
      const dropped = await house.api('DELETE', `${path}/${id}/roles?project_id=${otherProject}`)
      expect(dropped.status).toBe(204)
      expect((await house.api('DELETE', `${path}/${id}/roles`)).status).toBe(204)
      expect((await house.api('DELETE', `${path}/${id}/roles`)).status).toBe(404)
      expect(await rolesOf(id)).toEqual([{ project_id: house.projectId, role: 'developer' }])
    })

    test('owner is one of the whole installation, and a project must exist', async () => {
      const { id } = await made()
      const owner = await setRole(id, 'owner', house.projectId)
      expect([owner.status, owner.body.errors[0].pointer]).toEqual([422, '/role'])
      expect((await setRole(id, 'viewer', 4711)).status).toBe(404)
      expect((await setRole(4711, 'viewer', null)).status).toBe(404)
      expect(await rolesOf(id)).toEqual([{ project_id: null, role: 'member' }])
    })

    test('case 257: new rights take a new sign-in', async () => {
      const { id, email } = await made({ password: goodPassword })
      const visitor = new Visitor(house)
      await visitor.signIn(email, goodPassword)
      await setRole(id, 'developer', null)
      expect((await visitor.get('/account')).status).toBe(303)
    })
  })

  describe('a credential of one project', () => {
    test('sees the people of its project, and of their roles those there', async () => {
      const own = await made({ role: 'viewer', project_id: house.projectId })
      await setRole(own.id, 'admin', otherProject)
      const foreign = await made({ role: 'viewer', project_id: otherProject })
      const { items } = (await house.api('GET', `${path}?limit=200`, undefined, confined)).body
      const ids = items.map(({ id }: { id: number }) => id)
      expect([ids.includes(own.id), ids.includes(foreign.id), ids.includes(ownerId)]).toEqual([
        true,
        false,
        false,
      ])
      const seen = await house.api('GET', `${path}/${own.id}`, undefined, confined)
      expect(seen.body.roles).toEqual([{ project_id: house.projectId, role: 'viewer' }])
      for (const id of [foreign.id, ownerId]) {
        expect((await house.api('GET', `${path}/${id}`, undefined, confined)).status).toBe(404)
      }
    })

    test('gives and takes roles there and nowhere else', async () => {
      const { id } = await made({ role: 'viewer', project_id: otherProject })
      await setRole(id, 'viewer', house.projectId)
      const given = await setRole(id, 'developer', null, confined)
      expect(given.body.roles).toEqual([{ project_id: house.projectId, role: 'developer' }])
      const foreign = await setRole(id, 'admin', otherProject, confined)
      expect([foreign.status, foreign.body.code]).toEqual([403, 'project_mismatch'])
      const query = `?project_id=${otherProject}`
      const taken = await house.api('DELETE', `${path}/${id}/roles${query}`, undefined, confined)
      expect([taken.status, taken.body.code]).toEqual([403, 'project_mismatch'])
      expect(await rolesOf(id)).toHaveLength(2)
    })

    test('gets at nobody elsewhere by guessing ids, only by knowing the email', async () => {
      const elsewhere = await made({ role: 'viewer', project_id: otherProject })
      for (const id of [elsewhere.id, ownerId, 4711]) {
        const given = await setRole(id, 'member', null, confined)
        const taken = await house.api('DELETE', `${path}/${id}/roles`, undefined, confined)
        for (const { status, body } of [given, taken]) {
          expect([status, body.code, body.reason]).toEqual([
            404,
            'not_found',
            'There is no such person.',
          ])
        }
      }
      const query = `${path}?email=${elsewhere.email}`
      expect((await house.api('GET', query, undefined, confined)).body.items).toEqual([])
      const fields = { email: elsewhere.email, name: 'Renamed', role: 'developer' }
      const withPassword = await create({ ...fields, password: goodPassword }, confined)
      expect([withPassword.status, withPassword.body.code]).toEqual([409, 'name_taken'])
      expect(withPassword.body.reason).toBe('Leave out the password to give that person the role.')
      const joined = await create(fields, confined)
      expect([joined.status, joined.body.invitation]).toEqual([201, null])
      expect(joined.body.user).toMatchObject({
        id: elsewhere.id,
        name: elsewhere.name,
        roles: [{ project_id: house.projectId, role: 'developer' }],
      })
      const again = await create({ ...fields, role: 'admin' }, confined)
      expect([again.status, again.body.code]).toEqual([409, 'name_taken'])
      expect(await rolesOf(elsewhere.id)).toHaveLength(2)
    })

    test('invites into its project alone', async () => {
      const { status, body } = await create({ role: 'admin' }, confined)
      expect([status, body.user.roles]).toEqual([
        201,
        [{ project_id: house.projectId, role: 'admin' }],
      ])
      for (const fields of [{ role: 'owner' }, { role: 'viewer', project_id: otherProject }]) {
        expect([403, 422]).toContain((await create(fields, confined)).status)
      }
    })

    test.each([
      ['PATCH', '', { is_disabled: true }],
      ['PATCH', '', { name: 'x' }],
      ['POST', '/reset-password', undefined],
      ['DELETE', '/second-factor', undefined],
    ])('has no say over accounts: %s users/{id}%s', async (method, more, body) => {
      const { id } = await made({ role: 'viewer', project_id: house.projectId })
      for (const target of [id, ownerId]) {
        const answer = await house.api(method, `${path}/${target}${more}`, body, confined)
        expect([answer.status, answer.body.code]).toEqual([403, 'permission_denied'])
        expect(JSON.stringify(answer.body)).not.toContain('gh_setup_')
      }
    })
  })

  describe('case 263: the last owner', () => {
    const asLast = (answer: { status: number; body: { code: string } }) =>
      expect([answer.status, answer.body.code]).toEqual([409, 'last_owner'])

    test('is neither demoted, removed nor shut', async () => {
      asLast(await setRole(ownerId, 'admin', null))
      asLast(await house.api('DELETE', `${path}/${ownerId}/roles`))
      asLast(await house.api('PATCH', `${path}/${ownerId}`, { is_disabled: true, name: 'x' }))
      expect((await house.api('GET', `${path}/${ownerId}`)).body).toMatchObject({
        name: 'Olga Owner',
        is_disabled: false,
        roles: [{ project_id: null, role: 'owner' }],
      })
    })

    test('stays the last while another is only invited', async () => {
      const invited = await made({ role: 'owner' })
      asLast(await setRole(ownerId, 'admin', null))
      await house.api('DELETE', `${path}/${invited.id}/roles`)
    })

    test('of two who demote each other at once, one succeeds', async () => {
      for (let round = 0; round < 5; round++) {
        const second = await made({ role: 'owner', password: goodPassword })
        const answers = await Promise.all([
          setRole(second.id, 'admin', null),
          setRole(ownerId, 'admin', null),
        ])
        expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
        const left = answers[0]?.status === 200 ? ownerId : second.id
        expect(await rolesOf(left)).toEqual([{ project_id: null, role: 'owner' }])
        await setRole(ownerId, 'owner', null)
        await setRole(second.id, 'member', null)
      }
    })

    test('of two who are shut at once, one stays', async () => {
      const second = await made({ role: 'owner', password: goodPassword })
      const shut = (id: number) => house.api('PATCH', `${path}/${id}`, { is_disabled: true })
      const answers = await Promise.all([shut(ownerId), shut(second.id)])
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
      for (const id of [ownerId, second.id]) {
        await house.api('PATCH', `${path}/${id}`, { is_disabled: false })
      }
    })
  })

  test('case 264: who did what to whom is on record, and refused attempts are not', async () => {
    const { id, email } = await made({ role: 'viewer' })
    await setRole(id, 'developer', null)
    await setRole(id, 'owner', house.projectId)
    await house.api('POST', `${path}/${id}/reset-password`)
    const { items } = (await house.api('GET', '/api/v1/audit?limit=200')).body
    const own = items.filter(({ target }: { target: string }) => target === `user:${id}`)
    expect(own).toMatchObject([
      { action: 'user.reset_password', details: { email } },
      { action: 'user.set_role', details: { email, role: 'developer' } },
      { action: 'user.create', details: { email, role: 'viewer' } },
    ])
    expect(JSON.stringify(items)).not.toContain('gh_setup_')
  })

  test('lists come in pages', async () => {
    const first = (await house.api('GET', `${path}?limit=2`)).body
    expect(first.items).toHaveLength(2)
    const next = (await house.api('GET', `${path}?limit=2&cursor=${first.next_cursor}`)).body
    expect(next.items[0].id).toBeGreaterThan(first.items[1].id)
  })
})
