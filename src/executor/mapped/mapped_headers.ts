import { AppError } from '../../errors.ts'
import type { JsonValue } from '../../lib/json.ts'
import type { MappedParameter } from '../../model/request_map.ts'
import type { Header } from '../headers_template.ts'
import { percentEncode } from '../percent_encode.ts'
import { expand, type Leaf } from './expand_value.ts'
import { refuseMissingMember } from './mapped_query.ts'
import { mediaText } from './media_text.ts'
import type { ParameterValues } from './parameter_values.ts'
import { inCookie, inHeader, strictly } from './place_encoders.ts'

const maxHeaderBytes = 16 * 1024

/**
 * Renders the headers and cookies that the document declares.
 * @throws AppError invalid_header_value, member_required, or request_too_large - above 16 KiB
 */
export function renderMappedHeaders(
  parameters: readonly MappedParameter[],
  values: ParameterValues,
): { readonly headers: readonly Header[]; readonly cookie: string | null } {
  const headers: Header[] = []
  const cookies: string[] = []
  for (const parameter of parameters) {
    const value = values.of(parameter) ?? null
    if (value === null) refuseMissingMember(parameter)
    else if (parameter.in === 'cookie') pushText(cookies, cookieText(parameter, value, values))
    else {
      const text = headerText(parameter, value, values.pointerOf(parameter))
      if (text !== null) headers.push([parameter.name, text])
    }
  }
  const cookie = cookies.length === 0 ? null : cookies.join('; ')
  const bytes = headers.reduce((sum, [, text]) => sum + text.length, cookie?.length ?? 0)
  if (bytes > maxHeaderBytes) {
    throw new AppError('request_too_large', { reason: 'The headers exceed 16 KiB.' })
  }
  return { headers, cookie }
}

function pushText(texts: string[], text: string | null): void {
  if (text !== null) texts.push(text)
}

function headerText(
  { name, style, explode, contentType }: MappedParameter,
  value: JsonValue,
  pointer: string,
): string | null {
  if (contentType === null) {
    const isCommaList = style === 'simple'
    // What commas do not part may hold them.
    const encode = (leaf: Leaf) => inHeader(isCommaList ? leaf : { ...leaf, isPart: false })
    return expand({ name, style, explode, bare: 'raw', encode, pointer }, value)
  }
  return inHeader({ text: inAscii(mediaText(contentType, value)), isPart: false, pointer })
}

/** JSON can say everything in ASCII; other text that is not ASCII is refused later. */
function inAscii(text: string): string {
  if (!/^["[{]/.test(text)) return text
  return text.replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function cookieText(
  parameter: MappedParameter,
  value: JsonValue,
  values: ParameterValues,
): string | null {
  const { name, style, explode, contentType } = parameter
  const pointer = values.pointerOf(parameter)
  if (contentType !== null) return `${name}=${percentEncode(mediaText(contentType, value))}`
  const reserved = values.reservedFor(parameter)
  if (style === 'cookie')
    return expand({ name, style, explode, encode: inCookie, pointer, reserved }, value)
  const how = { name: percentEncode(name), style, explode, encode: strictly, pointer, reserved }
  return expand(how, value)
}
