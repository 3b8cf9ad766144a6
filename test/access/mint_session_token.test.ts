import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { AccessDeps } from '../../src/access/authenticate.ts'
import { authenticate } from '../../src/access/authenticate.ts'
import { authenticateMinter, mintSessionToken } from '../../src/access/mint_session_token.ts'
import { apiKeyPrefix, newToken } from '../../src/crypto/opaque_token.ts'
import { readPublicKey } from '../../src/crypto/public_key.ts'
import { insertAssertionKey } from '../../src/store/assertion_key_store.ts'
import type { Operation } from '../../src/store/database.ts'
import { insertIntegration } from '../../src/store/integration_store.ts'
import { listMembers, updateMember } from '../../src/store/member_store.ts'
import { insertProject } from '../../src/store/project_store.ts'
import { accessDeps } from '../helpers/access_deps.ts'
import { assertionClaims, newAssertionKey } from '../helpers/assertions.ts'
import { openTestStore, type TestStore } from '../helpers/test_store.ts'

const key = newAssertionKey('Ed25519', 'main')
let nowMs = 0
let store: TestStore
let deps: AccessDeps

beforeEach(() => {
  nowMs = 1_790_000_000_000
  store = openTestStore()
  deps = accessDeps(store, { nowMs: () => nowMs, monotonicMs: () => nowMs })
})
afterEach(() => store.close())

const write = async <T>(operation: () => Operation<T | null>): Promise<T> => {
  const written = await store.database.write(operation)
  if (written === null) throw new Error('nothing was written')
  return written
}

/** A project with one way in and one assertion key. */
async function backend(slug: string) {
  const project = await write(() => insertProject({ slug, name: slug, description: '', nowMs }))
  const { token, hash, last4 } = newToken(apiKeyPrefix)
  const permissions = ['tools.call', 'sessions.mint'] as const
  const apiKey = { hash, last4, permissions, expiresAtMs: null, callsPerMinute: null }
  const projectId = project.id
  const integration = await write(() =>
    insertIntegration({ projectId, name: 'way in', apiKey, nowMs }),
  )
  const { algorithm, pem } = readPublicKey(key.publicPem, null)
  const row = { projectId, kid: key.kid, algorithm, publicKey: pem, nowMs }
  const assertionKey = await write(() => insertAssertionKey(row))
  const minter = await authenticateMinter(deps, `Bearer ${token}`)
  const mint = (changes: object = {}) => {
    const claims = assertionClaims(projectId, Math.floor(nowMs / 1000), changes)
    const request = { memberAssertion: key.sign(claims), memberExternalId: undefined }
    return mintSessionToken(deps, minter, request)
  }
  return { projectId, integration, assertionKey, minter, mint }
}

const members = async (projectId: number) => {
  const filter = { projectId, externalId: null, isBlocked: null }
  return (await store.database.read(() => listMembers(filter, 50, null))).items
}

describe('an exchange', () => {
  test('ties the token to its key, assertion key, integration, project and member', async () => {
    await backend('first')
    const own = await backend('second')
    const minted = await own.mint({ email: 'alice@example.com', roles: ['admin'] })
    const [member] = await members(own.projectId)
    expect(minted).toMatchObject({
      projectId: own.projectId,
      integrationId: own.integration.id,
      memberId: member?.id ?? -1,
      isVerified: true,
      expiresInMinutes: 15,
      expiresAtMs: nowMs + 900_000,
    })
    expect(await authenticate(deps, `Bearer ${minted.token}`)).toMatchObject({
      kind: 'member',
      projectId: own.projectId,
      projectSlug: 'second',
      integrationId: own.integration.id,
      apiKeyId: own.integration.apiKey?.id ?? 0,
      session: { memberId: member?.id, assertionKeyId: own.assertionKey.id },
      member: {
        externalId: 'alice',
        email: 'alice@example.com',
        roles: ['admin'],
        source: 'assertion',
      },
      permissions: new Set(['tools.call']),
      expiresAtMs: nowMs + 900_000,
    })
  })

  test('the permissions of a member are to call tools, whatever its minting key may do', async () => {
    const { mint, minter } = await backend('a')
    expect(minter.permissions).toContain('sessions.mint')
    const { token } = await mint()
    const principal = await authenticate(deps, `Bearer ${token}`)
    expect([...principal.permissions]).toEqual(['tools.call'])
    await expect(authenticateMinter(deps, `Bearer ${token}`)).rejects.toMatchObject({
      code: 'invalid_api_key',
    })
  })

  test('one person of two projects is two members', async () => {
    const [a, b] = [await backend('a'), await backend('b')]
    const [one, two] = [await a.mint(), await b.mint()]
    expect(one.memberId).not.toBe(two.memberId)
    const [member] = await members(a.projectId)
    await write(() => updateMember({ ...(member ?? never()), isBlocked: true }))
    await expect(a.mint()).rejects.toMatchObject({ code: 'member_blocked' })
    expect((await b.mint()).memberId).toBe(two.memberId)
  })
})

describe('the member on record', () => {
  test('is one, however often and however many at once mint for it', async () => {
    const { mint, projectId } = await backend('a')
    const minted = await Promise.all(Array.from({ length: 20 }, () => mint()))
    expect(new Set(minted.map(({ memberId }) => memberId)).size).toBe(1)
    expect(await members(projectId)).toHaveLength(1)
  })

  test('keeps when it was first seen, its block and its limit; the rest is as last asserted', async () => {
    const { mint, projectId } = await backend('a')
    const firstMs = nowMs
    await mint({ email: 'old@example.com', roles: ['editor'] })
    const [before] = await members(projectId)
    await write(() => updateMember({ ...(before ?? never()), callsPerMinute: 7 }))
    nowMs += 86_400_000
    await mint({ email: 'new@example.com', roles: ['admin'] })
    const [after] = await members(projectId)
    expect(after).toEqual({
      ...(before ?? never()),
      email: 'new@example.com',
      roles: ['admin'],
      callsPerMinute: 7,
      firstSeenAtMs: firstMs,
      lastSeenAtMs: nowMs,
    })
  })

  test('is not touched by an exchange that is refused', async () => {
    const { mint, projectId } = await backend('a')
    await mint()
    const [member] = await members(projectId)
    await write(() => updateMember({ ...(member ?? never()), isBlocked: true }))
    nowMs += 60_000
    await mint({ email: 'new@example.com' }).catch(() => {})
    expect(await members(projectId)).toEqual([{ ...(member ?? never()), isBlocked: true }])
  })

  test('names that differ in case, form or spaces inside are different members', async () => {
    const { mint, projectId } = await backend('a')
    const subs = [
      'alice',
      'Alice',
      'ALICE',
      'al ice',
      'al  ice',
      'jos\u00e9',
      'jose\u0301',
      '1',
      '01',
    ]
    for (const sub of subs) await mint({ sub })
    expect((await members(projectId)).map(({ externalId }) => externalId)).toEqual(subs)
  })
})

function never(): never {
  throw new Error('there is no member')
}
