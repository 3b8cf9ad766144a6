import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { introspect } from '../../src/oauth/introspect.ts'
import { revokeToken } from '../../src/oauth/revoke.ts'
import type { TokenAnswer } from '../../src/oauth/token/token_answer.ts'
import { addProject, formOf, refusalOf } from './client_world.ts'
import {
  challengeOf,
  connect,
  issuer,
  newSecret,
  type OauthWorld,
  openOauthWorld,
  redeem,
  refresh,
} from './oauth_world.ts'

let world: OauthWorld
/** The Authorization headers of two confidential clients of the project, and of one of another. */
const basic: Record<'own' | 'stranger' | 'foreign', string> = { own: '', stranger: '', foreign: '' }

beforeAll(async () => {
  world = await openOauthWorld()
  await world.addScopes(['A_READ', 'A_WRITE'])
  basic.own = await integrationClient('own', world.project.id)
  basic.foreign = await integrationClient('foreign', (await addProject(world.store, 'far')).id)
  const secret = newSecret()
  const fields = { authMethod: 'client_secret_basic', secret: secret.stored } as const
  await world.addClient({ clientId: 'stranger', ...fields })
  basic.stranger = `Basic ${btoa(`stranger:${secret.text}`)}`
})
afterAll(() => world.close())

async function integrationClient(clientId: string, projectId: number): Promise<string> {
  const secret = newSecret()
  const [row] = await world.sql(
    `INSERT INTO integrations (project_id, name, kind, is_active, created_at_ms)
        VALUES ($1, 'Claude', 'oauth_client', 1, 1) RETURNING id`,
    projectId,
  )
  await world.addClient({
    clientId,
    kind: 'integration',
    integrationId: Number(row?.id),
    authMethod: 'client_secret_basic',
    secret: secret.stored,
  })
  return `Basic ${btoa(`${clientId}:${secret.text}`)}`
}

async function begin(): Promise<TokenAnswer> {
  const proof = crypto.randomUUID().padEnd(43, '-')
  const fields = { code_challenge: challengeOf(proof) }
  const answer = await connect(world, { fields, scopes: ['A_WRITE'] })
  return redeem(world, answer.get('code'), { code_verifier: proof })
}

const revoke = (fields: Readonly<Record<string, string>>, authorization: string | null = null) =>
  revokeToken(world.oauth, { authorization, form: formOf(fields), address: null })

const look = (token: string | null, authorization: string | null = basic.own) =>
  introspect(world.oauth, { authorization, form: formOf({ token: token ?? '' }), address: null })

describe('revocation (RFC 7009)', () => {
  test('case 128: a refresh token takes its access tokens along', async () => {
    const { accessToken, refreshToken } = await begin()
    await revoke({ client_id: 'client-1', token: refreshToken ?? '', token_type_hint: 'x' })
    expect(await look(accessToken)).toEqual({ active: false })
    expect((await refusalOf(refresh(world, refreshToken))).error).toBe('invalid_grant')
    const [event] = await world.events()
    expect(event).toMatchObject({ action: 'grant.revoke', details: { by: 'client' } })
  })

  test('an access token goes alone', async () => {
    const { accessToken, refreshToken } = await begin()
    await revoke({ client_id: 'client-1', token: accessToken })
    expect(await look(accessToken)).toEqual({ active: false })
    await refresh(world, refreshToken)
  })

  test.each(['accessToken', 'refreshToken'] as const)(
    "case 128: another client's %s stays",
    async (kind) => {
      const given = await begin()
      await revoke({ token: given[kind] ?? '' }, basic.own)
      expect(await look(given.accessToken)).toMatchObject({ active: true })
      await refresh(world, given.refreshToken)
    },
  )

  test.each(['nonsense', `tng_ort_${'a'.repeat(43)}`, `tng_oat_${'a'.repeat(43)}`])(
    'case 128: %s is unknown, and that is fine',
    async (token) => {
      await revoke({ client_id: 'client-1', token })
    },
  )

  test('without a client or a token it is refused', async () => {
    expect((await refusalOf(revoke({ token: 'a' }))).error).toBe('invalid_client')
    expect((await refusalOf(revoke({ client_id: 'client-1' }))).error).toBe('invalid_request')
  })
})

describe('introspection (RFC 7662)', () => {
  test('tells an integration of the project what a token comes to', async () => {
    const { accessToken } = await begin()
    expect(await look(accessToken)).toEqual({
      active: true,
      scope: 'A_WRITE',
      client_id: 'client-1',
      token_type: 'Bearer',
      exp: Math.floor(world.clock.ms / 1000) + 900,
      sub: `user_${world.person.user.id}`,
      username: 'ada@example.com',
      aud: `${issuer}/mcp`,
      iss: issuer,
    })
  })

  test('a refresh token too, until it is retired', async () => {
    const { refreshToken } = await begin()
    const shown = await look(refreshToken)
    expect(shown).toMatchObject({ active: true, iat: Math.floor(world.clock.ms / 1000) })
    expect(shown).not.toHaveProperty('token_type')
    await refresh(world, refreshToken)
    expect(await look(refreshToken)).toEqual({ active: false })
  })

  test('case 129: other clients are told nothing', async () => {
    const { accessToken } = await begin()
    expect(await look(accessToken, basic.stranger)).toEqual({ active: false })
    expect(await look(accessToken, basic.foreign)).toEqual({ active: false })
    expect((await refusalOf(look(accessToken, null))).error).toBe('invalid_client')
    const form = formOf({ token: accessToken, client_id: 'client-1' })
    const open = introspect(world.oauth, { authorization: null, form, address: null })
    expect((await refusalOf(open)).error).toBe('invalid_client')
  })

  test('case 129: expired, or no token at all, is not active and no more', async () => {
    const { accessToken } = await begin()
    expect(await look('nonsense')).toEqual({ active: false })
    world.clock.ms += 900_000
    expect(await look(accessToken)).toEqual({ active: false })
  })

  test('case 107: scopes are what the policy leaves of them now', async () => {
    const { accessToken } = await begin()
    await world.setPolicy({ policyScopes: ['A_READ'] })
    expect(await look(accessToken)).toMatchObject({ scope: 'A_READ' })
    await world.setPolicy({ isMcpEnabled: false })
    expect(await look(accessToken)).toEqual({ active: false })
    await world.setPolicy({})
  })
})
