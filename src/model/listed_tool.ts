import { estimateTokens } from '../lib/token_estimate.ts'
import { annotationsOf, type ToolDefinition } from './tool.ts'

/**
 * A tool as `tools/list` shows it, in JSON; the schemas pass through unchanged (wire.md §5, §7). The
 * output schema is that of the upstream's answer: of a tool whose answers are shaped none is listed,
 * for clients refuse what does not fit it.
 */
export function listedToolJson(definition: ToolDefinition): string {
  const annotations = annotationsOf(definition)
  const { outputSchema, response } = definition
  return JSON.stringify({
    name: definition.name,
    ...(annotations.title === undefined ? {} : { title: annotations.title }),
    description: definition.description,
    inputSchema: definition.inputSchema,
    ...(outputSchema === null || response !== null ? {} : { outputSchema }),
    annotations,
  })
}

/** Estimated tokens that its entry in `tools/list` costs a model. */
export function listTokensOf(definition: ToolDefinition): number {
  return estimateTokens(listedToolJson(definition))
}
