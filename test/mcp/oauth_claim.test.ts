import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { systemClock } from '../../src/lib/clock.ts'
import { type Connected, openStoreBeside, type StoreBeside } from '../helpers/connections.ts'
import { RawClient, requestText } from '../http/raw_client.ts'
import { connectionParents, parentNames } from './connection_parents.ts'
import { type McpFixture, startMcpFixture } from './mcp_fixture.ts'

let fixture: McpFixture
let store: StoreBeside
let toolId: number
let made: Connected
let looks = 0
let people = 0

beforeAll(async () => {
  const nowMs = () => {
    looks++
    return systemClock.nowMs()
  }
  fixture = await startMcpFixture({ clock: { ...systemClock, nowMs } })
  store = openStoreBeside(fixture.app.dataDir)
  toolId = await fixture.addTool('write', { http_method: 'POST', required_scopes: ['A_WRITE'] })
})
afterAll(async () => {
  await store.close()
  await fixture.stop()
})
beforeEach(async () => {
  const n = ++people
  const { project_id: projectId } = fixture.project
  made = await store.connect({ projectId, email: `p${n}@example.com`, clientId: `client-${n}` })
})

/** Sends all but the body of a call, and lets `meanwhile` happen once the token was found good. */
async function callWith(meanwhile: () => Promise<unknown>) {
  const params = '{"name":"write","arguments":{}}'
  const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`
  const client = await RawClient.connect(fixture.app.url)
  const before = looks
  await client.send(
    requestText('POST /mcp', [
      `Host: ${new URL(fixture.app.url).host}`,
      `Authorization: Bearer ${made.token}`,
      'Content-Type: application/json',
      'Accept: application/json, text/event-stream',
      `Content-Length: ${body.length}`,
    ]),
  )
  while (looks === before) await Bun.sleep(1)
  await Bun.sleep(1)
  await meanwhile()
  await client.send(body)
  const response = await client.response()
  client.close()
  return JSON.parse(response?.body ?? '{}').result
}

async function expectStopped(meanwhile: () => Promise<unknown>) {
  const sent = await fixture.hitsDuring(async () => {
    const { isError, _meta: meta } = await callWith(meanwhile)
    expect(isError).toBe(true)
    expect(meta['tengine/error']).toMatchObject({ status: 403, code: 'aborted_before_send' })
  })
  expect(sent).toBe(0)
}

const setProject = (path: string, change: object) =>
  fixture.app.api('PATCH', `/api/v1/projects/${fixture.project.project_id}${path}`, change)

describe('case 43: a write that was let in, but not claimed when the end came', () => {
  test('goes out where there was none', async () => {
    const sent = await fixture.hitsDuring(async () => {
      expect((await callWith(async () => {})).isError ?? false).toBe(false)
    })
    expect(sent).toBe(1)
  })

  test.each(parentNames)('is not sent: %s', async (name) => {
    const parent = connectionParents(fixture, store).get(name)
    await expectStopped(() => parent?.end(made) ?? Promise.reject(new Error(name)))
    await parent?.restore?.(made)
  })

  test('is not sent: the policy takes the scope away', async () => {
    await setProject('/policy', { policy_scopes: ['A_READ'] }).then(({ status }) =>
      expect(status).toBe(200),
    )
    await setProject('/policy', { policy_scopes: [] })
    await expectStopped(() => setProject('/policy', { policy_scopes: ['A_READ'] }))
    await setProject('/policy', { policy_scopes: [] })
  })

  test('is not sent: MCP is switched off, or the project suspended', async () => {
    await expectStopped(() => setProject('/policy', { is_mcp_enabled: false }))
    await setProject('/policy', { is_mcp_enabled: true })
    await expectStopped(() => setProject('', { is_suspended: true }))
    await setProject('', { is_suspended: false })
  })

  test('is not sent: the token runs out', async () => {
    await expectStopped(() =>
      store.sql('UPDATE access_tokens SET expires_at_ms = 1 WHERE grant_id = $1', made.grantId),
    )
  })
})

test('a tool that changed meanwhile is called as it is now, or not at all', async () => {
  const path = `/api/v1/custom-tools/${toolId}`
  const sent = await fixture.hitsDuring(async () => {
    const result = await callWith(() => fixture.app.api('PATCH', path, { is_enabled: false }))
    expect(result.isError).toBe(true)
  })
  expect(sent).toBe(0)
  await fixture.app.api('PATCH', path, { is_enabled: true })
})
