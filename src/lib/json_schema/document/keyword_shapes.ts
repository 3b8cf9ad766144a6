import { isJsonObject, type JsonValue } from '../../json.ts'
import { compareNumbers, isInteger } from '../exact_decimal.ts'
import { numberOf } from '../schema_values.ts'

/** The names `type` knows. */
const TYPE_NAMES = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object']

/** Any string. */
export const text = (value: JsonValue) =>
  typeof value === 'string' ? undefined : 'must be a string'

/** Any array. */
export const array = (value: JsonValue) => (Array.isArray(value) ? undefined : 'must be an array')

/** true or false. */
export const flag = (value: JsonValue) =>
  typeof value === 'boolean' ? undefined : 'must be true or false'

/** Any number. */
export const number = (value: JsonValue) =>
  numberOf(value) === undefined ? 'must be a number' : undefined

/** A number above 0. */
export function positiveNumber(value: JsonValue): string | undefined {
  const divisor = numberOf(value)
  const isPositive = divisor !== undefined && compareNumbers(divisor, 0) > 0
  return isPositive ? undefined : 'must be a number above 0'
}

/** An integer from 0 up. */
export function count(value: JsonValue): string | undefined {
  const amount = numberOf(value)
  const isCount = amount !== undefined && isInteger(amount) && compareNumbers(amount, 0) >= 0
  return isCount ? undefined : 'must be an integer of at least 0'
}

/** An array of different strings. */
export function names(value: JsonValue): string | undefined {
  const areNames =
    Array.isArray(value) &&
    value.every((name) => typeof name === 'string') &&
    new Set(value).size === value.length
  return areNames ? undefined : 'must be an array of different strings'
}

/** An object of arrays of different strings. */
export function nameLists(value: JsonValue): string | undefined {
  const areLists =
    isJsonObject(value) && Object.values(value).every((list) => names(list) === undefined)
  return areLists ? undefined : 'must be an object of arrays of different strings'
}

/** A type's name, or an array of different ones. */
export function type(value: JsonValue): string | undefined {
  const types = Array.isArray(value) ? value : [value]
  const areTypes =
    types.length > 0 &&
    types.every((name) => typeof name === 'string' && TYPE_NAMES.includes(name)) &&
    new Set(types).size === types.length
  return areTypes ? undefined : `must be one or several of ${TYPE_NAMES.join(', ')}`
}

/** A plain name (JSON Schema 2020-12 §8.2.2). */
export function anchor(value: JsonValue): string | undefined {
  const isAnchor = typeof value === 'string' && /^[A-Za-z_][-A-Za-z0-9._]*$/.test(value)
  return isAnchor ? undefined : 'must be a name of letters, digits, "-", "_" and "."'
}
