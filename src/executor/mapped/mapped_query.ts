import { AppError } from '../../errors.ts'
import { isJsonObject, type JsonValue } from '../../lib/json.ts'
import type { MappedParameter } from '../../model/request_map.ts'
import { percentEncode } from '../percent_encode.ts'
import { expand, refuseReserved } from './expand_value.ts'
import { essenceOf, formText, mediaText } from './media_text.ts'
import type { ParameterValues } from './parameter_values.ts'
import { reservedInQuery, strictly } from './place_encoders.ts'

/**
 * Renders the raw query without its `?`: first what the document's path fixes, then the parameters in
 * the document's order. An absent, null or empty one is not there.
 * @throws AppError invalid_argument or member_required
 */
export function renderMappedQuery(
  fixed: string,
  parameters: readonly MappedParameter[],
  values: ParameterValues,
): string {
  const pairs = fixed === '' ? [] : [fixed]
  for (const parameter of parameters) {
    const value = values.of(parameter) ?? null
    if (value === null) {
      refuseMissingMember(parameter)
      continue
    }
    const text = queryText(parameter, value, values)
    if (text !== null && text !== '') pairs.push(text)
  }
  return pairs.join('&')
}

/** Without a member a call may go on, unless the operation cannot do without. */
export function refuseMissingMember({ source, required }: MappedParameter): void {
  if ('caller' in source && required) throw new AppError('member_required')
}

function queryText(
  parameter: MappedParameter,
  value: JsonValue,
  values: ParameterValues,
): string | null {
  const { name, style, explode, allowReserved, contentType } = parameter
  const pointer = values.pointerOf(parameter)
  const reserved = values.reservedFor(parameter)
  if (parameter.in === 'querystring') {
    if (isJsonObject(value)) refuseReserved(value, pointer, reserved)
    return wholeQuery(contentType ?? '', value)
  }
  const encode = allowReserved ? reservedInQuery : strictly
  const encodedName = percentEncode(name)
  if (contentType === null) {
    return expand({ name: encodedName, style, explode, encode, pointer, reserved }, value)
  }
  const text = mediaText(contentType, value)
  return `${encodedName}=${encode({ text, isPart: false, pointer })}`
}

/** OpenAPI 3.2 §4.12.1: the query is the value, a form as it is, any other media type encoded. */
function wholeQuery(contentType: string, value: JsonValue): string {
  const isForm = essenceOf(contentType) === 'application/x-www-form-urlencoded'
  if (isForm && isJsonObject(value)) return formText(value, {}, '/query')
  return percentEncode(mediaText(contentType, value))
}
