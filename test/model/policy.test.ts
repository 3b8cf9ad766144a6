import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  ceilingOf,
  defaultPolicy,
  includesScope,
  type Scope,
  scopePattern,
  underCeiling,
  underPolicy,
} from '../../src/model/policy.ts'
import { holdsScope } from '../../src/model/principal.ts'

const names = ['A_READ', 'A_WRITE', 'B_READ', 'B_WRITE', 'C', 'ALL'] as const
const subset = fc.subarray([...names]).map((picked) => new Set<string>(picked))
const someName = fc.constantFrom(...names)
const runs = { numRuns: 2_000 }

describe('case 108: what a scope includes', () => {
  test.each([
    ['A_READ', 'A_READ', true],
    ['A_WRITE', 'A_READ', true],
    ['A_READ', 'A_WRITE', false],
    ['A_WRITE', 'B_READ', false],
    ['ALL', 'A_WRITE', true],
    ['ALL', 'ALL', true],
    ['A_WRITE', 'ALL', false],
    ['CONTACTS_WRITE', 'CONTACTS_NOTES_READ', false],
    ['a_write', 'A_READ', false],
    ['_WRITE', '_READ', true],
    ['WRITE', 'READ', false],
    ['A_WRITE', 'A_READ_READ', false],
  ])('%s includes %s: %p', (held, scope, isIncluded) => {
    expect(includesScope(new Set([held]), scope)).toBe(isIncluded)
    expect(holdsScope({ scopes: new Set([held]) }, scope)).toBe(isIncluded)
  })

  test('a principal without a set of scopes, an API key, holds every one', () => {
    for (const name of names) expect(holdsScope({ scopes: null }, name)).toBe(true)
  })
})

describe('under a ceiling', () => {
  test('is left exactly what both include', () => {
    fc.assert(
      fc.property(subset, subset, someName, (scopes, ceiling, name) => {
        const left = underCeiling(scopes, ceiling)
        const both = includesScope(scopes, name) && includesScope(ceiling, name)
        expect(includesScope(left, name)).toBe(both)
      }),
      runs,
    )
  })

  test('twice is as once, and nothing is left under nothing', () => {
    fc.assert(
      fc.property(subset, subset, (scopes, ceiling) => {
        const once = underCeiling(scopes, ceiling)
        expect(underCeiling(once, ceiling)).toEqual(once)
        expect(underCeiling(scopes, new Set())).toEqual(new Set())
      }),
      runs,
    )
  })

  test.each([
    [['A_WRITE'], ['A_READ'], ['A_READ']],
    [['A_READ'], ['A_WRITE'], ['A_READ']],
    [['ALL'], ['A_READ', 'C'], ['A_READ', 'C']],
    [['A_READ', 'C'], ['ALL'], ['A_READ', 'C']],
    [['C'], ['A_READ'], []],
  ])('%j under %j is %j', (scopes, ceiling, left) => {
    expect([...underCeiling(scopes, new Set(ceiling))]).toEqual(left)
  })
})

describe('the ceiling of a project', () => {
  const scopes: readonly Scope[] = names
    .filter((name) => name !== 'ALL')
    .map((name) => ({ projectId: 1, name, description: '' }))
  const policyWith = (policyScopes: readonly string[]) => ({ ...defaultPolicy(1), policyScopes })

  test('is everything where the policy says nothing, or ALL', () => {
    const everything = new Set(names as readonly string[])
    expect(ceilingOf(policyWith([]), scopes)).toEqual(everything)
    expect(ceilingOf(policyWith(['A_READ', 'ALL']), scopes)).toEqual(everything)
  })

  test('is what the policy says where it says something', () => {
    expect(ceilingOf(policyWith(['A_READ']), scopes)).toEqual(new Set(['A_READ']))
  })

  test('agrees with what may be spent under the policy', () => {
    fc.assert(
      fc.property(subset, subset, someName, (held, policyScopes, name) => {
        const policy = policyWith([...policyScopes])
        const spent = underPolicy(held, policy.policyScopes)
        const granted = underCeiling(held, ceilingOf(policy, scopes))
        expect(includesScope(spent, name)).toBe(includesScope(granted, name))
      }),
      runs,
    )
  })
})

test.each([
  ['CONTACTS_READ', true],
  ['files:list.all', true],
  ['a-b', true],
  ['', false],
  ['A B', false],
  ['A"', false],
  ['A\n', false],
  ['Ä', false],
  ['A'.repeat(65), false],
])('a scope may be called %j: %p', (name, isFit) => {
  expect(scopePattern.test(name)).toBe(isFit)
})
