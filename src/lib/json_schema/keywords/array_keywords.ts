import type { JsonObject, JsonValue } from '../../json.ts'
import type { Builder } from '../builder.ts'
import { count } from '../describe.ts'
import type { CheckOf, Findings, Run } from '../run.ts'
import { countOf, schemaOf, schemasOf } from '../schema_values.ts'
import { identityOf } from '../value_identity.ts'

/** `minItems` and `maxItems`. */
export function itemCount(schema: JsonObject): CheckOf<JsonValue[]> | undefined {
  const least = countOf(schema.minItems) ?? 0
  const most = countOf(schema.maxItems) ?? Infinity
  if (least === 0 && most === Infinity) return undefined
  return (value, run) => {
    const { length } = value
    if (length >= least && length <= most) return undefined
    const [keyword, words] = length < least ? ['minItems', 'at least'] : ['maxItems', 'at most']
    const bound = count(length < least ? least : most, 'item')
    return run.find(keyword, () => `Expected ${words} ${bound}, got ${length}.`)
  }
}

/** `prefixItems` and `items`, or in draft-07 an array in `items` and `additionalItems`. */
export function items(schema: JsonObject, builder: Builder): CheckOf<JsonValue[]> | undefined {
  const { isOld } = builder
  const prefix = schemasOf(isOld ? schema.items : schema.prefixItems)
  const rest = schemaOf(isOld && prefix !== undefined ? schema.additionalItems : schema.items)
  if (prefix === undefined && rest === undefined) return undefined
  const prefixChecks = (prefix ?? []).map((child) => builder.check(child))
  const restCheck = rest === undefined ? undefined : builder.check(rest)
  return (value, run, seen) => {
    if (seen !== undefined) {
      if (restCheck === undefined) seen.addItemsBefore(prefixChecks.length)
      else seen.allItems = true
    }
    let findings: Findings | undefined
    const end = restCheck === undefined ? Math.min(prefixChecks.length, value.length) : value.length
    run.spendOn(end)
    for (let index = 0; index < end; index++) {
      const check = prefixChecks[index] ?? restCheck
      const found = check?.(value[index] as JsonValue, run, undefined)
      if (found === undefined) continue
      findings = run.add(findings, found, index)
      if (run.isEnough(findings)) return findings
    }
    return findings
  }
}

/** `contains` with `minContains` and `maxContains`. */
export function contains(schema: JsonObject, builder: Builder): CheckOf<JsonValue[]> | undefined {
  const child = schemaOf(schema.contains)
  if (child === undefined) return undefined
  const check = builder.check(child)
  const { isOld } = builder
  const least = (isOld ? undefined : countOf(schema.minContains)) ?? 1
  const most = (isOld ? undefined : countOf(schema.maxContains)) ?? Infinity
  return (value, run, seen) => {
    run.spendOn(value.length)
    let fitting = 0
    for (const [index, item] of value.entries()) {
      if (!run.accepts(check, item, undefined)) continue
      fitting++
      seen?.addItem(index)
      if (seen === undefined && most === Infinity && fitting >= least) break
    }
    if (fitting >= least && fitting <= most) return undefined
    return wrongCount(fitting, { least, most }, run)
  }
}

function wrongCount(
  fitting: number,
  { least, most }: { least: number; most: number },
  run: Run,
): Findings {
  const [words, bound] = fitting < least ? ['at least', least] : ['at most', most]
  return run.find(
    'contains',
    () =>
      `Expected ${words} ${count(bound, 'item')} of the form "contains" asks for, got ${fitting}.`,
  )
}

/** Noting one item costs as much as visiting this many schemas. */
const INDEX_UNITS = 4

/** `uniqueItems`, in one pass: equal as JSON, so 1 is 1.0 and the order of keys does not matter. */
export function uniqueItems(schema: JsonObject): CheckOf<JsonValue[]> | undefined {
  if (schema.uniqueItems !== true) return undefined
  return (value, run) => {
    const indexes = new Map<ReturnType<typeof identityOf>, number>()
    for (const [index, item] of value.entries()) {
      run.spend(INDEX_UNITS)
      const identity = identityOf(item, run)
      const earlier = indexes.get(identity)
      if (earlier !== undefined) return equal(earlier, index, run)
      indexes.set(identity, index)
    }
    return undefined
  }
}

const equal = (earlier: number, later: number, run: Run) =>
  run.find(
    'uniqueItems',
    () => `Expected unique items, but items ${earlier} and ${later} are equal.`,
  )
