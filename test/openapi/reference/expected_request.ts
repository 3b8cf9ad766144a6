import { FileValue, plain } from '../values.ts'
import type { ChosenValues } from './chosen_values.ts'
import type { DocumentGraph, Raw } from './document_graph.ts'
import {
  templatePath,
  type WireBody,
  type WireOperation,
  type WireParameter,
} from './wire_operations.ts'
import { type XmlElement, xmlTree } from './xml_tree.ts'

/** A value in a query, form or cookie: what it is once split and decoded. */
export interface ExpectedPair {
  readonly name: string
  /** Pieces between delimiters, decoded. */
  readonly pieces: readonly string[]
  /** Spellings of the delimiter on the wire; empty where there is one piece. */
  readonly delimiters: readonly string[]
  /** Whether reserved characters stand as they are. */
  readonly allowReserved: boolean
  /** Whether a plus sign is a space, where that is not so anyway. */
  readonly isForm?: boolean
}

/** A part of a multipart body. */
export interface ExpectedPart {
  readonly name: string
  /** Null where any will do. */
  readonly filename: string | null
  readonly isFile: boolean
  /** Essences, one of which it has; `text/plain` may be left unsaid. */
  readonly contentTypes: readonly string[]
  readonly bytes: Buffer
  /** The value of a JSON part; undefined for others. */
  readonly json: Raw
}

/** What becomes of a body. */
export type ExpectedBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'json'; readonly contentType: string; readonly value: Raw }
  | { readonly kind: 'xml'; readonly contentType: string; readonly root: XmlElement }
  | {
      readonly kind: 'form'
      readonly contentType: string
      readonly pairs: readonly ExpectedPair[]
    }
  | {
      readonly kind: 'multipart'
      readonly contentType: string
      readonly parts: readonly ExpectedPart[]
    }
  | {
      readonly kind: 'bytes'
      readonly contentType: string
      /** As good: what the caller says the bytes are, where the document says octets (RFC 2046 §4.5.1). */
      readonly finerType: string | null
      readonly bytes: Buffer
    }

/** A request as the document wants it. */
export interface ExpectedRequest {
  readonly method: string
  /** Percent-encoded but for unreserved characters and delimiters. */
  readonly path: string
  readonly query: readonly ExpectedPair[]
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly cookies: readonly ExpectedPair[]
  readonly body: ExpectedBody
}

/**
 * Writes the request of an operation and its values, by RFC 6570, RFC 7578 and OpenAPI alone. There are
 * two where a 3.0 document gives a multipart field a style: its text (3.0.4 §4.7.15.1) ignores that,
 * those who write it mean it.
 */
export function expectedRequests(
  graph: DocumentGraph,
  operation: WireOperation,
  chosen: ChosenValues,
): readonly ExpectedRequest[] {
  const { body } = operation
  const meant = expectedRequest(graph, operation, chosen)
  if (body?.kind !== 'multipart' || body.hasPartStyles) return [meant]
  const encoding = Object.fromEntries(
    Object.entries<Raw>(body.encoding).map(([name, { contentType }]) => [name, { contentType }]),
  )
  return [meant, expectedRequest(graph, { ...operation, body: { ...body, encoding } }, chosen)]
}

function expectedRequest(
  graph: DocumentGraph,
  operation: WireOperation,
  chosen: ChosenValues,
): ExpectedRequest {
  const list = [...chosen.parameters]
  const of = (place: string) => list.filter(([one]) => one.in === place)
  const fixed = /\?([^#]*)/.exec(operation.path)?.[1] ?? ''
  const { parameters, body } = { parameters: chosen.parameters, body: operation.body }
  return {
    method: operation.method,
    path: expandPath(operation.path, parameters),
    query: [
      ...fixedPairs(fixed),
      ...of('query').flatMap(([one, value]) => pairs(one, value)),
      ...of('querystring').flatMap(([one, value]) => wholeQuery(one, value)),
    ],
    headers: new Map(
      of('header').map(([one, value]) => [one.name.toLowerCase(), headerText(one, value)]),
    ),
    cookies: of('cookie').flatMap(([one, value]) => pairs(one, value)),
    body:
      body === null || chosen.body === undefined
        ? { kind: 'none' }
        : expand(graph, body, chosen.body),
  }
}

function fixedPairs(text: string): ExpectedPair[] {
  const texts = text === '' ? [] : text.split('&')
  return texts.map((pair) => {
    const at = pair.includes('=') ? pair.indexOf('=') : pair.length
    return single(decode(pair.slice(0, at)), decode(pair.slice(at + 1)))
  })
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const single = (name: string, text: string, allowReserved = false): ExpectedPair => ({
  name,
  pieces: [text],
  delimiters: [],
  allowReserved,
})

/** All but RFC 3986's unreserved characters in percent-encoding. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )

/** A primitive as text; what is none, as JSON. */
const textOf = (value: Raw): string =>
  typeof value === 'string'
    ? value
    : value instanceof FileValue
      ? value.bytes.toString()
      : JSON.stringify(value)

const entriesOf = (value: Raw): [string, Raw][] => Object.entries(value)
const isObject = (value: Raw): boolean => typeof value === 'object' && value !== null

function expandPath(path: string, values: ReadonlyMap<WireParameter, Raw>): string {
  return templatePath(path).replace(/\{([^{}]+)\}/g, (all, name: string) => {
    const found = [...values].find(([one]) => one.in === 'path' && one.name === name)
    return found === undefined ? all : pathText(found[0], found[1])
  })
}

function pathText(one: WireParameter, value: Raw): string {
  if (one.contentType !== null) return encode(JSON.stringify(value))
  const { style, explode, name } = one
  const lead = style === 'label' ? '.' : style === 'matrix' ? ';' : ''
  const between = explode && lead !== '' ? lead : (swaggerDelimiters[style] ?? ',')
  if (Array.isArray(value)) {
    const texts = value.map((item) => encode(textOf(item)))
    if (style !== 'matrix') return lead + texts.join(between)
    return explode
      ? texts.map((text) => `;${name}=${text}`).join('')
      : `;${name}=${texts.join(',')}`
  }
  if (isObject(value)) {
    const sign = explode ? '=' : ','
    const texts = entriesOf(value).map(([key, item]) => encode(key) + sign + encode(textOf(item)))
    const start = style === 'matrix' && !explode ? `;${name}=` : lead
    return start + texts.join(between)
  }
  return style === 'matrix' ? `;${name}=${encode(textOf(value))}` : lead + encode(textOf(value))
}

const swaggerDelimiters: Readonly<Record<string, string>> = {
  spaceDelimited: '%20',
  pipeDelimited: '%7C',
  tabDelimited: '%09',
}

const delimitersOf: Readonly<Record<string, readonly string[]>> = {
  form: [','],
  simple: [','],
  cookie: [','],
  spaceDelimited: ['%20'],
  pipeDelimited: ['|', '%7C', '%7c'],
  tabDelimited: ['%09'],
}

interface PairRules {
  readonly name: string
  readonly style: string
  readonly explode: boolean
  readonly allowReserved: boolean
  readonly contentType?: string | null
}

/** How a parameter or form field stands among `name=value` pairs. */
function pairs(rules: PairRules, value: Raw): ExpectedPair[] {
  const { name, style, explode, allowReserved } = rules
  if (rules.contentType) return [single(name, JSON.stringify(value), allowReserved)]
  if (style === 'deepObject' && isObject(value)) {
    return deep(name, value, allowReserved)
  }
  const joined = (pieces: string[]): ExpectedPair[] => [
    {
      name,
      pieces,
      delimiters: pieces.length < 2 ? [] : (delimitersOf[style] ?? [',']),
      allowReserved,
    },
  ]
  if (Array.isArray(value)) {
    const texts = value.map(textOf)
    return explode ? texts.map((text) => single(name, text, allowReserved)) : joined(texts)
  }
  if (isObject(value)) {
    const list = entriesOf(value)
    return explode
      ? list.flatMap(([key, item]) => pairs({ ...rules, name: key, explode: true }, item))
      : joined(list.flatMap(([key, item]) => [key, textOf(item)]))
  }
  return [single(name, textOf(value), allowReserved)]
}

/** Brackets all the way down; OpenAPI leaves deeper levels open, servers with brackets do not. */
function deep(name: string, value: Raw, allowReserved: boolean): ExpectedPair[] {
  if (!isObject(value)) return [single(name, textOf(value), allowReserved)]
  return entriesOf(value).flatMap(([key, item]) => deep(`${name}[${key}]`, item, allowReserved))
}

/** OpenAPI 3.2 §4.12.1: the value is the query; as a form it is written like a form's body. */
function wholeQuery(one: WireParameter, value: Raw): ExpectedPair[] {
  if (!one.contentType?.startsWith('application/x-www-form-urlencoded')) {
    return [single(JSON.stringify(value), '')]
  }
  const list = entriesOf(value).flatMap(([name, item]) => fieldPairs({}, name, item))
  return list.map((pair) => ({ ...pair, isForm: true }))
}

function headerText(one: WireParameter, value: Raw): string {
  if (one.contentType !== null) return JSON.stringify(value)
  const between = { spaceDelimited: ' ', pipeDelimited: '|', tabDelimited: '\t' }[one.style] ?? ','
  if (Array.isArray(value)) return value.map(textOf).join(between)
  if (!isObject(value)) return textOf(value)
  const sign = one.explode ? '=' : ','
  return entriesOf(value)
    .map(([key, item]) => key + sign + textOf(item))
    .join(',')
}

function expand(graph: DocumentGraph, body: WireBody, value: Raw): ExpectedBody {
  const { contentType, kind } = body
  if (kind === 'json') return { kind, contentType, value }
  if (kind === 'xml' && isObject(value)) {
    return { kind, contentType, root: xmlTree(graph, body.schema, value) }
  }
  if (kind === 'form' && isObject(value)) {
    const list = entriesOf(value).flatMap(([name, item]) =>
      fieldPairs(body.encoding[name] ?? {}, name, item),
    )
    return { kind, contentType, pairs: list }
  }
  if (kind === 'multipart' && isObject(value)) {
    const parts = entriesOf(value).flatMap(([name, item]) => partsOf(body, name, item))
    return { kind, contentType, parts }
  }
  if (value instanceof FileValue) {
    const isConcrete = !contentType.includes('*')
    const type = isConcrete ? contentType : (value.contentType ?? 'application/octet-stream')
    const finerType = type === 'application/octet-stream' ? value.contentType : null
    return { kind: 'bytes', contentType: type, finerType, bytes: value.bytes }
  }
  const bytes = Buffer.from(textOf(plain(value)))
  return { kind: 'bytes', contentType, finerType: null, bytes }
}

const styleWords = ['style', 'explode', 'allowReserved']

/**
 * OpenAPI 3.0.4 §4.7.15: without style words the content type of the value decides, for each item of a
 * list (3.2 §4.15.3).
 */
function fieldPairs(encoding: Raw, name: string, value: Raw): ExpectedPair[] {
  if (styleWords.some((word) => encoding[word] !== undefined)) {
    const style = encoding.style ?? 'form'
    const explode = encoding.explode ?? style === 'form'
    return pairs({ name, style, explode, allowReserved: encoding.allowReserved === true }, value)
  }
  const isJson = encoding.contentType?.includes('json') === true
  const items: Raw[] = Array.isArray(value) ? value : [value]
  return items.map((item) => single(name, isJson ? JSON.stringify(plain(item)) : textOf(item)))
}

function partsOf(body: WireBody, name: string, value: Raw): ExpectedPart[] {
  const encoding = body.encoding[name] ?? {}
  const given: string[] = (encoding.contentType ?? '')
    .split(',')
    .map((type: string) => (type.split(';')[0] ?? '').trim().toLowerCase())
    .filter((type: string) => type !== '')
  const isStyled = styleWords.some((word) => encoding[word] !== undefined)
  if (isStyled && isObject(value) && !(value instanceof FileValue)) {
    const style = encoding.style ?? 'form'
    const explode = encoding.explode ?? style === 'form'
    return pairs({ name, style, explode, allowReserved: true }, value).map((pair) => ({
      ...textPart(pair.name, pair.pieces.join(partDelimiters[style] ?? ',')),
    }))
  }
  const items: Raw[] = Array.isArray(value) ? value : [value]
  return items.map((item) => partOf(name, item, given))
}

const partDelimiters: Readonly<Record<string, string>> = {
  spaceDelimited: ' ',
  pipeDelimited: '|',
  tabDelimited: '\t',
}

const textPart = (name: string, text: string): ExpectedPart => ({
  name,
  filename: null,
  isFile: false,
  contentTypes: ['text/plain'],
  bytes: Buffer.from(text),
  json: undefined,
})

function partOf(name: string, value: Raw, given: readonly string[]): ExpectedPart {
  if (value instanceof FileValue) {
    const { filename, bytes, contentType } = value
    const concrete = given.filter((type) => !type.includes('*'))
    const fallback = concrete.length > 0 ? concrete : ['application/octet-stream', 'text/plain']
    const contentTypes = contentType === null ? fallback : [contentType, ...concrete]
    return { name, filename, isFile: true, contentTypes, bytes, json: undefined }
  }
  if (isObject(value) && given.includes('application/x-www-form-urlencoded')) {
    const texts = entriesOf(value).map(([key, item]): [string, string] => [key, textOf(item)])
    const bytes = Buffer.from(String(new URLSearchParams(texts)))
    return { ...textPart(name, ''), contentTypes: given, bytes }
  }
  const isJson = isObject(value) || given.some((type) => type.includes('json'))
  if (!isJson) {
    const part = textPart(name, textOf(value))
    return given.length === 0 ? part : { ...part, contentTypes: given }
  }
  const contentTypes = given.length === 0 ? ['application/json'] : given
  const bytes = Buffer.from(JSON.stringify(value))
  return { name, filename: null, isFile: false, contentTypes, bytes, json: value }
}
