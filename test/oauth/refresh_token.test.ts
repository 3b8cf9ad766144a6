import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { sha256 } from '../../src/crypto/digest.ts'
import type { TokenAnswer } from '../../src/oauth/token/token_answer.ts'
import { findAccessToken } from '../../src/store/grant_standing_store.ts'
import { findRefreshToken } from '../../src/store/oauth_token_store.ts'
import { findProjectBySlug, updateProject } from '../../src/store/project_store.ts'
import { refusalOf } from './client_world.ts'
import {
  challengeOf,
  connect,
  issuer,
  type OauthWorld,
  openOauthWorld,
  redeem,
  refresh,
} from './oauth_world.ts'

const DAY_MS = 86_400_000
let world: OauthWorld
beforeAll(async () => {
  world = await openOauthWorld()
  await world.addScopes(['A_READ', 'A_WRITE', 'B_READ'])
})
afterAll(() => world.close())

/** A connection of its own. */
async function begin(
  scopes: readonly string[] = ['A_WRITE', 'B_READ'],
  target: { readonly resource?: string } = {},
): Promise<TokenAnswer> {
  const proof = crypto.randomUUID().padEnd(43, '-')
  const fields = { code_challenge: challengeOf(proof), ...target }
  const answer = await connect(world, { fields, scopes })
  return redeem(world, answer.get('code'), { code_verifier: proof, ...target })
}

const errorOf = async (promise: Promise<unknown>): Promise<string> =>
  (await refusalOf(promise)).error

async function isRevoked({ refreshToken }: TokenAnswer): Promise<boolean> {
  const token = await world.run(() => findRefreshToken(sha256(refreshToken ?? '')))
  const grant = (await world.grants()).find(({ id }) => id === token?.grantId)
  return grant?.revokedAtMs !== null
}

describe('refreshing', () => {
  test('gives a new pair', async () => {
    const first = await begin()
    const second = await refresh(world, first.refreshToken, { resource: `${issuer}/mcp` })
    expect(second.scopes).toEqual(['A_WRITE', 'B_READ'])
    expect(second.accessToken).not.toBe(first.accessToken)
    expect(second.refreshToken).not.toBe(first.refreshToken)
  })

  test('case 101: a retired token after the grace ends the whole family', async () => {
    const first = await begin()
    const second = await refresh(world, first.refreshToken)
    world.clock.ms += 10_000
    expect(await errorOf(refresh(world, first.refreshToken))).toBe('invalid_grant')
    expect(await errorOf(refresh(world, second.refreshToken))).toBe('invalid_grant')
    expect(await isRevoked(second)).toBe(true)
    const [event] = await world.events()
    expect(event).toMatchObject({
      action: 'grant.refresh_reuse',
      actor: 'system',
      details: { client_id: 'client-1' },
      address: '192.0.2.7',
    })
  })

  test('case 102: within 10 s the same client is given the very same successor', async () => {
    const first = await begin()
    const second = await refresh(world, first.refreshToken)
    world.clock.ms += 9_999
    const again = await refresh(world, first.refreshToken)
    expect(again.refreshToken).toBe(second.refreshToken)
    expect(again.accessToken).not.toBe(second.accessToken)
    expect(await isRevoked(second)).toBe(false)
    const third = await refresh(world, again.refreshToken)
    expect(third.refreshToken).not.toBe(second.refreshToken)
  })

  test('case 102: another client has no grace, and does no harm', async () => {
    const other = await world.addClient({ clientId: 'thief' })
    const first = await begin()
    const second = await refresh(world, first.refreshToken)
    const stolen = refresh(world, first.refreshToken, { client_id: other.clientId })
    expect(await errorOf(stolen)).toBe('invalid_grant')
    world.clock.ms += 60_000
    const late = refresh(world, first.refreshToken, { client_id: other.clientId })
    expect(await errorOf(late)).toBe('invalid_grant')
    expect(await isRevoked(second)).toBe(false)
    await refresh(world, second.refreshToken)
  })

  test('case 103: 20 at once make one family', async () => {
    const first = await begin()
    const all = Array.from({ length: 20 }, () => refresh(world, first.refreshToken))
    const answers = await Promise.all(all)
    expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size).toBe(1)
    expect(new Set(answers.map(({ accessToken }) => accessToken)).size).toBe(20)
    await refresh(world, answers[0]?.refreshToken ?? null)
  })

  test('the successor is sealed, and forgotten once the next is used after the grace', async () => {
    const first = await begin()
    const second = await refresh(world, first.refreshToken)
    const read = () => world.run(() => findRefreshToken(sha256(first.refreshToken ?? '')))
    const sealed = Buffer.from((await read())?.sealedSuccessor ?? [])
    expect(sealed.byteLength).toBeGreaterThan(50)
    expect(sealed.includes(second.refreshToken ?? '')).toBe(false)
    world.clock.ms += 10_001
    await refresh(world, second.refreshToken)
    expect((await read())?.sealedSuccessor).toBeNull()
  })
})

describe('case 104: scopes', () => {
  test('narrow, and never widen again', async () => {
    const first = await begin()
    const narrow = await refresh(world, first.refreshToken, { scope: 'A_READ' })
    expect(narrow.scopes).toEqual(['A_READ'])
    expect((await refresh(world, narrow.refreshToken)).scopes).toEqual(['A_READ'])
    const again = await begin()
    const narrowed = await refresh(world, again.refreshToken, { scope: 'B_READ' })
    const wide = refresh(world, narrowed.refreshToken, { scope: 'A_WRITE B_READ' })
    expect(await errorOf(wide)).toBe('invalid_scope')
    // Asking for too much uses nothing up.
    expect((await refresh(world, narrowed.refreshToken)).scopes).toEqual(['B_READ'])
  })

  test.each(['ALL', 'A_WRITE B_READ C_READ', 'C_READ', 'a"b'])(
    '%s is wider: refused',
    async (scope) => {
      const first = await begin()
      expect(await errorOf(refresh(world, first.refreshToken, { scope }))).toBe('invalid_scope')
    },
  )

  test('offline_access asks for nothing', async () => {
    const first = await begin()
    const scope = 'A_WRITE offline_access'
    expect((await refresh(world, first.refreshToken, { scope })).scopes).toEqual(['A_WRITE'])
  })

  test('case 107: a lowered ceiling cannot be exceeded', async () => {
    const first = await begin()
    await world.setPolicy({ policyScopes: ['A_READ'] })
    const second = await refresh(world, first.refreshToken)
    expect(second.scopes).toEqual(['A_READ'])
    const without = refresh(world, second.refreshToken, { scope: 'B_READ' })
    expect(await errorOf(without)).toBe('invalid_scope')
    await world.setPolicy({})
    // What was approved is still approved once the policy allows it again.
    expect((await refresh(world, second.refreshToken)).scopes).toEqual(['A_WRITE', 'B_READ'])
  })

  test('case 107: a client that sends all it once got is given what is left of it', async () => {
    const first = await begin()
    await world.setPolicy({ policyScopes: ['A_READ'] })
    const scope = first.scopes.join(' ')
    const second = await refresh(world, first.refreshToken, { scope })
    expect(second.scopes).toEqual(['A_READ'])
    const found = await world.run(() => findAccessToken(sha256(second.accessToken)))
    expect(found?.scopes).toEqual(['A_READ'])
    await world.setPolicy({})
    expect((await refresh(world, second.refreshToken)).scopes).toEqual(['A_WRITE', 'B_READ'])
  })
})

describe('the life of a refresh token', () => {
  test('slides by 30 days, up to a year after the approval', async () => {
    let token = await begin()
    for (let month = 0; month < 12; month++) {
      world.clock.ms += 30 * DAY_MS - 1
      token = await refresh(world, token.refreshToken)
    }
    world.clock.ms += 5 * DAY_MS - 3_600_000
    const last = await refresh(world, token.refreshToken)
    // The access token ends with the grant, too.
    world.clock.ms += 3_600_000 - 60_000
    const end = await refresh(world, last.refreshToken)
    expect(end.expiresInSeconds).toBeLessThan(900)
    world.clock.ms += 60_000 + 13
    expect(await errorOf(refresh(world, end.refreshToken))).toBe('invalid_grant')
  })

  test('unused for 30 days it is dead', async () => {
    const { refreshToken } = await begin()
    world.clock.ms += 30 * DAY_MS
    expect(await errorOf(refresh(world, refreshToken))).toBe('invalid_grant')
  })

  test('a shorter life in the policy holds for tokens given before', async () => {
    const { refreshToken } = await begin()
    world.clock.ms += 2 * DAY_MS
    await world.setPolicy({ refreshTokenDays: 2 })
    expect(await errorOf(refresh(world, refreshToken))).toBe('invalid_grant')
    await world.setPolicy({})
    await refresh(world, refreshToken)
  })
})

describe('case 105: the resource of a refresh', () => {
  test('may be left out, and may not be another', async () => {
    const first = await begin()
    const wrong = refresh(world, first.refreshToken, { resource: `${issuer}/mcp/demo` })
    expect(await errorOf(wrong)).toBe('invalid_target')
    await refresh(world, first.refreshToken)
  })

  test('follows the project when its slug changes', async () => {
    const resource = `${issuer}/mcp/demo`
    const first = await begin(undefined, { resource })
    const project = await world.run(() => findProjectBySlug('demo'))
    if (project === null) throw new Error('there is no project demo')
    await world.run(() => updateProject({ ...project, slug: 'renamed' }))
    try {
      const renamed = `${issuer}/mcp/renamed`
      const second = await refresh(world, first.refreshToken, { resource: renamed })
      const third = await refresh(world, second.refreshToken, { resource })
      const shared = refresh(world, third.refreshToken, { resource: `${issuer}/mcp` })
      expect(await errorOf(shared)).toBe('invalid_target')
    } finally {
      await world.run(() => updateProject(project))
    }
  })
})

test('an access token is of the scopes it was given', async () => {
  const { accessToken } = await begin(['B_READ'])
  const found = await world.run(() => findAccessToken(sha256(accessToken)))
  expect(found?.scopes).toEqual(['B_READ'])
})
