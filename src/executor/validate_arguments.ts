import { AppError, type FieldError } from '../errors.ts'
import type { JsonObject } from '../lib/json.ts'
import type { SchemaIssue } from '../lib/json_schema/compile_schema.ts'
import type { Permit } from './authorize.ts'
import type { CompiledTool } from './compile_tool.ts'
import { refuseReservedVariables } from './render_request.ts'

declare const validated: unique symbol

/** Arguments that fit the tool's input_schema; only `validateArguments` makes them. */
export type ValidArguments = JsonObject & { readonly [validated]: true }

/**
 * Checks arguments against the tool's schema, unknown names and reserved variables.
 * @throws AppError reserved_variable or invalid_arguments, every failing path named
 */
export function validateArguments(permit: Permit, args: JsonObject): ValidArguments {
  refuseReservedVariables(args)
  const { compiled } = permit
  const errors = [...unknownArguments(compiled, args), ...compiled.schema.validate(args)]
  if (errors.length > 0) throw refusal(errors)
  return args as ValidArguments
}

function unknownArguments(compiled: CompiledTool, args: JsonObject): FieldError[] {
  const known = compiled.knownArguments
  if (known === null) return []
  return Object.keys(args)
    .filter((name) => !known.has(name))
    .map((name) => ({
      pointer: `/${name.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1')}`,
      message: `is not an argument of this tool; it takes ${listed(known)}`,
    }))
}

const listed = (names: ReadonlySet<string>) =>
  names.size === 0 ? 'none' : [...names].slice(0, 20).join(', ')

function refusal(errors: readonly SchemaIssue[]): AppError {
  const places = errors.map(
    (e) => `${e.pointer === '' ? 'the arguments' : e.pointer}: ${e.message}`,
  )
  return new AppError('invalid_arguments', { reason: places.join('; '), errors })
}
