/** Names of the tools that Gatehouse itself answers in every project; no tool of a project has one. */
export const builtinToolNames = [
  'mcp_whoami',
  'search_tools',
  'describe_tool',
  'call_tool',
  'result_read',
] as const
export type BuiltinToolName = (typeof builtinToolNames)[number]

const reserved: ReadonlySet<string> = new Set(builtinToolNames)

/** Whether a name, in any case, is one of them. */
export function isBuiltinToolName(name: string): boolean {
  return reserved.has(name.toLowerCase())
}
