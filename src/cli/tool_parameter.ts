import type { JsonObject } from '../lib/json.ts'
import { misuse } from './failure.ts'

const types = ['string', 'integer', 'number', 'boolean', 'object', 'array'] as const

interface Parameter {
  readonly name: string
  readonly isRequired: boolean
  readonly schema: JsonObject
}

/**
 * The input_schema of a tool whose arguments are given as `name:type[:required][:description]`; an
 * array of some type is `type[]`. What stands in the path is required, whatever its text says.
 * @throws CliFailure - exit code 2: a parameter cannot be read or is given twice
 */
export function inputSchemaOf(texts: readonly string[], inPath: readonly string[]): JsonObject {
  const parameters = texts.map(parameterOf)
  const names = parameters.map((parameter) => parameter.name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw misuse(`--param ${twice} is given twice`)
  return {
    type: 'object',
    properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])),
    required: parameters
      .filter(({ name, isRequired }) => isRequired || inPath.includes(name))
      .map(({ name }) => name),
    additionalProperties: false,
  }
}

function parameterOf(text: string): Parameter {
  const [name = '', type = '', ...rest] = text.split(':')
  const isRequired = rest[0]?.trim() === 'required'
  const isMarked = isRequired || rest[0]?.trim() === 'optional'
  const description = rest
    .slice(isMarked ? 1 : 0)
    .join(':')
    .trim()
  if (name.trim() === '') throw unreadable(text)
  const schema = { ...typeSchema(type.trim(), text), ...(description !== '' && { description }) }
  return { name: name.trim(), isRequired, schema }
}

function typeSchema(type: string, text: string): JsonObject {
  const isList = type.endsWith('[]')
  const known = types.find((candidate) => candidate === (isList ? type.slice(0, -2) : type))
  if (known === undefined) throw unreadable(text)
  return isList ? { type: 'array', items: { type: known } } : { type: known }
}

const unreadable = (text: string) =>
  misuse(
    `--param "${text}" cannot be read`,
    `Write name:type[:required][:description]; types: ${types.join(', ')}, string[].`,
  )
