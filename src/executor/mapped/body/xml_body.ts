import { AppError } from '../../../errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/json.ts'
import { pointerStep, unusable } from '../../bound_variable.ts'
import { leafText } from '../expand_value.ts'
import { type XmlShape, XmlShapes } from './xml_shape.ts'

/** A value on its way into XML. */
interface XmlValue {
  readonly value: JsonValue
  readonly shape: XmlShape
  /** What the element is called where its schema does not say. */
  readonly name: string
  readonly pointer: string
}

const NAME = /^[\p{L}_][\p{L}\p{N}\p{M}._-]*$/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: what XML 1.0 §2.2 has no way to say
const UNSAYABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
const XSI = 'http://www.w3.org/2001/XMLSchema-instance'

/**
 * Writes a value as an XML document, as the `xml` objects of its schema say (OpenAPI 3.2 §4.26). A
 * text where the schema wants none but a text is a document already.
 * @param root the schema whose `$defs` a `$ref` names
 * @throws AppError invalid_argument - a name or a character that XML does not have
 */
export function writeXml(
  value: JsonValue,
  schema: JsonValue | undefined,
  root: JsonObject,
): string {
  if (typeof value === 'string') return value
  const shape = new XmlShapes(root).of(schema)
  const name = shape.refName ?? 'root'
  return DECLARATION + node({ value, shape, name, pointer: '/body' })
}

/** An element, or the elements of an array that has none of its own. */
function node(place: XmlValue): string {
  const { value, shape } = place
  const name = shape.name ?? place.name
  if (Array.isArray(value)) return arrayNodes(value, place)
  return element({ ...place, name })
}

function arrayNodes(items: readonly JsonValue[], place: XmlValue): string {
  const { shape, pointer } = place
  const itemShape = shape.items()
  // The name beside `type: array` is the wrapper's; without one it says nothing (OpenAPI 3.0 §4.7.27).
  const own = shape.isWrapped ? (shape.name ?? place.name) : place.name
  const nodes = items.map((value, index) =>
    node({ value, shape: itemShape, name: own, pointer: pointer + pointerStep(index) }),
  )
  return shape.isWrapped
    ? tag(place, own, { attributes: '', content: nodes.join('') })
    : nodes.join('')
}

function element(place: XmlValue): string {
  const { value, name } = place
  if (value === null) {
    return tag(place, name, { attributes: ` xmlns:xsi="${XSI}" xsi:nil="true"`, content: '' })
  }
  if (!isJsonObject(value)) {
    return tag(place, name, {
      attributes: '',
      content: escapedText(leafText(value), place.pointer),
    })
  }
  return tag(place, name, members(value, place))
}

interface Inside {
  readonly attributes: string
  readonly content: string
}

function members(value: JsonObject, { shape, pointer }: XmlValue): Inside {
  let attributes = ''
  let content = ''
  for (const [name, member] of Object.entries(value)) {
    const child = {
      value: member,
      shape: shape.property(name),
      name,
      pointer: pointer + pointerStep(name),
    }
    if (child.shape.nodeType === 'attribute') {
      if (member !== null) attributes += attribute(child)
    } else if (child.shape.nodeType === 'text')
      content += escapedText(leafText(member), child.pointer)
    else if (child.shape.nodeType === 'cdata') content += cdata(leafText(member), child.pointer)
    else content += node(child)
  }
  return { attributes, content }
}

function attribute(place: XmlValue): string {
  const { shape, value, pointer } = place
  const name = shape.name ?? place.name
  const text = escapedText(leafText(value), pointer).replaceAll('"', '&quot;')
  const written = text.replace(/[\t\n\r]/g, (char) => `&#${char.charCodeAt(0)};`)
  return `${namespaceOf(shape, true)} ${qualified(shape, name, pointer)}="${written}"`
}

function tag({ shape, pointer }: XmlValue, name: string, { attributes, content }: Inside): string {
  const full = qualified(shape, name, pointer)
  const head = `<${full}${namespaceOf(shape, false)}${attributes}`
  return content === '' ? `${head}/>` : `${head}>${content}</${full}>`
}

function qualified({ prefix }: XmlShape, name: string, pointer: string): string {
  if (!NAME.test(name)) throw unusable(pointer, 'has a name that no XML element can have')
  if (prefix === null) return name
  if (!NAME.test(prefix)) throw unusable(pointer, 'has a prefix that XML does not allow')
  return `${prefix}:${name}`
}

/** An attribute is in no namespace unless it has a prefix. */
function namespaceOf({ prefix, namespace }: XmlShape, isAttribute: boolean): string {
  if (namespace === null || (isAttribute && prefix === null)) return ''
  const uri = escapedText(namespace, '').replaceAll('"', '&quot;')
  return prefix === null ? ` xmlns="${uri}"` : ` xmlns:${prefix}="${uri}"`
}

function escapedText(text: string, pointer: string): string {
  return sayable(text, pointer)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#13;')
}

function cdata(text: string, pointer: string): string {
  return `<![CDATA[${sayable(text, pointer).replaceAll(']]>', ']]]]><![CDATA[>')}]]>`
}

function sayable(text: string, pointer: string): string {
  if (!text.isWellFormed()) throw new AppError('bad_unicode')
  if (UNSAYABLE.test(text)) throw unusable(pointer, 'holds a character that XML cannot carry')
  return text
}
