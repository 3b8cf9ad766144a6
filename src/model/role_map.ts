import { slugPattern } from './project.ts'
import { InvalidSetting } from './setting.ts'
import { type Role, roles } from './user.ts'

/** What one group makes of its people. */
export interface RoleMapEntry {
  readonly group: string
  readonly role: Role
  /** Null: in all projects. */
  readonly projectSlug: string | null
}

/** A role, and where it holds. */
export type MappedRole = Omit<RoleMapEntry, 'group'>

/**
 * Reads `group=role` or `group=role@project`. A group's own name may hold `=` and `@`.
 * @throws InvalidSetting
 */
export function parseRoleMapEntry(text: string): RoleMapEntry {
  const equals = text.lastIndexOf('=')
  const group = text.slice(0, Math.max(equals, 0)).trim()
  const [name = '', ...rest] = text
    .slice(equals + 1)
    .trim()
    .split('@')
  const role = roles.find((known) => known === name)
  const [projectSlug = null] = rest
  const isWhole = rest.length <= 1 && (projectSlug === null || slugPattern.test(projectSlug))
  if (role === 'owner' && projectSlug !== null) {
    throw new InvalidSetting(`"${text}" names a project; owners own all. Write ${group}=owner.`)
  }
  if (group !== '' && role !== undefined && isWhole) return { group, role, projectSlug }
  throw new InvalidSetting(
    `"${text}" is not group=role or group=role@project. Roles are ${roles.join(', ')}; a project is named by its slug.`,
  )
}

/** Checks an entry and keeps its text. @throws InvalidSetting */
export function parseRoleMapText(text: string): string {
  parseRoleMapEntry(text)
  return text
}

/** What a person's groups give, in each place the strongest role; names of groups match exactly. */
export function rolesOf(
  map: readonly RoleMapEntry[],
  groups: readonly string[],
): readonly MappedRole[] {
  const strongest = new Map<string | null, MappedRole>()
  for (const { group, role, projectSlug } of map) {
    if (!groups.includes(group)) continue
    const held = strongest.get(projectSlug)?.role
    if (held !== undefined && roles.indexOf(held) <= roles.indexOf(role)) continue
    strongest.set(projectSlug, { role, projectSlug })
  }
  return [...strongest.values()]
}
