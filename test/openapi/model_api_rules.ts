import type { Raw } from './reference/document_graph.ts'

/**
 * What is wrong with a listed tool for one of the big model APIs, by their published rules: names
 * (Anthropic `tools.input_schema`, OpenAI function calling, Gemini function declarations), a top level
 * that is an object and no union, one type to a schema, no reference that leaves the schema, no tuple,
 * arrays with items, enums of texts or numbers that are not empty, `required` names that exist, and a
 * depth and size that all of them take.
 */
export function portabilityFaults(tool: Raw): string[] {
  const found: string[] = []
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(tool.name)) found.push(`name ${tool.name}`)
  if (typeof tool.description !== 'string' || tool.description.trim() === '') {
    found.push('no description')
  }
  for (const which of ['inputSchema', 'outputSchema']) {
    const schema = tool[which]
    if (schema === undefined) {
      if (which === 'inputSchema') found.push('no inputSchema')
      continue
    }
    if (schema.type !== 'object') found.push(`${which}: top level is no object`)
    for (const word of ['oneOf', 'anyOf', 'allOf', 'not', 'enum', 'const']) {
      if (word in schema) found.push(`${which}: ${word} at the top level`)
    }
    const walk = new SchemaWalk(which, found)
    walk.visit(schema, '#', 0)
  }
  const { length } = JSON.stringify(tool.inputSchema ?? {})
  if (length > 20_000) found.push(`inputSchema of ${length} characters`)
  return found
}

const singleTypes = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']
const refused = [
  '$ref',
  '$dynamicRef',
  '$defs',
  'definitions',
  '$id',
  '$anchor',
  'oneOf',
  'allOf',
  'not',
  'if',
  'then',
  'else',
  'prefixItems',
  'patternProperties',
  'propertyNames',
  'dependentRequired',
  'dependentSchemas',
  'unevaluatedProperties',
  'unevaluatedItems',
  'contains',
  'nullable',
  'discriminator',
  'readOnly',
  'xml',
  'example',
  'externalDocs',
]

class SchemaWalk {
  private readonly which: string
  private readonly found: string[]

  constructor(which: string, found: string[]) {
    this.which = which
    this.found = found
  }

  visit(schema: Raw, at: string, depth: number): void {
    if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
      this.say(at, `a schema that is ${JSON.stringify(schema)}`)
      return
    }
    if (depth > 20) {
      this.say(at, 'deeper than 20')
      return
    }
    for (const word of refused) if (word in schema) this.say(at, word)
    if (Array.isArray(schema.type)) this.say(at, 'a list of types')
    else if (schema.type === undefined) {
      // What tools answer goes to no model API.
      if (schema.anyOf === undefined && this.which === 'inputSchema') this.say(at, 'no type')
    } else if (!singleTypes.includes(schema.type)) this.say(at, `type ${schema.type}`)
    this.visitEnum(schema, at)
    this.visitObject(schema, at, depth)
    if (schema.type === 'array' && schema.items === undefined) this.say(at, 'array without items')
    if (schema.items !== undefined) this.visit(schema.items, `${at}/items`, depth + 1)
    for (const [index, one] of (schema.anyOf ?? []).entries()) {
      this.visit(one, `${at}/anyOf/${index}`, depth + 1)
    }
  }

  private visitEnum(schema: Raw, at: string): void {
    if (schema.enum === undefined) return
    if (!Array.isArray(schema.enum) || schema.enum.length === 0) this.say(at, 'an empty enum')
    else if (new Set(schema.enum).size !== schema.enum.length) this.say(at, 'enum with twins')
    else if (schema.enum.some((one: Raw) => one !== null && typeof one === 'object')) {
      this.say(at, 'an enum of structures')
    }
  }

  private visitObject(schema: Raw, at: string, depth: number): void {
    const names = Object.keys(schema.properties ?? {})
    for (const name of names) {
      if (this.which === 'inputSchema' && !/^[a-zA-Z0-9_.-]{1,64}$/.test(name)) {
        this.say(at, `property name ${name}`)
      }
      this.visit(schema.properties[name], `${at}/${name}`, depth + 1)
    }
    if (schema.required !== undefined) {
      const isList = Array.isArray(schema.required)
      if (!isList) this.say(at, 'required is no list')
      for (const name of isList ? schema.required : []) {
        if (!names.includes(name)) this.say(at, `required ${name} is no property`)
      }
    }
    const more = schema.additionalProperties
    if (more !== undefined && typeof more !== 'boolean') this.visit(more, `${at}/*`, depth + 1)
  }

  private say(at: string, what: string): void {
    this.found.push(`${this.which} ${at}: ${what}`)
  }
}
