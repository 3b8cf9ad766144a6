import { canonicalJson } from '../lib/canonical_json.ts'
import type { JsonObject, JsonValue } from '../lib/json.ts'
import type { RequestMap } from '../model/request_map.ts'
import { type FieldChange as Change, fieldChange } from './draft/diff/field_change.ts'
import { requestChanges } from './draft/diff/request_changes.ts'
import type { DraftAuth, OperationDraft } from './operation_draft.ts'

/** One thing about an operation that is not as it was. */
export type FieldChange = Change

/**
 * What a comparison reads: of a draft what `factsOfDraft` gives. Of a stored tool, its definition and
 * request map have the same fields; its `auth` is the text of the one it has, or null where that is
 * the operator's own choice (`none`, `hmac_signature`), which no document changes.
 */
export interface DraftFacts
  extends Pick<
    OperationDraft,
    | 'name'
    | 'description'
    | 'method'
    | 'baseUrl'
    | 'inputSchema'
    | 'outputSchema'
    | 'annotations'
    | 'requiredScopes'
    | 'map'
  > {
  /** The ways to prove oneself, as `authText` writes them; null for one no document changes. */
  readonly auth: readonly string[] | null
}

/** What an operation would become, or became by an earlier import. */
export function factsOfDraft(draft: OperationDraft): DraftFacts {
  return { ...draft, auth: draft.auth.map(authText) }
}

/**
 * How an operation changed, field by field; empty for not at all. Dangerous are another method, host
 * or path, auth that no longer fits, arguments that were right and are no longer, and scopes that are
 * not required any more (reliability.md case 282).
 */
export function diffDrafts(before: DraftFacts, after: DraftFacts): FieldChange[] {
  const changes = [
    ...dangerous(textChange('method', before.method, after.method)),
    ...dangerous(textChange('host', before.baseUrl, after.baseUrl)),
    ...dangerous(textChange('path', wholePath(before.map), wholePath(after.map))),
    ...textChange('name', before.name, after.name),
    ...textChange('description', before.description, after.description),
    ...authChanges(before, after),
    ...scopeChanges(before, after),
    ...requestChanges(before.map, after.map),
    ...jsonChange('output', before.outputSchema, after.outputSchema),
    ...jsonChange('annotations', { ...before.annotations }, { ...after.annotations }),
  ]
  // What no field above tells: prose of arguments, how a rule is put.
  if (!isSame(before.inputSchema, after.inputSchema) && !changes.some(isAboutArguments)) {
    return [...changes, fieldChange('arguments', 'as before', 'worded otherwise')]
  }
  const isSameMap = isSame(mapJson(before.map), mapJson(after.map))
  return isSameMap || changes.length > 0
    ? changes
    : [fieldChange('request', 'as before', 'written otherwise')]
}

const textChange = (field: string, before: string | null, after: string | null): FieldChange[] =>
  before === after ? [] : [fieldChange(field, before, after)]

const dangerous = (changes: FieldChange[]): FieldChange[] =>
  changes.map((change) => ({ ...change, isDangerous: true }))

function jsonChange(
  field: string,
  before: JsonObject | null,
  after: JsonObject | null,
): FieldChange[] {
  if (isSame(before, after)) return []
  return [fieldChange(field, before && JSON.stringify(before), after && JSON.stringify(after))]
}

const isSame = (before: JsonValue, after: JsonValue): boolean =>
  before === after || canonicalJson(before) === canonicalJson(after)

/** A request map is JSON but for its read-only types. */
const mapJson = (map: RequestMap): JsonValue => map as unknown as JsonValue

const isAboutArguments = ({ field }: FieldChange): boolean =>
  /^(?:pathParams|query|headers|cookies|body)\b/.test(field)

const wholePath = ({ path, fixedQuery }: RequestMap): string =>
  fixedQuery === '' ? path : `${path}?${fixedQuery}`

/** Auth changed where no way of before is left: what is set would not be taken any more. */
function authChanges(before: DraftFacts, after: DraftFacts): FieldChange[] {
  const { auth: old } = before
  const { auth: fresh } = after
  if (old === null || fresh === null) return []
  const isOpen = old.length === 0 && fresh.length === 0
  if (isOpen || old.some((way) => fresh.includes(way))) return []
  return dangerous([fieldChange('auth', old.join(', ') || 'none', fresh.join(', ') || 'none')])
}

function authText({ strategy, headerName, oauth }: Omit<DraftAuth, 'scheme'>): string {
  const name = headerName === null ? '' : ` ${headerName.toLowerCase()}`
  return `${strategy}${name}${oauth === null ? '' : ` ${oauth.tokenUrl}`}`
}

function scopeChanges(before: DraftFacts, after: DraftFacts): FieldChange[] {
  const [old, fresh] = [before.requiredScopes.toSorted(), after.requiredScopes.toSorted()]
  if (old.join() === fresh.join()) return []
  const change = fieldChange(
    'required_scopes',
    old.join(', ') || 'none',
    fresh.join(', ') || 'none',
  )
  return [{ ...change, isDangerous: old.some((scope) => !fresh.includes(scope)) }]
}
