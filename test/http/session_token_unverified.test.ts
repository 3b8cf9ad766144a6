import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { systemClock } from '../../src/lib/clock.ts'
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
import { type House, startHouse } from './house.ts'

const setting = 'allow_unverified_member_session_minting'
const key = newAssertionKey('ES256', 'main')

const path = '/api/v1/mcp/session-token'
const ask = (home: Pick<House, 'api' | 'apiKey'>, body: unknown) =>
  home.api('POST', path, body, home.apiKey)
const assertionFor = (projectId: number, changes: object = {}) =>
  key.sign(assertionClaims(projectId, Math.floor(systemClock.nowMs() / 1000), changes))
const call = (url: string, token: string, name: string) =>
  callLegacy(`${url}/mcp`, token, 'tools/call', { name })

describe('case 59: where the operator has not allowed it, a bare member_external_id', () => {
  let house: House
  beforeAll(async () => {
    house = await startHouse()
    await registerKey(house, key)
  })
  afterAll(() => house.stop())

  test.each([[{ member_external_id: 'alice' }], [{ member_external_id: '' }]])(
    'is refused: %j',
    async (sent) => {
      const { status, body } = await ask(house, sent)
      expect([status, body.code, body.detail]).toEqual([
        403,
        'unverified_minting_disabled',
        'member_external_id mode disabled in production',
      ])
      expect(body).not.toHaveProperty('token')
      const { body: members } = await house.api(
        'GET',
        `/api/v1/members?project_id=${house.projectId}`,
      )
      expect(members.items).toEqual([])
    },
  )

  test('cannot make good for an assertion that fails', async () => {
    const expired = assertionFor(house.projectId, { iat: 0, exp: 60 })
    const { body } = await ask(house, { member_assertion: expired, member_external_id: 'alice' })
    expect(body.detail).toBe('Invalid member assertion: EXPIRED')
  })

  test('is not read beside an assertion that holds', async () => {
    const member_assertion = assertionFor(house.projectId)
    const { status } = await ask(house, { member_assertion, member_external_id: 'mallory' })
    expect(status).toBe(200)
    const query = `?project_id=${house.projectId}&external_id=mallory`
    expect((await house.api('GET', `/api/v1/members${query}`)).body.items).toEqual([])
  })
})

describe('case 59: where the operator has allowed it', () => {
  let house: House
  beforeAll(async () => {
    house = await startHouse({ settings: { [setting]: true } })
    await registerKey(house, key)
    const all = { id: true, email: true, roles: true }
    await house.addTool({ name: 'whose', require_member: true, inject_member_identity: all })
  })
  afterAll(() => house.stop())
  beforeEach(() => house.reset())

  const eventsOf = (event: string) =>
    house
      .logLines()
      .map((line) => JSON.parse(line))
      .filter((line) => line.event === event)
  const whoami = async (token: string) =>
    (await call(house.url, token, 'mcp_whoami')).body.result.structuredContent.member

  test('the log says so at start', () => {
    expect(eventsOf('unverified_minting_allowed')).toMatchObject([{ level: 'warn' }])
  })

  test('a token is minted for the name given, and works', async () => {
    const { status, body } = await ask(house, { member_external_id: 'bob' })
    expect(status).toBe(200)
    expect(Object.keys(body)).toEqual(['token', 'expires_in_minutes', 'expires_at', 'token_type'])
    const answer = await call(house.url, body.token, 'whose')
    expect(answer.body.result.isError).toBeFalsy()
    const headers = house.upstream.hits[0]?.headers
    expect(headers?.get('x-tengine-member-id')).toBe('bob')
    expect(headers?.has('x-tengine-member-email')).toBe(false)
    expect(headers?.has('x-tengine-member-roles')).toBe(false)
  })

  test('the run, whoami and the log each say that nobody proved it', async () => {
    const before = eventsOf('unverified_session_token_minted').length
    const { body } = await ask(house, { member_external_id: 'carol' })
    await call(house.url, body.token, 'whose')
    const [run] = await house.runs('&member=carol')
    expect(run).toMatchObject({ member_external_id: 'carol', member_source: 'unverified' })
    expect(await whoami(body.token)).toMatchObject({ external_id: 'carol', verified: false })
    const warnings = eventsOf('unverified_session_token_minted').slice(before)
    expect(warnings).toMatchObject([
      { level: 'warn', project_id: house.projectId, integration_id: house.integrationId },
    ])
  })

  test('with an assertion as well, the assertion decides, and there is no warning', async () => {
    const before = eventsOf('unverified_session_token_minted').length
    const member_assertion = assertionFor(house.projectId, { sub: 'dora' })
    const { body } = await ask(house, { member_assertion, member_external_id: 'mallory' })
    await call(house.url, body.token, 'whose')
    expect(house.upstream.hits[0]?.headers.get('x-tengine-member-id')).toBe('dora')
    expect(await whoami(body.token)).toMatchObject({ external_id: 'dora', verified: true })
    expect((await house.runs('&member=dora'))[0].member_source).toBe('assertion')
    expect(eventsOf('unverified_session_token_minted').length).toBe(before)
  })

  test('an assertion that fails is not rescued by the name beside it', async () => {
    const forged = `${assertionFor(house.projectId).slice(0, -86)}${'A'.repeat(86)}`
    const { status, body } = await ask(house, {
      member_assertion: forged,
      member_external_id: 'alice',
    })
    expect([status, body.detail]).toEqual([401, 'Invalid member assertion: INVALID_SIGNATURE'])
  })

  const names: readonly [string, unknown, string][] = [
    ['empty', '', 'member_unresolved'],
    ['with CR LF', 'mallory\r\nX-Tengine-Member-Id: alice', 'sub_invalid'],
    ['with a bidi override', 'mallory\u202e', 'sub_invalid'],
    ['with spaces around', ' mallory ', 'sub_invalid'],
    ['of 256 bytes', 'm'.repeat(256), 'sub_invalid'],
  ]
  test.each(names)('case 80: a name %s is refused', async (_, member_external_id, code) => {
    const { status, body } = await ask(house, { member_external_id })
    const detail = 'Could not resolve member_external_id'
    expect([status, body.code, body.detail]).toEqual([400, code, detail])
  })

  test('a bare name takes nothing away from what an assertion said of the member', async () => {
    const proven = { sub: 'grace', email: 'grace@example.com', roles: ['admin'] }
    await mintToken(house, assertionFor(house.projectId, proven))
    const { body } = await ask(house, { member_external_id: 'grace' })
    const query = `?project_id=${house.projectId}&external_id=grace`
    const { body: members } = await house.api('GET', `/api/v1/members${query}`)
    expect(members.items).toMatchObject([{ email: 'grace@example.com', roles: ['admin'] }])
    // Nor is it lent any of that.
    expect(await whoami(body.token)).toMatchObject({ email: null, roles: [], verified: false })
  })

  test('a blocked member stays out by either way', async () => {
    await ask(house, { member_external_id: 'eve' })
    const query = `?project_id=${house.projectId}&external_id=eve`
    const { body } = await house.api('GET', `/api/v1/members${query}`)
    await house.api('PATCH', `/api/v1/members/${body.items[0].id}`, { is_blocked: true })
    const answers = [
      await ask(house, { member_external_id: 'eve' }),
      await exchangeAssertion(house, assertionFor(house.projectId, { sub: 'eve' })),
    ]
    expect(answers.map(({ body }) => body.code)).toEqual(['member_blocked', 'member_blocked'])
  })
})

describe('switching it off again', () => {
  test('ends the tokens that nobody proved, and no others', async () => {
    const dataDir = temporaryDir()
    const drain_seconds = '0'
    let app = await startApp({ dataDir, settings: { drain_seconds, [setting]: true } })
    const { project_id: projectId, api_key: apiKey, admin_token } = await app.bootstrap()
    const api: RunningApp['api'] = (method, route, body, credential = admin_token) =>
      app.api(method, route, body, credential)
    const home = { api, projectId, apiKey }
    await registerKey(home, key)
    const { body } = await ask(home, { member_external_id: 'bob' })
    const proven = await mintToken(home, assertionFor(projectId))
    const statuses = async () => {
      const answers = [body.token, proven].map((token) =>
        callLegacy(`${app.url}/mcp`, token, 'tools/list'),
      )
      return (await Promise.all(answers)).map((answer) => [answer.status, answer.body.detail])
    }
    const served = [200, undefined]
    expect(await statuses()).toEqual([served, served])
    await app.stop()
    app = await startApp({ dataDir, settings: { drain_seconds } })
    expect(await statuses()).toEqual([[401, 'Token validation failed'], served])
    await app.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })
})
