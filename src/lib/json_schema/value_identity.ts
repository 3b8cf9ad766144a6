import { isExactNumber, type JsonValue } from '../json.ts'
import { numberIdentity } from './exact_decimal.ts'
import type { Run } from './run.ts'

/** Writing one value out costs as much as visiting this many schemas. */
const VALUE_UNITS = 4

/** Marks a composite's text; no string of a parsed value can begin with it. */
const MARK = '\0'

/**
 * A value to compare with `===` or keep in a Set, the same for two JSON values exactly when they
 * are equal as JSON Schema has it: 1 and 1.0 are, the order of keys does not matter.
 */
export function identityOf(value: JsonValue, run: Run): string | number | boolean | null {
  if (typeof value === 'string')
    return value.startsWith(MARK) ? MARK + JSON.stringify(value) : value
  if (typeof value !== 'object' || value === null) return value
  if (!isExactNumber(value)) return MARK + canonical(value, run)
  const identity = numberIdentity(value)
  return typeof identity === 'number' ? identity : MARK + identity
}

function canonical(value: JsonValue, run: Run): string {
  run.spend(VALUE_UNITS)
  if (typeof value === 'string') {
    run.spend(value.length >> 6)
    return JSON.stringify(value)
  }
  if (typeof value === 'number') return String(value === 0 ? 0 : value)
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, run)).join(',')}]`
  if (isExactNumber(value)) return String(numberIdentity(value))
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? null, run)}`)
  return `{${members.join(',')}}`
}
