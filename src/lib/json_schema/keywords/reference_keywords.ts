import type { JsonObject } from '../../json.ts'
import type { Builder } from '../builder.ts'
import { type Check, tooMuchWork } from '../run.ts'

/** Deepest nesting of `$dynamicRef`s: whether one ends is not known before the validation. */
const MAX_DYNAMIC_DEPTH = 200

/** `$ref`. */
export function reference(schema: JsonObject, builder: Builder): Check | undefined {
  const target = builder.document.refs.get(schema)
  return target && builder.referenced(target, builder.resourceOf(schema))
}

/**
 * `$dynamicRef`: where it leads to a `$dynamicAnchor`, the outermost resource entered that has an
 * anchor of that name is taken instead (JSON Schema 2020-12 §8.2.3.2).
 */
export function dynamicReference(schema: JsonObject, builder: Builder): Check | undefined {
  const target = builder.document.dynamicRefs.get(schema)
  if (target === undefined) return undefined
  const from = builder.resourceOf(schema)
  const first = builder.referenced(target, from)
  const name = target.dynamicAnchor
  if (name === undefined) return first
  const candidates = builder.dynamicTargets(name)
  return (value, run, seen) => {
    const outermost = run.scope.find((resource) => candidates.has(resource))
    const check = (outermost && candidates.get(outermost)) ?? first
    if (++run.dynamicDepth > MAX_DYNAMIC_DEPTH) throw tooMuchWork()
    const found = check(value, run, seen)
    run.dynamicDepth--
    return found
  }
}
