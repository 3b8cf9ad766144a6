import type { ToolAnnotations } from '../../model/tool.ts'
import type { DraftContext } from './draft_context.ts'
import { plainLine } from './plain_text.ts'
import { vendorHints } from './vendor_hints.ts'

const MAX_TITLE = 100

/**
 * MCP's hints about the operation: a title from its summary, and what extensions of the document say
 * otherwise than its method does. Hints that follow from the method are `annotationsOf`'s.
 */
export function draftAnnotations({ operation }: DraftContext): ToolAnnotations {
  const title = plainLine(operation.summary, MAX_TITLE).replace(/\.$/, '')
  const { annotations } = vendorHints(operation.extensions)
  return { ...(title === '' ? {} : { title }), ...annotations }
}
