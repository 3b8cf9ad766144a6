import type { JsonObject, JsonValue } from '../../json.ts'
import { list, once, quote } from '../describe.ts'
import { type Check, Run } from '../run.ts'
import { identityOf } from '../value_identity.ts'

const isComposite = (value: JsonValue) => typeof value === 'object' && value !== null

/** `const` (JSON Schema Validation §6.1.3): equal as JSON, so 1 is 1.0. */
export function constant(schema: JsonObject): Check | undefined {
  const expected = schema.const
  if (expected === undefined) return undefined
  const identity = identityOf(expected, new Run())
  const message = once(() => `Expected exactly ${quote(expected)}.`)
  return (value, run) => {
    if (value === expected) return undefined
    if (isComposite(value) && identityOf(value, run) === identity) return undefined
    return run.find('const', message)
  }
}

/** `enum` (JSON Schema Validation §6.1.2). */
export function enumeration(schema: JsonObject): Check | undefined {
  const allowed = schema.enum
  if (!Array.isArray(allowed)) return undefined
  const identities = new Set<JsonValue>(allowed.map((value) => identityOf(value, new Run())))
  const message = once(() => `Expected one of ${list(allowed)}.`)
  return (value, run) => {
    if (!isComposite(value) ? identities.has(value) : identities.has(identityOf(value, run))) {
      return undefined
    }
    return run.find('enum', message)
  }
}
