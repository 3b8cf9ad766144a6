import { afterAll, beforeAll, expect, test } from 'bun:test'
import { bodyAbout, type ForeignProject, makeForeignProject, pathInto } from './foreign_project.ts'
import { type House, startHouse } from './house.ts'
import { readServedApi, type ServedApi } from './served_api.ts'

let house: House
let served: ServedApi
let project: ForeignProject

beforeAll(async () => {
  house = await startHouse({ settings: { failed_auth_per_minute: '0' } })
  served = await readServedApi(house)
  project = await makeForeignProject(house, served)
})
afterAll(() => house.stop())

/** They change nothing that an administrator set: calls have runs, tokens have members and grants. */
const unrecorded = new Set([
  'executeTool',
  'explainSignature',
  'mintSessionToken',
  'previewPolicy',
  'verifyAssertion',
])

/** The client that was pinned on the way; one of an integration goes with its integration. */
async function pinnedClient(): Promise<string> {
  const { body } = await house.api('GET', '/api/v1/oauth-clients?limit=200')
  const pinned = body.items.find((one: { kind: string }) => one.kind === 'document')
  return `/api/v1/oauth-clients/${pinned.id}`
}

const newestSeq = async () =>
  (await house.api('GET', '/api/v1/audit?limit=1')).body.items[0]?.seq as number

test('case 264: every operation that changes something is on record, or the description is wrong', async () => {
  const changing = served.operations.filter(({ method }) => method !== 'GET')
  // What is deleted or revoked cannot be changed afterwards.
  const isLast = (method: string, id: string) => method === 'DELETE' || /^(revoke|disable)/.test(id)
  const ordered = changing.toSorted(
    (a, b) => Number(isLast(a.method, a.operationId)) - Number(isLast(b.method, b.operationId)),
  )
  let recorded = 0
  for (const operation of ordered) {
    const { method, operationId } = operation
    const before = await newestSeq()
    const answer = await house.api(
      method,
      operationId === 'deleteOauthClient' ? await pinnedClient() : pathInto(project, operation),
      bodyAbout(project, house, operation),
    )
    if (
      unrecorded.has(operationId) ||
      answer.body.reason === 'This works on the machine itself only.'
    )
      continue
    expect({ operationId, isDone: answer.status < 400, body: answer.body }).toMatchObject({
      operationId,
      isDone: true,
    })
    expect({ operationId, events: (await newestSeq()) - before }).not.toEqual({
      operationId,
      events: 0,
    })
    recorded++
  }
  expect(recorded).toBeGreaterThan(30)
  expect((await house.api('GET', '/api/v1/audit/verify')).body.valid).toBe(true)
})
