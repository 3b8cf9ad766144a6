import type { JsonObject } from '../lib/json.ts'
import type { BuiltinToolName } from '../model/builtin_tool_names.ts'
import type { McpExchange } from './mcp_exchange.ts'
import type { McpRequest } from './protocol.ts'
import type { Serving } from './served_modes.ts'

/** A tool that Gatehouse itself answers, beside those of the project. */
export interface BuiltinTool {
  readonly name: BuiltinToolName
  /** Its entry in `tools/list`, the same for every caller and era. */
  readonly listed: JsonObject & { readonly name: BuiltinToolName }
  /** Whether a caller is listed it who is served so. */
  isListed(serving: Serving): boolean
  /** Answers a call; no rate limit was counted and nothing is recorded. */
  answer(call: BuiltinCall): Promise<BuiltinAnswer>
}

/** A call of a built-in tool by an authenticated caller. */
export interface BuiltinCall {
  /** As the model gave them: an object, not checked any further. */
  readonly arguments: JsonObject
  readonly request: McpRequest
  readonly exchange: McpExchange
  readonly builtins: BuiltinTools
}

/** What a built-in tool answers. */
export type BuiltinAnswer =
  /** A `CallToolResult` in JSON text, the era's tail included (`builtinResult`, `builtinFailure`). */
  | { readonly resultJson: string }
  /** The call of another tool, to be answered as if the client had made it directly. */
  | { readonly call: { readonly name: string; readonly arguments: JsonObject } }

/** The built-in tools by name, in the order they are listed. */
export class BuiltinTools {
  private readonly byName: ReadonlyMap<string, BuiltinTool>

  constructor(tools: readonly BuiltinTool[]) {
    this.byName = new Map(tools.map((tool) => [tool.name, tool]))
  }

  /** Finds one by its exact name; null when none has it. */
  find(name: string): BuiltinTool | null {
    return this.byName.get(name) ?? null
  }

  /** The entries of those a caller is listed, as JSON text each. */
  listedJson(serving: Serving): string[] {
    const listed = [...this.byName.values()].filter((tool) => tool.isListed(serving))
    return listed.map((tool) => JSON.stringify(tool.listed))
  }
}
