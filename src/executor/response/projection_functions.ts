import { type ExactNumber, isExactNumber, type JsonValue, parseJson } from '../../lib/json.ts'
import { type AnyNumber, compareNumbers, isAnyNumber } from './number_order.ts'
import { ProjectionFault, type WorkBudget } from './work_budget.ts'

/** Gives the key of an item: what the expression of `sort_by`, `min_by` or `max_by` makes of it. */
export type KeyOf = (item: JsonValue) => JsonValue
type Key = string | AnyNumber

/** Functions that do arithmetic in doubles; on longer numbers they would round. */
const arithmetic: ReadonlySet<string> = new Set(['abs', 'avg', 'ceil', 'floor', 'sum'])

/** @throws ProjectionFault - arithmetic with a number whose digits a double cannot hold */
export function refuseRounding(name: string, args: readonly unknown[]): void {
  if (!arithmetic.has(name)) return
  if (args.flat().some(isExactNumber)) {
    throw new ProjectionFault(`${name}() would round a number with more digits than a double holds`)
  }
}

/** Functions done here, with numbers digit for digit and in their order; each takes checked types. */
export const ownFunctions: Readonly<
  Record<string, (args: readonly JsonValue[], budget: WorkBudget) => JsonValue>
> = {
  contains: ([searched = null, wanted = null], budget) => {
    if (typeof searched === 'string') {
      return typeof wanted === 'string' ? searched.includes(wanted) : false
    }
    return listOf(searched).some((item) => isSame(item, wanted, budget))
  },
  max: ([items = null]) => extreme(listOf(items), (item) => item, 1),
  min: ([items = null]) => extreme(listOf(items), (item) => item, -1),
  sort: ([items = null], budget) => sortBy(listOf(items), (item) => item, budget),
  to_number: ([value = null]) => toNumber(value),
  to_string: ([value = null], budget) => {
    if (typeof value === 'string') return value
    budget.spendTree(value)
    return JSON.stringify(value)
  },
}

/** Functions done here that take an expression as their second argument. */
export const ownKeyFunctions: Readonly<
  Record<string, (items: readonly JsonValue[], keyOf: KeyOf, budget: WorkBudget) => JsonValue>
> = {
  group_by: groupBy,
  max_by: (items, keyOf) => extreme(items, keyOf, 1),
  min_by: (items, keyOf) => extreme(items, keyOf, -1),
  sort_by: sortBy,
}

/** Whether two values are the same JSON value, numbers by their digits. @throws ProjectionFault */
export function isSame(a: JsonValue, b: JsonValue, budget: WorkBudget): boolean {
  budget.spend(1)
  if (a === b) return true
  if (isAnyNumber(a) || isAnyNumber(b)) {
    return isAnyNumber(a) && isAnyNumber(b) && compareNumbers(a, b) === 0
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && isSame(at(a, key), at(b, key), budget))
}

const at = (
  value: Exclude<JsonValue, ExactNumber | string | number | boolean | null>,
  key: string,
) => (value as { readonly [key: string]: JsonValue })[key] ?? null

const listOf = (value: JsonValue): readonly JsonValue[] => (Array.isArray(value) ? value : [])

function sortBy(items: readonly JsonValue[], keyOf: KeyOf, budget: WorkBudget): JsonValue {
  budget.spend(items.length * Math.ceil(Math.log2(items.length + 1)))
  const keyed = items.map((item) => ({ item, key: keyIn(keyOf(item)) }))
  return keyed.sort((a, b) => compareKeys(a.key, b.key)).map(({ item }) => item)
}

/** By a map of its own: items may be called `constructor`. */
function groupBy(items: readonly JsonValue[], keyOf: KeyOf): JsonValue {
  const groups = new Map<string, JsonValue[]>()
  for (const item of items) {
    const key = keyOf(item)
    if (typeof key !== 'string') throw new ProjectionFault('what it groups by is not a string')
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return Object.fromEntries(groups)
}

/** @param direction 1 for the greatest, -1 for the least; the first of equals */
function extreme(items: readonly JsonValue[], keyOf: KeyOf, direction: 1 | -1): JsonValue {
  let best: { readonly item: JsonValue; readonly key: Key } | null = null
  for (const item of items) {
    const key = keyIn(keyOf(item))
    if (best === null || compareKeys(key, best.key) * direction > 0) best = { item, key }
  }
  return best === null ? null : best.item
}

function keyIn(value: JsonValue): Key {
  if (typeof value === 'string' || isAnyNumber(value)) return value
  throw new ProjectionFault('what it sorts or compares by is neither a number nor a string')
}

function compareKeys(a: Key, b: Key): number {
  if (isAnyNumber(a) && isAnyNumber(b)) return compareNumbers(a, b)
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : Number(a > b)
  throw new ProjectionFault('what it sorts or compares by is a number here and a string there')
}

function toNumber(value: JsonValue): JsonValue {
  if (isAnyNumber(value)) return value
  if (typeof value !== 'string' || !/^-?[0-9.eE+-]{1,400}$/.test(value)) return null
  try {
    const number = parseJson(value)
    return isAnyNumber(number) ? number : null
  } catch {
    return null
  }
}
