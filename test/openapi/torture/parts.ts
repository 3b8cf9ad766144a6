import type { Raw } from '../reference/document_graph.ts'

/** Schemas by what they are of. */
export const schemas: Readonly<Record<string, Raw>> = {
  text: { type: 'string', minLength: 1 },
  integer: { type: 'integer', minimum: -5 },
  number: { type: 'number' },
  flag: { type: 'boolean' },
  list: { type: 'array', minItems: 2, items: { type: 'string', minLength: 1 } },
  numbers: { type: 'array', minItems: 3, items: { type: 'integer' } },
  thing: {
    type: 'object',
    required: ['role', 'level'],
    properties: { role: { type: 'string', minLength: 1 }, level: { type: 'integer' } },
  },
}

/** An operation with these parameters. */
export const operation = (parameters: readonly Raw[], more: Raw = {}): Raw => ({
  parameters,
  responses: { '200': { description: 'OK' } },
  ...more,
})

/** A query parameter. */
export const query = (name: string, schema: Raw = { type: 'string' }, more: Raw = {}): Raw => ({
  name,
  in: 'query',
  schema,
  ...more,
})

/** A path parameter. */
export const inPath = (name: string): Raw => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'string' },
})

/** A structure of several levels. */
export const nested: Raw = {
  type: 'object',
  required: ['gt'],
  properties: {
    gt: { type: 'integer' },
    in: { type: 'array', minItems: 2, items: { type: 'string' } },
    deeper: { type: 'object', properties: { lt: { type: 'string' }, on: { type: 'boolean' } } },
  },
}
