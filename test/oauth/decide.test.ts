import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { deny } from '../../src/oauth/decide.ts'
import { findMember } from '../../src/store/member_store.ts'
import { refusalOf } from './client_world.ts'
import {
  ask,
  callback,
  challengeOf,
  connect,
  issuer,
  type OauthWorld,
  openOauthWorld,
  redeem,
} from './oauth_world.ts'

let world: OauthWorld
beforeAll(async () => {
  world = await openOauthWorld()
  await world.addScopes(['A_READ', 'A_WRITE'])
})
afterAll(() => world.close())

const newChallenge = () => ({ code_challenge: challengeOf(crypto.randomUUID()) })

describe('an approval', () => {
  test('makes member, grant and code, and answers with code, state and iss', async () => {
    const answer = await connect(world, { scopes: ['A_READ'] })
    expect([...answer.keys()]).toEqual(['code', 'state', 'iss'])
    expect(answer.get('code')).toMatch(/^tng_oac_[A-Za-z0-9_-]{43}$/)
    expect([answer.get('state'), answer.get('iss')]).toEqual(['state-1', issuer])
    const [grant] = await world.grants()
    expect(grant).toMatchObject({
      projectId: world.project.id,
      clientId: 'client-1',
      userId: world.person.user.id,
      scopes: ['A_READ'],
      resource: `${issuer}/mcp`,
      revokedAtMs: null,
    })
    const member = await world.run(() => findMember(grant?.memberId ?? 0))
    expect(member).toMatchObject({
      externalId: `user_${world.person.user.id}`,
      email: 'ada@example.com',
      roles: ['member'],
    })
    const [event] = await world.events()
    expect(event).toMatchObject({
      actor: `user:${world.person.user.id}`,
      action: 'grant.approve',
      target: `connection:${grant?.id}`,
      address: '192.0.2.7',
    })
  })

  test('case 132: sent twice is one grant; only the code given last is good', async () => {
    const before = (await world.grants()).length
    const verifier = 'w'.repeat(50)
    const fields = { code_challenge: challengeOf(verifier) }
    const first = await connect(world, { fields, scopes: ['A_READ'] })
    const second = await connect(world, { fields, scopes: ['A_READ'] })
    expect((await world.grants()).length).toBe(before + 1)
    const proof = { code_verifier: verifier }
    const error = await refusalOf(redeem(world, first.get('code'), proof))
    expect(error.error).toBe('invalid_grant')
    const answer = await redeem(world, second.get('code'), proof)
    expect(answer.scopes).toEqual(['A_READ'])
  })

  test('case 113: an approval for one client is none for another', async () => {
    const twin = await world.addClient({ clientId: 'twin' })
    const person = await world.addPerson('twin@example.com', world.project.id)
    const fields = newChallenge()
    await connect(world, { person, fields, scopes: ['A_READ'] })
    await connect(world, { person, client: twin, fields, scopes: ['A_WRITE'] })
    const own = (await world.grants()).filter(({ userId }) => userId === person.user.id)
    expect(own.map(({ clientId, scopes }) => `${clientId} ${scopes}`).sort()).toEqual([
      'client-1 A_READ',
      'twin A_WRITE',
    ])
  })

  const refused: readonly [string, readonly string[], string][] = [
    ['a scope that was not offered', ['B_READ'], 'invalid_scope'],
    ['more than was asked', ['A_WRITE'], 'invalid_scope'],
    ['nothing', [], 'access_denied'],
  ]
  test.each(refused)('of %s is refused, and writes nothing', async (_, scopes, code) => {
    const before = await world.grants()
    const fields = { ...newChallenge(), scope: 'A_READ' }
    const { location } = await refusalOf(connect(world, { fields, scopes }))
    expect(new URL(location).searchParams.get('error')).toBe(code)
    expect(await world.grants()).toEqual(before)
  })

  test('for a project that was not offered is refused, and writes nothing', async () => {
    const before = await world.grants()
    const error = await refusalOf(connect(world, { fields: newChallenge(), projectId: 4711 }))
    expect(error.code).toBe('not_found')
    expect(await world.grants()).toEqual(before)
  })

  test('by a blocked member is refused, and writes nothing', async () => {
    const person = await world.addPerson('eve@example.com', world.project.id)
    await connect(world, { person, fields: newChallenge(), scopes: ['A_READ'] })
    await world.sql(
      'UPDATE members SET is_blocked = 1 WHERE external_id = $1',
      `user_${person.user.id}`,
    )
    const before = await world.grants()
    const again = connect(world, { person, fields: newChallenge(), scopes: ['A_READ'] })
    const { location } = await refusalOf(again)
    expect(location).toContain('error=access_denied')
    expect(await world.grants()).toEqual(before)
  })
})

test('a refusal is told with state and iss', async () => {
  const location = deny(await ask(world))
  expect(location.startsWith(`${callback}?error=access_denied&`)).toBe(true)
  const told = new URL(location).searchParams
  expect([told.get('state'), told.get('iss'), told.get('code')]).toEqual(['state-1', issuer, null])
})
