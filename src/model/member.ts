import type { Member } from './principal.ts'
import { isVisibleLine } from './visible_text.ts'

/** A member as a project has come to know it, and what it has done. */
export interface MemberRecord extends Pick<Member, 'externalId' | 'email' | 'roles'> {
  readonly id: number
  readonly projectId: number
  readonly isBlocked: boolean
  /** Tool calls per minute; null: as the project says. */
  readonly callsPerMinute: number | null
  /** The first and the latest session token. */
  readonly firstSeenAtMs: number
  readonly lastSeenAtMs: number
  readonly firstCallAtMs: number | null
  readonly lastCallAtMs: number | null
  readonly calls: number
  readonly errors: number
}

/** What a member did with one tool. */
export interface MemberToolUsage {
  readonly toolId: number
  readonly toolName: string
  readonly calls: number
  readonly errors: number
  readonly lastCallAtMs: number
}

const MAX_EXTERNAL_ID_BYTES = 255
const MAX_ROLES = 64
const MAX_ROLES_CHARS = 1024
const MAX_EMAIL_CHARS = 320

const isPlain = (text: string) => text !== '' && text.trim() === text && isVisibleLine(text)

/** What is wrong with an external id; null when it can be one (reliability.md case 80). */
export function externalIdFault(id: string): string | null {
  if (Buffer.byteLength(id) > MAX_EXTERNAL_ID_BYTES) return 'is longer than 255 bytes'
  return isPlain(id) ? null : 'holds control or invisible characters, or spaces around it'
}

/** What is wrong with an email; null when nothing is. */
export function emailFault(email: string): string | null {
  if (email.length > MAX_EMAIL_CHARS) return 'is longer than 320 characters'
  return isPlain(email) ? null : 'is empty, or holds control or invisible characters'
}

/** What is wrong with roles, which travel joined by commas; null when nothing is. */
export function rolesFault(roles: readonly string[]): string | null {
  if (roles.length > MAX_ROLES || roles.join(',').length > MAX_ROLES_CHARS) {
    return 'are more than 64 or longer than 1,024 characters together'
  }
  const isFit = (role: string) => isPlain(role) && !role.includes(',')
  return roles.every(isFit) ? null : 'hold one that is empty or has commas or invisible characters'
}
