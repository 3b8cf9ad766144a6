import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type McpFixture, startMcpFixture } from '../mcp/mcp_fixture.ts'

let fixture: McpFixture
let toolId = 0

beforeAll(async () => {
  fixture = await startMcpFixture()
  toolId = await fixture.addTool('tool', { response: { fields: ['id'] } })
})
afterAll(() => fixture.stop())

const register = (response: object) =>
  fixture.app.api('POST', '/api/v1/custom-tools', {
    project_id: fixture.project.project_id,
    name: 'other',
    base_url: fixture.upstream.url,
    http_method: 'GET',
    endpoint_path: '/',
    response,
  })

describe('the response setting of a tool', () => {
  test.each([
    [{ projection: 'items[' }, '/response/projection', 'at character 6: '],
    [{ projection: 'nope(@)' }, '/response/projection', 'at character 0: Unknown function: nope()'],
    [{ fields: ['id', 'a..b'] }, '/response/fields/1', 'is no path from character 2 on'],
    [{ projection: 'a', fields: ['a'] }, '/response', ''],
    [{ max_result_bytes: 10 }, '/response/max_result_bytes', ''],
  ])('%j is refused with 422 at its place', async (response, pointer, message) => {
    const refusals = [
      await register(response),
      await fixture.app.api('PATCH', `/api/v1/custom-tools/${toolId}`, { response }),
    ]
    for (const { status, body } of refusals) {
      expect([status, body.code]).toEqual([422, 'validation_failed'])
      const [error] = body.errors
      expect(error.pointer).toBe(pointer)
      expect(error.message).toStartWith(message)
    }
    const kept = await fixture.app.api('GET', `/api/v1/custom-tools/${toolId}`)
    expect(kept.body.version).toBe(1)
    expect(fixture.upstream.hits).toEqual([])
  })

  test('holds for a test call too; an administrator gets no handle, for nobody could use it', async () => {
    fixture.upstream.answer = () => Response.json({ id: 1, text: 'x'.repeat(3_000) })
    const capped = { response: { max_result_bytes: 1_024 } }
    await fixture.app.api('PATCH', `/api/v1/custom-tools/${toolId}`, capped)
    const path = `/api/v1/custom-tools/${toolId}/execute`
    const { status, body } = await fixture.app.api('POST', path, { arguments: {} })
    expect(status).toBe(200)
    const text = JSON.stringify(body)
    expect(text).toContain('The rest was not kept.')
    expect(text).not.toContain('handle')
  })
})
