import { afterAll, beforeAll, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { builtBinary } from '../helpers/built_binary.ts'
import { callModern } from '../helpers/mcp_client.ts'
import { startServer } from '../helpers/server_process.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'

const toolCount = 1_000
const starts = 5
/** What is aimed at is 150 ms; a shared machine is given more before a test fails. */
const limitMs = 2_000

let program: readonly string[]
let dataDir: string

beforeAll(async () => {
  program = [await builtBinary()]
  dataDir = temporaryDir()
}, 60_000)

afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

test(`with ${toolCount} tools the executable is ready at once, and lists them all`, async () => {
  const first = await startServer({ program, dataDir })
  const { project_id, api_key } = await first.bootstrap()
  // A thousand tools are more than models are shown by default.
  await first.api('PATCH', `/api/v1/projects/${project_id}`, { tool_mode: 'list' })
  const numbers = Array.from({ length: toolCount }, (_, index) => index)
  const add = async () => {
    for (let number = numbers.pop(); number !== undefined; number = numbers.pop()) {
      const { status } = await first.api('POST', '/api/v1/custom-tools', {
        project_id,
        name: `tool-${number}`,
        description: `Reads item ${number} of a collection, in full.`,
        base_url: 'https://api.example.test',
        http_method: 'GET',
        endpoint_path: `/collections/${number}/items/{id}`,
        input_schema: {
          type: 'object',
          properties: { id: { type: 'integer', minimum: 1, description: 'Which item.' } },
          required: ['id'],
        },
      })
      expect(status).toBe(201)
    }
  }
  await Promise.all(Array.from({ length: 16 }, add))
  expect(await first.stop()).toBe(0)

  const tookMs: number[] = []
  for (let start = 0; start < starts; start++) {
    const startedAtMs = performance.now()
    const server = await startServer({ program, dataDir })
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
    tookMs.push(Math.round(performance.now() - startedAtMs))
    if (start === 0) {
      const { body } = await callModern(`${server.url}/mcp`, api_key, 'tools/list')
      expect(body.result.tools.length + (body.result.nextCursor === undefined ? 0 : 1)).toBe(
        toolCount + 1,
      )
    }
    expect(await server.stop()).toBe(0)
  }
  tookMs.sort((a, b) => a - b)
  console.log(`start to ready with ${toolCount} tools: ${tookMs.join(', ')} ms (aim: 150)`)
  expect(tookMs[Math.floor(starts / 2)]).toBeLessThan(limitMs)
}, 60_000)
