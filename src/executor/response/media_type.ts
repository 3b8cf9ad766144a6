/** A Content-Type, taken apart (RFC 9110 §8.3.1). */
export interface MediaType {
  /** As sent, without parameters; for the model. */
  readonly name: string
  /** Lower case; for comparisons. */
  readonly essence: string
  readonly charset: string | null
  /** Of a multipart body. */
  readonly boundary: string | null
}

const ESSENCE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}\/[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/
const PARAMETER = /;[\t ]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))/g

/** Parses a Content-Type; null where there is none that makes sense. */
export function parseMediaType(text: string | null): MediaType | null {
  if (text === null) return null
  const semicolon = text.indexOf(';')
  const name = (semicolon < 0 ? text : text.slice(0, semicolon)).trim()
  if (!ESSENCE.test(name)) return null
  const essence = name.toLowerCase()
  if (semicolon < 0) return { name, essence, charset: null, boundary: null }
  const parameters = readParameters(text.slice(semicolon))
  const charset = parameters.get('charset')?.toLowerCase() ?? null
  return { name, essence, charset, boundary: parameters.get('boundary') ?? null }
}

function readParameters(text: string): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const [, name = '', quoted, plain = ''] of text.matchAll(PARAMETER)) {
    const key = name.toLowerCase()
    const value = quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1')
    if (!parameters.has(key)) parameters.set(key, value)
  }
  return parameters
}

/** Whether a body of this type is one JSON text. */
export function isJsonType(essence: string): boolean {
  return essence === 'application/json' || essence === 'text/json' || essence.endsWith('+json')
}

const textTypes: ReadonlySet<string> = new Set([
  'application/ecmascript',
  'application/graphql',
  'application/javascript',
  'application/json-seq',
  'application/jsonl',
  'application/ndjson',
  'application/sql',
  'application/toml',
  'application/x-javascript',
  'application/x-ndjson',
  'application/x-sh',
  'application/x-www-form-urlencoded',
  'application/x-yaml',
  'application/xml',
  'application/xml-dtd',
  'application/yaml',
  // A drawing in XML: models read it, and no viewer is trusted to draw it.
  'image/svg+xml',
])

/** Whether a body of this type is text people and models can read. */
export function isTextType(essence: string): boolean {
  return (
    essence.startsWith('text/') ||
    textTypes.has(essence) ||
    essence.endsWith('+xml') ||
    essence.endsWith('+yaml')
  )
}
