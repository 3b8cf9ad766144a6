import { AppError } from '../errors.ts'
import { holdsScope, type Principal } from '../model/principal.ts'
import type { CompiledTool } from './compile_tool.ts'

declare const permitted: unique symbol

/** Proof that this principal may call this tool; only `authorize` makes one. */
export interface Permit {
  readonly [permitted]: true
  readonly principal: Principal
  readonly compiled: CompiledTool
}

/**
 * Whether the principal may call the tool (wire.md §7).
 * @throws AppError permission_denied, tool_not_enabled, member_required or insufficient_scope
 */
export function authorize(principal: Principal, compiled: CompiledTool): Permit {
  const { definition, isEnabled } = compiled.tool
  if (!principal.permissions.has('tools.call')) {
    throw new AppError('permission_denied', {
      reason: 'This API key does not carry the tools.call permission.',
    })
  }
  if (!isEnabled) throw new AppError('tool_not_enabled')
  if (definition.requireMember && principal.member === null) throw new AppError('member_required')
  const missing = definition.requiredScopes.filter((scope) => !holdsScope(principal, scope))
  if (missing.length > 0) {
    const scopes = definition.requiredScopes.join(', ')
    throw new AppError('insufficient_scope', { detail: `Tool requires scopes: ${scopes}` })
  }
  return { principal, compiled } as Permit
}
