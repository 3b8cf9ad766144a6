import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { clientSecretPrefix, newToken } from '../../src/crypto/opaque_token.ts'
import type { ClientAuthMethod } from '../../src/model/oauth_client.ts'
import { authenticateClient } from '../../src/oauth/authenticate_client.ts'
import { ClientThrottle } from '../../src/oauth/client_throttle.ts'
import { OAuthError } from '../../src/oauth/oauth_error.ts'
import {
  deleteIntegration,
  insertClientIntegration,
  updateIntegration,
} from '../../src/store/integration_store.ts'
import {
  deleteOauthClient,
  findOauthClient,
  insertOauthClient,
  updateClientSecret,
  upsertDocument,
} from '../../src/store/oauth_client_store.ts'
import { type ClientWorld, formOf, openClientWorld, refusalOf } from './client_world.ts'

let world: ClientWorld
beforeAll(async () => {
  world = await openClientWorld()
})
beforeEach(() => {
  Object.assign(world.deps, { throttle: new ClientThrottle(world.clock) })
})
afterAll(() => world.store.close())

let count = 0

/** Makes a registered client of a method. */
async function registered(authMethod: ClientAuthMethod) {
  const { token, ...secret } = newToken(clientSecretPrefix)
  const clientId = `mcp_test-${++count}`
  const client = await world.store.database.write(() =>
    insertOauthClient({
      clientId,
      kind: 'registered',
      integrationId: null,
      name: 'test',
      redirectUris: [],
      authMethod,
      secret: authMethod === 'none' ? null : secret,
      nowMs: world.clock.ms,
    }),
  )
  return { clientId, secret: token, id: client?.id ?? 0 }
}

const basic = (id: string, secret: string) => {
  const encode = (text: string) => encodeURIComponent(text).replaceAll('%20', '+')
  return `Basic ${btoa(`${encode(id)}:${encode(secret)}`)}`
}
const authenticate = (authorization: string | null, fields: Record<string, string> = {}) =>
  authenticateClient(world.deps, { authorization, form: formOf(fields) })

async function expectRefused(promise: Promise<unknown>): Promise<void> {
  const error = await refusalOf(promise)
  expect(error).toBeInstanceOf(OAuthError)
  expect(error).toMatchObject({ error: 'invalid_client', status: 401 })
}

describe('a client', () => {
  test('with client_secret_basic proves itself by the header, form-encoded (RFC 6749 §2.3.1)', async () => {
    const { clientId, secret } = await registered('client_secret_basic')
    expect(await authenticate(basic(clientId, secret))).toMatchObject({ clientId })
    expect(await authenticate(basic(clientId, secret), { client_id: clientId })).toBeDefined()
    const spelled = btoa(`${clientId.replace('_', '%5f')}:${secret.replaceAll('_', '%5F')}`)
    expect(await authenticate(`basic ${spelled}`)).toMatchObject({ clientId })
  })

  test('with client_secret_post proves itself in the form', async () => {
    const { clientId, secret } = await registered('client_secret_post')
    const fields = { client_id: clientId, client_secret: secret }
    expect(await authenticate(null, fields)).toMatchObject({ clientId })
  })

  test('with none is public: its id is all there is, and a secret is wrong', async () => {
    const { clientId, secret } = await registered('none')
    expect(await authenticate(null, { client_id: clientId })).toMatchObject({ clientId })
    await expectRefused(authenticate(null, { client_id: clientId, client_secret: secret }))
    await expectRefused(authenticate(basic(clientId, secret)))
    await expectRefused(authenticate(basic(clientId, '')))
  })

  test('of an integration may use either way, for the program it is pasted into decides', async () => {
    const { token, ...secret } = newToken(clientSecretPrefix)
    const client = { clientId: 'mcp_integration', redirectUris: [], secret }
    const input = { projectId: world.project.id, name: 'Claude', client, nowMs: 1 }
    const { database } = world.store
    const made = await database.write(() => insertClientIntegration(input))
    if (made === null) throw new Error('not made')
    const fields = { client_id: 'mcp_integration', client_secret: token }
    expect(await authenticate(basic('mcp_integration', token))).toMatchObject({
      kind: 'integration',
      integrationId: made.id,
      projectId: world.project.id,
    })
    expect(await authenticate(null, fields)).toMatchObject({ kind: 'integration' })
    await expectRefused(authenticate(null, { client_id: 'mcp_integration' }))
    await database.write(() => updateIntegration({ ...made, isActive: false }))
    await expectRefused(authenticate(null, fields))
    await database.write(() => updateIntegration({ ...made, isActive: true }))
    expect(await authenticate(null, fields)).toBeDefined()
    await database.write(() => deleteIntegration(made.id, 2))
    await expectRefused(authenticate(null, fields))
  })

  test('known by its document is public, and its document is not fetched for this', async () => {
    const clientId = 'https://client.example/doc'
    const copy = { clientId, name: 'x', redirectUris: [], document: '{}' }
    const expired = { ...copy, expiresAtMs: 1, isPinned: false, nowMs: 1 }
    await world.store.database.write(() => upsertDocument(expired))
    expect(await authenticate(null, { client_id: clientId })).toMatchObject({ kind: 'document' })
    await expectRefused(authenticate(null, { client_id: 'https://client.example/other' }))
  })

  test('deleted is nobody from the next request on', async () => {
    const { clientId, secret, id } = await registered('client_secret_basic')
    expect(await authenticate(basic(clientId, secret))).toBeDefined()
    await world.store.database.write(() => deleteOauthClient(id, world.clock.ms))
    await expectRefused(authenticate(basic(clientId, secret)))
  })
})

describe('case 120: invalid_client is all that is told', () => {
  test('of a wrong, foreign, cut or missing secret', async () => {
    const { clientId, secret } = await registered('client_secret_basic')
    const other = await registered('client_secret_basic')
    const wrong = [other.secret, secret.slice(0, -1), `${secret}x`, secret.toUpperCase(), 'x', '']
    const texts = new Set<string>()
    for (const one of wrong) {
      const error = await refusalOf(authenticate(basic(clientId, one)))
      expect(error).toMatchObject({ error: 'invalid_client', status: 401 })
      texts.add(error.description)
    }
    const unknown = await refusalOf(authenticate(basic('mcp_nobody', secret)))
    texts.add(unknown.description)
    expect(texts.size).toBe(1)
    await expectRefused(authenticate(null, { client_id: clientId }))
  })

  test('of a secret sent in another way than the client registered', async () => {
    const viaHeader = await registered('client_secret_basic')
    const fields = { client_id: viaHeader.clientId, client_secret: viaHeader.secret }
    await expectRefused(authenticate(null, fields))
    const viaForm = await registered('client_secret_post')
    await expectRefused(authenticate(basic(viaForm.clientId, viaForm.secret)))
  })

  test('of a secret in header and form at once, right as both may be', async () => {
    const { clientId, secret } = await registered('client_secret_basic')
    const header = basic(clientId, secret)
    await expectRefused(authenticate(header, { client_secret: secret }))
    await expectRefused(authenticate(header, { client_id: clientId, client_secret: secret }))
    await expectRefused(authenticate(header, { client_id: 'mcp_other' }))
  })

  test('of a header of another scheme or none, and of client assertions', async () => {
    const { clientId, secret } = await registered('client_secret_basic')
    const headers = [`Bearer ${secret}`, 'Basic', 'Basic !', `Basic ${btoa(clientId)}`, '']
    for (const header of [...headers, `Basic ${btoa(`:${secret}`)}`, `Basic ${btoa('a%zz:b')}`]) {
      await expectRefused(authenticate(header))
    }
    const assertion = { client_id: clientId, client_assertion: 'x.y.z' }
    await expectRefused(authenticate(null, { ...assertion, client_assertion_type: 'urn:x' }))
    await expectRefused(authenticate(null, {}))
  })

  test('guesses at one client are held back; the client itself is always let in, others too', async () => {
    const { clientId, secret } = await registered('client_secret_basic')
    const other = await registered('client_secret_basic')
    const guess = () => refusalOf(authenticate(basic(clientId, other.secret)))
    for (let i = 0; i < 20; i++) expect(await guess()).toMatchObject({ status: 401 })
    const held = await guess()
    expect(held).toMatchObject({ error: 'invalid_client', status: 429, retryAfterSeconds: 3 })
    expect(await authenticate(basic(clientId, secret))).toMatchObject({ clientId })
    await expectRefused(authenticate(basic(other.clientId, secret)))
    world.clock.ms += 3_000
    expect(await guess()).toMatchObject({ status: 401 })
  })
})

describe('case 121: a rotated secret', () => {
  const rotate = (id: number, previousUntilMs: number | null) => {
    const { token, ...secret } = newToken(clientSecretPrefix)
    return world.store.database
      .write(() => updateClientSecret({ id, secret, previousUntilMs }))
      .then(() => token)
  }

  test('is dead at once without an overlap', async () => {
    const { clientId, secret, id } = await registered('client_secret_basic')
    const second = await rotate(id, null)
    await expectRefused(authenticate(basic(clientId, secret)))
    expect(await authenticate(basic(clientId, second))).toBeDefined()
  })

  test('counts until the overlap ends, and not in its last millisecond', async () => {
    const { clientId, secret, id } = await registered('client_secret_basic')
    const untilMs = world.clock.ms + 60_000
    const second = await rotate(id, untilMs)
    world.clock.ms = untilMs - 1
    expect(await authenticate(basic(clientId, secret))).toBeDefined()
    expect(await authenticate(basic(clientId, second))).toBeDefined()
    world.clock.ms = untilMs
    await expectRefused(authenticate(basic(clientId, secret)))
    expect(await authenticate(basic(clientId, second))).toBeDefined()
  })

  test('rotated again, only the one before counts on', async () => {
    const { clientId, secret, id } = await registered('client_secret_basic')
    const untilMs = world.clock.ms + 60_000
    const second = await rotate(id, untilMs)
    const third = await rotate(id, untilMs)
    await expectRefused(authenticate(basic(clientId, secret)))
    for (const live of [second, third])
      expect(await authenticate(basic(clientId, live))).toBeDefined()
    const fourth = await rotate(id, null)
    for (const dead of [second, third]) await expectRefused(authenticate(basic(clientId, dead)))
    expect(await authenticate(basic(clientId, fourth))).toBeDefined()
  })
})

test('of a secret the store holds its hash alone', async () => {
  const { clientId, secret } = await registered('client_secret_basic')
  const stored = await world.store.database.read(() => findOauthClient(clientId))
  expect(stored?.secretHash).toHaveLength(32)
  expect(JSON.stringify(stored)).not.toContain(secret)
  expect(stored?.secretLast4).toBe(secret.slice(-4))
})
