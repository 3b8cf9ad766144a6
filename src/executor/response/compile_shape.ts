import { AppError } from '../../errors.ts'
import type { JsonValue } from '../../lib/json.ts'
import type { ResponseShape } from '../../model/tool.ts'
import { compileFields } from './field_list.ts'
import { PathSyntaxError, parseDottedPath } from './json_path.ts'
import { compileProjection, ProjectionSyntaxError } from './projection.ts'

/** A `response` setting, ready for answers. */
export interface CompiledShape {
  /** Makes of a JSON answer what the model gets; null for the whole. @throws ProjectionFault */
  readonly project: ((answer: JsonValue) => JsonValue) | null
}

/**
 * Compiles what a tool says of its answers.
 * @throws AppError validation_failed at `/response/projection` or `/response/fields/…`
 */
export function compileShape({ projection, fields }: ResponseShape): CompiledShape {
  if (projection !== null) return { project: compiledProjection(projection) }
  if (fields === null) return { project: null }
  for (const [index, path] of fields.entries()) checkPath(path, index)
  return { project: compileFields(fields) }
}

function compiledProjection(expression: string) {
  try {
    return compileProjection(expression)
  } catch (error) {
    if (!(error instanceof ProjectionSyntaxError)) throw error
    const message = `at character ${error.position}: ${error.message}`
    throw new AppError('validation_failed', {
      errors: [{ pointer: '/response/projection', message }],
    })
  }
}

function checkPath(path: string, index: number): void {
  try {
    parseDottedPath(path)
  } catch (error) {
    if (!(error instanceof PathSyntaxError)) throw error
    const pointer = `/response/fields/${index}`
    throw new AppError('validation_failed', { errors: [{ pointer, message: error.message }] })
  }
}
