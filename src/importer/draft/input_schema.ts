import type { JsonObject } from '../../lib/json.ts'
import { type ArgumentGroup, argumentGroups, type RequestMap } from '../../model/request_map.ts'
import { AliasBook } from '../schema/alias_book.ts'
import { declaredNames } from '../schema/declared_names.ts'
import { originalSchema } from '../schema/original_schema.ts'
import { portableSchema, type SchemaFinding } from '../schema/portable_schema.ts'
import { type DraftContext, remark } from './draft_context.ts'
import { hideInBody } from './hidden_arguments.ts'
import { describedSchema } from './parameter_prose.ts'
import { type DraftParameter, isListed } from './parameters.ts'
import type { ChosenBody } from './request_body.ts'

/** Bytes of a tool's arguments in JSON, about: what is more collapses. */
const MAX_BYTES = 16_000
const LEAST_BODY_BYTES = 4_000
const PARAMETER_BYTES = 10_000
const LEAST_PARAMETER_BYTES = 400

/** The arguments of a tool, as models see them and as the document has them. */
export interface DraftArguments {
  readonly inputSchema: JsonObject
  readonly schema: RequestMap['schema']
  readonly aliases: RequestMap['aliases']
}

/** One group of arguments on its way to a schema. */
interface Group {
  readonly portable: JsonObject
  readonly original: JsonObject
  readonly portableRequired: string[]
  readonly originalRequired: string[]
}

/** Makes both schemas of the arguments; what had to be simplified is a finding. */
export function draftArguments(
  context: DraftContext,
  parameters: readonly DraftParameter[],
  body: ChosenBody | null,
): DraftArguments {
  const groups = new Map<ArgumentGroup, Group>()
  const given = parameters.filter(({ argument }) => argument !== null)
  const maxBytes = Math.max(
    LEAST_PARAMETER_BYTES,
    Math.floor(PARAMETER_BYTES / Math.max(1, given.length)),
  )
  for (const parameter of given)
    addParameter(context, groupOf(groups, parameter.group), { parameter, maxBytes })
  const portable = groupSchemas(groups, 'portable')
  const original = groupSchemas(groups, 'original')
  let aliases: RequestMap['aliases'] = {}
  if (body !== null) {
    const room = MAX_BYTES - JSON.stringify(portable.properties).length
    const made = draftBody(context, body, Math.max(LEAST_BODY_BYTES, room))
    aliases = made.aliases
    portable.properties['body'] = made.schema
    original.properties['body'] = body.schema
    for (const { required } of [portable, original]) if (body.required) required.push('body')
  }
  const { defs } = context.document
  const hasFiles = body !== null && takesFiles(body)
  const rules = originalSchema(objectSchema(original.properties, original.required), {
    defs,
    hasFiles,
  })
  remarkSimplified(context, rules.findings)
  return {
    inputSchema: objectSchema(portable.properties, portable.required),
    schema: rules.schema,
    aliases,
  }
}

function groupOf(groups: Map<ArgumentGroup, Group>, name: ArgumentGroup): Group {
  const known = groups.get(name)
  if (known !== undefined) return known
  const group = { portable: {}, original: {}, portableRequired: [], originalRequired: [] }
  groups.set(name, group)
  return group
}

interface SizedParameter {
  readonly parameter: DraftParameter
  readonly maxBytes: number
}

function addParameter(
  context: DraftContext,
  group: Group,
  { parameter: one, maxBytes }: SizedParameter,
): void {
  const { parameter, argument } = one
  group.original[parameter.name] = parameter.schema
  if (parameter.required) group.originalRequired.push(parameter.name)
  if (argument === null || isHidden(context, one)) return
  const { schema, findings } = portableSchema(describedSchema(parameter), {
    defs: context.document.defs,
    aliases: null,
    maxBytes,
    isInput: true,
    hasFiles: false,
    isTop: false,
  })
  group.portable[argument] = schema
  if (parameter.required) group.portableRequired.push(argument)
  remarkSimplified(context, findings)
}

function isHidden(context: DraftContext, { parameter }: DraftParameter): boolean {
  if (!isListed(parameter, context.override.hidden ?? [])) return false
  if (!parameter.required) return true
  remark(context, {
    severity: 'warning',
    code: 'hidden_required',
    reason: `The parameter ${parameter.name} is required, so it is not hidden.`,
    fix: 'Bind it to a value instead.',
  })
  return false
}

interface Members {
  readonly properties: JsonObject
  readonly required: string[]
}

/** The groups as members of the arguments; a group is required where a member of it is. */
function groupSchemas(
  groups: ReadonlyMap<ArgumentGroup, Group>,
  form: 'portable' | 'original',
): Members {
  const members: Members = { properties: {}, required: [] }
  for (const name of argumentGroups) {
    const group = groups.get(name)
    if (group === undefined || Object.keys(group[form]).length === 0) continue
    const required = group[`${form}Required`]
    members.properties[name] = objectSchema(group[form], required)
    if (required.length > 0) members.required.push(name)
  }
  return members
}

const objectSchema = (properties: JsonObject, required: readonly string[]): JsonObject => ({
  type: 'object',
  properties,
  ...(required.length === 0 ? {} : { required: [...required] }),
  additionalProperties: false,
})

/** Where bytes can stand on the wire as they are. */
const takesFiles = ({ kind }: ChosenBody): boolean => kind === 'multipart' || kind === 'bytes'

interface BodySchema {
  readonly schema: JsonObject
  readonly aliases: RequestMap['aliases']
}

function draftBody(context: DraftContext, body: ChosenBody, maxBytes: number): BodySchema {
  const { defs } = context.document
  const book = new AliasBook(declaredNames(body.schema, defs))
  const made = portableSchema(body.schema, {
    defs,
    aliases: book,
    maxBytes,
    isInput: true,
    hasFiles: takesFiles(body),
    isTop: false,
  })
  remarkSimplified(context, made.findings)
  return { schema: hideInBody(context, made.schema, book), aliases: book.entries() }
}

function remarkSimplified(context: DraftContext, findings: readonly SchemaFinding[]): void {
  for (const { code, reason, fix } of findings) {
    const isSaid = context.findings.some((known) => known.code === code && known.reason === reason)
    if (!isSaid) remark(context, { severity: 'note', code, reason, fix })
  }
}
