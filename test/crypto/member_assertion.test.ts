import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { sha256 } from '../../src/crypto/digest.ts'
import {
  type AssertionRules,
  assertionChecks,
  audienceOf,
  replayed,
  verifyAssertion,
} from '../../src/crypto/member_assertion.ts'
import { readPublicKey } from '../../src/crypto/public_key.ts'
import { AppError } from '../../src/errors.ts'
import type { AssertionKey } from '../../src/model/assertion_key.ts'
import {
  type AssertionKeyPair,
  assertionClaims,
  newAssertionKey,
  type SigningAlgorithm,
} from '../helpers/assertions.ts'

const now = 1_790_000_000
const ec = newAssertionKey('ES256', 'main')
const claims = (changes: object = {}) => assertionClaims(42, now, changes)

const rowOf = (pair: AssertionKeyPair): AssertionKey => {
  const { algorithm, pem } = readPublicKey(pair.publicPem, null)
  const { kid } = pair
  const times = { createdAtMs: 0, deactivatedAtMs: null }
  return { id: 7, projectId: 42, kid, algorithm, publicKey: pem, ...times }
}

/** Rules that know one key; what was looked for is told. */
function rulesFor(
  pair: AssertionKeyPair,
  asked: string[] = [],
  more: Partial<AssertionRules> = {},
) {
  const row = rowOf(pair)
  const findKey = async (kid: string) => {
    asked.push(kid)
    return kid === row.kid ? row : null
  }
  return { projectId: 42, nowSeconds: now, requireJti: false, findKey, ...more }
}

const codeOf = async (token: string, rules: AssertionRules = rulesFor(ec)) =>
  verifyAssertion(token, rules).then(
    () => null,
    (error) => (error instanceof AppError ? error.code : `not an AppError: ${error}`),
  )

describe('a good assertion', () => {
  const algorithms: readonly SigningAlgorithm[] = ['ES256', 'ES384', 'Ed25519', 'EdDSA', 'RS256']
  test.each(algorithms)('of %s says who the member is', async (alg) => {
    const pair = newAssertionKey(alg, 'main')
    const identity = { email: 'alice@example.com', roles: ['admin', 'editor'] }
    const token = pair.sign(claims({ ...identity, jti: 'j-1', name: 'ignored' }))
    expect(await verifyAssertion(token, rulesFor(pair))).toEqual({
      key: rowOf(pair),
      member: { externalId: 'alice', ...identity, source: 'assertion' },
      singleUseHash: sha256('[42,"main","j-1"]'),
      refusedFromSeconds: now + 65,
    })
  })

  test.each([[{}], [{ email: null }], [{ email: '' }], [{ roles: null }], [{ roles: [] }]])(
    'with %j says no email and no roles',
    async (changes) => {
      const { member, singleUseHash } = await verifyAssertion(
        ec.sign(claims(changes)),
        rulesFor(ec),
      )
      expect(member).toEqual({ externalId: 'alice', email: null, roles: [], source: 'assertion' })
      expect(singleUseHash).toBeNull()
    },
  )

  test('passes every check in order, and looks for its key once', async () => {
    const passed: string[] = []
    const asked: string[] = []
    await verifyAssertion(ec.sign(claims()), rulesFor(ec, asked), (check) => passed.push(check))
    expect(passed).toEqual([...assertionChecks])
    expect(asked).toEqual(['main'])
  })
})

describe('what is learned from a refusal', () => {
  test('case 68: no kid that cannot be one is ever looked for', async () => {
    const asked: string[] = []
    for (const kid of [undefined, '', 'a b', 'k'.repeat(129), 1, null, ['main'], 'main\0', 'é']) {
      const code = await codeOf(ec.sign(claims(), { kid }), rulesFor(ec, asked))
      expect(code).toMatch(/^assertion_(malformed|missing_kid)$/)
    }
    expect(asked).toEqual([])
  })

  test('nothing of its claims is judged before its signature is', async () => {
    const forger = newAssertionKey('ES256', 'main')
    for (const changes of [{ aud: 'x' }, { exp: 1 }, { sub: '' }, { roles: 'x' }, { jti: 1 }]) {
      expect(await codeOf(forger.sign(claims(changes)))).toBe('assertion_invalid_signature')
      expect(await codeOf(ec.sign(claims(changes)))).not.toBe('assertion_invalid_signature')
    }
  })

  test('case 65: the key row decides the algorithm, whatever the key could do', async () => {
    const row: AssertionKey = { ...rowOf(ec), algorithm: 'ES384' }
    const rules = { ...rulesFor(ec), findKey: async () => row }
    expect(await codeOf(ec.sign(claims()), rules)).toBe('assertion_invalid_signature')
    expect(await codeOf(ec.sign(claims(), { alg: 'ES384' }), rules)).toBe(
      'assertion_invalid_signature',
    )
  })

  test('case 66: another algorithm than the key row has is told as such', async () => {
    const error = await verifyAssertion(ec.sign(claims(), { alg: 'RS256' }), rulesFor(ec)).catch(
      (thrown) => thrown,
    )
    expect(error.code).toBe('assertion_invalid_signature')
    expect(error.reason).toStartWith('The header names RS256; this key is registered for ES256. (')
  })

  test('case 83: a replay names kid, audience and time like every other', () => {
    const { code, message, reason } = replayed(rulesFor(ec), 'main')
    expect([code, message]).toEqual(['assertion_replayed', 'Invalid member assertion: REPLAYED'])
    expect(reason).toBe(
      'This jti was presented before. (kid "main"; expected aud "tengine:project:42"; server time 2026-09-21T14:13:20Z)',
    )
  })

  test('the aud that came is shown on one line, cut short', async () => {
    const aud = `tengine:project:\r\n\u202e${'9'.repeat(300)}`
    const error = await verifyAssertion(ec.sign(claims({ aud })), rulesFor(ec)).catch((e) => e)
    expect(error.reason).toStartWith('aud is "tengine:project:\\u000d\\u000a\\u202e99')
    expect(error.reason.length).toBeLessThan(300)
    expect(error.reason).toContain(`expected aud "${audienceOf(42)}"`)
  })
})

test('cases 72 to 76: times are judged as the rules say (600 assertions)', async () => {
  const near = fc.integer({ min: -80, max: 80 })
  const time = fc.record({
    iat: near,
    life: fc.integer({ min: -5, max: 70 }),
    nbf: fc.option(near),
  })
  await fc.assert(
    fc.asyncProperty(time, async ({ iat, life, nbf }) => {
      const exp = iat + life
      const times = { iat: now + iat, exp: now + exp, ...(nbf === null ? {} : { nbf: now + nbf }) }
      const expected =
        exp < -5
          ? 'assertion_expired'
          : iat > 5
            ? 'assertion_iat_in_future'
            : life <= 0
              ? 'assertion_malformed'
              : life > 60
                ? 'assertion_ttl_too_long'
                : nbf !== null && nbf > 5
                  ? 'assertion_not_yet_valid'
                  : null
      expect(await codeOf(ec.sign(claims(times)))).toBe(expected)
    }),
    { numRuns: 600, interruptAfterTimeLimit: 4_000 },
  )
})

test('no change of a single character leaves an assertion good (400 changes)', async () => {
  const pairs = (['ES256', 'Ed25519', 'RS256'] as const).map((alg) => newAssertionKey(alg, 'main'))
  const digits = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= ']
  const change = fc.record({
    pair: fc.constantFrom(...pairs),
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    digit: fc.constantFrom(...digits),
    kind: fc.constantFrom('replace', 'insert', 'remove'),
  })
  await fc.assert(
    fc.asyncProperty(change, async ({ pair, at, digit, kind }) => {
      const token = pair.sign(claims())
      const position = Math.floor(at * token.length)
      const rest = token.slice(kind === 'insert' ? position : position + 1)
      const other = token.slice(0, position) + (kind === 'remove' ? '' : digit) + rest
      if (other === token) return
      expect(await codeOf(other, rulesFor(pair))).toMatch(/^assertion_/)
    }),
    { numRuns: 400, interruptAfterTimeLimit: 4_000 },
  )
})

test('whatever is claimed, the answer is a member or a refusal, never a crash (500 payloads)', async () => {
  const anything = fc.jsonValue({ maxDepth: 2 })
  const payload = fc.record(
    {
      sub: anything,
      aud: anything,
      iat: anything,
      exp: anything,
      email: anything,
      roles: anything,
      jti: anything,
    },
    { requiredKeys: [] },
  )
  await fc.assert(
    fc.asyncProperty(payload, fc.boolean(), async (changes, isWhole) => {
      const all = isWhole ? changes : claims(changes)
      const code = (await codeOf(ec.sign(all))) ?? 'a member'
      expect(code).toMatch(/^(a member|assertion_\w+|member_unresolved|sub_invalid)$/)
    }),
    { numRuns: 500, interruptAfterTimeLimit: 4_000 },
  )
})
