import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type AssertionHome,
  assertionClaims,
  exchangeAssertion,
  newAssertionKey,
  registerKey,
  type SigningAlgorithm,
} from '../helpers/assertions.ts'
import { type House, startHouse } from './house.ts'

const now = 1_790_000_000
let nowMs = now * 1000
const path = '/api/v1/assertion-keys'
const ec = newAssertionKey('ES256', 'main')
const ed = newAssertionKey('Ed25519', 'ed')
const rsa = newAssertionKey('RS256', 'rsa')

let house: House

beforeAll(async () => {
  house = await startHouse({ clock: { nowMs: () => nowMs, monotonicMs: () => performance.now() } })
})
afterAll(() => house.stop())

const add = (fields: object, token: string | null = house.adminToken) =>
  house.api('POST', path, { project_id: house.projectId, ...fields }, token)
const list = async (projectId = house.projectId) =>
  (await house.api('GET', `${path}?project_id=${projectId}`)).body.items

/** A project of its own, and how to reach it. */
async function project(name: string): Promise<AssertionHome & { readonly manager: string }> {
  const { body } = await house.api('POST', '/api/v1/projects', { name })
  const fields = { project_id: body.id, name }
  const { body: made } = await house.api('POST', '/api/v1/integrations', fields)
  return { api: house.api, projectId: body.id, apiKey: made.api_key, manager: made.api_key }
}

describe('a private key sent by mistake', () => {
  const pem = (key = ec, type: 'pkcs8' | 'sec1' | 'pkcs1' = 'pkcs8') =>
    key.privateKey.export({ type, format: 'pem' } as { type: 'pkcs8'; format: 'pem' }).toString()
  const lock = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const
  const relabelled = (text: string) => text.replaceAll(/(?:EC |RSA )?PRIVATE KEY/g, 'PUBLIC KEY')
  const jwk = ed.privateKey.export({ format: 'jwk' })
  const good = { kid: 'pasted', public_key: ec.publicPem }
  const bad = 'Invalid public key format'

  const bodies: readonly [string, object | string, number, string][] = [
    ['EC, PKCS#8', { public_key: pem() }, 400, bad],
    ['EC, SEC1', { public_key: pem(ec, 'sec1') }, 400, bad],
    ['RSA, PKCS#8', { public_key: pem(rsa) }, 400, bad],
    ['RSA, PKCS#1', { public_key: pem(rsa, 'pkcs1') }, 400, bad],
    ['Ed25519', { public_key: pem(ed) }, 400, bad],
    ['encrypted', { public_key: ec.privateKey.export(lock).toString() }, 400, bad],
    ['relabelled as public, PKCS#8', { public_key: relabelled(pem()) }, 400, bad],
    ['relabelled as public, PKCS#1', { public_key: relabelled(pem(rsa, 'pkcs1')) }, 400, bad],
    ['beside the public one', { public_key: ec.publicPem + pem() }, 400, bad],
    ['as a JWK in text', { public_key: JSON.stringify(jwk) }, 400, bad],
    ['without its frame', { public_key: pem().split('\n').slice(1, -2).join('') }, 400, bad],
    ['as a JWK', { public_key: jwk }, 422, 'Validation error'],
    ['too long to be a key', { public_key: pem(rsa).repeat(20) }, 422, 'Validation error'],
    ['in place of the kid', { kid: pem() }, 422, 'Validation error'],
    [
      'in place of the algorithm',
      { algorithm: pem(ed).slice(28, 80) },
      400,
      'Unsupported algorithm',
    ],
    ['in a field of its own', { private_key: pem() }, 422, 'Validation error'],
    [
      'in broken JSON',
      `{"public_key": "${pem().replaceAll('\n', '\\n')}"`,
      400,
      'The body is not valid JSON',
    ],
  ]

  test.each(bodies)('case 88: is not registered: %s', async (_, fields, status, detail) => {
    const sent = typeof fields === 'string' ? fields : { ...good, ...fields }
    const body = typeof sent === 'string' ? sent : { project_id: house.projectId, ...sent }
    const answer = await house.api('POST', path, body)
    expect([answer.status, answer.body.detail]).toEqual([status, detail])
    expect(await list()).toEqual([])
    for (const secret of secretsIn(JSON.stringify(fields))) {
      expect(JSON.stringify(answer.body)).not.toContain(secret)
    }
  })

  test('case 88: is in no log line and in no file of the data directory', async () => {
    // The store works, and what it holds is found this way.
    await registerKey(house, ec)
    const stored = ['gatehouse.db', 'gatehouse.db-wal'].map((file) =>
      readFileSync(join(house.dataDir, file)),
    )
    const line = ec.publicPem.split('\n')[1] ?? 'none'
    expect(stored.some((bytes) => bytes.includes(line))).toBe(true)
    const logged = house.logLines().join('\n')
    expect(logged).toContain(path)
    const secrets = bodies.flatMap(([, fields]) => secretsIn(JSON.stringify(fields)))
    expect(secrets.length).toBeGreaterThan(30)
    for (const secret of [...secrets, ...scalars()]) {
      for (const bytes of stored) expect(bytes.includes(secret)).toBe(false)
      expect(logged.includes(secret.toString())).toBe(false)
    }
  })

  /** Every long run of base64 in a body, less what is public of the keys. */
  function secretsIn(body: string): string[] {
    const publics = [ec, ed, rsa].map(({ publicPem }) => publicPem).join('\n')
    const runs = body.replaceAll(/\\+n/g, '\n').match(/[A-Za-z0-9+/_-]{24,}/g) ?? []
    return runs.filter((run) => !publics.includes(run))
  }

  /** The private halves as numbers, in bytes and in text. */
  function scalars(): (Buffer | string)[] {
    const texts = [ec, ed, rsa].flatMap(({ privateKey }) => {
      const { d, p } = privateKey.export({ format: 'jwk' })
      return [d, p].filter((each): each is string => each !== undefined)
    })
    return texts.flatMap((text) => [text, Buffer.from(text, 'base64url')])
  }
})

describe('registering a public key', () => {
  const algorithms: readonly [SigningAlgorithm, string][] = [
    ['ES256', 'ES256'],
    ['ES384', 'ES384'],
    ['Ed25519', 'Ed25519'],
    ['EdDSA', 'Ed25519'],
    ['RS256', 'RS256'],
  ]

  test.each(algorithms)(
    '%s: the algorithm is inferred, or may be named',
    async (alg, algorithm) => {
      const key = newAssertionKey(alg, `inferred-${alg}`)
      const { status, body } = await add({ kid: key.kid, public_key: key.publicPem })
      expect(status).toBe(201)
      expect(body).toEqual({
        id: expect.any(Number),
        project_id: house.projectId,
        kid: key.kid,
        algorithm,
        public_key: key.publicPem,
        is_active: true,
        created_at: '2026-09-21T14:13:20.000Z',
        deactivated_at: null,
      })
      expect((await house.api('GET', `${path}/${body.id}`)).body).toEqual(body)
      expect(await list()).toContainEqual(body)
      const named = { kid: `named-${alg}`, public_key: key.publicPem, algorithm: alg }
      expect((await add(named)).body.algorithm).toBe(algorithm)
    },
  )

  test('with CRLF line ends it is the same key', async () => {
    const public_key = ec.publicPem.replaceAll('\n', '\r\n')
    expect((await add({ kid: 'crlf', public_key })).body.public_key).toBe(ec.publicPem)
  })

  const refusals: readonly [string, object, number, string][] = [
    ['another algorithm than its own', { algorithm: 'ES384' }, 400, 'Invalid public key format'],
    ['HS256', { algorithm: 'HS256' }, 400, 'Unsupported algorithm'],
    ['none', { algorithm: 'none' }, 400, 'Unsupported algorithm'],
    ['a number for algorithm', { algorithm: 256 }, 422, 'Validation error'],
    ['a secret for a key', { public_key: 'hunter2'.repeat(8) }, 400, 'Invalid public key format'],
    ['no key', { public_key: undefined }, 422, 'Validation error'],
    ['no kid', { kid: undefined }, 422, 'Validation error'],
    ['kid ""', { kid: '' }, 422, 'Validation error'],
    ['kid of 129 characters', { kid: 'k'.repeat(129) }, 422, 'Validation error'],
    ['kid with a space', { kid: 'my key' }, 422, 'Validation error'],
    ['kid with a newline', { kid: 'key\n' }, 422, 'Validation error'],
    ['kid in another script', { kid: 'ключ' }, 422, 'Validation error'],
    ['kid a number', { kid: 7 }, 422, 'Validation error'],
    ['kid with NUL', { kid: 'key\0' }, 400, 'A string holds a NUL character'],
    ['an unknown field', { is_active: true }, 422, 'Validation error'],
    ['a project that is not there', { project_id: 4711 }, 404, 'Not found'],
  ]
  test.each(refusals)('is refused with %s', async (_, fields, status, detail) => {
    const before = await list()
    const answer = await add({ kid: 'refused', public_key: ec.publicPem, ...fields })
    expect([answer.status, answer.body.detail]).toEqual([status, detail])
    expect(await list()).toEqual(before)
  })

  test('a kid of 128 characters, of any that are visible, is taken', async () => {
    for (const kid of ['k'.repeat(128), '../../etc/passwd', `!"#$%&'()*+,-./:;<=>?@[\\]^_\`{|}~`]) {
      const { body } = await add({ kid, public_key: ec.publicPem })
      expect(body.kid).toBe(kid)
      const own = await project(`for ${kid.slice(0, 8)}`)
      await registerKey(own, { ...ec, kid })
      const assertion = ec.sign(assertionClaims(own.projectId, now), { kid })
      expect((await exchangeAssertion(own, assertion)).status).toBe(200)
    }
  })
})

describe('case 89: a kid', () => {
  const taken = [409, 'kid_taken', 'kid already exists for this project']

  test('is registered once: the second time is 409, with whatever key', async () => {
    const home = await project('Twice')
    await registerKey(home, ec)
    for (const public_key of [ec.publicPem, ed.publicPem]) {
      const { status, body } = await add({ project_id: home.projectId, kid: ec.kid, public_key })
      expect([status, body.code, body.detail]).toEqual(taken)
    }
    expect(await list(home.projectId)).toHaveLength(1)
  })

  test('of twenty at once, is registered once', async () => {
    const home = await project('Twenty')
    const fields = { project_id: home.projectId, kid: 'raced', public_key: ec.publicPem }
    const answers = await Promise.all(Array.from({ length: 20 }, () => add(fields)))
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([201, ...Array(19).fill(409)])
    expect(await list(home.projectId)).toHaveLength(1)
  })

  test('may be registered again once its key is deactivated, which stays on record', async () => {
    const home = await project('Again')
    const id = await registerKey(home, ec)
    nowMs += 1000
    expect((await house.api('DELETE', `${path}/${id}`)).status).toBe(204)
    const next = newAssertionKey('Ed25519', ec.kid)
    const nextId = await registerKey(home, next)
    expect(nextId).not.toBe(id)
    expect(await list(home.projectId)).toMatchObject([
      { id, kid: ec.kid, is_active: false, deactivated_at: new Date(nowMs).toISOString() },
      { id: nextId, kid: ec.kid, is_active: true, algorithm: 'Ed25519' },
    ])
    const claims = assertionClaims(home.projectId, Math.floor(nowMs / 1000))
    const old = await exchangeAssertion(home, ec.sign(claims))
    expect(old.body.detail).toBe('Invalid member assertion: INVALID_SIGNATURE')
    expect((await exchangeAssertion(home, next.sign(claims))).status).toBe(200)
  })

  test('deactivated twice keeps the first moment', async () => {
    const home = await project('Kept')
    const id = await registerKey(home, ec)
    expect((await house.api('DELETE', `${path}/${id}`)).status).toBe(204)
    const { body: before } = await house.api('GET', `${path}/${id}`)
    nowMs += 60_000
    expect((await house.api('DELETE', `${path}/${id}`)).status).toBe(204)
    expect((await house.api('GET', `${path}/${id}`)).body).toEqual(before)
  })

  test('of several active keys each is good: that is how one is replaced', async () => {
    const home = await project('Rotation')
    const keys = ['old', 'new'].map((kid) => newAssertionKey('ES256', kid))
    for (const key of keys) await registerKey(home, key)
    const claims = assertionClaims(home.projectId, Math.floor(nowMs / 1000))
    const statuses = keys.map(
      async (key) => (await exchangeAssertion(home, key.sign(claims))).status,
    )
    expect(await Promise.all(statuses)).toEqual([200, 200])
  })
})

describe("another project's keys", () => {
  test('are not there: 404 to show and deactivate, not listed, and still active after', async () => {
    const [own, other] = [await project('Own'), await project('Other')]
    const id = await registerKey(other, ec)
    const as = (method: string, route: string) => house.api(method, route, undefined, own.manager)
    for (const method of ['GET', 'DELETE']) {
      const [theirs, none] = [await as(method, `${path}/${id}`), await as(method, `${path}/4711`)]
      expect([theirs.status, theirs.body.code]).toEqual([404, 'not_found'])
      expect({ ...theirs.body, request_id: '' }).toEqual({ ...none.body, request_id: '' })
    }
    expect((await as('GET', path)).body.items).toEqual([])
    expect((await as('GET', `${path}?project_id=${other.projectId}`)).status).toBe(403)
    const fields = { project_id: other.projectId, kid: 'planted', public_key: ec.publicPem }
    expect((await add(fields, own.manager)).status).toBe(403)
    expect(await list(other.projectId)).toMatchObject([{ id, is_active: true }])
  })

  test('may have the same kid', async () => {
    const [one, two] = [await project('One'), await project('Two')]
    expect(await registerKey(one, ec)).not.toBe(await registerKey(two, ec))
  })

  test('a key without project.manage registers none', async () => {
    const fields = { project_id: house.projectId, name: 'minter', permissions: ['sessions.mint'] }
    const { body } = await house.api('POST', '/api/v1/integrations', fields)
    const answer = await add({ kid: 'planted', public_key: ec.publicPem }, body.api_key)
    expect([answer.status, answer.body.code]).toEqual([403, 'permission_denied'])
    expect((await add({ kid: 'planted', public_key: ec.publicPem }, null)).status).toBe(401)
  })
})
