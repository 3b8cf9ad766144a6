import type { ToolServing } from './tool_mode.ts'

/** The isolation unit: tools, integrations, members, policy and runs (wire.md §1). */
export interface Project extends ToolServing {
  readonly id: number
  /** Part of the MCP URL: `/mcp/{slug}`. */
  readonly slug: string
  readonly name: string
  /** Shown to models as the server's instructions. */
  readonly description: string
  readonly isSuspended: boolean
  /** Tool calls per minute of each member that has no limit of its own; null for no limit. */
  readonly memberCallsPerMinute: number | null
  /** Whether an assertion without `jti` is refused (wire.md §3). */
  readonly requireAssertionJti: boolean
  readonly createdAtMs: number
  readonly updatedAtMs: number
}

/** What a slug may look like: lower-case letters, digits and inner hyphens, 63 at most (as a DNS label). */
export const slugPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** A slug made from a name: ASCII, lower case, hyphens; `project` when nothing is left. */
export function slugOf(name: string): string {
  const ascii = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
  const trimmed = ascii.slice(0, 48).replace(/^-+|-+$/g, '')
  return trimmed === '' ? 'project' : trimmed
}
