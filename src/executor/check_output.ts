import { AppError } from '../errors.ts'
import { parseJson } from '../lib/json.ts'
import type { CompiledSchema } from '../lib/json_schema/compile_schema.ts'
import type { CompiledTool } from './compile_tool.ts'
import type { ToolOutput } from './read_response.ts'

/**
 * Holds an answer against the tool's output_schema, where it has one: clients refuse a result that
 * breaks the schema the tool was listed with, so the model would never see it (case 192).
 * @throws AppError output_schema - the request was carried out all the same, and the reason says so
 */
export function checkOutput(compiled: CompiledTool, output: ToolOutput): ToolOutput {
  const schema = compiled.outputSchema
  if (schema === null) return output
  const faults = faultsOf(schema, output.structuredText)
  if (faults.length === 0) return output
  throw new AppError('output_schema', {
    reason: `The request was carried out; do not repeat it. ${faults.slice(0, 5).join('; ')}`,
  })
}

function faultsOf(schema: CompiledSchema, text: string | null): string[] {
  if (text === null) return ['the answer is not JSON']
  try {
    const value = parseJson(text)
    return schema.validate(value).map(({ pointer, message }) => `${pointer || '/'}: ${message}`)
  } catch (error) {
    if (error instanceof AppError) return [error.message]
    throw error
  }
}
