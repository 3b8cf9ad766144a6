import type { Raw } from '../reference/document_graph.ts'
import { inPath, operation, query, schemas } from './parts.ts'

const oddNames = [
  'StartTime',
  'StartTime<',
  'StartTime>',
  'ids[]',
  '$filter',
  'filter',
  '{field}',
  'größe',
  'a b',
  'project_id',
  'Member_ID',
  `long_${'x'.repeat(80)}`,
  `long_${'x'.repeat(81)}`,
  'filter[name][eq]',
  '@type',
  'a/b~c',
]

const oddBody: Raw = {
  type: 'object',
  required: ['$ref', 'items[]', 'project_id'],
  properties: {
    $ref: { type: 'string' },
    'items[]': {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        properties: { 'a<': { type: 'string' }, a: { type: 'integer' }, '@id': { type: 'string' } },
      },
    },
    project_id: { type: 'string' },
    map: {
      type: 'object',
      additionalProperties: { type: 'object', properties: { $inner: { type: 'integer' } } },
    },
    either: {
      anyOf: [
        {
          type: 'object',
          required: ['@a'],
          properties: { '@a': { type: 'string' } },
          additionalProperties: false,
        },
        { type: 'string' },
      ],
    },
    tree: { $ref: '#/components/schemas/Tree' },
  },
}

/** Names that no model API takes. */
export const namePaths: Raw = {
  '/names/query': { get: operation(oddNames.map((name) => query(name, schemas['text']))) },
  '/names/required': {
    get: operation(oddNames.map((name) => query(name, schemas['text'], { required: true }))),
  },
  '/names/header': {
    get: operation(
      ['X-Odd!Name', 'project_id', 'x.y'].map((name) => ({
        name,
        in: 'header',
        schema: { type: 'string' },
      })),
    ),
  },
  '/names/path/{project_id}/{a-b}/{c.d}': {
    get: operation([inPath('project_id'), inPath('a-b'), inPath('c.d')]),
  },
  '/names/body': {
    post: operation([], {
      requestBody: { required: true, content: { 'application/json': { schema: oddBody } } },
    }),
  },
  '/names/form': {
    post: operation([], {
      requestBody: {
        content: {
          'application/x-www-form-urlencoded': {
            schema: {
              type: 'object',
              properties: Object.fromEntries(oddNames.map((name) => [name, schemas['text']])),
            },
          },
        },
      },
    }),
  },
  '/names/parts': {
    post: operation([], {
      requestBody: {
        content: {
          'multipart/form-data': {
            schema: {
              type: 'object',
              properties: Object.fromEntries(
                ['a"b', 'c d', 'ids[]', 'größe'].map((name) => [name, schemas['text']]),
              ),
            },
          },
        },
      },
    }),
  },
}
