import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { defaultPolicy, type Policy } from '../../src/model/policy.ts'
import { findClient } from '../../src/oauth/find_client.ts'
import { registrationDoor } from '../../src/oauth/registration_door.ts'
import { listOauthClients, touchOauthClient } from '../../src/store/oauth_client_store.ts'
import { putPolicy } from '../../src/store/policy_store.ts'
import { updateProject } from '../../src/store/project_store.ts'
import { addProject, type ClientWorld, openClientWorld, refusalOf } from './client_world.ts'

let world: ClientWorld
beforeEach(async () => {
  world = await openClientWorld()
})
afterEach(() => world.store.close())

const good = { redirect_uris: ['http://localhost/callback'], token_endpoint_auth_method: 'none' }
const register = (change: object = {}, address: string | null = null) =>
  world.deps.registration.register({ ...good, ...change }, address)
const setPolicy = (change: Partial<Policy>, projectId = world.project.id) =>
  world.store.database.write(() => putPolicy({ ...defaultPolicy(projectId), ...change }, 1))
const all = async () =>
  (await world.store.database.read(() => listOauthClients(null, 5_000, null))).items

/** Asks for a registration that must be refused; nothing may be kept of it. */
async function refused(change: object, address: string | null = null) {
  const before = (await all()).length
  const error = await refusalOf(register(change, address))
  expect(await all()).toHaveLength(before)
  return error
}

describe('a client that registers', () => {
  test('is known by a new id, and unverified', async () => {
    const { client, secret } = await register({ client_name: 'Codex' })
    expect(secret).toBeNull()
    expect(client).toMatchObject({ kind: 'registered', name: 'Codex', verifiedHost: null })
    expect(client.clientId).toMatch(/^mcp_[A-Za-z0-9_-]{24}$/)
    const twin = await register({ client_name: 'Codex' })
    expect(twin.client.clientId).not.toBe(client.clientId)
    expect(await findClient(world.deps, client.clientId)).toMatchObject({ id: client.id })
  })

  test('has a secret unless it says that it has none (RFC 7591 §2)', async () => {
    for (const method of ['client_secret_basic', 'client_secret_post', undefined]) {
      const { client, secret } = await register({ token_endpoint_auth_method: method })
      expect(client.authMethod).toBe((method ?? 'client_secret_basic') as typeof client.authMethod)
      expect(secret).toMatch(/^tng_ocs_[A-Za-z0-9_-]{43}$/)
      expect(JSON.stringify(client)).not.toContain(secret ?? '')
    }
  })

  test('may say much that nobody here needs', async () => {
    const more = {
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token', 'urn:x'],
      response_types: ['code'],
      jwks_uri: 'https://app.example/jwks',
      logo_uri: 'http://169.254.169.254/logo',
      software_statement: 'x.y.z',
      registration_access_token: 'mine',
    }
    expect((await register(more)).client.redirectUris).toEqual(good.redirect_uris)
  })

  test.each([
    [{ redirect_uris: undefined }, 'invalid_redirect_uri'],
    [{ redirect_uris: [] }, 'invalid_redirect_uri'],
    [{ redirect_uris: 'http://localhost/cb' }, 'invalid_redirect_uri'],
    [{ redirect_uris: [null] }, 'invalid_redirect_uri'],
    [{ redirect_uris: Array(51).fill('http://localhost/cb') }, 'invalid_redirect_uri'],
    [{ redirect_uris: ['https://a.example/cb', 'javascript:alert(1)'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: ['data:text/html,x'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: ['file:///x'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: ['http://app.example/cb'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: ['https://a.example/cb#x'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: ['https://u:p@a.example/cb'] }, 'invalid_redirect_uri'],
    [{ token_endpoint_auth_method: 'private_key_jwt' }, 'invalid_client_metadata'],
    [{ token_endpoint_auth_method: 7 }, 'invalid_client_metadata'],
    [{ grant_types: ['implicit'] }, 'invalid_client_metadata'],
    [{ grant_types: ['client_credentials'] }, 'invalid_client_metadata'],
    [{ response_types: ['token'] }, 'invalid_client_metadata'],
    [{ response_types: 'code' }, 'invalid_client_metadata'],
    [{ client_name: 7 }, 'invalid_client_metadata'],
  ])('case 94: saying %j is refused with %s', async (change, error) => {
    expect(await refused(change)).toMatchObject({ error, status: 400 })
  })

  test.each([
    ['<b>Claude</b>', '<b>Claude</b>'],
    ['Cla\u202eude\u200b\u0000', 'Claude'],
    ['  two\n lines\t', 'two lines'],
    ['\u2066\u2069', 'Unnamed client'],
    ['', 'Unnamed client'],
    ['n'.repeat(10_000), `${'n'.repeat(79)}…`],
    ['😀'.repeat(100), `${'😀'.repeat(79)}…`],
    ['\ud800x', 'x'],
  ])('case 112: is called %j: nothing hides in it, and it is short', async (client_name, name) => {
    expect((await register({ client_name })).client.name).toBe(name)
  })
})

describe('who may register is for the policies to say', () => {
  const rule = (change: Partial<Policy> = {}) => ({ ...defaultPolicy(1), ...change })
  const uris = ['https://app.example/cb']

  test.each([
    ['no project', [], { mode: 'off' }],
    ['a project that set nothing', [rule()], { mode: 'on' }],
    ['off', [rule({ registrationMode: 'off' })], { mode: 'off' }],
    ['named clients', [rule({ allowedClientIds: ['x'] })], { mode: 'off' }],
    [
      'named clients and limited',
      [rule({ allowedClientIds: ['x'], registrationMode: 'limited', allowedRedirectUris: uris })],
      { mode: 'off' },
    ],
    [
      'named redirects',
      [rule({ allowedRedirectUris: uris })],
      { mode: 'limited', redirectUris: uris },
    ],
    ['limited to nothing', [rule({ registrationMode: 'limited' })], { mode: 'off' }],
    [
      'limited',
      [rule({ registrationMode: 'limited', allowedRedirectUris: uris })],
      { mode: 'limited', redirectUris: uris },
    ],
    ['off here, on there', [rule({ registrationMode: 'off' }), rule()], { mode: 'on' }],
    [
      'limited here and there',
      [rule({ allowedRedirectUris: uris }), rule({ allowedRedirectUris: ['cursor://x'] })],
      { mode: 'limited', redirectUris: [...uris, 'cursor://x'] },
    ],
  ])('%s', (_name, rules, door) => expect(registrationDoor(rules)).toEqual(door as never))

  test('case 125: it is closed where no project is open to it', async () => {
    await setPolicy({ registrationMode: 'off' })
    expect(await refused({})).toMatchObject({ error: 'access_denied', status: 403 })
    await setPolicy({ allowedClientIds: ['mcp_known'] })
    expect(await refused({})).toMatchObject({ error: 'access_denied' })
    await addProject(world.store, 'other')
    expect(await register()).toBeDefined()
  })

  test('a project that cannot be connected to opens it for nobody', async () => {
    await setPolicy({ isMcpEnabled: false })
    expect(await refused({})).toMatchObject({ error: 'access_denied' })
    await setPolicy({})
    expect((await world.deps.registration.door()).mode).toBe('on')
    const suspended = { ...world.project, isSuspended: true }
    await world.store.database.write(() => updateProject(suspended))
    expect(await refused({})).toMatchObject({ error: 'access_denied' })
  })

  test('case 126: a web redirect to a stranger is for the policy to allow', async () => {
    const stranger = { redirect_uris: ['https://attacker.example/cb'] }
    await setPolicy({
      allowedRedirectUris: ['https://app.example/cb', 'http://localhost/callback'],
    })
    for (const redirect_uris of [
      stranger.redirect_uris,
      ['https://app.example/cb', ...stranger.redirect_uris],
      ['https://app.example/cb/'],
      ['http://localhost/other'],
      // The policy is exact at the consent page too: a port that it does not name helps nobody.
      ['http://localhost:49036/callback'],
    ]) {
      const error = await refused({ redirect_uris })
      expect(error).toMatchObject({
        error: 'invalid_redirect_uri',
        description: 'redirect_uri is not allowed',
      })
    }
    const allowed = ['https://app.example/cb', 'http://localhost/callback']
    expect((await register({ redirect_uris: allowed })).client.redirectUris).toEqual(allowed)
    await setPolicy({})
    expect((await register(stranger)).client.verifiedHost).toBeNull()
  })
})

describe('case 125: a flood', () => {
  test('from one address ends at 20 an hour; elsewhere nothing is felt of it', async () => {
    for (let i = 0; i < 20; i++) await register({}, '203.0.113.7')
    for (let i = 0; i < 50; i++) {
      const error = await refused({}, '203.0.113.7')
      expect(error).toMatchObject({ status: 429, retryAfterSeconds: 180 })
    }
    expect(await register({}, '203.0.113.8')).toBeDefined()
    world.clock.ms += 180_000
    expect(await register({}, '203.0.113.7')).toBeDefined()
    expect(await refused({}, '203.0.113.7')).toMatchObject({ status: 429 })
  })

  test('from many ends at 1,000 clients nobody has used; used ones do not count', async () => {
    const { database } = world.store
    const made = await Promise.all(Array.from({ length: 1_000 }, () => register()))
    expect(await refused({})).toMatchObject({ status: 429, retryAfterSeconds: 3_600 })
    await database.write(() => touchOauthClient(made[0]?.client.id ?? 0, world.clock.ms))
    expect(await register()).toBeDefined()
    expect(await refused({})).toMatchObject({ status: 429 })
    const many = await Promise.allSettled(Array.from({ length: 2_000 }, () => register()))
    expect(many.every(({ status }) => status === 'rejected')).toBe(true)
    expect(await all()).toHaveLength(1_001)
  })

  test('is forgotten after a day, but for the clients that were used', async () => {
    const { client } = await register({ client_name: 'used' })
    await register({ client_name: 'unused' })
    await world.store.database.write(() => touchOauthClient(client.id, world.clock.ms))
    world.clock.ms += 86_400_000
    await register({ client_name: 'a day later' })
    expect(await all()).toHaveLength(3)
    world.clock.ms += 1
    await register({ client_name: 'later still' })
    expect((await all()).map(({ name }) => name)).toEqual(['used', 'a day later', 'later still'])
  })
})
