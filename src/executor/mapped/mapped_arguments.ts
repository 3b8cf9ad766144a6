import type { FieldError } from '../../errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import { type CompiledSchema, compileSchema } from '../../lib/json_schema/compile_schema.ts'
import type { MappedBody, MappedParameter, RequestMap } from '../../model/request_map.ts'
import { pointerStep } from '../bound_variable.ts'
import { misfit, unknownArgument } from '../misfit.ts'
import { AliasWalk } from './alias_walk.ts'
import { type FileContent, isFile, looksLikeFile, readFile } from './file_content.ts'
import { modelIssues, type Renames } from './model_issues.ts'
import { ownSchema } from './own_schema.ts'
import { groupOf } from './parameter_values.ts'

/** The arguments of one call by group, every name as on the wire, and the files in them. */
export interface WireArguments {
  readonly groups: JsonObject
  readonly files: ReadonlyMap<string, readonly FileContent[]>
}

/** What is found out about the arguments of one call. */
interface Reading {
  readonly issues: FieldError[]
  readonly files: Map<string, FileContent[]>
  renames: Renames
}

/** A document's subschemas may be many: what is validated is the document's own. */
const maxSubschemas = 100_000

/** The arguments of an operation: their names, and the document's rules for them. */
export class MappedArguments {
  private readonly map: RequestMap
  private readonly schema: CompiledSchema
  private readonly walk: AliasWalk
  /** By group, then by the model's name; a null is the connection's to fill and left out. */
  private readonly groups: ReadonlyMap<string, ReadonlyMap<string, MappedParameter | null>>

  /**
   * @param rendered the parameters that are sent; the others of the map are taken and left out
   * @throws AppError - the schema cannot be compiled
   */
  constructor(map: RequestMap, rendered: readonly MappedParameter[]) {
    this.map = map
    this.groups = groupsOf(map, rendered)
    this.schema = compileSchema(ownSchema(map, rendered), { maxSubschemas })
    this.walk = new AliasWalk(map.schema, map.aliases)
  }

  /**
   * Takes the model's arguments apart and asks the document's schema.
   * @throws AppError invalid_arguments - every failing path named as the model knows it
   */
  read(args: JsonObject): WireArguments {
    const reading: Reading = { issues: [], files: new Map(), renames: new Map() }
    const groups: JsonObject = {}
    for (const [name, value] of Object.entries(args)) {
      if (name === 'body' && this.map.body !== null) {
        groups.body = this.body(this.map.body, value, reading)
      } else this.group(name, value, { groups, reading })
    }
    const found = this.schema.validate(groups)
    const renames = { parameters: this.map.parameters, aliases: this.map.aliases }
    const issues = [...reading.issues, ...modelIssues(found, reading.renames, renames)]
    if (issues.length > 0) throw misfit(issues)
    return { groups, files: reading.files }
  }

  private group(
    name: string,
    value: JsonValue,
    { groups, reading }: { readonly groups: JsonObject; readonly reading: Reading },
  ): void {
    const known = this.groups.get(name)
    if (known === undefined) {
      reading.issues.push(unknownArgument(step(name), this.groupNames()))
      return
    }
    if (!isJsonObject(value)) {
      reading.issues.push({ pointer: `/${name}`, message: 'must be an object' })
      return
    }
    const wire: JsonObject = {}
    for (const [argument, member] of Object.entries(value)) {
      const parameter = known.get(argument)
      if (parameter === undefined) {
        reading.issues.push(unknownArgument(`/${name}${step(argument)}`, known.keys()))
      } else if (parameter !== null) wire[parameter.name] = member
    }
    if (Object.keys(wire).length > 0 || [...known.values()].some((p) => p !== null)) {
      groups[name] = wire
    }
  }

  private groupNames(): string[] {
    return [...this.groups.keys(), ...(this.map.body === null ? [] : ['body'])]
  }

  private body(body: MappedBody, given: JsonValue, reading: Reading): JsonValue {
    const { properties } = this.map.schema
    const schema = isJsonObject(properties) ? properties.body : undefined
    const { value, renamed, doubled } = this.walk.apply(given, schema)
    reading.renames = renamed
    for (const pointer of doubled) reading.issues.push({ pointer, message: 'is given twice' })
    if (body.kind === 'bytes' || (body.kind === 'text' && looksLikeFile(value))) {
      return this.file('', value, { pointer: '/body', reading })
    }
    return isJsonObject(value) ? this.withFiles(body, value, reading) : value
  }

  /** Puts the text of each file in its place: the document describes it as a text. */
  private withFiles({ encoding }: MappedBody, value: JsonObject, reading: Reading): JsonObject {
    const names = Object.keys(encoding).filter(
      (name) => encoding[name]?.isFile === true && Object.hasOwn(value, name),
    )
    if (names.length === 0) return value
    const result = { ...value }
    for (const name of names) {
      const member = value[name] ?? null
      const pointer = `/body${step(reading.renames.get(`/body${step(name)}`) ?? name)}`
      if (member === null) continue
      result[name] = Array.isArray(member)
        ? member.map((item, index) =>
            this.file(name, item, { pointer: `${pointer}/${index}`, reading }),
          )
        : this.file(name, member, { pointer, reading })
      if (Array.isArray(member) && member.length === 0) reading.files.set(name, [])
    }
    return result
  }

  private file(
    name: string,
    value: JsonValue,
    { pointer, reading }: { readonly pointer: string; readonly reading: Reading },
  ): JsonValue {
    const read = readFile(value, pointer)
    if (!isFile(read)) {
      reading.issues.push(read)
      return ''
    }
    reading.files.set(name, [...(reading.files.get(name) ?? []), read])
    return read.text
  }
}

const step = (name: string) => pointerStep(name.slice(0, 64))

function groupsOf({ parameters }: RequestMap, rendered: readonly MappedParameter[]) {
  const groups = new Map<string, Map<string, MappedParameter | null>>()
  for (const parameter of parameters) {
    if (!('argument' in parameter.source)) continue
    const name = groupOf[parameter.in]
    const group = groups.get(name) ?? new Map<string, MappedParameter | null>()
    group.set(parameter.source.argument, rendered.includes(parameter) ? parameter : null)
    groups.set(name, group)
  }
  return groups
}
