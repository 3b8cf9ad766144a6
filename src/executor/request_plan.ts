import type { JsonObject } from '../lib/json.ts'
import type { CallerVariables, RenderedRequest } from './render_request.ts'

declare const validated: unique symbol

/** Arguments that a plan took; only `RequestPlan.accept` makes them. */
export interface ValidArguments {
  readonly [validated]: true
}

/** How a tool's arguments become its request: by its templates, or by an OpenAPI document. */
export interface RequestPlan {
  /**
   * Takes the arguments of one call.
   * @throws AppError reserved_variable or invalid_arguments, every failing path named
   */
  accept(args: JsonObject): ValidArguments
  /**
   * Writes the request of arguments that it took.
   * @throws AppError invalid_argument, invalid_header_value, member_required, template_escape,
   * request_too_large or bad_unicode; nothing has been sent then
   */
  render(args: ValidArguments, caller: CallerVariables): RenderedRequest
}
