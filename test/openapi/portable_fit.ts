import type { Raw } from './reference/document_graph.ts'

/** Where a value does not fit a listed schema of the portable dialect; null where it does. */
export function misfit(schema: Raw, value: Raw, at = ''): string | null {
  if (schema.anyOf !== undefined) {
    const all: (string | null)[] = schema.anyOf.map((one: Raw) => misfit(one, value, at))
    if (!all.includes(null)) return `${at}: no alternative: ${all.join(' / ').slice(0, 300)}`
  }
  if (schema.type !== undefined && !isOfType(schema.type, value)) return `${at}: no ${schema.type}`
  if (schema.enum !== undefined && !schema.enum.includes(value)) return `${at}: not in enum`
  if (schema.const !== undefined && schema.const !== value) return `${at}: not const`
  if (typeof value === 'string') return textMisfit(schema, value, at)
  if (typeof value === 'number') return numberMisfit(schema, value, at)
  if (Array.isArray(value)) return listMisfit(schema, value, at)
  return typeof value === 'object' && value !== null ? objectMisfit(schema, value, at) : null
}

function isOfType(type: string, value: Raw): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'object') {
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  }
  return typeof value === type
}

function textMisfit(schema: Raw, value: string, at: string): string | null {
  const { length } = [...value]
  if (length < (schema.minLength ?? 0)) return `${at}: too short`
  if (length > (schema.maxLength ?? Number.POSITIVE_INFINITY)) return `${at}: too long`
  if (schema.pattern === undefined) return null
  try {
    return new RegExp(schema.pattern, 'u').test(value) ? null : `${at}: not ${schema.pattern}`
  } catch {
    return `${at}: no regular expression: ${schema.pattern}`
  }
}

function numberMisfit(schema: Raw, value: number, at: string): string | null {
  if (value < (schema.minimum ?? value) || value > (schema.maximum ?? value)) return `${at}: range`
  if (value <= (schema.exclusiveMinimum ?? Number.NEGATIVE_INFINITY)) return `${at}: range`
  if (value >= (schema.exclusiveMaximum ?? Number.POSITIVE_INFINITY)) return `${at}: range`
  return null
}

function listMisfit(schema: Raw, value: Raw[], at: string): string | null {
  if (value.length < (schema.minItems ?? 0)) return `${at}: too few`
  if (value.length > (schema.maxItems ?? Number.POSITIVE_INFINITY)) return `${at}: too many`
  const all = value.map((one, index) => misfit(schema.items ?? {}, one, `${at}/${index}`))
  return all.find((one) => one !== null) ?? null
}

function objectMisfit(schema: Raw, value: Raw, at: string): string | null {
  for (const name of schema.required ?? []) if (!(name in value)) return `${at}: lacks ${name}`
  const names = Object.keys(value)
  if (names.length < (schema.minProperties ?? 0)) return `${at}: too few members`
  if (names.length > (schema.maxProperties ?? Number.POSITIVE_INFINITY)) return `${at}: too many`
  for (const name of names) {
    const more = schema.additionalProperties ?? {}
    const inner = Object.hasOwn(schema.properties ?? {}, name) ? schema.properties[name] : more
    if (inner === false) return `${at}/${name}: not listed`
    const wrong = inner === true ? null : misfit(inner, value[name], `${at}/${name}`)
    if (wrong !== null) return wrong
  }
  return null
}
