import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { exchangeAssertion, registerKey } from '../helpers/assertions.ts'
import { type DecoyListener, startDecoy } from '../helpers/decoy_listener.ts'
import { audience, dead, ec, ed, foreign, now, p384, place, rsa } from './assertion_makers.ts'
import {
  harmless,
  hostile,
  type Refusal,
  refusals,
  withoutKid,
  withoutReason,
} from './assertion_vectors.ts'
import { type House, startHouse } from './house.ts'

let house: House
let decoy: DecoyListener

beforeAll(async () => {
  const clock = { nowMs: () => now * 1000 + 499, monotonicMs: () => performance.now() }
  house = await startHouse({ clock })
  decoy = startDecoy()
  const { projectId, apiKey } = house
  Object.assign(place, { projectId, apiKey, decoyUrl: `http://127.0.0.1:${decoy.port}/keys` })
  for (const key of [ec, p384, ed, rsa]) await registerKey(house, key)
  const id = await registerKey(house, dead)
  await house.api('DELETE', `/api/v1/assertion-keys/${id}`)
  const { body: other } = await house.api('POST', '/api/v1/projects', { name: 'Other' })
  await registerKey({ ...house, projectId: other.id }, foreign)
})
afterAll(async () => {
  await house.stop()
  decoy.stop()
})

const members = async () =>
  (await house.api('GET', `/api/v1/members?project_id=${house.projectId}`)).body.items

/** What of an assertion must be nowhere else: the whole, and each of its parts. */
const traces = (assertion: unknown) =>
  [String(assertion), ...String(assertion).split('.')].filter((part) => part.length >= 20)

function reasonEnd(outcome: Refusal, assertion: unknown): string {
  const [first = ''] = String(assertion).split('.')
  const kid = withoutKid.includes(outcome)
    ? ''
    : `kid "${JSON.parse(Buffer.from(first, 'base64url').toString()).kid}"; `
  return `(${kid}expected aud "${audience('')}"; server time 2026-09-21T14:13:20Z)`
}

describe('a hostile assertion: exact code, no token, no member, no trace', () => {
  test.each(hostile)('%s: %s', async (_, outcome, make) => {
    const assertion = make()
    const before = await members()
    const logged = house.logLines().length
    const { status, headers: said, body } = await exchangeAssertion(house, assertion)
    const [expected, code, detail] = refusals[outcome]
    expect({ status, code: body.code, detail: body.detail }).toEqual({
      status: expected,
      code,
      detail,
    })
    expect(said.get('content-type')).toBe('application/problem+json')
    if (withoutReason.includes(outcome)) expect(body).not.toHaveProperty('reason')
    else expect(body.reason).toEndWith(reasonEnd(outcome, assertion))
    const text = JSON.stringify(body)
    expect(text).not.toContain('tng_mst_')
    expect(await members()).toEqual(before)
    const lines = house.logLines().slice(logged).join('\n')
    expect(lines).toContain(`"status":${expected}`)
    for (const trace of traces(assertion)) {
      expect(lines.includes(trace)).toBe(false)
      expect(text.includes(trace)).toBe(false)
    }
  })
})

describe('what lies just inside the rules is exchanged, and leaves no trace in the log either', () => {
  test.each(harmless)('%s', async (_, make) => {
    const assertion = make()
    const { status, body } = await exchangeAssertion(house, assertion)
    expect({ status, code: body.code }).toEqual({ status: 200, code: undefined })
    const lines = house.logLines().join('\n')
    for (const trace of [...traces(assertion), body.token]) {
      expect(lines.includes(trace)).toBe(false)
    }
  })
})

test('case 70: no URL in any of them was ever looked up', async () => {
  const urls = hostile.map(([, , make]) => make()).filter((each) => leadsTo(each, decoy.port))
  expect(urls.length).toBeGreaterThanOrEqual(4)
  expect(decoy.accepts).toBe(0)
})

test('case 82: none of them added anything to every object', () => {
  expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('sub')
  expect(({} as Record<string, unknown>).sub).toBeUndefined()
})

const leadsTo = (assertion: unknown, port: number) =>
  Buffer.from(String(assertion).split('.')[0] ?? '', 'base64url').includes(`127.0.0.1:${port}`)
