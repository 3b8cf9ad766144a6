import type { JsonObject } from '../lib/json.ts'
import type { Permit } from './authorize.ts'
import type { ValidArguments } from './request_plan.ts'

/**
 * Checks arguments against the tool's rules, unknown names and reserved variables.
 * @throws AppError reserved_variable or invalid_arguments, every failing path named
 */
export function validateArguments(permit: Permit, args: JsonObject): ValidArguments {
  return permit.compiled.plan.accept(args)
}
