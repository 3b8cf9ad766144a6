import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { sha256 } from '../../src/crypto/digest.ts'
import type { Grant } from '../../src/model/grant.ts'
import { introspect } from '../../src/oauth/introspect.ts'
import { OAuthError } from '../../src/oauth/oauth_error.ts'
import type { TokenAnswer } from '../../src/oauth/token/token_answer.ts'
import { findAccessToken } from '../../src/store/grant_standing_store.ts'
import { findGrant, revokeGrantsOf } from '../../src/store/grant_store.ts'
import { setMembership } from '../../src/store/user_store.ts'
import { formOf, refusalOf } from './client_world.ts'
import {
  challengeOf,
  connect,
  issuer,
  newSecret,
  type OauthWorld,
  openOauthWorld,
  redeem,
  refresh,
  tokens,
  verifier,
} from './oauth_world.ts'

let world: OauthWorld
beforeAll(async () => {
  world = await openOauthWorld()
  await world.addScopes(['A_READ', 'A_WRITE'])
})
afterAll(() => world.close())

async function newCode(fields: Readonly<Record<string, string | null>> = {}): Promise<string> {
  const answer = await connect(world, {
    fields: { ...fields, nonce: crypto.randomUUID() },
    scopes: ['A_READ'],
  })
  return answer.get('code') ?? ''
}

async function grantOf(answer: TokenAnswer): Promise<Grant | null> {
  return world.run(function* () {
    const found = yield* findAccessToken(sha256(answer.accessToken))
    return yield* findGrant(found?.standing.grantId ?? '')
  })
}

async function oauthErrorOf(promise: Promise<unknown>): Promise<OAuthError> {
  const error = await refusalOf(promise)
  expect(error).toBeInstanceOf(OAuthError)
  return error
}

/** What the store holds of tokens. */
async function tokenCount(): Promise<number> {
  const [row] =
    await world.sql(`SELECT (SELECT COUNT(*) FROM access_tokens) + (SELECT COUNT(*) FROM refresh_tokens)
        AS n`)
  return Number(row?.n)
}

describe('redeeming a code', () => {
  test('gives both tokens, their life and what was granted', async () => {
    const answer = await redeem(world, await newCode())
    expect(answer).toMatchObject({ expiresInSeconds: 900, scopes: ['A_READ'] })
    expect(answer.accessToken).toMatch(/^tng_oat_/)
    expect(answer.refreshToken).toMatch(/^tng_ort_/)
  })

  test('the policy says how long an access token counts', async () => {
    await world.setPolicy({ accessTokenMinutes: 5 })
    expect((await redeem(world, await newCode())).expiresInSeconds).toBe(300)
    await world.setPolicy({})
  })

  test('case 98: a second time is refused and ends the grant with all its tokens', async () => {
    const code = await newCode({ code_challenge: challengeOf('x'.repeat(43)) })
    const proof = { code_verifier: 'x'.repeat(43) }
    const answer = await redeem(world, code, proof)
    const rotated = await refresh(world, answer.refreshToken)
    expect((await oauthErrorOf(redeem(world, code, proof))).error).toBe('invalid_grant')
    const grant = await grantOf(answer)
    expect(grant?.revokedBecause).toBe('An authorization code was used twice.')
    const again = await oauthErrorOf(refresh(world, rotated.refreshToken))
    expect(again.error).toBe('invalid_grant')
    const [event] = await world.events()
    expect(event).toMatchObject({ action: 'grant.code_reuse', target: `connection:${grant?.id}` })
  })

  test('case 98: of 50 at once exactly one wins, and then the grant is revoked', async () => {
    const proof = 'y'.repeat(43)
    const code = await newCode({ code_challenge: challengeOf(proof) })
    const all = Array.from({ length: 50 }, () => redeem(world, code, { code_verifier: proof }))
    const settled = await Promise.allSettled(all)
    const won = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const lost = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason.error] : []))
    expect([won.length, lost.length, new Set(lost)]).toEqual([1, 49, new Set(['invalid_grant'])])
    const [winner] = won
    expect(winner && (await grantOf(winner))?.revokedAtMs).not.toBeNull()
  })

  test('case 99: after 60 seconds it is refused', async () => {
    const late = await newCode({ code_challenge: challengeOf('t'.repeat(43)) })
    world.clock.ms += 59_999
    const before = await newCode({ code_challenge: challengeOf('u'.repeat(43)) })
    world.clock.ms += 1
    const proof = { code_verifier: 't'.repeat(43) }
    expect((await oauthErrorOf(redeem(world, late, proof))).error).toBe('invalid_grant')
    await redeem(world, before, { code_verifier: 'u'.repeat(43) })
  })

  const wrong: readonly [string, Readonly<Record<string, string | null>>, string][] = [
    ['96: no verifier', { code_verifier: null }, 'invalid_grant'],
    ['96: an empty verifier', { code_verifier: '' }, 'invalid_grant'],
    ['97: another verifier', { code_verifier: 'z'.repeat(43) }, 'invalid_grant'],
    ['97: a verifier too short', { code_verifier: 'v'.repeat(42) }, 'invalid_grant'],
    ['100: another redirect_uri', { redirect_uri: 'http://127.0.0.1/callback' }, 'invalid_grant'],
    ['105: no resource', { resource: null }, 'invalid_target'],
    ['105: another resource', { resource: `${issuer}/mcp/demo` }, 'invalid_target'],
    ['105: a foreign resource', { resource: 'https://evil.example/mcp' }, 'invalid_target'],
  ]
  test.each(wrong)('case %s is refused, and the code is burned', async (about, fields, code) => {
    const proof = about.padEnd(43, '-').replaceAll(/[^a-z0-9]/gi, '-')
    const fresh = await newCode({ code_challenge: challengeOf(proof) })
    const good = { code_verifier: proof }
    const before = await tokenCount()
    const error = await oauthErrorOf(redeem(world, fresh, { ...good, ...fields }))
    expect<string>(error.error).toBe(code)
    expect((await oauthErrorOf(redeem(world, fresh, good))).error).toBe('invalid_grant')
    expect(await tokenCount()).toBe(before)
  })

  test('case 100: for another client is refused in the same words, and the code stays good', async () => {
    const other = await world.addClient({ clientId: 'other' })
    const proof = 'o'.repeat(43)
    const code = await newCode({ code_challenge: challengeOf(proof) })
    const fields = { client_id: other.clientId, code_verifier: proof }
    const foreign = await oauthErrorOf(redeem(world, code, fields))
    const unknown = await oauthErrorOf(redeem(world, `tng_oac_${'a'.repeat(43)}`))
    expect([foreign.error, foreign.description]).toEqual([unknown.error, unknown.description])
    expect((await redeem(world, code, { code_verifier: proof })).scopes).toEqual(['A_READ'])
  })

  test('a redirect_uri may be left out (OAuth 2.1 §10.2)', async () => {
    const proof = 'r'.repeat(43)
    const code = await newCode({ code_challenge: challengeOf(proof) })
    await redeem(world, code, { redirect_uri: null, code_verifier: proof })
  })

  test('case 105: a request without a resource is redeemed without one', async () => {
    const proof = 'n'.repeat(43)
    const code = await newCode({ resource: null, code_challenge: challengeOf(proof) })
    await redeem(world, code, { resource: null, code_verifier: proof })
  })

  test('a resource spelled otherwise is the same', async () => {
    const proof = 'm'.repeat(43)
    const code = await newCode({ code_challenge: challengeOf(proof) })
    const resource = 'HTTPS://GATE.example.com/mcp/'
    await redeem(world, code, { resource, code_verifier: proof })
  })

  test('no code at all is an invalid request', async () => {
    expect((await oauthErrorOf(redeem(world, null))).error).toBe('invalid_request')
  })
})

describe('between approval and redemption', () => {
  const ended: readonly [string, () => Promise<unknown>, () => Promise<unknown>][] = [
    [
      'the person was disabled',
      () => sql('UPDATE users SET is_disabled = 1'),
      () => sql('UPDATE users SET is_disabled = 0'),
    ],
    [
      'the person left the project',
      () => sql('DELETE FROM memberships'),
      () => {
        const membership = { userId: world.person.user.id, projectId: world.project.id }
        return world.run(() => setMembership({ ...membership, role: 'member' }, 1))
      },
    ],
    [
      'the member was blocked',
      () => sql('UPDATE members SET is_blocked = 1'),
      () => sql('UPDATE members SET is_blocked = 0'),
    ],
    [
      'MCP was switched off',
      () => world.setPolicy({ isMcpEnabled: false }),
      () => world.setPolicy({}),
    ],
    [
      'the policy names other clients',
      () => world.setPolicy({ allowedClientIds: ['another'] }),
      () => world.setPolicy({}),
    ],
    [
      'the policy allows nothing that was approved',
      () => world.setPolicy({ policyScopes: ['B_READ'] }),
      () => world.setPolicy({}),
    ],
    [
      'the project was suspended',
      () => sql('UPDATE projects SET is_suspended = 1'),
      () => sql('UPDATE projects SET is_suspended = 0'),
    ],
    [
      'the connection was revoked',
      () =>
        world.run(() =>
          revokeGrantsOf({ projectId: world.project.id }, { nowMs: 1, because: 'Test.' }),
        ),
      async () => {},
    ],
  ]
  const sql = (text: string) => world.sql(text)

  test.each(ended)('case 133: %s, so nothing is given', async (about, end, mend) => {
    const proof = `p-${about.replaceAll(' ', '-')}`.padEnd(43, '-')
    const code = await newCode({ code_challenge: challengeOf(proof) })
    const before = await tokenCount()
    await end()
    const error = await oauthErrorOf(redeem(world, code, { code_verifier: proof }))
    await mend()
    expect(error.error).toBe('invalid_grant')
    expect(await tokenCount()).toBe(before)
  })

  test('case 133: the person signed out, so nothing is given', async () => {
    const person = await world.addPerson('brief@example.com', world.project.id)
    const proof = 'q'.repeat(43)
    const answer = await connect(world, {
      person,
      fields: { code_challenge: challengeOf(proof) },
      scopes: ['A_READ'],
    })
    await sql(`DELETE FROM console_sessions WHERE id = ${person.sessionId}`)
    const error = await oauthErrorOf(redeem(world, answer.get('code'), { code_verifier: proof }))
    expect(error.error).toBe('invalid_grant')
  })

  test('case 107: a tightened policy is what the token gets', async () => {
    const proof = 's'.repeat(43)
    const answer = await connect(world, {
      fields: { code_challenge: challengeOf(proof) },
      scopes: ['A_WRITE'],
    })
    await world.setPolicy({ policyScopes: ['A_READ'] })
    expect((await redeem(world, answer.get('code'), { code_verifier: proof })).scopes).toEqual([
      'A_READ',
    ])
    await world.setPolicy({})
  })
})

describe('the token endpoint', () => {
  const refused: readonly [string, Readonly<Record<string, string | null>>, string][] = [
    ['no grant_type', { grant_type: null }, 'invalid_request'],
    ['117: a password', { grant_type: 'password' }, 'unsupported_grant_type'],
    ['117: an implicit grant', { grant_type: 'implicit' }, 'unsupported_grant_type'],
    [
      '117: a public client for itself',
      { grant_type: 'client_credentials', client_id: 'client-1' },
      'unauthorized_client',
    ],
    ['an unknown client', { grant_type: 'refresh_token', client_id: 'x' }, 'invalid_client'],
    ['no client', { grant_type: 'refresh_token' }, 'invalid_client'],
  ]
  test.each(refused)('case %s is refused', async (_, fields, code) => {
    const before = await tokenCount()
    expect<string>((await oauthErrorOf(tokens(world, fields))).error).toBe(code)
    expect(await tokenCount()).toBe(before)
  })

  test('a confidential client shows its secret, also for a code it was given', async () => {
    const secret = newSecret()
    const client = await world.addClient({
      clientId: 'confidential',
      authMethod: 'client_secret_basic',
      secret: secret.stored,
    })
    const fields = { code_challenge: challengeOf(verifier) }
    const answer = await connect(world, { client, fields, scopes: ['A_READ'] })
    const code = answer.get('code')
    const without = redeem(world, code, { client_id: client.clientId })
    expect((await oauthErrorOf(without)).error).toBe('invalid_client')
    const basic = `Basic ${btoa(`confidential:${secret.text}`)}`
    const form = {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      resource: `${issuer}/mcp`,
    }
    const given = await tokens(world, form, basic)
    const look = { token: given.accessToken }
    const seen = await introspect(world.oauth, {
      authorization: basic,
      form: formOf(look),
      address: null,
    })
    expect(seen).toMatchObject({ active: true, client_id: 'confidential', aud: `${issuer}/mcp` })
  })

  test('what has expired is deleted now and then', async () => {
    world.clock.ms += 3 * 86_400_000
    await redeem(world, await newCode({ code_challenge: challengeOf('k'.repeat(43)) }), {
      code_verifier: 'k'.repeat(43),
    })
    const [row] = await world.sql(`SELECT (SELECT COUNT(*) FROM access_tokens) AS access,
          (SELECT COUNT(*) FROM authorization_codes) AS codes`)
    expect(row).toEqual({ access: 1, codes: 1 })
  })
})
