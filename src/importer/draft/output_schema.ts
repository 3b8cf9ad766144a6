import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import { isReadMethod } from '../../model/tool.ts'
import type { ApiSchema } from '../api_document.ts'
import { portableSchema } from '../schema/portable_schema.ts'
import { successes } from './accept.ts'
import type { DraftContext } from './draft_context.ts'
import { isJsonType } from './media_kind.ts'
import { plainLine } from './plain_text.ts'
import { mainType, typesOf } from './schema_look.ts'

/** Above this many bytes models pay more for the schema than it tells them. */
const MAX_BYTES = 1_200
const MAX_WORDS = 80
/** What a member takes beside its name: `"":{"description":"string"},`. */
const MEMBER_BYTES = 27

/**
 * What an answer looks like, in words a client cannot hold against it: an object whose members are
 * described, none demanded or typed. Real answers stray from their documents, and clients refuse a
 * result that breaks its schema (reliability.md case 192). Null where an answer may be something
 * else than a JSON object, where it would be large, and for writes, whose result must never be refused.
 */
export function outputSchema(context: DraftContext): JsonObject | null {
  if (!isReadMethod(context.operation.method)) return null
  const good = successes(context.operation.responses)
  const contents = good.flatMap((response) => response.contents)
  const isAlwaysJson =
    good.length > 0 &&
    good.every(({ status, contents: own }) => /^2\d\d$/.test(status) && own.length > 0) &&
    contents.every(({ mediaType }) => isJsonType(mediaType))
  const [first, ...others] = contents
  if (!isAlwaysJson || first === undefined || others.length > 0) return null
  if (isWide(first.schema, context)) return null
  const { schema } = portableSchema(first.schema, {
    defs: context.document.defs,
    aliases: null,
    maxBytes: 3 * MAX_BYTES,
    isInput: false,
    hasFiles: false,
    isTop: true,
  })
  if (mainType(schema) !== 'object' || typesOf(schema).includes('null')) return null
  const { properties } = schema
  if (!isJsonObject(properties) || Object.keys(properties).length === 0) return null
  const described = Object.entries(properties).map(([name, value]) => [name, member(value)])
  const shown: JsonObject = { type: 'object', properties: Object.fromEntries(described) }
  return JSON.stringify(shown).length > MAX_BYTES ? null : shown
}

/** Whether the names alone would take too much; saves writing what is thrown away. */
function isWide(schema: ApiSchema, { document }: DraftContext): boolean {
  let at: ApiSchema | undefined = schema
  for (let hops = 0; hops < 8 && isJsonObject(at) && typeof at.$ref === 'string'; hops++) {
    at = document.defs[at.$ref.slice('#/$defs/'.length)]
  }
  const names = isJsonObject(at) && isJsonObject(at.properties) ? Object.keys(at.properties) : []
  return names.reduce((bytes, name) => bytes + name.length + MEMBER_BYTES, 0) > MAX_BYTES
}

function member(schema: JsonValue): JsonObject {
  if (!isJsonObject(schema)) return {}
  const { description } = schema
  const words = typeof description === 'string' ? plainLine(description, MAX_WORDS) : ''
  const text = [kindOf(schema), words].filter((part) => part !== '').join('. ')
  return text === '' ? {} : { description: text }
}

function kindOf(schema: JsonObject): string {
  const type = mainType(schema) ?? ''
  const items = schema['items']
  const { properties } = schema
  if (type === 'array' && isJsonObject(items)) return `array of ${kindOf(items) || 'values'}`
  if (type !== 'object' || !isJsonObject(properties)) return type
  const names = Object.keys(properties)
  if (names.length === 0) return type
  return `object {${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}}`
}
