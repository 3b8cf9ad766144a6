import type { JsonObject, JsonValue } from '../../json.ts'
import type { Builder } from '../builder.ts'
import { cut, list, once, quote } from '../describe.ts'
import type { Pattern } from '../pattern/compile_pattern.ts'
import type { Check, CheckOf, Findings } from '../run.ts'
import { type Schema, schemaEntriesOf, schemaOf } from '../schema_values.ts'
import { isInherited } from './object_keywords.ts'
import { matches, tooLong } from './string_keywords.ts'

interface Members {
  readonly known: ReadonlyMap<string, Check>
  readonly patterns: readonly (readonly [Pattern, Check])[]
  /** The schema of all other members; undefined where the schema says nothing of them. */
  readonly others: Schema | undefined
}

/** `properties`, `patternProperties` and `additionalProperties`. */
export function properties(schema: JsonObject, builder: Builder): CheckOf<JsonObject> | undefined {
  const named = schemaEntriesOf(schema.properties)
  const matched = schemaEntriesOf(schema.patternProperties)
  const others = schemaOf(schema.additionalProperties)
  if (named.length + matched.length === 0 && others === undefined) return undefined
  const known = new Map(named.map(([name, child]) => [name, builder.check(child)]))
  if (matched.length === 0 && (others === undefined || others === true)) {
    return knownMembers(known, others === true)
  }
  const patterns = matched.map(
    ([source, child]) => [builder.pattern(source), builder.check(child)] as const,
  )
  return allMembers(
    { known, patterns, others },
    others === undefined ? others : builder.check(others),
  )
}

/** Looks up the known members only: whatever else there is fits. */
function knownMembers(known: ReadonlyMap<string, Check>, isOpen: boolean): CheckOf<JsonObject> {
  const members = [...known].map(([name, check]) => ({ name, check, inherited: isInherited(name) }))
  return (value, run, seen) => {
    run.spendOn(members.length)
    let findings: Findings | undefined
    for (const { name, check, inherited } of members) {
      const member = value[name]
      if (member === undefined || (inherited && !Object.hasOwn(value, name))) continue
      seen?.addProperty(name)
      const found = check(member, run, undefined)
      if (found === undefined) continue
      findings = run.add(findings, found, name)
      if (run.isEnough(findings)) return findings
    }
    if (isOpen && seen !== undefined) seen.allProperties = true
    return findings
  }
}

/** Looks at every member: by name, by each pattern, and by neither. */
function allMembers(members: Members, otherCheck: Check | undefined): CheckOf<JsonObject> {
  const { known, patterns, others } = members
  const allowed = others === false ? once(() => allowedNames(members)) : undefined
  return (value, run, seen) => {
    let findings: Findings | undefined
    for (const name in value) {
      const member = value[name] as JsonValue
      const check = known.get(name)
      let found = check?.(member, run, undefined)
      let isSeen = check !== undefined
      for (const [pattern, patternCheck] of patterns) {
        const isShort = name.length <= pattern.maxLength
        if (isShort && !matches(pattern, name, run)) continue
        isSeen = true
        const more = isShort ? patternCheck(member, run, undefined) : tooLong(pattern, run)
        if (more !== undefined) found = run.add(found, more)
      }
      if (!isSeen && allowed !== undefined) {
        const message = () => `Unexpected property ${quote(name)}.${allowed()}`
        found = run.find('additionalProperties', message)
      } else if (!isSeen) found = otherCheck?.(member, run, undefined)
      if (isSeen || otherCheck !== undefined) seen?.addProperty(name)
      run.spend(1)
      if (found === undefined) continue
      findings = run.add(findings, found, name)
      if (run.isEnough(findings)) return findings
    }
    return findings
  }
}

function allowedNames({ known, patterns }: Members): string {
  const names = known.size > 0 ? ` Known are ${list([...known.keys()])}.` : ' None are known here.'
  const sources = patterns.map(([{ source }]) => source).join(' or ')
  return sources === '' ? names : `${names} Names that match ${cut(sources, 120)} are allowed.`
}
