import type { JsonObject } from '../../json.ts'
import type { Builder } from '../builder.ts'
import { once, quote } from '../describe.ts'
import type { Check, CheckOf, Findings, Run } from '../run.ts'
import { schemaEntriesOf, schemaOf, schemasOf } from '../schema_values.ts'
import { Seen } from '../seen.ts'
import { closestFindings } from './closest_findings.ts'
import { hasMember } from './object_keywords.ts'

/** `allOf`. */
export function allOf(schema: JsonObject, builder: Builder): Check | undefined {
  const children = schemasOf(schema.allOf)
  if (children === undefined) return undefined
  const checks = children.map((child) => builder.check(child))
  return (value, run, seen) => {
    run.spendOn(checks.length)
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

/** The places of the forms that accept a value, no more than `enough` of them. */
function accepting(
  checks: readonly Check[],
  [value, run, seen]: Parameters<Check>,
  enough: number,
): number[] {
  run.spendOn(checks.length)
  const places: number[] = []
  for (const [place, check] of checks.entries()) {
    const own = seen && new Seen()
    if (!run.accepts(check, value, own)) continue
    run.merge(seen, own)
    places.push(place)
    if (places.length >= enough) return places
  }
  return places
}

/** `anyOf`; where no form fits, the findings of the closest one are reported. */
export function anyOf(schema: JsonObject, builder: Builder): Check | undefined {
  const children = schemasOf(schema.anyOf)
  if (children === undefined) return undefined
  const checks = children.map((child) => builder.check(child))
  return (value, run, seen) => {
    // Every form that fits evaluates members, so with `seen` none may be left out.
    const fits = accepting(checks, [value, run, seen], seen === undefined ? 1 : Infinity)
    return fits.length > 0 ? undefined : closestFindings('anyOf', checks, [value, run, seen])
  }
}

/** `oneOf`; where no form fits, the findings of the closest one are reported. */
export function oneOf(schema: JsonObject, builder: Builder): Check | undefined {
  const children = schemasOf(schema.oneOf)
  if (children === undefined) return undefined
  const checks = children.map((child) => builder.check(child))
  return (value, run, seen) => {
    const [first, second] = accepting(checks, [value, run, seen], 2)
    if (first === undefined) return closestFindings('oneOf', checks, [value, run, seen])
    return second === undefined ? undefined : ambiguous([first, second], checks.length, run)
  }
}

const ambiguous = ([first, second]: [number, number], forms: number, run: Run) =>
  run.find(
    'oneOf',
    () =>
      `The value must fit exactly one of the ${forms} forms of "oneOf", ` +
      `but fits number ${first + 1} and number ${second + 1}.`,
  )

/** `not`. */
export function not(schema: JsonObject, builder: Builder): Check | undefined {
  const child = schemaOf(schema.not)
  if (child === undefined) return undefined
  const check = builder.check(child)
  const message = once(() => `The value must not fit the schema ${quote(child)}.`)
  return (value, run) =>
    run.accepts(check, value, undefined) ? run.find('not', message) : undefined
}

/** `if`, `then` and `else`. */
export function ifThenElse(schema: JsonObject, builder: Builder): Check | undefined {
  const condition = schemaOf(schema.if)
  if (condition === undefined) return undefined
  const thenChild = schemaOf(schema.then)
  const elseChild = schemaOf(schema.else)
  // Alone, `if` only evaluates members.
  if (thenChild === undefined && elseChild === undefined && !builder.tracksSeen) return undefined
  const check = builder.check(condition)
  const thenCheck = thenChild === undefined ? undefined : builder.check(thenChild)
  const elseCheck = elseChild === undefined ? undefined : builder.check(elseChild)
  return (value, run, seen) => {
    const own = seen && new Seen()
    if (!run.accepts(check, value, own)) return elseCheck?.(value, run, seen)
    run.merge(seen, own)
    return thenCheck?.(value, run, seen)
  }
}

/** `dependentSchemas`, and the schemas in `dependencies`. */
export function dependentSchemas(
  schema: JsonObject,
  builder: Builder,
): CheckOf<JsonObject> | undefined {
  const entries = [schema.dependentSchemas, schema.dependencies].flatMap(schemaEntriesOf)
  if (entries.length === 0) return undefined
  const checks = entries.map(([name, child]) => ({ name, check: builder.check(child) }))
  return (value, run, seen) => {
    run.spendOn(checks.length)
    let findings: Findings | undefined
    for (const { name, check } of checks) {
      if (!hasMember(value, name)) continue
      const found = check(value, run, seen)
      if (found === undefined) continue
      findings = run.add(findings, found)
      if (run.isEnough(findings)) return findings
    }
    return findings
  }
}
