import { isJsonObject, type JsonValue } from '../../lib/json.ts'
import type { ParameterPlace } from '../../model/request_map.ts'
import type { ApiParameter, ApiSchema } from '../api_document.ts'
import { mediaTypeOf, readExample } from './contents.ts'
import { orEmpty, schemaOf } from './parameter_schema.ts'
import { readCollectionFormat, readStyle, type WrittenStyle } from './parameter_style.ts'
import {
  booleanAt,
  child,
  items,
  kindOf,
  members,
  type ObjectPlace,
  type Place,
  textAt,
} from './place.ts'
import { neededObject, OperationProblem, type Reading } from './reading.ts'

/** The parameters of an operation, those that are its body apart. */
export interface ReadParameters {
  readonly parameters: readonly ApiParameter[]
  /** `in: body` and `in: formData`, as Swagger 2.0 has them. */
  readonly bodyParts: readonly ObjectPlace[]
}

interface Found {
  readonly place: ObjectPlace
  readonly where: string
  readonly name: string
}

/**
 * Reads the parameters of an operation and its path: those of the operation win.
 * @throws OperationProblem for a required parameter that cannot be read
 */
export function readParameters(reading: Reading, own: Place, shared: Place): ReadParameters {
  const found = new Map<string, Found>()
  for (const list of [own, shared]) {
    const here = new Map<string, Found>()
    for (const one of listed(reading, list)) keep(reading, here, one)
    for (const [identity, one] of here) if (!found.has(identity)) found.set(identity, one)
  }
  const all = [...found.values()].filter((one) => !isIgnoredHeader(reading, one))
  const isBody = ({ where }: Found) => where === 'body' || where === 'formdata'
  return {
    parameters: all.filter((one) => !isBody(one)).map((one) => readParameter(reading, one)),
    bodyParts: all.filter(isBody).map((one) => one.place),
  }
}

function listed(reading: Reading, written: Place): Found[] {
  const followed = reading.references.follow(written)
  const list = 'place' in followed ? followed.place : written
  const { value } = list
  if (value === undefined || value === null) return []
  const isOne = isJsonObject(value) && typeof value['in'] === 'string'
  const all = isOne
    ? [list]
    : isJsonObject(value)
      ? members(list).map(([, one]) => one)
      : items(list)
  if (!Array.isArray(value)) {
    reading.findings.warning({
      code: 'parameters_invalid',
      pointer: list.pointer,
      reason: `The parameters are ${kindOf(value)} where a list belongs.`,
      fix: 'Write them as a list.',
    })
  }
  return all.map((place) => identify(reading, place)).filter((one) => one !== null)
}

const places: readonly string[] = [
  'path',
  'query',
  'header',
  'cookie',
  'querystring',
  'body',
  'formdata',
]

function identify(reading: Reading, place: Place): Found | null {
  const parameter = neededObject(reading, place, 'a parameter')
  const where = textAt(child(parameter, 'in'))?.trim().toLowerCase() ?? ''
  const name = textAt(child(parameter, 'name')) ?? ''
  if (places.includes(where) && (name !== '' || where === 'body')) {
    return { place: parameter, where, name }
  }
  const what = {
    code: 'parameter_invalid',
    pointer: parameter.pointer,
    reason: places.includes(where)
      ? 'A parameter has no name.'
      : `A parameter${name && ` ${name}`} is in "${where.slice(0, 40)}", which does not exist.`,
    fix: 'Give it a name, and one of path, query, header or cookie as "in".',
  }
  if (booleanAt(child(parameter, 'required')) === true) throw new OperationProblem(what)
  reading.findings.warning({ ...what, reason: `${what.reason} It is left out.` })
  return null
}

function keep(reading: Reading, into: Map<string, Found>, one: Found): void {
  const name = one.where === 'header' ? one.name.toLowerCase() : one.name
  const identity = one.where === 'body' ? 'body' : `${one.where} ${name}`
  if (!into.has(identity)) {
    into.set(identity, one)
    return
  }
  reading.findings.warning({
    code: 'parameter_repeated',
    pointer: one.place.pointer,
    reason: `The ${one.where} parameter ${one.name} stands there more than once; the first counts.`,
    fix: 'Take the others out.',
  })
}

const ownHeaders = new Set(['accept', 'content-type', 'authorization'])

/** OpenAPI 3.2 §4.12.1: these parameters shall be ignored; the executor writes them itself. */
function isIgnoredHeader(reading: Reading, { where, name }: Found): boolean {
  const isIgnored = where === 'header' && ownHeaders.has(name.toLowerCase())
  if (isIgnored) reading.tally.ignoredHeaders++
  return isIgnored
}

function readParameter(reading: Reading, { place, where, name }: Found): ApiParameter {
  const into = where as ParameterPlace
  const content = contentOf(place)
  return {
    in: into,
    name,
    description: reading.references.text(child(place, 'description')),
    required: into === 'path' || booleanAt(child(place, 'required')) === true,
    isDeprecated: booleanAt(child(place, 'deprecated')) === true,
    ...styleOf(reading, place, into),
    contentType: content === null ? null : mediaTypeOf(content[0]),
    schema:
      content === null
        ? orEmpty(place, into, schemaOf(reading, place))
        : contentSchema(reading, content[1]),
    example: readExample(reading, place) ?? exampleIn(reading, content),
  }
}

function styleOf(reading: Reading, place: ObjectPlace, into: ParameterPlace): WrittenStyle {
  const isOld = reading.version === '2.0' || place.value['collectionFormat'] !== undefined
  return isOld ? readCollectionFormat(place, into) : readStyle(reading, place, into)
}

/** Media type and place of what a parameter has as `content`, unless a `schema` goes before. */
function contentOf(place: ObjectPlace): [string, Place] | null {
  if (place.value['schema'] !== undefined) return null
  return members(child(place, 'content'))[0] ?? null
}

function contentSchema(reading: Reading, place: Place): ApiSchema {
  return reading.schemas.read(child(neededObject(reading, place, 'a media type'), 'schema'))
}

function exampleIn(reading: Reading, content: [string, Place] | null): JsonValue | undefined {
  return content === null ? undefined : readExample(reading, content[1])
}
