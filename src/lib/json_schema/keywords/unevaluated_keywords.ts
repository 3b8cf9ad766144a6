import { isJsonObject, type JsonObject, type JsonValue } from '../../json.ts'
import type { Builder } from '../builder.ts'
import { quote } from '../describe.ts'
import type { Check, Findings, Run } from '../run.ts'
import { schemaOf } from '../schema_values.ts'
import { Seen } from '../seen.ts'

/** Wraps the check of all other keywords of a schema, which this one must come after. */
type Wrapper = (before: Check) => Check

type Leftovers = (value: JsonValue, run: Run, seen: Seen) => Findings | undefined

/** `unevaluatedProperties`. */
export function unevaluatedProperties(schema: JsonObject, builder: Builder): Wrapper | undefined {
  const child = schemaOf(builder.isOld ? undefined : schema.unevaluatedProperties)
  if (child === undefined) return undefined
  const check = builder.check(child)
  return afterAll((value, run, seen) => {
    if (!isJsonObject(value)) return undefined
    let findings: Findings | undefined
    for (const name in value) {
      run.spend(1)
      if (seen.hasProperty(name)) continue
      const found =
        child === false
          ? run.find('unevaluatedProperties', () => `Unexpected property ${quote(name)}.`)
          : check(value[name] as JsonValue, run, undefined)
      if (found === undefined) continue
      findings = run.add(findings, found, name)
      if (run.isEnough(findings)) return findings
    }
    seen.allProperties = true
    return findings
  })
}

/** `unevaluatedItems`. */
export function unevaluatedItems(schema: JsonObject, builder: Builder): Wrapper | undefined {
  const child = schemaOf(builder.isOld ? undefined : schema.unevaluatedItems)
  if (child === undefined) return undefined
  const check = builder.check(child)
  return afterAll((value, run, seen) => {
    if (!Array.isArray(value)) return undefined
    run.spendOn(value.length)
    let findings: Findings | undefined
    for (const [index, item] of value.entries()) {
      if (seen.hasItem(index)) continue
      const found =
        child === false
          ? run.find('unevaluatedItems', () => 'Unexpected item.')
          : check(item, run, undefined)
      if (found === undefined) continue
      findings = run.add(findings, found, index)
      if (run.isEnough(findings)) return findings
    }
    seen.allItems = true
    return findings
  })
}

function afterAll(leftovers: Leftovers): Wrapper {
  return (before) => (value, run, seen) => {
    const own = new Seen()
    let findings = before(value, run, own)
    if (findings !== undefined && run.isEnough(findings)) return findings
    // Where a branch failed, what it would have evaluated is not known: no accusing its members.
    const more = own.isPartial ? undefined : leftovers(value, run, own)
    if (more !== undefined) findings = run.add(findings, more)
    if (findings === undefined) run.merge(seen, own)
    return findings
  }
}
