import type { Raw } from '../reference/document_graph.ts'
import { operation, schemas } from './parts.ts'

const file: Raw = { type: 'string', format: 'binary' }

const body = (type: string, schema: Raw, more: Raw = {}): Raw => ({
  post: operation([], {
    requestBody: { required: true, content: { [type]: { schema, ...more } } },
  }),
})

/** A form with something of everything. */
export const formObject: Raw = {
  type: 'object',
  required: ['text', 'list'],
  properties: {
    text: schemas['text'],
    list: schemas['list'],
    numbers: schemas['numbers'],
    thing: schemas['thing'],
    flag: { type: 'boolean' },
    things: { type: 'array', minItems: 2, items: schemas['thing'] },
    empty: { type: 'string', enum: [''] },
  },
}

const formEncoding: Raw = {
  list: { style: 'form', explode: false },
  numbers: { style: 'pipeDelimited', explode: false },
  thing: { style: 'deepObject', explode: true },
  things: { contentType: 'application/json' },
  text: { allowReserved: true },
}

/** Bodies of every kind. */
export const bodyPaths: Raw = {
  '/body/array': body('application/json', schemas['list']),
  '/body/text': body('application/json', { type: 'string' }),
  '/body/number': body('application/json', { type: 'number' }),
  '/body/null': body('application/json', {
    type: ['object', 'null'],
    properties: { a: { type: ['string', 'null'] }, n: { type: 'null' } },
  }),
  '/body/vendor': body('application/vnd.api+json; version=2', schemas['thing']),
  '/body/recursive': body('application/json', { $ref: '#/components/schemas/Tree' }),
  '/body/read-only': body('application/json', {
    type: 'object',
    required: ['id', 'name'],
    properties: { id: { type: 'string', readOnly: true }, name: { type: 'string' } },
  }),
  '/body/choice': {
    post: operation([], {
      requestBody: {
        content: {
          'application/xml': { schema: {} },
          'text/plain': { schema: { type: 'string' } },
          'application/x-www-form-urlencoded': { schema: formObject },
          'application/problem+json': { schema: schemas['thing'] },
        },
      },
    }),
  },
  '/body/form': body('application/x-www-form-urlencoded', formObject),
  '/body/form-encoded': body('application/x-www-form-urlencoded', formObject, {
    encoding: formEncoding,
  }),
  '/body/parts': body('multipart/form-data', formObject),
  '/body/files': body(
    'multipart/form-data',
    {
      type: 'object',
      required: ['file', 'meta'],
      properties: {
        file,
        files: { type: 'array', minItems: 2, items: file },
        image: { type: 'string', contentMediaType: 'image/png' },
        meta: schemas['thing'],
        note: { type: 'string' },
        csv: { type: 'string' },
      },
    },
    {
      encoding: {
        csv: { contentType: 'text/csv' },
        files: { contentType: 'image/png, image/jpeg' },
        meta: { contentType: 'application/json' },
      },
    },
  ),
  '/body/plain': body('text/plain', { type: 'string', minLength: 1 }),
  '/body/csv': body('text/csv; charset=utf-8', { type: 'string', minLength: 1 }),
  '/body/bytes': body('application/octet-stream', file),
  '/body/png': body('image/png', file),
  '/body/image': body('image/*', file),
  '/body/any': body('*/*', file),
  '/body/no-schema': {
    post: operation([], { requestBody: { content: { 'application/json': {} } } }),
  },
  '/body/get': {
    get: operation([], {
      requestBody: { content: { 'application/json': { schema: schemas['thing'] } } },
    }),
  },
  '/body/delete': {
    delete: operation([], {
      requestBody: { content: { 'application/json': { schema: schemas['thing'] } } },
    }),
  },
  '/body/const': body('application/json', {
    oneOf: [
      {
        type: 'object',
        required: ['kind', 'a'],
        properties: { kind: { const: 'one' }, a: { type: 'string' } },
      },
      {
        type: 'object',
        required: ['kind'],
        properties: { kind: { const: 'two' }, b: { type: 'integer' } },
      },
    ],
  }),
}
