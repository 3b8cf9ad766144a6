import type { DocumentGraph, Place, Raw } from './document_graph.ts'

/** An element, without what says nothing: order of attributes, white space between elements. */
export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
  readonly text: string
}

/** Writes a value as OpenAPI's XML Objects say (OpenAPI 3.0 §4.7.26). */
export function xmlTree(graph: DocumentGraph, schema: Place, value: Raw): XmlElement {
  const at = graph.resolve(schema)
  const component = /\/([^/]+)$/.exec(schema.value?.$ref ?? '')?.[1]
  return element(graph, at, { name: at.value?.xml?.name ?? component ?? '', value })
}

interface Named {
  readonly name: string
  readonly value: Raw
}

const textOf = (value: Raw): string => (typeof value === 'string' ? value : JSON.stringify(value))

function element(graph: DocumentGraph, schema: Place, { name, value }: Named): XmlElement {
  const at = graph.resolve(schema)
  const { prefix, namespace } = at.value?.xml ?? {}
  const attributes: Record<string, string> = {}
  if (namespace !== undefined) attributes[prefix ? `xmlns:${prefix}` : 'xmlns'] = namespace
  const children: XmlElement[] = []
  const isParent = typeof value === 'object' && value !== null && !Array.isArray(value)
  for (const [key, item] of isParent ? Object.entries<Raw>(value) : []) {
    const property = graph.resolve(graph.child(at, 'properties', key))
    const xml = property.value?.xml ?? {}
    const own = xml.name ?? key
    if (xml.attribute === true) attributes[prefixed(xml, own)] = textOf(item)
    else if (!Array.isArray(item))
      children.push(element(graph, property, { name: own, value: item }))
    else {
      const items = graph.resolve(graph.child(property, 'items'))
      const itemName = items.value?.xml?.name ?? (xml.wrapped ? own : key)
      const list = item.map((one) => element(graph, items, { name: itemName, value: one }))
      if (xml.wrapped !== true) children.push(...list)
      else children.push({ name: prefixed(xml, own), attributes: {}, children: list, text: '' })
    }
  }
  const text = isParent ? '' : textOf(value)
  return { name: prefix ? `${prefix}:${name}` : name, attributes, children, text }
}

const prefixed = ({ prefix }: Raw, name: string) => (prefix ? `${prefix}:${name}` : name)

/** Reads well-formed XML without DTD. @throws Error where it is none */
export function readXml(text: string): XmlElement {
  const body = text.replace(/^\uFEFF?\s*<\?xml[^>]*\?>\s*/, '')
  const tokens = [
    ...body.matchAll(/<\/([^\s>]+)\s*>|<([^\s/>]+)((?:\s+[^\s=]+="[^"<]*")*)\s*(\/?)>|([^<]+)/g),
  ]
  if (tokens.map(([all]) => all).join('') !== body) throw new Error(`not well-formed: ${text}`)
  const root = { name: '', attributes: {}, children: [] as XmlElement[], text: '' }
  const open = [root]
  for (const [, closed, opened, attributes = '', isEmpty, characters] of tokens) {
    const parent = open.at(-1) ?? root
    if (characters !== undefined) parent.text += decodeXml(characters)
    else if (closed !== undefined) {
      if (open.pop()?.name !== closed) throw new Error(`</${closed}> closes another`)
    } else {
      const list = [...attributes.matchAll(/([^\s=]+)="([^"]*)"/g)]
      const named = list.map(([, key = '', value = '']) => [key, decodeXml(value)])
      const made = {
        name: opened ?? '',
        attributes: Object.fromEntries(named),
        children: [],
        text: '',
      }
      parent.children.push(made)
      if (isEmpty !== '/') open.push(made)
    }
  }
  const [only] = root.children
  if (open.length !== 1 || only === undefined) throw new Error(`not well-formed: ${text}`)
  return trimmed(only)
}

/** White space beside elements is layout. */
const trimmed = (one: XmlElement): XmlElement => ({
  ...one,
  text: one.children.length > 0 ? one.text.trim() : one.text,
  children: one.children.map(trimmed),
})

const decodeXml = (text: string): string =>
  text
    .replace(/&#x([0-9a-fA-F]+);/g, (_, code) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&')
