import { holdsScope, type Principal } from '../model/principal.ts'
import type { ToolDefinition } from '../model/tool.ts'

/** Whether a caller holds every scope of an enabled tool, and so may know of it (wire.md §7). */
export function isVisible(
  principal: Pick<Principal, 'scopes'>,
  { requiredScopes }: Pick<ToolDefinition, 'requiredScopes'>,
): boolean {
  return requiredScopes.every((scope) => holdsScope(principal, scope))
}
