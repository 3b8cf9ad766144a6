import type { Raw } from '../reference/document_graph.ts'
import { inPath, nested, operation, query, schemas } from './parts.ts'

/** What parameters can be besides styled. */
export const otherParameterPaths: Raw = {
  '/reserved': {
    get: operation([
      query('plain', schemas['text']),
      query('path', { type: 'string', enum: ["/a/b:c@d!$'()*,;"] }, { allowReserved: true }),
      query('paths', { type: 'array', items: { enum: ['/a', '/b?c'] } }, { allowReserved: true }),
    ]),
  },
  '/deep': { get: operation([query('filter', nested, { style: 'deepObject', explode: true })]) },
  '/content': {
    get: operation([
      {
        name: 'q',
        in: 'query',
        required: true,
        content: { 'application/json': { schema: nested } },
      },
      {
        name: 'X-Json',
        in: 'header',
        content: { 'application/json': { schema: schemas['numbers'] } },
      },
    ]),
  },
  '/content/{json}': {
    get: operation([
      {
        name: 'json',
        in: 'path',
        required: true,
        content: { 'application/json': { schema: schemas['thing'] } },
      },
    ]),
  },
  '/actions/{id}:run': { post: operation([inPath('id')]) },
  '/files/{name}.{ext}': { get: operation([inPath('name'), inPath('ext')]) },
  '/undeclared/{one}/{two}': { get: operation([inPath('two')]) },
  '/same/{id}': {
    get: operation([
      inPath('id'),
      query('id'),
      { name: 'id', in: 'header', schema: {} },
      { name: 'id', in: 'cookie', schema: {} },
    ]),
  },
  '/fixed?kind=a%20b&x': { get: operation([query('y')]) },
  '/fixed?kind=other': { get: operation([query('y')]) },
  '/fragment#one': { post: operation([query('y')]) },
  '/fragment#two': { post: operation([query('y')]) },
  '/umlaut/größe/a b/{id}': { get: operation([inPath('id')]) },
  "/(odd)/it's,$5;@x=1&2+3/{id}!": { get: operation([inPath('id')]) },
  '/ignored': {
    get: operation([
      ...['Accept', 'content-type', 'AUTHORIZATION'].map((name) => ({
        name,
        in: 'header',
        required: true,
        schema: { type: 'string' },
      })),
      { name: 'X-Kept', in: 'header', schema: { type: 'string' } },
    ]),
  },
  '/overridden/{id}': {
    parameters: [inPath('id'), query('a', { type: 'integer' }), query('b')],
    get: operation([query('a', schemas['list'], { explode: false })]),
  },
}
