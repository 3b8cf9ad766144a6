import type { Raw } from '../reference/document_graph.ts'
import { operation } from './parts.ts'

const swaggerFormats = ['csv', 'ssv', 'tsv', 'pipes', 'multi']

/** What Swagger 2.0 alone has. */
export function swaggerPaths(): Raw {
  const paths: Raw = {}
  const list = (place: string, collectionFormat: string | undefined) => ({
    name: place === 'header' ? 'X-List' : 'list',
    in: place,
    required: true,
    type: 'array',
    minItems: 2,
    items: { type: 'string', minLength: 1 },
    ...(collectionFormat === undefined ? {} : { collectionFormat }),
  })
  for (const format of [...swaggerFormats, undefined]) {
    paths[`/query/${format}`] = { get: operation([list('query', format)]) }
    paths[`/form/${format}`] = {
      post: operation([list('formData', format)], {
        consumes: ['application/x-www-form-urlencoded'],
      }),
    }
    if (format === 'multi') continue
    paths[`/path/${format}/{list}`] = { get: operation([list('path', format)]) }
    if (format !== 'tsv') paths[`/header/${format}`] = { get: operation([list('header', format)]) }
  }
  paths['/upload'] = {
    post: operation(
      [
        { name: 'file', in: 'formData', type: 'file', required: true },
        { name: 'note', in: 'formData', type: 'string' },
        { name: 'count', in: 'formData', type: 'integer' },
        {
          name: 'tags',
          in: 'formData',
          type: 'array',
          items: { type: 'string' },
          collectionFormat: 'multi',
        },
      ],
      { consumes: ['multipart/form-data'] },
    ),
  }
  paths['/body'] = {
    put: operation([
      { name: 'whatever', in: 'body', required: true, schema: { $ref: '#/definitions/Tree' } },
    ]),
  }
  paths['/text'] = {
    put: operation([{ name: 'text', in: 'body', required: true, schema: { type: 'string' } }], {
      consumes: ['text/plain'],
    }),
  }
  return paths
}
