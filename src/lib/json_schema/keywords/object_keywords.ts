import type { JsonObject } from '../../json.ts'
import type { Builder } from '../builder.ts'
import { count, quote } from '../describe.ts'
import type { CheckOf, Findings, Run } from '../run.ts'
import { countOf, schemaOf, stringListsOf, stringsOf } from '../schema_values.ts'

type ObjectCheck = CheckOf<JsonObject>

/** Whether every object has a member of this name by inheritance, so that reading proves nothing. */
export function isInherited(name: string): boolean {
  return name in Object.prototype
}

/** Tells whether an object has a member of its own. */
export function hasMember(object: JsonObject, name: string): boolean {
  return object[name] !== undefined && (!isInherited(name) || Object.hasOwn(object, name))
}

/** `required`. */
export function required(schema: JsonObject): ObjectCheck | undefined {
  const names = stringsOf(schema.required)
  if (names.length === 0) return undefined
  const hasInherited = names.some(isInherited)
  return (value, run) => {
    run.spendOn(names.length)
    let isMissing = hasInherited
    for (const name of names) if (value[name] === undefined) isMissing = true
    return isMissing ? missing(names, value, run) : undefined
  }
}

function missing(names: readonly string[], value: JsonObject, run: Run): Findings | undefined {
  let findings: Findings | undefined
  for (const name of names) {
    if (hasMember(value, name)) continue
    const found = run.find('required', () => `Required property ${quote(name)} is missing.`)
    findings = run.add(findings, found)
    if (run.isEnough(findings)) return findings
  }
  return findings
}

/** `minProperties` and `maxProperties`. */
export function propertyCount(schema: JsonObject): ObjectCheck | undefined {
  const least = countOf(schema.minProperties) ?? 0
  const most = countOf(schema.maxProperties) ?? Infinity
  if (least === 0 && most === Infinity) return undefined
  return (value, run) => {
    const { length } = Object.keys(value)
    run.spendOn(length)
    if (length >= least && length <= most) return undefined
    const isFew = length < least
    const bound = count(isFew ? least : most, 'property')
    return run.find(
      isFew ? 'minProperties' : 'maxProperties',
      () => `Expected at ${isFew ? 'least' : 'most'} ${bound}, got ${length}.`,
    )
  }
}

/** `propertyNames`; a finding stands at the member whose name it is about. */
export function propertyNames(schema: JsonObject, builder: Builder): ObjectCheck | undefined {
  const child = schemaOf(schema.propertyNames)
  if (child === undefined) return undefined
  const check = builder.check(child)
  return (value, run) => {
    let findings: Findings | undefined
    for (const name in value) {
      run.spend(1)
      const found = check(name, run, undefined)
      if (found === undefined) continue
      findings = run.add(findings, found.map(aboutName), name)
      if (run.isEnough(findings)) return findings
    }
    return findings
  }
}

const aboutName = (finding: Findings[number]) => ({
  ...finding,
  message: `The property's name is not allowed. ${finding.message}`,
})

/** `dependentRequired`, and the lists of names in `dependencies`. */
export function dependentRequired(schema: JsonObject): ObjectCheck | undefined {
  const lists = [schema.dependentRequired, schema.dependencies].flatMap(stringListsOf)
  if (lists.length === 0) return undefined
  return (value, run) => {
    let findings: Findings | undefined
    run.spendOn(lists.length)
    for (const [name, needed] of lists) {
      if (!hasMember(value, name)) continue
      run.spendOn(needed.length)
      for (const other of needed) {
        if (hasMember(value, other)) continue
        const message = () => `With property ${quote(name)}, ${quote(other)} is required, too.`
        findings = run.add(findings, run.find('dependentRequired', message))
        if (run.isEnough(findings)) return findings
      }
    }
    return findings
  }
}
