import type { ToolCache } from '../../executor/resolve_tool.ts'
import type { Principal } from '../../model/principal.ts'
import type { BuiltinAnswer, BuiltinCall } from '../builtin_tools.ts'
import type { ToolCatalogs } from '../tool_search/tool_catalogs.ts'
import { builtinFailure } from './builtin_result.ts'

/** What finding and reading tools needs. */
export interface SearchDeps {
  readonly catalogs: ToolCatalogs
  readonly tools: ToolCache
}

/** Finds a tool of the caller's project, whoever may see it. */
export const resolveFor = ({ tools }: SearchDeps, principal: Principal, name: string) =>
  tools.resolve(principal.projectId, principal.projectEpoch, name)

/** Says that there is no such tool, and which come closest of those the caller may see. */
export async function noSuchTool(
  { catalogs }: SearchDeps,
  { request, exchange: { principal } }: BuiltinCall,
  name: string,
): Promise<BuiltinAnswer> {
  const shown = name.slice(0, 64)
  const catalog = await catalogs.of(principal)
  const closest = catalog.search(principal, { query: shown, limit: 5, tags: [] })
  const names = closest.map((tool) => tool.name).join(', ')
  const hint = names === '' ? '' : ` Closest: ${names}.`
  const text = `No tool is called "${shown}".${hint} Find others with search_tools.`
  return builtinFailure(text, request.era)
}
