import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import type { AliasBook } from '../schema/alias_book.ts'
import { type DraftContext, remark } from './draft_context.ts'

/**
 * The body as models see it without what the operator hides: `body.metadata.internal` by the names on
 * the wire. A required property stays, with a finding.
 */
export function hideInBody(context: DraftContext, schema: JsonObject, book: AliasBook): JsonObject {
  const paths = (context.override.hidden ?? []).filter((path) => path.startsWith('body.'))
  return paths.reduce((shown, path) => {
    const names = path
      .slice('body.'.length)
      .split('.')
      .map((name) => book.alias(name))
    const outcome = without(shown, names)
    if (typeof outcome === 'string') remarkKept(context, path, outcome)
    return typeof outcome === 'string' ? shown : outcome
  }, schema)
}

/** The schema without a property, or why it stays. */
function without(schema: JsonObject, names: readonly string[]): JsonObject | string {
  if (isJsonObject(schema['items'])) {
    const items = without(schema['items'], names)
    return typeof items === 'string' ? items : { ...schema, items }
  }
  const { properties, required } = schema
  const [name = '', ...rest] = takeName(names, properties)
  if (!isJsonObject(properties) || !Object.hasOwn(properties, name)) return 'is not there'
  const below = properties[name]
  if (rest.length > 0) {
    const shown = isJsonObject(below) ? without(below, rest) : 'is not there'
    return typeof shown === 'string'
      ? shown
      : { ...schema, properties: { ...properties, [name]: shown } }
  }
  if (Array.isArray(required) && required.includes(name)) return 'is required'
  const { [name]: _, ...kept } = properties
  return { ...schema, properties: kept }
}

/** Names with dots in them are found too: the longest that is a property counts. */
function takeName(names: readonly string[], properties: unknown): readonly string[] {
  for (let length = names.length; length > 1; length--) {
    const name = names.slice(0, length).join('.')
    if (isJsonObject(properties) && Object.hasOwn(properties, name))
      return [name, ...names.slice(length)]
  }
  return names
}

function remarkKept(context: DraftContext, path: string, why: string): void {
  remark(context, {
    severity: 'warning',
    code: why === 'is required' ? 'hidden_required' : 'override_unknown',
    reason: `${path} ${why}, so it is not hidden.`,
    fix: 'Correct the override of the operation.',
  })
}
