import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { authenticate, authenticateAdministrator } from '../../src/access/authenticate.ts'
import { adminTokenPrefix, apiKeyPrefix, newToken } from '../../src/crypto/opaque_token.ts'
import type { ErrorCode } from '../../src/errors.ts'
import type { ApiKeyPermission } from '../../src/model/principal.ts'
import { insertAdminToken, revokeAdminToken } from '../../src/store/admin_token_store.ts'
import type { Operation } from '../../src/store/database.ts'
import {
  deleteIntegration,
  insertIntegration,
  replaceApiKey,
  updateIntegration,
} from '../../src/store/integration_store.ts'
import { insertProject, updateProject } from '../../src/store/project_store.ts'
import { accessDeps } from '../helpers/access_deps.ts'
import { openTestStore, type TestStore } from '../helpers/test_store.ts'

const birthMs = 1_000_000
const endMs = 2_000_000
let nowMs = birthMs
let store: TestStore

beforeEach(() => {
  nowMs = birthMs
  store = openTestStore()
})
afterEach(() => store.close())

const write = async <T>(operation: () => Operation<T | null>): Promise<T> => {
  const written = await store.database.write(operation)
  if (written === null) throw new Error('nothing was written')
  return written
}
const deps = () => accessDeps(store, { nowMs: () => nowMs, monotonicMs: () => nowMs })
const asCaller = (token: string) => authenticate(deps(), `Bearer ${token}`)
const asAdmin = (token: string) => authenticateAdministrator(deps(), `Bearer ${token}`)

interface KeyTerms {
  readonly permissions?: readonly ApiKeyPermission[]
  readonly expiresAtMs?: number | null
}

/** A project with one integration and its key. */
async function project(slug: string, terms: KeyTerms = {}) {
  const { permissions = ['tools.call', 'project.manage'], expiresAtMs = null } = terms
  const made = await write(() =>
    insertProject({ slug, name: slug, description: '', nowMs: birthMs }),
  )
  const { token, hash, last4 } = newToken(apiKeyPrefix)
  const apiKey = { hash, last4, permissions, expiresAtMs, callsPerMinute: null }
  const integration = await write(() =>
    insertIntegration({ projectId: made.id, name: 'way in', apiKey, nowMs: birthMs }),
  )
  return { project: made, integration, token }
}

async function adminToken(projectId: number | null, expiresAtMs: number | null = null) {
  const { token, hash, last4 } = newToken(adminTokenPrefix)
  const made = await write(() =>
    insertAdminToken({ projectId, name: 'ops', hash, last4, expiresAtMs, nowMs: birthMs }),
  )
  return { id: made.id, token }
}

const refusal = async (promise: Promise<unknown>): Promise<ErrorCode | null> =>
  promise.then(
    () => null,
    (error) => error.code,
  )

describe('an API key', () => {
  test('is its own project, integration and permissions', async () => {
    const [a, b] = [await project('a', { permissions: ['tools.call'] }), await project('b')]
    expect(await asCaller(a.token)).toMatchObject({
      kind: 'api_key',
      projectId: a.project.id,
      projectSlug: 'a',
      integrationId: a.integration.id,
      apiKeyId: a.integration.apiKey?.id ?? 0,
      permissions: new Set(['tools.call']),
      member: null,
      expiresAtMs: null,
    })
    expect((await asCaller(b.token)).projectId).toBe(b.project.id)
  })

  test('case 49: is found by all of its bytes, and by no fewer, more or other ones', async () => {
    const { token } = await project('a')
    const swapped = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A')
    const last = token.charAt(token.length - 1)
    for (const other of [
      token.slice(0, -1),
      `${token}A`,
      `${token}=`,
      swapped,
      token.slice(0, -1) +
        (last === last.toLowerCase() ? last.toUpperCase() : last.toLowerCase()) +
        ' ',
      token.toUpperCase(),
      token.replace('tengine_', 'TENGINE_'),
      token.slice('tengine_'.length),
      `gha_${token.slice('tengine_'.length)}`,
      Buffer.from(token).toString('base64'),
    ]) {
      expect(await refusal(asCaller(other))).toBe('invalid_api_key')
    }
  })

  test('case 39: unknown, revoked, expired, inactive and deleted ones are refused alike', async () => {
    const messages = new Set<string>()
    const refused = async (token: string) => {
      const error = await asCaller(token).catch((thrown) => thrown)
      messages.add(JSON.stringify([error.code, error.message, error.reason, error.errors]))
    }
    await refused(newToken(apiKeyPrefix).token)

    const rotated = await project('rotated')
    const { hash, last4 } = newToken(apiKeyPrefix)
    const terms = { permissions: ['tools.call'] as const, expiresAtMs: null, callsPerMinute: null }
    const next = { hash, last4, ...terms }
    await write(() => replaceApiKey(rotated.integration, next, nowMs))
    await refused(rotated.token)

    await refused((await project('expired', { expiresAtMs: birthMs })).token)

    const inactive = await project('inactive')
    await write(() => updateIntegration({ ...inactive.integration, isActive: false }))
    await refused(inactive.token)

    const deleted = await project('deleted')
    await store.database.write(() => deleteIntegration(deleted.integration.id, nowMs))
    await refused(deleted.token)

    expect([...messages]).toEqual([
      JSON.stringify(['invalid_api_key', 'Invalid or inactive API key', undefined, []]),
    ])
  })

  test('case 50: lives until the millisecond it expires in, and not in it', async () => {
    const { token } = await project('a', { expiresAtMs: endMs })
    for (const [at, code] of [
      [birthMs, null],
      [endMs - 1, null],
      [endMs, 'invalid_api_key'],
      [endMs + 1, 'invalid_api_key'],
      [endMs - 1, null],
    ] as const) {
      nowMs = at
      expect(await refusal(asCaller(token))).toBe(code)
      expect(await refusal(asAdmin(token))).toBe(code)
    }
  })

  test('case 42: is read anew for every request: nothing of it is remembered', async () => {
    const { project: own, integration, token } = await project('a')
    const set = (isActive: boolean) => write(() => updateIntegration({ ...integration, isActive }))
    for (const isActive of [true, false, true]) {
      await set(isActive)
      expect(await refusal(asCaller(token))).toBe(isActive ? null : 'invalid_api_key')
    }
    const before = await asCaller(token)
    await store.database.write(() => updateProject({ ...own, slug: 'renamed' }))
    expect(await asCaller(token)).toMatchObject({
      projectSlug: 'renamed',
      projectEpoch: before.projectEpoch + 1,
    })
  })

  test('case 56: of a suspended project is told so, unless it is no longer good itself', async () => {
    const { project: own, integration, token } = await project('a')
    await store.database.write(() => updateProject({ ...own, isSuspended: true }))
    expect(await refusal(asCaller(token))).toBe('project_suspended')
    expect(await refusal(asAdmin(token))).toBe('project_suspended')
    await write(() => updateIntegration({ ...integration, isActive: false }))
    expect(await refusal(asCaller(token))).toBe('invalid_api_key')
  })

  test('manages its own project with project.manage, and nothing without', async () => {
    const { project: own, integration, token } = await project('a')
    expect(await asAdmin(token)).toEqual({
      kind: 'api_key',
      projectId: own.id,
      label: `api_key:${integration.apiKey?.id ?? 0}`,
      address: null,
      rateLimits: [],
    })
    const other = await project('b', { permissions: ['tools.call', 'sessions.mint'] })
    expect(await refusal(asAdmin(other.token))).toBe('permission_denied')
  })
})

describe('an admin token', () => {
  test('manages everything, or the one project it is confined to', async () => {
    const { project: own } = await project('a')
    const [whole, confined] = [await adminToken(null), await adminToken(own.id)]
    expect(await asAdmin(whole.token)).toEqual({
      kind: 'admin_token',
      projectId: null,
      label: `admin_token:${whole.id}`,
      address: null,
      rateLimits: [],
    })
    expect((await asAdmin(confined.token)).projectId).toBe(own.id)
  })

  test('case 50: lives until the millisecond it expires in, and not in it', async () => {
    const { token } = await adminToken(null, endMs)
    for (const [at, code] of [
      [endMs - 1, null],
      [endMs, 'invalid_admin_token'],
    ] as const) {
      nowMs = at
      expect(await refusal(asAdmin(token))).toBe(code)
    }
  })

  test('case 42: revoked, is refused by the next request', async () => {
    const { id, token } = await adminToken(null)
    expect(await refusal(asAdmin(token))).toBeNull()
    await store.database.write(() => revokeAdminToken(id, nowMs))
    expect(await refusal(asAdmin(token))).toBe('invalid_admin_token')
  })

  test('case 51: never calls tools; an API key is never taken for one', async () => {
    const { token: admin } = await adminToken(null)
    const { token: key } = await project('a')
    expect(await refusal(asCaller(admin))).toBe('invalid_api_key')
    const body = (token: string) => token.slice(token.indexOf('_') + 1)
    expect(await refusal(asAdmin(`gha_${body(key)}`))).toBe('invalid_admin_token')
    expect(await refusal(asCaller(`tengine_${body(admin)}`))).toBe('invalid_api_key')
    expect(await refusal(asAdmin(`tng_mst_${body(key)}`))).toBe('invalid_admin_token')
  })
})

describe('no credential', () => {
  test('is told apart from a wrong one: there is nothing to correct, only to begin', async () => {
    for (const ask of [authenticate, authenticateAdministrator]) {
      expect(await refusal(ask(deps(), null))).toBe('missing_credential')
      for (const header of ['', 'Bearer', 'Basic dTpw', 'Bearer a, Bearer b', 'Bearer ünïcode']) {
        expect(await refusal(ask(deps(), header))).toMatch(/^invalid_(api_key|admin_token)$/)
      }
    }
  })

  test('case 61: of a key the store holds its hash, never its text', async () => {
    const { token } = await project('a')
    const { token: admin } = await adminToken(null)
    const files = [...new Bun.Glob('*').scanSync({ cwd: store.dataDir, dot: true })]
    expect(files).toContain('gatehouse.db')
    for (const file of files) {
      const bytes = Buffer.from(await Bun.file(`${store.dataDir}/${file}`).bytes())
      for (const secret of [token, admin]) {
        expect(bytes.includes(secret)).toBe(false)
        expect(bytes.includes(secret.slice(secret.indexOf('_') + 1))).toBe(false)
      }
    }
  })
})
