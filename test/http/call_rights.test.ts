import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { AppError } from '../../src/errors.ts'
import { authorize } from '../../src/executor/authorize.ts'
import type { CompiledTool } from '../../src/executor/compile_tool.ts'
import type { Principal } from '../../src/model/principal.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import { type House, startHouse } from './house.ts'

let house: House

beforeAll(async () => {
  house = await startHouse()
})
afterAll(() => house.stop())

describe('scopes', () => {
  // An API key holds every scope, so these are asked of the room itself.
  const compiled = {
    tool: {
      isEnabled: true,
      definition: { requireMember: false, requiredScopes: ['A_READ', 'B_WRITE'] },
    },
  } as unknown as CompiledTool
  const holding = (scopes: readonly string[] | null) =>
    ({
      permissions: new Set(['tools.call']),
      scopes: scopes && new Set(scopes),
      member: null,
    }) as unknown as Principal

  test.each([[[]], [['A_READ']], [['B_WRITE']], [['A_READ', 'B_READ']], [['a_read', 'b_write']]])(
    'a caller that holds %j is told all that the tool requires',
    (scopes) => {
      let thrown: unknown = null
      try {
        authorize(holding(scopes), compiled)
      } catch (error) {
        thrown = error
      }
      expect(thrown).toBeInstanceOf(AppError)
      expect(thrown).toMatchObject({
        code: 'insufficient_scope',
        status: 403,
        message: 'Tool requires scopes: A_READ, B_WRITE',
      })
    },
  )

  test.each([[null], [['ALL']], [['A_WRITE', 'B_WRITE']], [['A_READ', 'B_WRITE', 'C_READ']]])(
    'a caller that holds %j may call it',
    (scopes) => {
      expect(authorize(holding(scopes), compiled).compiled).toBe(compiled)
    },
  )

  test('a key without tools.call may call nothing, and nothing is sent', async () => {
    const made = await house.api('POST', '/api/v1/integrations', {
      project_id: house.projectId,
      name: 'manager',
      permissions: ['project.manage'],
    })
    const tool = await house.addTool({ name: 'ping' })
    const params = { name: tool.name, arguments: {} }
    const url = `${house.url}/mcp`
    const { body } = await callLegacy(url, made.body.api_key, 'tools/call', params)
    expect(body.result._meta['tengine/error']).toMatchObject({
      status: 403,
      code: 'permission_denied',
    })
    expect(house.upstream.hits).toEqual([])
  })
})
