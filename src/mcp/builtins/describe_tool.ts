import type { JsonObject } from '../../lib/json.ts'
import { listedToolJson } from '../../model/listed_tool.ts'
import type { BuiltinTool } from '../builtin_tools.ts'
import { isVisible } from '../visible_tool.ts'
import { builtinFailure, builtinResult } from './builtin_result.ts'
import { noSuchTool, resolveFor, type SearchDeps } from './search_deps.ts'

const listed = {
  name: 'describe_tool',
  title: 'Describe a tool',
  description:
    'Gives the full description and the argument schema of a tool found by search_tools.',
  inputSchema: {
    type: 'object',
    properties: { name: { type: 'string', description: 'As search_tools gave it.' } },
    required: ['name'],
    additionalProperties: false,
  },
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
} satisfies JsonObject & { name: 'describe_tool' }

/** `describe_tool`: a tool as `tools/list` would show it (wire.md §7). */
export function describeTool(deps: SearchDeps): BuiltinTool {
  return {
    name: 'describe_tool',
    listed,
    isListed: ({ mode }) => mode === 'search',
    answer: async (call) => {
      const { request, exchange } = call
      const { name } = call.arguments
      if (typeof name !== 'string') return builtinFailure('name must name a tool.', request.era)
      const compiled = await resolveFor(deps, exchange.principal, name)
      const tool = compiled?.tool
      if (tool?.isEnabled !== true || !isVisible(exchange.principal, tool.definition)) {
        return noSuchTool(deps, call, name)
      }
      return builtinResult(listedToolJson(tool.definition), request.era)
    },
  }
}
