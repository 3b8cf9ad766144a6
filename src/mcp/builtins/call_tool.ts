import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import type { BuiltinAnswer, BuiltinCall, BuiltinTool } from '../builtin_tools.ts'
import { builtinFailure } from './builtin_result.ts'
import { noSuchTool, resolveFor, type SearchDeps } from './search_deps.ts'

const listed = {
  name: 'call_tool',
  title: 'Call a tool',
  description:
    'Calls a tool found by search_tools, with the arguments describe_tool asks for, and gives its result. Tools marked "write" change things.',
  inputSchema: {
    type: 'object',
    properties: {
      name: { type: 'string', description: 'As search_tools gave it.' },
      arguments: { type: 'object', description: "The tool's own arguments." },
    },
    required: ['name'],
    additionalProperties: false,
  },
  annotations: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: false,
    openWorldHint: true,
  },
} satisfies JsonObject & { name: 'call_tool' }

/**
 * `call_tool`: hands the call on as if the client had made it directly, so that authorisation, limits,
 * validation, records and notices are the very same (wire.md §7).
 */
export function callOtherTool(deps: SearchDeps): BuiltinTool {
  return {
    name: 'call_tool',
    listed,
    isListed: ({ mode }) => mode === 'search',
    answer: (call) => answerCall(deps, call),
  }
}

async function answerCall(deps: SearchDeps, call: BuiltinCall): Promise<BuiltinAnswer> {
  const { name, arguments: args = {}, ...rest } = call.arguments
  const { era } = call.request
  if (typeof name !== 'string') return builtinFailure('name must name a tool.', era)
  if (name === 'call_tool') return builtinFailure('call_tool does not call itself.', era)
  const [stray] = Object.keys(rest)
  if (!isJsonObject(args) || stray !== undefined) return builtinFailure(misplaced, era)
  const isKnown =
    call.builtins.find(name) !== null ||
    (await resolveFor(deps, call.exchange.principal, name)) !== null
  return isKnown ? { call: { name, arguments: args } } : noSuchTool(deps, call, name)
}

const misplaced =
  'The arguments of the tool go in "arguments", as an object, and nothing beside it.'
