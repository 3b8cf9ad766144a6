import { AppError } from '../errors.ts'
import type { JsonObject, JsonValue } from '../lib/json.ts'
import type { HttpMethod } from '../model/tool.ts'
import { renderBody } from './body_template.ts'
import { type CallerVariables, isReservedName, type RenderInput } from './bound_variable.ts'
import { renderPath } from './endpoint_path.ts'
import { type Header, renderHeaders } from './headers_template.ts'
import { maxTargetBytes, targetTooLarge } from './percent_encode.ts'
import { renderQuery } from './query_template.ts'
import type { RequestTemplate } from './request_template.ts'

export type { CallerVariables } from './bound_variable.ts'

/** A request with every variable filled in, before it is stamped and signed. */
export interface RenderedRequest {
  readonly method: HttpMethod
  /** The origin, verbatim. */
  readonly baseUrl: string
  /** Raw path and query, exactly as it will be sent. */
  readonly target: string
  readonly headers: readonly Header[]
  /** Exactly as it will be sent; null when there is none. */
  readonly body: Uint8Array | null
  /** Pairs for the `Cookie` header, without those of the credential; absent for none. */
  readonly cookie?: string
}

/**
 * Fills a tool's request template with validated arguments and the caller's own values (wire.md §5;
 * reliability.md cases 136–151). The live call, the dry run and the approval screen all use it.
 * @throws AppError reserved_variable, invalid_argument, invalid_header_value, member_required,
 * template_escape, request_too_large or bad_unicode; nothing has been sent then
 */
export function renderRequest(
  template: RequestTemplate,
  args: JsonObject,
  caller: CallerVariables,
): RenderedRequest {
  refuseReservedVariables(args)
  const input: RenderInput = { args, caller }
  const path = renderPath(template.path, input)
  const query = renderQuery(template.query, input)
  const target = query === '' ? path : `${path}?${query}`
  if (target.length > maxTargetBytes) throw targetTooLarge()
  const headers = renderHeaders(template.headers, input)
  const body = renderBody(template.body, input)
  return { method: template.method, baseUrl: template.baseUrl, target, headers, body }
}

/**
 * Refuses arguments that name a reserved variable, at any depth and in any case (reliability.md
 * case 148).
 * @throws AppError reserved_variable
 */
export function refuseReservedVariables(args: JsonObject): void {
  for (const name of Object.keys(args)) {
    if (isReservedName(name)) throw new AppError('reserved_variable')
    refuseWithin(args[name] as JsonValue)
  }
}

function refuseWithin(value: JsonValue): void {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) for (const item of value) refuseWithin(item)
  else refuseReservedVariables(value as JsonObject)
}
