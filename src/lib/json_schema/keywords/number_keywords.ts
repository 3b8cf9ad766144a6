import type { ExactNumber, JsonObject } from '../../json.ts'
import { quote } from '../describe.ts'
import { compareNumbers, isMultipleOf } from '../exact_decimal.ts'
import type { CheckOf, Run } from '../run.ts'
import { numberOf } from '../schema_values.ts'

type NumberValue = number | ExactNumber

interface Limit {
  readonly keyword: string
  readonly words: string
  readonly limit: NumberValue
  /** The sign of value - limit that is allowed; with `orEqual` 0 is too. */
  readonly side: 1 | -1
  readonly orEqual: boolean
}

const KEYWORDS: Omit<Limit, 'limit'>[] = [
  { keyword: 'minimum', words: 'at least', side: 1, orEqual: true },
  { keyword: 'maximum', words: 'at most', side: -1, orEqual: true },
  { keyword: 'exclusiveMinimum', words: 'more than', side: 1, orEqual: false },
  { keyword: 'exclusiveMaximum', words: 'less than', side: -1, orEqual: false },
]

/** `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, compared digit for digit. */
export function range(schema: JsonObject): CheckOf<NumberValue> | undefined {
  const limits: Limit[] = []
  for (const entry of KEYWORDS) {
    const limit = numberOf(schema[entry.keyword])
    if (limit !== undefined) limits.push({ ...entry, limit })
  }
  if (limits.length === 0) return undefined
  return (value, run) => {
    for (const limit of limits) {
      const difference = compareNumbers(value, limit.limit) * limit.side
      if (difference < 0 || (difference === 0 && !limit.orEqual)) return outside(limit, value, run)
    }
    return undefined
  }
}

const outside = ({ keyword, words, limit }: Limit, value: NumberValue, run: Run) =>
  run.find(keyword, () => `Expected a number of ${words} ${quote(limit)}, got ${quote(value)}.`)

/** `multipleOf`, in decimal: 19.99 is a multiple of 0.01. */
export function multipleOf(schema: JsonObject): CheckOf<NumberValue> | undefined {
  const divisor = numberOf(schema.multipleOf)
  if (divisor === undefined) return undefined
  return (value, run) =>
    isMultipleOf(value, divisor)
      ? undefined
      : run.find(
          'multipleOf',
          () => `Expected a multiple of ${quote(divisor)}, got ${quote(value)}.`,
        )
}
