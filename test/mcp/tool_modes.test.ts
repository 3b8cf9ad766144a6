import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { openStoreBeside, type StoreBeside } from '../helpers/connections.ts'
import { callLegacy, callModern } from '../helpers/mcp_client.ts'
import { modernRequest, openEventStream } from './event_stream.ts'
import { type McpFixture, startMcpFixture } from './mcp_fixture.ts'

let fixture: McpFixture
let store: StoreBeside
let key: string
const ids: Record<string, number> = {}
const searching = ['mcp_whoami', 'search_tools', 'describe_tool', 'call_tool']

beforeAll(async () => {
  fixture = await startMcpFixture({ settings: { tools_page_size: '2' } })
  store = openStoreBeside(fixture.app.dataDir)
  key = fixture.project.api_key
  for (const name of ['alpha', 'bravo', 'charlie']) {
    ids[name] = await fixture.addTool(name, { required_scopes: name === 'alpha' ? [] : ['MORE'] })
  }
})
afterAll(async () => {
  await store.close()
  await fixture.stop()
})
afterEach(async () => {
  await change({ tool_mode: 'auto', tool_budget_tokens: 20_000 })
  for (const name of Object.keys(ids)) await changeTool(name, { is_pinned: false })
})

const projectPath = () => `/api/v1/projects/${fixture.project.project_id}`

async function change(fields: object) {
  const { status, body } = await fixture.app.api('PATCH', projectPath(), fields)
  expect([status, body.errors]).toEqual([200, undefined])
  return body
}

async function changeTool(name: string, fields: object) {
  const path = `/api/v1/custom-tools/${ids[name]}`
  const { status, body } = await fixture.app.api('PATCH', path, fields)
  expect(status).toBe(200)
  return body
}

/** The names of every page. */
async function listed(token = key, call: typeof callModern = callLegacy): Promise<string[]> {
  const names: string[] = []
  let cursor: string | undefined
  do {
    const params = cursor === undefined ? {} : { cursor }
    const { result } = (await call(fixture.url, token, 'tools/list', params)).body
    names.push(...result.tools.map((tool: { name: string }) => tool.name))
    cursor = result.nextCursor
  } while (cursor !== undefined)
  return names
}

const instructionsOf = async () => {
  const { body } = await callModern(fixture.url, key, 'server/discover')
  return body.result.instructions as string | undefined
}

describe('tools/list', () => {
  test('of a new project is the whole list, while it costs no more than 20,000 tokens', async () => {
    const { body } = await fixture.app.api('GET', projectPath())
    expect(body).toMatchObject({ tool_mode: 'auto', tool_budget_tokens: 20_000 })
    const { all, enabled, listed: shown } = body.tool_tokens
    expect(all).toBeGreaterThan(30)
    expect([enabled, shown]).toEqual([all, all])
    expect(await listed()).toEqual(['mcp_whoami', 'alpha', 'bravo', 'charlie'])
  })

  test.each([
    ['initialize', callLegacy],
    ['2026-07-28', callModern],
  ] as const)('serves search instead where the project is set so, era %s', async (_, call) => {
    const body = await change({ tool_mode: 'search' })
    expect(body.tool_tokens.listed).toBe(0)
    expect(await listed(key, call)).toEqual(searching)
    await change({ tool_mode: 'list', tool_budget_tokens: 0 })
    expect(await listed(key, call)).toEqual(['mcp_whoami', 'alpha', 'bravo', 'charlie'])
  })

  test('serves search where the budget is passed by a token, and the list where it is met', async () => {
    const { enabled } = (await fixture.app.api('GET', projectPath())).body.tool_tokens
    await change({ tool_budget_tokens: enabled })
    expect(await listed()).toEqual(['mcp_whoami', 'alpha', 'bravo', 'charlie'])
    await change({ tool_budget_tokens: enabled - 1 })
    expect(await listed()).toEqual(searching)
  })

  test('counts for each caller what that caller may see', async () => {
    const { tokens } = (await fixture.app.api('GET', `/api/v1/custom-tools/${ids.alpha}`)).body
    await change({ tool_budget_tokens: tokens })
    const terms = { email: 'few@example.com', clientId: 'few', granted: [], scopes: [] }
    const { project_id: projectId } = fixture.project
    const { token } = await store.connect({ ...terms, projectId })
    expect(await listed(token)).toEqual(['mcp_whoami', 'alpha'])
    expect(await listed()).toEqual(searching)
  })

  test('does not count tools that are switched off', async () => {
    const { tokens } = (await fixture.app.api('GET', `/api/v1/custom-tools/${ids.alpha}`)).body
    await change({ tool_budget_tokens: tokens })
    for (const name of ['bravo', 'charlie']) await changeTool(name, { is_enabled: false })
    expect(await listed()).toEqual(['mcp_whoami', 'alpha'])
    const { all, enabled } = (await fixture.app.api('GET', projectPath())).body.tool_tokens
    expect(enabled).toBe(tokens)
    expect(all).toBeGreaterThan(tokens)
    for (const name of ['bravo', 'charlie']) await changeTool(name, { is_enabled: true })
  })

  test('keeps pinned tools beside search, in order and over pages, and counts them', async () => {
    await change({ tool_mode: 'search' })
    for (const name of Object.keys(ids)) {
      const tool = await changeTool(name, { is_pinned: true })
      expect([tool.is_pinned, tool.version]).toEqual([true, 1])
    }
    expect(await listed()).toEqual([...searching, 'alpha', 'bravo', 'charlie'])
    await changeTool('bravo', { is_pinned: false })
    expect(await listed()).toEqual([...searching, 'alpha', 'charlie'])
    await changeTool('alpha', { is_enabled: false })
    expect(await listed()).toEqual([...searching, 'charlie'])
    const { tokens } = await changeTool('alpha', { is_enabled: true, is_pinned: false })
    expect(tokens).toBeGreaterThan(10)
    const { body } = await fixture.app.api('GET', projectPath())
    const charlie = (await fixture.app.api('GET', `/api/v1/custom-tools/${ids.charlie}`)).body
    expect(body.tool_tokens.listed).toBe(charlie.tokens)
  })

  test('does not show a pinned tool to one who lacks its scopes', async () => {
    await change({ tool_mode: 'search' })
    await changeTool('bravo', { is_pinned: true })
    const terms = { email: 'none@example.com', clientId: 'none', granted: [], scopes: [] }
    const { project_id: projectId } = fixture.project
    const { token } = await store.connect({ ...terms, projectId })
    expect(await listed(token)).toEqual(searching)
  })
})

test('a tool costs more the more it says, and a new description is counted', async () => {
  const before = (await changeTool('alpha', { description: 'Short.' })).tokens
  const after = (await changeTool('alpha', { description: 'many words '.repeat(500) })).tokens
  expect(after - before).toBeGreaterThan(900)
  expect(after - before).toBeLessThan(1_200)
  expect((await changeTool('alpha', { description: 'Short.' })).tokens).toBe(before)
})

test('open subscriptions are told when the mode or the budget changes, and not for a name', async () => {
  const notifications = { toolsListChanged: true }
  const request = modernRequest('subscriptions/listen', { notifications } as object)
  const stream = await openEventStream(fixture.url, key, request)
  expect((await stream.next()).method).toBe('notifications/subscriptions/acknowledged')
  await change({ name: 'Another name' })
  await change({ tool_mode: 'search' })
  expect((await stream.next()).method).toBe('notifications/tools/list_changed')
  await change({ tool_budget_tokens: 5 })
  expect((await stream.next()).method).toBe('notifications/tools/list_changed')
  await expect(stream.next(200)).rejects.toThrow()
  stream.leave()
})

test('the instructions say how to find tools that are not listed, after those of the project', async () => {
  expect(await instructionsOf()).toBeUndefined()
  await change({ tool_mode: 'search' })
  const line = expect.stringMatching(/^3 tools .*search_tools.*describe_tool.*call_tool/)
  expect(await instructionsOf()).toEqual(line)
  await change({ description: 'A shop.' })
  expect(await instructionsOf()).toStartWith('A shop.\n\n3 tools ')
  await change({ tool_mode: 'list' })
  expect(await instructionsOf()).toBe('A shop.')
  await change({ description: '' })
})

test('a mode or a budget that makes no sense is refused, and nothing changes', async () => {
  const before = (await fixture.app.api('GET', projectPath())).body
  for (const wrong of [
    { tool_mode: 'none' },
    { tool_budget_tokens: -1 },
    { tool_budget_tokens: 0.5 },
  ]) {
    const { status, body } = await fixture.app.api('PATCH', projectPath(), wrong)
    expect([status, body.code]).toEqual([422, 'validation_failed'])
  }
  expect((await fixture.app.api('GET', projectPath())).body).toEqual(before)
})
