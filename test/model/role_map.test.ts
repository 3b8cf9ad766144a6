import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseRoleMapEntry, parseRoleMapText, rolesOf } from '../../src/model/role_map.ts'
import { InvalidSetting } from '../../src/model/setting.ts'
import { roles } from '../../src/model/user.ts'

describe('a role map', () => {
  const good = [
    ['admins=admin', 'admins', 'admin', null],
    [' admins = admin ', 'admins', 'admin', null],
    ['owners=owner', 'owners', 'owner', null],
    ['/crm/devs=developer@crm', '/crm/devs', 'developer', 'crm'],
    ['cn=a=viewer', 'cn=a', 'viewer', null],
    ['team@example.com=member@my-app-2', 'team@example.com', 'member', 'my-app-2'],
  ] as const
  test.each(good)('reads %s', (text, group, role, projectSlug) => {
    expect(parseRoleMapEntry(text)).toEqual({ group, role, projectSlug })
    expect(parseRoleMapText(text)).toBe(text)
  })

  const bad = ['', 'admins', '=admin', 'admins=', 'a=root', 'a=Admin', 'a=admin@', 'a=admin@Crm']
  test.each([...bad, 'a=admin@b@c', 'a=viewer@-x'])('refuses "%s"', (text) => {
    expect(() => parseRoleMapEntry(text)).toThrow(InvalidSetting)
  })

  test('says what to write, and that owners own all', () => {
    expect(() => parseRoleMapEntry('a=root')).toThrow('Roles are owner, admin, developer')
    expect(() => parseRoleMapEntry('a=owner@crm')).toThrow('Write a=owner.')
  })

  test('gives nothing to groups it does not name, exactly as written', () => {
    const map = ['devs=developer'].map(parseRoleMapEntry)
    expect(rolesOf(map, ['Devs', 'devs ', 'dev', ''])).toEqual([])
    expect(rolesOf([], ['devs'])).toEqual([])
  })

  test('gives the strongest role in each place, whatever the order', () => {
    const entry = fc.record({
      group: fc.constantFrom('a', 'b', 'c'),
      role: fc.constantFrom(...roles),
      projectSlug: fc.constantFrom(null, 'x', 'y'),
    })
    const groups = fc.subarray(['a', 'b', 'c'])
    const matches = fc.property(fc.array(entry, { maxLength: 12 }), groups, (map, held) => {
      const given = rolesOf(map, held)
      for (const place of [null, 'x', 'y']) {
        const named = map.filter((e) => e.projectSlug === place && held.includes(e.group))
        const best = roles.find((role) => named.some((e) => e.role === role))
        expect(given.filter((e) => e.projectSlug === place).map((e) => e.role)).toEqual(
          best === undefined ? [] : [best],
        )
      }
    })
    fc.assert(matches, { numRuns: 200 })
  })
})
