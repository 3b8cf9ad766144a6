import { AppError, type FieldError } from '../errors.ts'
import type { SchemaIssue } from '../lib/json_schema/compile_schema.ts'

/** The error for arguments that do not fit, every place named. */
export function misfit(errors: readonly SchemaIssue[]): AppError {
  const places = errors.map(
    (e) => `${e.pointer === '' ? 'the arguments' : e.pointer}: ${e.message}`,
  )
  return new AppError('invalid_arguments', { reason: places.join('; '), errors })
}

/** What is wrong with an argument that the tool does not have, and which it has instead. */
export function unknownArgument(pointer: string, known: Iterable<string>): FieldError {
  const names = [...known].slice(0, 20)
  const listed = names.length === 0 ? 'none' : names.join(', ')
  return { pointer, message: `is not an argument of this tool; it takes ${listed}` }
}
