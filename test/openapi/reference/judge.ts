import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020.js'
import type { DocumentGraph, Place, Raw } from './document_graph.ts'

/** Says whether values fit schemas of a document, with ajv as the judge. */
export interface Judge {
  /** Null where the value fits, else what is wrong with it. */
  complaint(place: Place, value: unknown): string | null
}

/**
 * Makes a judge of request values: every file of the document as one JSON Schema 2020-12 resource, each
 * reference left as it is. `readOnly` members are not required of requests (OpenAPI 3.0 §4.7.24).
 * A lenient one takes what fits several branches of a `oneOf`: there are documents whose branches
 * cannot be told apart, so that nothing would do.
 */
export function makeJudge(graph: DocumentGraph, isLenient = false): Judge {
  const ajv = new Ajv2020({
    strict: false,
    validateFormats: false,
    validateSchema: false,
    logger: false,
  })
  const compiled = new Map<string, ValidateFunction | string>()
  const added = new Set<string>()
  const resource = (file: string) => `doc:///${file}`
  const add = (file: string) => {
    if (added.has(file)) return
    added.add(file)
    const translated = translate(graph, graph.files.get(file) ?? {}, file)
    if (isLenient) loosen(translated)
    // Under a word of its own, since the file as a whole is no schema.
    ajv.addSchema({ 'x-file': renameReferences(translated, file, add) }, resource(file))
  }
  const renameReferences = (node: Raw, file: string, meet: (file: string) => void): Raw => {
    const pending: string[] = []
    eachReference(node, (holder) => {
      const [address = '', fragment = ''] = String(holder.$ref).split('#')
      const other = address === '' ? file : resolveFile(file, address)
      if (!graph.files.has(other)) return
      if (address !== '') pending.push(other)
      holder.$ref = `${resource(other)}#/x-file${fragment}`
    })
    for (const other of pending) meet(other)
    return node
  }
  const compile = (schema: () => Raw): ValidateFunction | string => {
    try {
      const made = schema()
      if (isLenient) loosen(made)
      return ajv.compile(made)
    } catch (error) {
      return `the schema does not compile: ${String(error)}`
    }
  }
  const validatorAt = (place: Place): ValidateFunction | string => {
    const own = selfContained(place.value)
    if (own !== null) {
      const known = compiled.get(own) ?? compile(() => translate(graph, place.value, place.file))
      compiled.set(own, known)
      return known
    }
    const keys = place.path.map((key) => (isLenient && key === 'oneOf' ? 'anyOf' : key))
    const fragment = keys.map((key) => `/${encodeURIComponent(escapeKey(key))}`).join('')
    const address = `${resource(place.file)}#/x-file${fragment}`
    const known = compiled.get(address)
    if (known !== undefined) return known
    add(place.file)
    const made = compile(() => ({ $ref: address }))
    compiled.set(address, made)
    return made
  }
  return {
    complaint: (place, value) => {
      const validate = validatorAt(place)
      if (typeof validate === 'string') return validate
      if (validate(value)) return null
      return ajv.errorsText(validate.errors)
    },
  }
}

/** The text of a small schema that refers to nothing: many are alike. */
function selfContained(value: Raw): string | null {
  if (value?.properties !== undefined || value?.$ref !== undefined) return null
  const text = JSON.stringify(value) ?? ''
  return text.length > 2000 || text.includes('"$ref"') ? null : text
}

const escapeKey = (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1')

const resolveFile = (from: string, address: string) =>
  decodeURIComponent(new URL(address, `doc:///${from}`).pathname.slice(1))

function eachReference(node: Raw, visit: (holder: Raw) => void): void {
  if (typeof node !== 'object' || node === null) return
  if (typeof node.$ref === 'string') visit(node)
  for (const value of Array.isArray(node) ? node : Object.values(node)) eachReference(value, visit)
}

function loosen(node: Raw): void {
  if (typeof node !== 'object' || node === null) return
  if (Array.isArray(node.oneOf) && node.anyOf === undefined) {
    node.anyOf = node.oneOf
    delete node.oneOf
  }
  for (const value of Array.isArray(node) ? node : Object.values(node)) loosen(value)
}

/** A copy in which every schema is one of 2020-12, at the place where it was. */
function translate(graph: DocumentGraph, node: Raw, file: string): Raw {
  if (Array.isArray(node)) return node.map((one) => translate(graph, one, file))
  if (typeof node !== 'object' || node === null) return node
  const isOld = graph.version === '2.0' || graph.version === '3.0'
  if (isOld && typeof node.$ref === 'string') return { $ref: node.$ref }
  const out: Raw = {}
  for (const [key, value] of Object.entries(node)) {
    if (['example', 'examples', 'default', 'enum', 'const'].includes(key)) {
      if (isDataKeyword(key, value)) {
        if (key === 'enum' || key === 'const') out[key] = value
        continue
      }
    }
    if (['$id', 'id', '$schema', '$anchor'].includes(key) && typeof value === 'string') continue
    const isMap = key === 'properties' && typeof value === 'object' && value !== null
    if (isMap && typeof (value as Raw).$ref === 'string') {
      out[key] = referredMap(graph, { file, path: [], value })
      continue
    }
    out[key] = isMap
      ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, translate(graph, v, file)]))
      : translate(graph, value, file)
  }
  translateOldWords(node, out)
  if (Array.isArray(out.enum) && out.enum.length === 0) delete out.enum
  // In a parameter the word is a boolean and says something else.
  if (typeof out.required === 'boolean') delete out.required
  if (Array.isArray(out.required)) out.required = writable(graph, node, file)
  if (out.type === 'file') delete out.type
  if (typeof out.nullable === 'boolean') delete out.nullable
  if (Array.isArray(out.items)) {
    out.prefixItems = out.items
    delete out.items
  }
  if (typeof out.pattern === 'string' && !isPattern(out.pattern)) delete out.pattern
  return out
}

/** A map of properties that stands elsewhere as a whole. */
function referredMap(graph: DocumentGraph, place: Place): Raw {
  const map = graph.resolve(place)
  return Object.fromEntries(
    Object.keys(map.value).map((name) => {
      const keys = [...map.path, name].map((key) => `/${encodeURIComponent(escapeKey(key))}`)
      return [name, { $ref: `/${map.file}#${keys.join('')}` }]
    }),
  )
}

/** Whether it stands where a schema has it, not for a property of that name. */
const isDataKeyword = (key: string, value: Raw) =>
  key !== 'enum' || Array.isArray(value) || typeof value !== 'object'

function translateOldWords(node: Raw, out: Raw): void {
  for (const [word, limit] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (typeof node[word] !== 'boolean') continue
    delete out[word]
    if (node[word] && typeof node[limit] === 'number') {
      out[word] = node[limit]
      delete out[limit]
    }
  }
  if (node.nullable === true && typeof node.type === 'string') out.type = [node.type, 'null']
}

/** What a request must have: `readOnly` members are the answer's alone. */
function writable(graph: DocumentGraph, node: Raw, file: string): string[] {
  const names: string[] = node.required.filter((name: Raw) => typeof name === 'string')
  return names.filter((name) => {
    const value = node.properties?.[name]
    return !isReadOnly(graph, { file, path: [], value })
  })
}

/** Whether a property's schema, or what it refers to, is `readOnly`. */
function isReadOnly(graph: DocumentGraph, property: Place): boolean {
  if (property.value?.readOnly === true) return true
  try {
    return graph.resolve(property).value?.readOnly === true
  } catch {
    return false
  }
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u') instanceof RegExp
  } catch {
    return false
  }
}
