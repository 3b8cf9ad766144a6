/** What a person may do, strongest first. `member` may connect AI clients and nothing else. */
export const roles = ['owner', 'admin', 'developer', 'viewer', 'member'] as const
export type Role = (typeof roles)[number]

/** A person with an account of this installation. */
export interface User {
  readonly id: number
  /** As it was written; unique without regard to case. */
  readonly email: string
  readonly name: string
  /** False for a person who signs in elsewhere only. */
  readonly hasPassword: boolean
  readonly isDisabled: boolean
  readonly createdAtMs: number
  readonly lastLoginAtMs: number | null
}

/** What a person is in one project, or with `projectId` null in all of them. */
export interface Membership {
  readonly userId: number
  readonly projectId: number | null
  readonly role: Role
}

/** Whether a role includes another. */
export function includesRole(held: Role, wanted: Role): boolean {
  return roles.indexOf(held) <= roles.indexOf(wanted)
}

/** The strongest role that the memberships give in a project; null for none. */
export function roleIn(memberships: readonly Membership[], projectId: number): Role | null {
  const held = memberships.filter((m) => m.projectId === null || m.projectId === projectId)
  return roles.find((role) => held.some((membership) => membership.role === role)) ?? null
}
