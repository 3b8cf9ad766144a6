import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { callLegacy, callModern } from '../helpers/mcp_client.ts'
import { type McpFixture, startMcpFixture } from './mcp_fixture.ts'

interface ListedTool {
  readonly name: string
  readonly description: string
  readonly inputSchema: object
  readonly annotations: object
}

let fixture: McpFixture
let key: string

beforeAll(async () => {
  fixture = await startMcpFixture({ settings: { tools_page_size: '2' } })
  key = fixture.project.api_key
})
afterAll(() => fixture.stop())

const path = (id: number) => `/api/v1/custom-tools/${id}`

/** All pages from the first on, each as the list of its names. */
async function pages(call: typeof callLegacy | typeof callModern): Promise<string[][]> {
  const names: string[][] = []
  let cursor: string | undefined
  do {
    const params = cursor === undefined ? {} : { cursor }
    const { result } = (await call(fixture.url, key, 'tools/list', params)).body
    names.push(result.tools.map((tool: ListedTool) => tool.name))
    cursor = result.nextCursor
  } while (cursor !== undefined)
  return names
}

async function allTools(): Promise<Map<string, ListedTool>> {
  const tools = new Map<string, ListedTool>()
  let cursor: string | undefined
  do {
    const { result } = (await callModern(fixture.url, key, 'tools/list', cursor ? { cursor } : {}))
      .body
    for (const tool of result.tools) tools.set(tool.name, tool)
    cursor = result.nextCursor
  } while (cursor !== undefined)
  return tools
}

test('a project without tools lists mcp_whoami alone', async () => {
  for (const call of [callLegacy, callModern]) expect(await pages(call)).toEqual([['mcp_whoami']])
})

describe('a list of several pages', () => {
  const ids: Record<string, number> = {}
  let cursor: string

  beforeAll(async () => {
    for (const name of ['delta', 'Bravo', 'alpha', 'charlie', 'echo']) {
      ids[name] = await fixture.addTool(name)
    }
    cursor = (await callModern(fixture.url, key, 'tools/list')).body.result.nextCursor
  })

  test('has the same order in both eras and every time: by name, case ignored', async () => {
    const expected = [['mcp_whoami', 'alpha', 'Bravo'], ['charlie', 'delta'], ['echo']]
    for (const call of [callLegacy, callModern, callModern])
      expect(await pages(call)).toEqual(expected)
  })

  test('case 290: a cursor that was tampered with is -32602', async () => {
    const bytes = Buffer.from(cursor, 'base64url')
    const flipped = bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte))
    const forged = [Buffer.from(flipped).toString('base64url'), 'YWxwaGE', '', cursor.slice(0, 5)]
    for (const call of [callLegacy, callModern]) {
      for (const wrong of forged) {
        const { status, body } = await call(fixture.url, key, 'tools/list', { cursor: wrong })
        expect({ status, code: body.error?.code }).toEqual({ status: 200, code: -32602 })
      }
    }
  })

  test('cases 289, 290: a cursor of another integration, or of another project, is -32602', async () => {
    const { key: sibling } = await fixture.addIntegration()
    const { body: other } = await fixture.app.api('POST', '/api/v1/projects', { name: 'Other' })
    const { key: stranger } = await fixture.addIntegration({ project_id: other.id })
    for (const foreign of [sibling, stranger]) {
      const { body } = await callModern(fixture.url, foreign, 'tools/list', { cursor })
      expect(body.error.code).toBe(-32602)
    }
  })

  test('a tool that is added, edited, disabled or deleted is so at the very next request', async () => {
    const edit = (change: object) => fixture.app.api('PATCH', path(ids.echo ?? 0), change)
    const added = await fixture.addTool('foxtrot')
    expect([...(await allTools()).keys()]).toContain('foxtrot')
    await edit({ description: 'Echoes.' })
    expect((await allTools()).get('echo')?.description).toBe('Echoes.')
    await edit({ is_enabled: false })
    expect([...(await allTools()).keys()]).not.toContain('echo')
    await edit({ is_enabled: true })
    expect([...(await allTools()).keys()]).toContain('echo')
    await fixture.app.api('DELETE', path(added))
    expect([...(await allTools()).keys()]).not.toContain('foxtrot')
  })

  test('tools of another project are not in it', async () => {
    const { body: other } = await fixture.app.api('POST', '/api/v1/projects', { name: 'Elsewhere' })
    await fixture.addTool('aardvark', { project_id: other.id })
    expect([...(await allTools()).keys()]).not.toContain('aardvark')
  })
})

describe('a listed tool', () => {
  const derived: [string, object][] = [
    ['GET', { readOnlyHint: true, destructiveHint: false, idempotentHint: true }],
    ['POST', { readOnlyHint: false, destructiveHint: false, idempotentHint: false }],
    ['PUT', { readOnlyHint: false, destructiveHint: true, idempotentHint: true }],
    ['PATCH', { readOnlyHint: false, destructiveHint: true, idempotentHint: false }],
    ['DELETE', { readOnlyHint: false, destructiveHint: true, idempotentHint: true }],
  ]

  test.each(derived)('case 291: has its hints from its method %s', async (method, hints) => {
    const name = `hints_of_${method.toLowerCase()}`
    await fixture.addTool(name, { http_method: method })
    expect((await allTools()).get(name)?.annotations).toEqual({ ...hints, openWorldHint: true })
  })

  test('case 291: has the hints and the title its administrator set instead', async () => {
    const annotations = { title: 'Look it up', readOnlyHint: true, openWorldHint: false }
    await fixture.addTool('lookup', { http_method: 'POST', annotations })
    expect((await allTools()).get('lookup')).toMatchObject({
      title: 'Look it up',
      annotations: {
        title: 'Look it up',
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: false,
      },
    })
  })

  test('has its schemas untouched, digit for digit', async () => {
    const schema =
      '{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":' +
      '{"n":{"type":"integer","minimum":-9007199254740993,"x-note":1.10}}}'
    const tool = {
      project_id: fixture.project.project_id,
      name: 'a_exact',
      base_url: fixture.upstream.url,
      http_method: 'GET',
      endpoint_path: '/exact',
    }
    const body = JSON.stringify(tool).replace(
      '}',
      `,"input_schema":${schema},"output_schema":${schema}}`,
    )
    expect((await fixture.app.api('POST', '/api/v1/custom-tools', body)).status).toBe(201)
    const { text } = await callModern(fixture.url, key, 'tools/list')
    expect(text).toContain(`"inputSchema":${schema.replace('1.10', '1.1')}`)
    expect(text).toContain(`"outputSchema":${schema.replace('1.10', '1.1')}`)
  })
})

test('case 272: a page ends before 1 MiB, and a tool is never lost between two', async () => {
  const big = await startMcpFixture({ settings: { tools_page_size: '100' } })
  try {
    const description = 'd'.repeat(15_000)
    const input_schema = { type: 'object', description: 's'.repeat(60_000), properties: {} }
    const names = Array.from({ length: 20 }, (_, at) => `tool_${String(at).padStart(2, '0')}`)
    for (const name of names) await big.addTool(name, { description, input_schema })
    const path = `/api/v1/projects/${big.project.project_id}`
    expect((await big.app.api('PATCH', path, { tool_mode: 'list' })).status).toBe(200)
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const params = cursor === undefined ? {} : { cursor }
      const { text, body } = await callModern(big.url, big.project.api_key, 'tools/list', params)
      expect(text.length).toBeLessThanOrEqual(1024 * 1024)
      seen.push(...body.result.tools.map((tool: ListedTool) => tool.name))
      cursor = body.result.nextCursor
    } while (cursor !== undefined)
    expect(seen).toEqual(['mcp_whoami', ...names])
  } finally {
    await big.stop()
  }
})
