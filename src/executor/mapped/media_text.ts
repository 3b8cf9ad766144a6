import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import type { PartEncoding } from '../../model/request_map.ts'
import { pointerStep } from '../bound_variable.ts'
import { formEncode } from '../percent_encode.ts'
import { isJsonType } from '../response/media_type.ts'
import { expand, leafText } from './expand_value.ts'
import { strictlyAnyLength } from './place_encoders.ts'

/**
 * A value as the text of a media type: JSON, form, or plain text. What has no form of its own in the
 * type, as an object in plain text, is JSON text.
 */
export function mediaText(contentType: string, value: JsonValue): string {
  const essence = essenceOf(contentType)
  if (isJsonType(essence)) return JSON.stringify(value)
  if (essence === 'application/x-www-form-urlencoded' && isJsonObject(value)) {
    return formText(value, {}, '')
  }
  return leafText(value)
}

/** A media type without its parameters, in lower case. */
export function essenceOf(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()
}

/** How the properties of a form are written; one without an entry follows its value. */
export type Encodings = Readonly<Record<string, PartEncoding>>

/**
 * Writes an object as `application/x-www-form-urlencoded` (OpenAPI 3.2 §4.14.5). Where the document
 * gives a property a style, that; else scalars are text, objects JSON text and arrays a pair for each
 * item. Null members are left out.
 */
export function formText(value: JsonObject, encodings: Encodings, pointer: string): string {
  const pairs = Object.entries(value).map(([name, member]) =>
    pairsOf(name, member, { encodings, pointer }),
  )
  return pairs.filter((pair) => pair !== null && pair !== '').join('&')
}

interface FormPlace {
  readonly encodings: Encodings
  readonly pointer: string
}

function pairsOf(name: string, value: JsonValue, place: FormPlace): string | null {
  const encoding = Object.hasOwn(place.encodings, name) ? place.encodings[name] : undefined
  if (encoding === undefined || encoding.contentType !== null) {
    return contentPairs(name, value, encoding?.contentType ?? null)
  }
  const { style, explode, allowReserved } = encoding
  const encode = strictlyAnyLength(allowReserved)
  const encodedName = encode({ text: name, isPart: true, pointer: '' })
  const pointer = place.pointer + pointerStep(name)
  return expand({ name: encodedName, style, explode, encode, pointer }, value)
}

function contentPairs(name: string, value: JsonValue, contentType: string | null): string | null {
  const values = Array.isArray(value) ? value : [value]
  const texts = values
    .filter((item) => item !== null)
    .map((item) => {
      const text = contentType === null ? leafText(item) : mediaText(contentType, item)
      return `${formEncode(name)}=${formEncode(text)}`
    })
  return texts.length === 0 ? null : texts.join('&')
}
