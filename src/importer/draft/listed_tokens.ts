import type { JsonObject } from '../../lib/json.ts'
import { estimateTokens } from '../../lib/token_estimate.ts'
import type { HttpMethod, ToolAnnotations } from '../../model/tool.ts'

/** What of a tool stands in `tools/list`. */
export interface ListedTool {
  readonly name: string
  readonly description: string
  readonly method: HttpMethod
  readonly inputSchema: JsonObject
  readonly outputSchema: JsonObject | null
  readonly annotations: ToolAnnotations
}

/** Estimated tokens of a tool's entry in `tools/list`. */
export function listedTokens(tool: ListedTool): number {
  const { name, description, inputSchema, outputSchema, annotations } = tool
  const { title } = annotations
  return estimateTokens(
    JSON.stringify({
      name,
      ...(title === undefined ? {} : { title }),
      description,
      inputSchema,
      ...(outputSchema === null ? {} : { outputSchema }),
      annotations: {
        readOnlyHint: true,
        destructiveHint: true,
        idempotentHint: true,
        openWorldHint: true,
        ...annotations,
      },
    }),
  )
}
