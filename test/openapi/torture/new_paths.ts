import type { Raw } from '../reference/document_graph.ts'
import { formObject } from './body_paths.ts'
import { nested, operation, schemas } from './parts.ts'

const cookie = (style: string, explode: boolean, schema: Raw, name = 'value'): Raw => ({
  name,
  in: 'cookie',
  style,
  explode,
  required: true,
  schema,
})

/** What OpenAPI 3.2 added. */
export const newPaths: Raw = {
  '/cookie/text': {
    get: operation([cookie('cookie', true, { type: 'string', enum: ['a:b/c?d=e'] })]),
  },
  '/cookie/list': { get: operation([cookie('cookie', true, schemas['numbers'])]) },
  '/cookie/thing': { get: operation([cookie('cookie', true, schemas['thing'])]) },
  '/cookie/two': {
    get: operation([
      cookie('cookie', true, { type: 'integer' }, 'one'),
      cookie('form', true, schemas['text'], 'two'),
    ]),
  },
  '/whole-query/form': {
    get: operation([
      {
        name: 'all',
        in: 'querystring',
        required: true,
        content: { 'application/x-www-form-urlencoded': { schema: formObject } },
      },
    ]),
  },
  '/whole-query/json': {
    get: operation([
      {
        name: 'all',
        in: 'querystring',
        required: true,
        content: { 'application/json': { schema: nested } },
      },
    ]),
  },
}
