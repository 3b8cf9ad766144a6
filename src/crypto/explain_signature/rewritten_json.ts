import { decodeUtf8, isJsonObject, type JsonValue, parseJson } from '../../lib/json.ts'

/** A JSON text as some framework would have written the same value. */
export interface RewrittenJson {
  readonly text: string
  /** In words: `compact JSON, keys sorted`. */
  readonly how: string
}

interface Layout {
  readonly how: string
  readonly comma: string
  readonly colon: string
  /** Of one level; '' keeps all on one line. */
  readonly indent: string
}

interface Style extends Layout {
  readonly isSorted: boolean
}

const layouts: readonly Layout[] = [
  { how: 'compact JSON', comma: ',', colon: ':', indent: '' },
  { how: 'JSON with a space after each comma and colon', comma: ', ', colon: ': ', indent: '' },
  { how: 'indented JSON', comma: ',', colon: ': ', indent: '  ' },
]

const unicodeEscape = (character: string) =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
const asciiOnly = (json: string) => json.replace(/[\u007f-\uffff]/g, unicodeEscape)

/** What writers escape beyond what RFC 8259 asks of them; these characters stand in strings alone. */
const escapings: readonly (readonly [how: string, escaped: (json: string) => string])[] = [
  ['', (json) => json],
  [', all but ASCII escaped', asciiOnly],
  [', slashes and all but ASCII escaped', (json) => asciiOnly(json).replaceAll('/', '\\/')],
  [', <, > and & escaped', (json) => json.replace(/[<>&]/g, unicodeEscape)],
]

/**
 * The ways in which common frameworks write the value of a JSON text again after parsing it, each text
 * once and the given one never; none where the bytes are not strict JSON.
 */
export function rewrittenJson(bytes: Uint8Array): RewrittenJson[] {
  const parsed = parsedOrNull(bytes)
  if (parsed === null) return []
  const seen = new Set([parsed.text])
  return stylesOf().flatMap((style) => {
    const json = write(parsed.value, style, '')
    return escapings.flatMap(([how, escaped]) => {
      const text = escaped(json)
      if (seen.has(text)) return []
      seen.add(text)
      return { text, how: style.how + how }
    })
  })
}

function parsedOrNull(bytes: Uint8Array): { text: string; value: JsonValue } | null {
  try {
    const text = decodeUtf8(bytes)
    return { text, value: parseJson(text) }
  } catch {
    return null
  }
}

const stylesOf = (): Style[] =>
  [false, true].flatMap((isSorted) =>
    layouts.map((layout) => {
      const how = isSorted ? `${layout.how}, keys sorted` : layout.how
      return { ...layout, how, isSorted }
    }),
  )

function write(value: JsonValue, style: Style, indent: string): string {
  const deeper = indent + style.indent
  if (Array.isArray(value)) {
    const items = value.map((item) => write(item, style, deeper))
    return enclosed('[]', items, { style, indent })
  }
  if (!isJsonObject(value)) return JSON.stringify(value)
  const keys = style.isSorted ? Object.keys(value).sort() : Object.keys(value)
  const members = keys.map(
    (key) => JSON.stringify(key) + style.colon + write(value[key] ?? null, style, deeper),
  )
  return enclosed('{}', members, { style, indent })
}

function enclosed(
  brackets: '[]' | '{}',
  items: readonly string[],
  { style, indent }: { readonly style: Style; readonly indent: string },
): string {
  const [open, close] = brackets
  if (items.length === 0) return brackets
  if (style.indent === '') return `${open}${items.join(style.comma)}${close}`
  const start = `\n${indent}${style.indent}`
  return `${open}${start}${items.join(style.comma + start)}\n${indent}${close}`
}
