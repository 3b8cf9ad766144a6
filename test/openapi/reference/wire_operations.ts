import type { DocumentGraph, Place, Raw } from './document_graph.ts'

/** A parameter as it goes over the wire. */
export interface WireParameter {
  readonly in: 'path' | 'query' | 'header' | 'cookie' | 'querystring'
  readonly name: string
  readonly required: boolean
  readonly style: string
  readonly explode: boolean
  readonly allowReserved: boolean
  /** The media type of a `content` parameter. */
  readonly contentType: string | null
  readonly schema: Place
}

/** The kinds of body, best first. */
export const bodyKinds = ['json', 'form', 'multipart', 'text', 'xml', 'bytes'] as const
export type WireBodyKind = (typeof bodyKinds)[number]

/** A body in the media type that is sent. */
export interface WireBody {
  readonly required: boolean
  readonly contentType: string
  readonly kind: WireBodyKind
  readonly schema: Place
  /** Encoding Objects by property. */
  readonly encoding: Raw
  /** Whether the document's version lets multipart fields have a style (3.1.0 §4.8.15.1). */
  readonly hasPartStyles: boolean
}

/** An operation's requests. */
export interface WireOperation {
  /** Method and path as the document has it. */
  readonly key: string
  readonly method: string
  readonly path: string
  readonly parameters: readonly WireParameter[]
  readonly body: WireBody | null
}

/** All operations of the five methods, and those that cannot be read with the reason. */
export interface WireOperations {
  readonly operations: readonly WireOperation[]
  readonly unreadable: ReadonlyMap<string, string>
}

const methods = ['get', 'put', 'post', 'delete', 'patch']

/** Reads the operations straight from the document, by the text of the OpenAPI specification. */
export function readWireOperations(graph: DocumentGraph): WireOperations {
  const operations: WireOperation[] = []
  const unreadable = new Map<string, string>()
  const root: Place = { file: graph.entry, path: [], value: graph.root }
  for (const path of Object.keys(graph.root.paths ?? {})) {
    if (path.startsWith('x-')) continue
    const item = resolveItem(graph, graph.child(root, 'paths', path))
    if (item === null) {
      unreadable.set(path, 'the path refers to nothing')
      continue
    }
    for (const method of methods) {
      if (item.value?.[method] === undefined) continue
      const key = `${method.toUpperCase()} ${path}`
      try {
        const operation = graph.resolve(graph.child(item, method))
        operations.push(readOperation(graph, { item, operation, method, path, key }))
      } catch (error) {
        unreadable.set(key, String(error))
      }
    }
  }
  return { operations, unreadable }
}

function resolveItem(graph: DocumentGraph, place: Place): Place | null {
  try {
    return graph.resolve(place)
  } catch {
    return null
  }
}

interface Found {
  readonly item: Place
  readonly operation: Place
  readonly method: string
  readonly path: string
  readonly key: string
}

const ignoredHeaders = ['accept', 'content-type', 'authorization']

function readOperation(graph: DocumentGraph, found: Found): WireOperation {
  const { item, operation, key, path } = found
  const byName = new Map<string, Place>()
  for (const owner of [item, operation]) {
    const list: Raw[] = owner.value.parameters ?? []
    for (const index of list.keys()) {
      const place = graph.resolve(graph.child(owner, 'parameters', index))
      byName.set(`${place.value.in} ${place.value.name}`, place)
    }
  }
  const places = [...byName.values()]
  const plain = places.filter(({ value }) => !['body', 'formData'].includes(value.in))
  const parameters = plain
    .map((place) => (graph.version === '2.0' ? swaggerParameter(place) : parameter(graph, place)))
    .filter((one) => one.in !== 'header' || !ignoredHeaders.includes(one.name.toLowerCase()))
    .filter((one) => one.in !== 'path' || templatePath(path).includes(`{${one.name}}`))
  return {
    key,
    method: found.method.toUpperCase(),
    path,
    parameters: [...parameters, ...undeclared(path, parameters)],
    body: graph.version === '2.0' ? swaggerBody(graph, found, places) : body(graph, operation),
  }
}

/** What of a path goes into the request's path: neither fragment nor query. */
export const templatePath = (path: string): string => path.replace(/[?#].*$/s, '')

/** A variable of the template that nobody describes is a required text. */
function undeclared(path: string, known: readonly WireParameter[]): WireParameter[] {
  const names = [...templatePath(path).matchAll(/\{([^{}]+)\}/g)].map(([, name = '']) => name)
  return names
    .filter((name) => !known.some((one) => one.in === 'path' && one.name === name))
    .map((name) => ({
      in: 'path',
      name,
      required: true,
      style: 'simple',
      explode: false,
      allowReserved: false,
      contentType: null,
      schema: { file: '', path: [], value: { type: 'string' } },
    }))
}

function parameter(graph: DocumentGraph, place: Place): WireParameter {
  const { value } = place
  const style = value.style ?? (['query', 'cookie'].includes(value.in) ? 'form' : 'simple')
  const common = {
    in: value.in,
    name: value.name,
    required: value.required === true || value.in === 'path',
    style,
    explode: value.explode ?? (style === 'form' || style === 'cookie'),
    allowReserved: value.allowReserved === true,
  }
  const [contentType] = Object.keys(value.content ?? {})
  if (contentType === undefined) {
    const schema = value.schema === undefined ? anything : graph.child(place, 'schema')
    return { ...common, contentType: null, schema }
  }
  const media = graph.resolve(graph.child(place, 'content', contentType))
  return { ...common, contentType, schema: graph.child(media, 'schema') }
}

const anything: Place = { file: '', path: [], value: {} }

const collectionStyles: Readonly<Record<string, string>> = {
  csv: 'form',
  ssv: 'spaceDelimited',
  tsv: 'tabDelimited',
  pipes: 'pipeDelimited',
  multi: 'form',
}

function swaggerStyle(value: Raw): { style: string; explode: boolean; allowReserved: boolean } {
  const format = value.collectionFormat ?? 'csv'
  const isInUrl = ['query', 'formData'].includes(value.in)
  const style = isInUrl || format !== 'csv' ? (collectionStyles[format] ?? 'form') : 'simple'
  return { style, explode: format === 'multi', allowReserved: false }
}

function swaggerParameter(place: Place): WireParameter {
  const { value } = place
  return {
    in: value.in,
    name: value.name,
    required: value.required === true || value.in === 'path',
    ...swaggerStyle(value),
    contentType: null,
    schema: place,
  }
}

function swaggerBody(
  graph: DocumentGraph,
  { operation, key }: Found,
  places: readonly Place[],
): WireBody | null {
  const consumes: string[] = operation.value.consumes ?? graph.root.consumes ?? []
  const whole = places.find(({ value }) => value.in === 'body')
  if (whole !== undefined) {
    const contentType = preferred(consumes.length === 0 ? ['application/json'] : consumes, 'json')
    const schema = graph.child(whole, 'schema')
    const required = whole.value.required === true
    const sent = contentType === '*/*' ? 'application/json' : contentType
    return {
      required,
      contentType: sent,
      kind: kindOf(sent),
      schema,
      encoding: {},
      hasPartStyles: true,
    }
  }
  const fields = places.filter(({ value }) => value.in === 'formData')
  if (fields.length === 0) return null
  const hasFile = fields.some(({ value }) => value.type === 'file')
  const isMultipart = hasFile || (consumes.some(isMultipartType) && !consumes.some(isFormType))
  const required = fields.filter(({ value }) => value.required === true)
  return {
    required: required.length > 0,
    contentType: isMultipart ? 'multipart/form-data' : 'application/x-www-form-urlencoded',
    kind: isMultipart ? 'multipart' : 'form',
    schema: keep(graph, key, {
      type: 'object',
      properties: Object.fromEntries(fields.map(({ value }) => [value.name, fieldSchema(value)])),
      ...(required.length === 0 ? {} : { required: required.map(({ value }) => value.name) }),
    }),
    encoding: Object.fromEntries(fields.map(({ value }) => [value.name, swaggerStyle(value)])),
    hasPartStyles: true,
  }
}

const isMultipartType = (type: string) => type.startsWith('multipart/')
const isFormType = (type: string) => type.startsWith('application/x-www-form-urlencoded')

const fieldSchema = ({ required: _required, in: _in, name: _name, ...schema }: Raw) => schema

/** Schemas put together here live in a file of their own. */
function keep(graph: DocumentGraph, key: string, schema: Raw): Place {
  const made: Raw = graph.files.get('made.json') ?? {}
  graph.files.set('made.json', made)
  made[key] = schema
  return { file: 'made.json', path: [key], value: schema }
}

function body(graph: DocumentGraph, operation: Place): WireBody | null {
  if (operation.value.requestBody === undefined) return null
  const place = graph.resolve(graph.child(operation, 'requestBody'))
  const types = Object.keys(place.value.content ?? {})
  if (types.length === 0) return null
  const media = (type: string) => graph.resolve(graph.child(place, 'content', type))
  const chosen = chooseType(graph, types, media)
  const { value } = media(chosen)
  const schema = value.schema === undefined ? anything : graph.child(media(chosen), 'schema')
  const isAny = chosen === '*/*' || chosen === 'application/*'
  const kind = isAny ? (isFileSchema(graph, schema) ? 'bytes' : 'json') : kindOf(chosen)
  return {
    required: place.value.required === true,
    contentType: isAny && kind === 'json' ? 'application/json' : chosen.toLowerCase(),
    kind,
    schema,
    encoding: value.encoding ?? {},
    hasPartStyles: graph.version > '3.0',
  }
}

function chooseType(
  graph: DocumentGraph,
  types: readonly string[],
  media: (type: string) => Place,
): string {
  if (!types.some((type) => kindOf(type) === 'json')) {
    const withFile = types.find(
      (type) =>
        ['form', 'multipart'].includes(kindOf(type)) &&
        hasFileProperty(graph, graph.child(media(type), 'schema')),
    )
    if (withFile !== undefined) return withFile
  }
  const kinds = types.map(kindOf)
  const best = bodyKinds.find((kind) => kinds.includes(kind)) ?? 'bytes'
  return preferred(types, best)
}

/** A JSON Patch is a list (RFC 6902 §3) that few schemas describe: the last choice among JSON. */
function preferred(types: readonly string[], kind: WireBodyKind): string {
  const ofKind = types.filter((type) => kindOf(type) === kind)
  const plain = ofKind.find((type) => /^application\/json *(;|$)/.test(type))
  const other = ofKind.find((type) => !type.startsWith('application/json-patch'))
  return plain ?? other ?? ofKind[0] ?? types[0] ?? 'application/json'
}

function kindOf(type: string): WireBodyKind {
  const essence = (type.split(';')[0] ?? '').trim().toLowerCase()
  if (/^[^/]+\/(.+\+)?json$/.test(essence) || essence === '*/*') return 'json'
  if (isFormType(essence)) return 'form'
  if (isMultipartType(essence)) return 'multipart'
  if (/^[^/]+\/(.+\+)?xml$/.test(essence)) return 'xml'
  return essence.startsWith('text/') ? 'text' : 'bytes'
}

/** Whether a schema is that of a file: `binary`, `file`, or contents that are not text. */
function isFileSchema(graph: DocumentGraph, place: Place): boolean {
  const { value } = graph.resolve(place)
  if (value?.type === 'file' || value?.format === 'binary') return true
  const types = [value?.type ?? 'string'].flat()
  const isRaw = value?.contentMediaType !== undefined && value.contentEncoding === undefined
  return isRaw && types.includes('string') && !/json|^text\//.test(value.contentMediaType)
}

function hasFileProperty(graph: DocumentGraph, place: Place, depth = 0): boolean {
  const at = graph.resolve(place)
  if (at.value === undefined || depth > 3) return false
  const names = Object.keys(at.value.properties ?? {})
  const isFile = (name: string) => {
    const property = graph.child(at, 'properties', name)
    const { value } = graph.resolve(property)
    if (value?.items !== undefined) {
      return isFileSchema(graph, graph.child(graph.resolve(property), 'items'))
    }
    return isFileSchema(graph, property)
  }
  const parts: Place[] = ['allOf', 'oneOf', 'anyOf'].flatMap((word) =>
    ((at.value[word] ?? []) as Raw[]).map((_, index) => graph.child(at, word, index)),
  )
  return names.some(isFile) || parts.some((part) => hasFileProperty(graph, part, depth + 1))
}
