import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import {
  assertionClaims,
  exchangeAssertion,
  mintToken,
  newAssertionKey,
  registerKey,
} from '../helpers/assertions.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import { type RunningApp, startApp } from '../helpers/running_app.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'
import { twinOf } from './assertion_makers.ts'
import { type House, startHouse } from './house.ts'

const start = 1_790_000_000
let nowMs = start * 1000
const clock = { nowMs: () => nowMs, monotonicMs: () => performance.now() }
const key = newAssertionKey('ES256', 'main')

let house: House

beforeAll(async () => {
  house = await startHouse({ clock })
  await registerKey(house, key)
  await house.addTool({ name: 'whose' })
})
afterAll(() => house.stop())

let count = 0
const nextJti = () => `jti-${count++}`
const claims = (changes: object = {}) =>
  assertionClaims(house.projectId, Math.floor(nowMs / 1000), changes)
const exchange = (assertion: string, home = house) => exchangeAssertion(home, assertion)
const project = () => ({ project_id: house.projectId })
const replayed = { status: 401, code: 'assertion_replayed' }

/** What comes of an exchange: its status, and the code of a refusal. */
async function outcome(assertion: string) {
  const { status, body } = await exchange(assertion)
  return { status, code: body.code as string | undefined }
}

function tally(outcomes: readonly { status: number; code: string | undefined }[]) {
  const counts: Record<string, number> = {}
  for (const { status, code = 'token' } of outcomes) {
    counts[`${status} ${code}`] = (counts[`${status} ${code}`] ?? 0) + 1
  }
  return counts
}

/** The same text under the other ECDSA signature that is as good. */
function twin(assertion: string): string {
  const [first, second, third = ''] = assertion.split('.')
  const other = twinOf(Buffer.from(third, 'base64url')).toString('base64url')
  return `${first}.${second}.${other}`
}

/** The `jti`s the database holds. */
function rememberedJtis(): number {
  const database = new Database(`${house.dataDir}/gatehouse.db`, { readonly: true })
  try {
    const [row] = database.query('SELECT COUNT(*) AS n FROM used_assertions').all()
    return (row as { n: number }).n
  } finally {
    database.close()
  }
}

describe('case 83: an assertion with a jti is good once', () => {
  test('also when its key was deactivated and registered again meanwhile', async () => {
    const again = newAssertionKey('ES256', 'again')
    const first = await registerKey(house, again)
    const assertion = again.sign(claims({ jti: nextJti() }))
    expect((await exchange(assertion)).status).toBe(200)
    await house.api('DELETE', `/api/v1/assertion-keys/${first}`)
    await registerKey(house, again)
    expect(await outcome(assertion)).toEqual({ status: 401, code: 'assertion_replayed' })
  })

  test('the second presentation is REPLAYED, and says so like every other refusal', async () => {
    const assertion = key.sign(claims({ jti: nextJti() }))
    expect((await exchange(assertion)).status).toBe(200)
    const { status, body } = await exchange(assertion)
    expect([status, body.detail]).toEqual([401, 'Invalid member assertion: REPLAYED'])
    expect(body.reason).toBe(
      `This jti was presented before. (kid "main"; expected aud "tengine:project:${house.projectId}"; server time 2026-09-21T14:13:20Z)`,
    )
    expect(body).not.toHaveProperty('token')
  })

  test('the other half of its signature is the same assertion', async () => {
    const assertion = key.sign(claims({ jti: nextJti() }))
    expect(twin(assertion)).not.toBe(assertion)
    expect((await outcome(twin(assertion))).status).toBe(200)
    expect(await outcome(assertion)).toEqual(replayed)
    expect(await outcome(twin(assertion))).toEqual(replayed)
  })

  test('a new signature, other times or another sub do not make the jti a new one', async () => {
    const jti = nextJti()
    expect((await outcome(key.sign(claims({ jti })))).status).toBe(200)
    for (const changes of [{}, { exp: claims().exp - 1 }, { sub: 'bob' }, { x: 1 }]) {
      expect(await outcome(key.sign(claims({ jti, ...changes })))).toEqual(replayed)
    }
  })

  test('a jti belongs to its key: another key or project may have the same', async () => {
    const jti = nextJti()
    const second = newAssertionKey('Ed25519', 'second')
    await registerKey(house, second)
    expect((await outcome(key.sign(claims({ jti })))).status).toBe(200)
    expect((await outcome(second.sign(claims({ jti })))).status).toBe(200)
    const { body: project } = await house.api('POST', '/api/v1/projects', { name: 'Neighbour' })
    const fields = { project_id: project.id, name: 'way in' }
    const { body: way } = await house.api('POST', '/api/v1/integrations', fields)
    const neighbour = { ...house, projectId: project.id as number, apiKey: way.api_key as string }
    await registerKey(neighbour, key)
    const theirs = key.sign(assertionClaims(project.id, start, { jti }))
    expect((await exchange(theirs, neighbour)).status).toBe(200)
  })

  test('case 84: of fifty at once, twins among them, exactly one is exchanged', async () => {
    const assertion = key.sign(claims({ jti: nextJti(), sub: 'fifty' }))
    const forms = Array.from({ length: 50 }, (_, i) => (i % 2 ? assertion : twin(assertion)))
    expect(tally(await Promise.all(forms.map(outcome)))).toEqual({
      '200 token': 1,
      '401 assertion_replayed': 49,
    })
  })

  test('a refused exchange does not use it up: the blocked member is let in once unblocked', async () => {
    const sub = 'blocked-1'
    await mintToken(house, key.sign(claims({ sub })))
    const query = `?project_id=${house.projectId}&external_id=${sub}`
    const { body } = await house.api('GET', `/api/v1/members${query}`)
    const block = (is_blocked: boolean) =>
      house.api('PATCH', `/api/v1/members/${body.items[0].id}`, { is_blocked })
    const assertion = key.sign(claims({ sub, jti: nextJti() }))
    const before = rememberedJtis()
    await block(true)
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await outcome(assertion)).toEqual({ status: 403, code: 'member_blocked' })
    }
    expect(rememberedJtis()).toBe(before)
    await block(false)
    expect((await outcome(assertion)).status).toBe(200)
    expect(await outcome(assertion)).toEqual(replayed)
  })

  test('looking into it with assertions/verify does not use it up, and tells once it is', async () => {
    const assertion = key.sign(claims({ jti: nextJti() }))
    const verify = async () =>
      (await house.api('POST', '/api/v1/assertions/verify', { ...project(), assertion })).body
    expect([await verify(), await verify()].map(({ valid }) => valid)).toEqual([true, true])
    expect((await outcome(assertion)).status).toBe(200)
    expect(await verify()).toMatchObject({ valid: false, code: 'assertion_replayed' })
  })
})

describe('a jti is remembered for as long as its assertion could be accepted, and no longer', () => {
  test('at no moment of its life is it exchanged twice', async () => {
    const birthMs = nowMs
    const assertion = key.sign(claims({ jti: nextJti() }))
    expect((await outcome(assertion)).status).toBe(200)
    for (const laterMs of [1, 30_000, 60_000, 64_999, 65_000, 65_999, 66_000, 66_001, 600_000]) {
      nowMs = birthMs + laterMs
      // Whoever comes with a jti has the expired ones forgotten.
      await mintToken(house, key.sign(claims({ jti: nextJti() })))
      const code = laterMs < 66_000 ? 'assertion_replayed' : 'assertion_expired'
      expect({ laterMs, ...(await outcome(assertion)) }).toEqual({ laterMs, status: 401, code })
    }
  })

  test('expired ones are forgotten: the table does not grow with the years', async () => {
    for (let minted = 0; minted < 20; minted++) {
      await mintToken(house, key.sign(claims({ jti: nextJti() })))
    }
    expect(rememberedJtis()).toBeGreaterThanOrEqual(20)
    nowMs += 67_000
    await mintToken(house, key.sign(claims({ jti: nextJti() })))
    expect(rememberedJtis()).toBe(1)
  })
})

describe('without a jti an assertion is good for as long as it lives', () => {
  test('the very same one may be exchanged twice, and both tokens work', async () => {
    const assertion = key.sign(claims({ sub: 'dora' }))
    const tokens = [await mintToken(house, assertion), await mintToken(house, assertion)]
    house.reset()
    for (const token of tokens) {
      await callLegacy(`${house.url}/mcp`, token, 'tools/call', { name: 'whose' })
    }
    const seen = house.upstream.hits.map(({ headers }) => headers.get('x-tengine-member-id'))
    expect(seen).toEqual(['dora', 'dora'])
  })

  test('minters that know nothing of each other mint for one user in the same second', async () => {
    const sub = 'erin'
    const twins = newAssertionKey('Ed25519', 'deterministic')
    await registerKey(house, twins)
    // ECDSA signatures differ each time; Ed25519 ones do not, so these are the same bytes.
    const distinct = Array.from({ length: 8 }, () => key.sign(claims({ sub })))
    const identical = Array.from({ length: 8 }, () => twins.sign(claims({ sub })))
    expect(new Set(distinct).size).toBe(8)
    expect(new Set(distinct.map((each) => each.split('.')[1])).size).toBe(1)
    expect(new Set(identical).size).toBe(1)
    expect(tally(await Promise.all([...distinct, ...identical].map(outcome)))).toEqual({
      '200 token': 16,
    })
  })

  test.each(['ec', 'ed25519'])('two %s processes do', async (type) => {
    const own = newAssertionKey(type === 'ec' ? 'ES256' : 'Ed25519', `process-${type}`)
    await registerKey(house, own)
    const text = own
      .sign(claims({ sub: 'frank' }))
      .split('.')
      .slice(0, 2)
      .join('.')
    const terms = {
      key: own.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      text,
      hash: type === 'ec' ? 'sha256' : null,
      url: `${house.url}/api/v1/mcp/session-token`,
      apiKey: house.apiKey,
    }
    const minters = [mintInProcess(terms), mintInProcess(terms)]
    expect(await Promise.all(minters)).toEqual(['200 tng_mst_', '200 tng_mst_'])
  })
})

const script = `
const { key, text, hash, url, apiKey } = JSON.parse(await Bun.stdin.text())
const { createPrivateKey, sign } = await import('node:crypto')
const terms = { key: createPrivateKey(key), dsaEncoding: 'ieee-p1363' }
const signature = sign(hash, Buffer.from(text), terms).toString('base64url')
const answer = await fetch(url, {
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization: 'Bearer ' + apiKey },
  body: JSON.stringify({ member_assertion: text + '.' + signature }),
})
const { token } = await answer.json()
process.stdout.write(answer.status + ' ' + String(token).slice(0, 8))
`

/** Signs and exchanges in a process of its own; yields the status and how the token begins. */
function mintInProcess(terms: object): Promise<string> {
  const input = new Blob([JSON.stringify(terms)])
  const child = Bun.spawn([process.execPath, '-e', script], { stdin: input, stdout: 'pipe' })
  return new Response(child.stdout).text()
}

describe('require_assertion_jti', () => {
  test('makes an assertion without one MALFORMED, until it is switched off', async () => {
    const project = `/api/v1/projects/${house.projectId}`
    const assertion = key.sign(claims())
    await house.api('PATCH', project, { require_assertion_jti: true })
    const { status, body } = await exchange(assertion)
    expect([status, body.detail]).toEqual([401, 'Invalid member assertion: MALFORMED'])
    expect(body.reason).toStartWith('This project requires a jti. (kid "main"; ')
    const single = key.sign(claims({ jti: nextJti() }))
    expect([await outcome(single), await outcome(single)]).toEqual([
      { status: 200, code: undefined },
      replayed,
    ])
    await house.api('PATCH', project, { require_assertion_jti: false })
    expect((await outcome(assertion)).status).toBe(200)
  })
})

describe('a restart', () => {
  test('forgets no jti, no member and no session token', async () => {
    const dataDir = temporaryDir()
    const settings = { drain_seconds: '0' }
    let app: RunningApp = await startApp({ clock, dataDir, settings })
    const { project_id: projectId, api_key: apiKey, admin_token } = await app.bootstrap()
    const api: RunningApp['api'] = (method, path, body, credential = admin_token) =>
      app.api(method, path, body, credential)
    const home = { api, projectId, apiKey }
    await registerKey(home, key)
    const seconds = Math.floor(nowMs / 1000)
    const assertion = key.sign(assertionClaims(projectId, seconds, { jti: 'kept' }))
    const token = await mintToken(home, assertion)
    await app.stop()
    app = await startApp({ clock, dataDir, settings })
    expect((await exchangeAssertion(home, assertion)).body.code).toBe('assertion_replayed')
    expect((await callLegacy(`${app.url}/mcp`, token, 'tools/list')).status).toBe(200)
    const { body } = await api('GET', `/api/v1/members?project_id=${projectId}`)
    expect(body.items.map((each: { external_id: string }) => each.external_id)).toEqual(['alice'])
    await app.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })
})
