import {
  type ExactNumber,
  isExactNumber,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from '../json.ts'

/** A JSON Schema or a subschema of one. */
export type Schema = JsonObject | boolean

/** Tells whether a value can be a schema. */
export function isSchema(value: JsonValue | undefined): value is Schema {
  return typeof value === 'boolean' || isJsonObject(value)
}

/** A keyword's value as a schema; undefined where it is absent. */
export function schemaOf(value: JsonValue | undefined): Schema | undefined {
  return isSchema(value) ? value : undefined
}

/** A keyword's value as a list of schemas; undefined where it is absent. */
export function schemasOf(value: JsonValue | undefined): Schema[] | undefined {
  return Array.isArray(value) ? value.filter(isSchema) : undefined
}

/** A keyword's value as named schemas; empty where it is absent. Other members are left out. */
export function schemaEntriesOf(value: JsonValue | undefined): [string, Schema][] {
  const entries: [string, Schema][] = []
  if (!isJsonObject(value)) return entries
  for (const name of Object.keys(value)) {
    const schema = value[name]
    if (isSchema(schema)) entries.push([name, schema])
  }
  return entries
}

/** A keyword's value as named lists of strings; empty where it is absent. */
export function stringListsOf(value: JsonValue | undefined): [string, string[]][] {
  if (!isJsonObject(value)) return []
  return Object.entries(value).flatMap(([name, names]): [string, string[]][] =>
    Array.isArray(names) ? [[name, stringsOf(names)]] : [],
  )
}

/** A keyword's value as a number; undefined where it is absent. */
export function numberOf(value: JsonValue | undefined): number | ExactNumber | undefined {
  return typeof value === 'number' || isExactNumber(value)
    ? (value as number | ExactNumber)
    : undefined
}

/** A keyword's value as a count, Infinity where no double holds it; undefined where it is absent. */
export function countOf(value: JsonValue | undefined): number | undefined {
  const number = numberOf(value)
  return typeof number === 'object' ? Number(number.rawJSON) : number
}

/** A keyword's value as a string; undefined where it is absent. */
export function stringOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** The strings of an array; empty where the keyword is absent. */
export function stringsOf(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
