import { type ExactNumber, isExactNumber, type JsonObject, type JsonValue } from '../../json.ts'
import type { Builder } from '../builder.ts'
import { typeName } from '../describe.ts'
import { isInteger } from '../exact_decimal.ts'
import type { Check, CheckOf, Findings } from '../run.ts'
import { stringsOf } from '../schema_values.ts'
import { contains, itemCount, items, uniqueItems } from './array_keywords.ts'
import { allOf, anyOf, dependentSchemas, ifThenElse, not, oneOf } from './combining_keywords.ts'
import { multipleOf, range } from './number_keywords.ts'
import { dependentRequired, propertyCount, propertyNames, required } from './object_keywords.ts'
import { properties } from './property_keywords.ts'
import { dynamicReference, reference } from './reference_keywords.ts'
import { pattern, textLength } from './string_keywords.ts'
import { unevaluatedItems, unevaluatedProperties } from './unevaluated_keywords.ts'
import { constant, enumeration } from './value_keywords.ts'

type KeywordBuilder<T extends JsonValue> = (
  schema: JsonObject,
  builder: Builder,
) => CheckOf<T> | undefined

const FOR_STRINGS: KeywordBuilder<string>[] = [textLength, pattern]
const FOR_NUMBERS: KeywordBuilder<number | ExactNumber>[] = [range, multipleOf]
const FOR_ARRAYS: KeywordBuilder<JsonValue[]>[] = [itemCount, items, contains, uniqueItems]
const FOR_OBJECTS: KeywordBuilder<JsonObject>[] = [
  required,
  properties,
  propertyNames,
  propertyCount,
  dependentRequired,
  dependentSchemas,
]
const FOR_ALL: KeywordBuilder<JsonValue>[] = [
  constant,
  enumeration,
  reference,
  dynamicReference,
  allOf,
  anyOf,
  oneOf,
  not,
  ifThenElse,
]

/** Makes the check of one schema object, its subschemas being made by the builder. */
export function buildSchema(schema: JsonObject, builder: Builder): Check {
  if (builder.isOld && typeof schema.$ref === 'string') {
    return reference(schema, builder) ?? pass
  }
  const general = made(FOR_ALL, schema, builder)
  const check = byKind({
    allowed: allowedKinds(schema.type),
    expected: expectedTypes(schema.type),
    forAll: combined(general),
    forStrings: combined([...made(FOR_STRINGS, schema, builder), ...general]),
    forNumbers: combined([...made(FOR_NUMBERS, schema, builder), ...general]),
    forArrays: combined([...made(FOR_ARRAYS, schema, builder), ...general]),
    forObjects: combined([...made(FOR_OBJECTS, schema, builder), ...general]),
  })
  const afterwards = [unevaluatedProperties(schema, builder), unevaluatedItems(schema, builder)]
  return afterwards.reduce<Check>((before, last) => (last ? last(before) : before), check)
}

const pass: Check = () => undefined

function made<T extends JsonValue>(
  builders: readonly KeywordBuilder<T>[],
  schema: JsonObject,
  builder: Builder,
): CheckOf<T>[] {
  const checks: CheckOf<T>[] = []
  for (const build of builders) {
    const check = build(schema, builder)
    if (check !== undefined) checks.push(check)
  }
  return checks
}

/** The kinds of value, one bit each; a number is an integer or has a fraction. */
const KIND = { null: 1, boolean: 2, integer: 4, fraction: 8, string: 16, array: 32, object: 64 }
const ALL_KINDS = 127
const TYPE_KINDS: Record<string, number> = { ...KIND, number: KIND.integer | KIND.fraction }

const typesOf = (type: JsonValue | undefined) =>
  typeof type === 'string' ? [type] : stringsOf(type)

function allowedKinds(type: JsonValue | undefined): number {
  if (type === undefined) return ALL_KINDS
  return typesOf(type).reduce((kinds, name) => kinds | (TYPE_KINDS[name] ?? 0), 0)
}

const expectedTypes = (type: JsonValue | undefined) => typesOf(type).join(' or ')

interface Checks {
  readonly allowed: number
  readonly expected: string
  readonly forAll: Check
  readonly forStrings: CheckOf<string>
  readonly forNumbers: CheckOf<number | ExactNumber>
  readonly forArrays: CheckOf<JsonValue[]>
  readonly forObjects: CheckOf<JsonObject>
}

/** Sorts a value once and runs the checks for its kind; a wrong type is reported alone. */
function byKind(checks: Checks): Check {
  const { allowed, expected, forAll, forStrings, forNumbers, forArrays, forObjects } = checks
  const wrongType: Check = (value, run, seen) => {
    if (seen !== undefined) seen.isPartial = true
    return run.find('type', () => `Expected ${expected}, got ${typeName(value)}.`)
  }
  return (value, run, seen) => {
    run.spend(1)
    if (typeof value === 'string') {
      return allowed & KIND.string ? forStrings(value, run, seen) : wrongType(value, run, seen)
    }
    if (typeof value === 'boolean' || value === null) {
      const kind = value === null ? KIND.null : KIND.boolean
      return allowed & kind ? forAll(value, run, seen) : wrongType(value, run, seen)
    }
    if (Array.isArray(value)) {
      return allowed & KIND.array ? forArrays(value, run, seen) : wrongType(value, run, seen)
    }
    if (typeof value === 'number' || isExactNumber(value)) {
      const number = value as number | ExactNumber
      if (typeof number !== 'number') run.spendOn(number.rawJSON.length)
      const kind = isInteger(number) ? KIND.integer : KIND.fraction
      return allowed & kind ? forNumbers(number, run, seen) : wrongType(value, run, seen)
    }
    const object = value as JsonObject
    return allowed & KIND.object ? forObjects(object, run, seen) : wrongType(value, run, seen)
  }
}

/** One check of several; where only yes or no is asked, the first finding ends it. */
function combined<T extends JsonValue>(checks: readonly CheckOf<T>[]): CheckOf<T> {
  const [only] = checks
  if (only === undefined) return pass
  if (checks.length === 1) return only
  return (value, run, seen) => {
    let findings: Findings | undefined
    for (const check of checks) {
      const found = check(value, run, seen)
      if (found === undefined) continue
      findings = run.add(findings, found)
      if (run.isEnough(findings)) return findings
    }
    return findings
  }
}
