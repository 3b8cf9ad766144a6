import { canonicalJson } from '../../../lib/canonical_json.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/json.ts'

const upper = [
  'maximum',
  'exclusiveMaximum',
  'maxLength',
  'maxItems',
  'maxProperties',
  'maxContains',
]
const lower = [
  'minimum',
  'exclusiveMinimum',
  'minLength',
  'minItems',
  'minProperties',
  'minContains',
]
/** Keywords that say nothing a value could break. */
const free = new Set([
  ...['default', 'example', 'examples', 'deprecated', 'readOnly', 'writeOnly', 'xml', '$comment'],
  ...['discriminator', 'externalDocs', 'contentMediaType', 'contentEncoding'],
])

/**
 * Whether some value that the rules of before took may break those of after. Rules that cannot be
 * held against each other count as narrower.
 */
export function isNarrower(before: JsonValue, after: JsonValue): boolean {
  if (!isJsonObject(before) || !isJsonObject(after)) return after !== true && before !== false
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].some((name) => isRuleNarrower(name, before, after))
}

function isRuleNarrower(name: string, before: JsonObject, after: JsonObject): boolean {
  const [old, fresh] = [before[name], after[name]]
  if (free.has(name) || name.startsWith('x-') || same(old, fresh)) return false
  if (name === 'type') return losesType(old, fresh)
  if (name === 'enum' || name === 'const') return losesValue(before, after)
  // Without a rule everything goes.
  if (fresh === undefined) return name === 'anyOf' || name === 'oneOf' ? false : fresh === true
  if (upper.includes(name)) return !(Number(fresh) >= Number(old))
  if (lower.includes(name)) return !(Number(fresh) <= Number(old))
  if (name === 'anyOf' || name === 'oneOf') return !(Number(fresh) > Number(old))
  if (name === 'uniqueItems') return fresh === true
  if (name === 'additionalProperties') return fresh !== true
  return true
}

const same = (a: JsonValue | undefined, b: JsonValue | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b))

function losesType(before: JsonValue | undefined, after: JsonValue | undefined): boolean {
  if (after === undefined) return false
  if (before === undefined) return true
  const fresh = new Set([after].flat())
  return [before]
    .flat()
    .some((type) => !fresh.has(type) && !(type === 'integer' && fresh.has('number')))
}

function losesValue(before: JsonObject, after: JsonObject): boolean {
  const [old, fresh] = [valuesOf(before), valuesOf(after)]
  if (fresh === null) return false
  return old === null || old.some((value) => !fresh.includes(value))
}

/** The only values a schema takes; null for any. */
function valuesOf(schema: JsonObject): string[] | null {
  if (schema['const'] !== undefined) return [canonicalJson(schema['const'])]
  return Array.isArray(schema['enum']) ? schema['enum'].map(canonicalJson) : null
}
