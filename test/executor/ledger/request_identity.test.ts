import { describe, expect, test } from 'bun:test'
import type { Permit } from '../../../src/executor/authorize.ts'
import { identifyRequest } from '../../../src/executor/ledger/request_identity.ts'
import type { JsonObject } from '../../../src/lib/json.ts'
import type { Principal } from '../../../src/model/principal.ts'
import { defaultDeduplication } from '../../../src/model/tool.ts'

const session = { memberId: 5, assertionKeyId: null, signingKid: 'k' }
const grant = { id: 'g-1', tokenHash: new Uint8Array(), clientId: 'c', userId: 1, memberId: null }

interface Change {
  readonly principal?: Partial<Principal>
  readonly tool?: { readonly id?: number; readonly version?: number }
  readonly method?: string
  readonly inject?: object
}

function permit({ principal, tool, method = 'POST', inject = {} }: Change): Permit {
  const definition = {
    httpMethod: method,
    deduplication: defaultDeduplication,
    injectMemberIdentity: { id: true, email: false, roles: false, ...inject },
  }
  return {
    principal: {
      ...{ kind: 'api_key', projectId: 1, integrationId: 2 },
      ...{ session: null, grant: null, member: null },
      ...principal,
    },
    compiled: { tool: { id: 7, version: 1, ...tool, definition } },
  } as unknown as Permit
}

const nameOf = (change: Change, more: { args?: JsonObject; key?: string; actor?: string } = {}) => {
  const { args = { a: 1 }, key = null, actor = null } = more
  return identifyRequest(permit(change), { arguments: args, idempotencyKey: key, actor })?.name
}

describe('the same logical request', () => {
  test('is of one project, caller and tool', () => {
    const names = [
      nameOf({}),
      nameOf({ principal: { projectId: 9 } }),
      nameOf({ principal: { integrationId: 3 } }),
      nameOf({ principal: { session } }),
      nameOf({ principal: { grant } }),
      nameOf({ principal: { kind: 'administrator' } }),
      nameOf({ principal: { kind: 'administrator' } }, { actor: 'user:1' }),
      nameOf({ tool: { id: 8 } }),
      nameOf({}, { args: { a: 2 } }),
      nameOf({}, { key: 'a' }),
      nameOf({}, { key: 'b' }),
    ]
    expect(new Set(names).size).toBe(names.length)
  })

  test('is the member’s, through whatever integration, token or connection it comes', () => {
    const name = nameOf({ principal: { session } })
    expect(nameOf({ principal: { session: { ...session, signingKid: 'other' } } })).toBe(name)
    expect(nameOf({ principal: { session, integrationId: 3 } })).toBe(name)
    expect(nameOf({ principal: { grant: { ...grant, memberId: 5 } } })).toBe(name)
  })

  test('does not hang on the order of arguments', () => {
    expect(nameOf({}, { args: { b: { d: 1, c: 2 }, a: 1 } })).toBe(
      nameOf({}, { args: { a: 1, b: { c: 2, d: 1 } } }),
    )
  })

  test('is for a write the same after the tool or what it tells of the member changed', () => {
    const member = {
      externalId: 'x',
      email: 'x@example.com',
      roles: ['admin'],
      source: 'assertion',
    } as const
    const write = { inject: { roles: true }, principal: { session, member } }
    const demoted = { ...write, principal: { session, member: { ...member, roles: [] } } }
    expect(nameOf(demoted)).toBe(nameOf(write))
    expect(nameOf({ tool: { version: 2 } })).toBe(nameOf({}))
    const read = { ...write, method: 'GET' }
    expect(nameOf({ ...demoted, method: 'GET' })).not.toBe(nameOf(read))
    expect(nameOf({ method: 'GET', tool: { version: 2 } })).not.toBe(nameOf({ method: 'GET' }))
  })

  test('keeps no long arguments in memory', () => {
    const args = { a: 'x'.repeat(100_000) }
    for (const method of ['GET', 'POST'])
      expect(nameOf({ method }, { args })?.length).toBeLessThan(100)
  })
})
