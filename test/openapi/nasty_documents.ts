import type { BrokenDocument } from './mutations.ts'
import type { Raw } from './reference/document_graph.ts'

const repeated = (text: string, count: number) => text.repeat(count)

/** Inputs that are nasty in ways of their own. */
export function nastyTexts(): BrokenDocument[] {
  const minimal = (more: Raw) =>
    JSON.stringify({ openapi: '3.0.0', info: { title: 'x', version: '1' }, paths: {}, ...more })
  const paths = (item: Raw) => minimal({ paths: { '/a': item } })
  return [
    ['nothing', ''],
    ['white space', ' \n\t '],
    ['a byte order mark', '\ufeff{}'],
    ['null', 'null'],
    ['a number', '42'],
    ['a text', '"openapi"'],
    ['a list', '[]'],
    ['HTML', '<!doctype html><title>404</title>'],
    ['XML', '<?xml version="1.0"?><api/>'],
    ['zero bytes', '\u0000\u0000\u0000'],
    ['no version', '{"paths":{}}'],
    ['version 1.2', '{"swaggerVersion":"1.2","apis":[]}'],
    ['version 4', '{"openapi":"4.0.0","info":{},"paths":{}}'],
    ['version as a number', '{"openapi":3,"paths":{}}'],
    ['both versions', '{"openapi":"3.0.0","swagger":"2.0","paths":{}}'],
    ['AsyncAPI', '{"asyncapi":"3.0.0","channels":{}}'],
    ['a Postman collection', '{"info":{"schema":"https://schema.getpostman.com/x"},"item":[]}'],
    ['a JSON Schema', '{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object"}'],
    ['100,000 brackets', repeated('[', 100_000)],
    ['100,000 objects', repeated('{"a":', 100_000)],
    ['a million spaces', `${repeated(' ', 1_000_000)}{`],
    ['a text of a megabyte', JSON.stringify({ openapi: repeated('3', 1_000_000) })],
    [
      'deep YAML',
      Array.from({ length: 3000 }, (_, depth) => `${repeated(' ', depth)}a:`).join('\n'),
    ],
    ['a bomb of YAML aliases', yamlBomb()],
    ['YAML that refers to itself', 'openapi: 3.0.0\ninfo: &a\n  title: x\n  self: *a\npaths: {}\n'],
    ['an unknown alias', 'openapi: 3.0.0\ninfo: *nowhere\n'],
    ['tabs in YAML', 'openapi: 3.0.0\ninfo:\n\ttitle: x\n'],
    ['YAML of two documents', 'openapi: 3.0.0\n---\nopenapi: 3.1.0\n'],
    ['a tag that runs code', 'openapi: !!js/function "function () {}"\npaths: {}\n'],
    ['merge keys', 'openapi: 3.0.0\nbase: &b {a: 1}\ninfo:\n  <<: *b\n  title: x\npaths: {}\n'],
    ['a prototype as key', '{"openapi":"3.0.0","__proto__":{"paths":{"/a":{"get":{}}}}}'],
    ['constructor as path', paths({ constructor: {}, __proto__: null, get: { toString: 1 } })],
    [
      'prototype as schema',
      minimal({ components: { schemas: { __proto__: { type: 'object' }, constructor: 1 } } }),
    ],
    ['no paths', '{"openapi":"3.1.0","info":{"title":"x","version":"1"}}'],
    ['paths as a list', minimal({ paths: [{ get: {} }] })],
    ['a path without a slash', minimal({ paths: { a: { get: { responses: {} } } } })],
    ['an empty path', minimal({ paths: { '': { get: { responses: {} } } } })],
    ['a path with dots', minimal({ paths: { '/../..//etc/{x}': { get: { responses: {} } } } })],
    ['unbalanced braces', minimal({ paths: { '/{a/{b}}': { get: { responses: {} } } } })],
    ['line breaks in a path', minimal({ paths: { '/a\r\nHost: x': { get: { responses: {} } } } })],
    ['a bidi override in a name', paths({ get: { summary: '\u202eevil\u0000', responses: {} } })],
    [
      'line breaks in a header',
      paths({ get: { parameters: [{ in: 'header', name: 'a\r\nb', schema: {} }] } }),
    ],
    [
      'a header of ours',
      paths({
        get: {
          parameters: [
            { in: 'header', name: 'Host', schema: {} },
            { in: 'header', name: 'X-Tengine-Member-Id', schema: {} },
          ],
        },
      }),
    ],
    [
      'a parameter twice',
      paths({
        get: {
          parameters: [
            { in: 'query', name: 'a' },
            { in: 'query', name: 'a' },
          ],
        },
      }),
    ],
    [
      'parameters of no place',
      paths({ get: { parameters: [{ in: 'moon', name: 'a' }, { name: 'b' }, {}, 7, null] } }),
    ],
    [
      'a parameter reference round in circles',
      minimal({
        paths: { '/a': { get: { parameters: [{ $ref: '#/x' }] } } },
        x: { $ref: '#/y' },
        y: { $ref: '#/x' },
      }),
    ],
    ['a path item round in circles', minimal({ paths: { '/a': { $ref: '#/paths/~1a' } } })],
    [
      'a schema that is itself',
      paths({
        post: {
          requestBody: {
            content: { 'application/json': { schema: { $ref: '#/components/schemas/A' } } },
          },
        },
      }).replace(
        '"paths"',
        '"components":{"schemas":{"A":{"$ref":"#/components/schemas/A"}}},"paths"',
      ),
    ],
    [
      'allOf of itself',
      minimal({
        paths: {
          '/a': {
            post: {
              requestBody: {
                content: { 'application/json': { schema: { $ref: '#/components/schemas/A' } } },
              },
            },
          },
        },
        components: {
          schemas: {
            A: { allOf: [{ $ref: '#/components/schemas/A' }, { $ref: '#/components/schemas/B' }] },
            B: { oneOf: [{ $ref: '#/components/schemas/A' }] },
          },
        },
      }),
    ],
    ['a bomb of references', referenceBomb()],
    [
      'ten thousand oneOf',
      paths({
        post: {
          requestBody: {
            content: {
              'application/json': {
                schema: {
                  oneOf: Array.from({ length: 10_000 }, (_, n) => ({
                    type: 'object',
                    properties: { [`p${n}`]: {} },
                  })),
                },
              },
            },
          },
        },
      }),
    ],
    [
      'an enum of 50,000',
      paths({
        get: {
          parameters: [
            {
              in: 'query',
              name: 'e',
              schema: { enum: Array.from({ length: 50_000 }, (_, n) => `value ${n}`) },
            },
          ],
        },
      }),
    ],
    [
      '5,000 parameters',
      paths({
        get: {
          parameters: Array.from({ length: 5000 }, (_, n) => ({
            in: 'query',
            name: `p${n}`,
            schema: { type: 'string' },
          })),
        },
      }),
    ],
    [
      'a pattern that never ends',
      paths({
        get: {
          parameters: [{ in: 'query', name: 'e', schema: { type: 'string', pattern: '^(a+)+$' } }],
        },
      }),
    ],
    [
      'a broken pattern',
      paths({
        get: {
          parameters: [{ in: 'query', name: 'e', schema: { type: 'string', pattern: '([' } }],
        },
      }),
    ],
    [
      'numbers out of range',
      paths({
        get: {
          parameters: [
            {
              in: 'query',
              name: 'e',
              schema: { type: 'integer', minimum: 1e308, maximum: -1e308, multipleOf: 0 },
            },
          ],
        },
      }),
    ],
    [
      'a server of another kind',
      minimal({
        servers: [
          { url: 'file:///etc/passwd' },
          { url: 'javascript:alert(1)' },
          { url: '//' },
          4,
          null,
        ],
        paths: { '/a': { get: {} } },
      }),
    ],
    [
      'server variables without end',
      minimal({
        servers: [
          { url: 'https://{a}{b}{c}', variables: { a: { default: '{b}' }, b: { default: '{a}' } } },
        ],
        paths: { '/a': { get: {} } },
      }),
    ],
    [
      'a reference to a file of the host',
      paths({
        get: { parameters: [{ $ref: 'file:///etc/passwd' }, { $ref: '../../../etc/passwd' }] },
      }),
    ],
    [
      'a name of 10,000 characters',
      paths({ get: { operationId: repeated('x', 10_000), summary: repeated('Y ', 10_000) } }),
    ],
    [
      'methods that are none',
      paths({ GET: {}, head: {}, trace: {}, brew: {}, query: {}, get: 'x', post: [], put: null }),
    ],
    [
      'security nobody knows',
      minimal({
        security: [{ nowhere: ['a'] }, 'x', null],
        paths: { '/a': { get: {} } },
        components: {
          securitySchemes: {
            odd: { type: 'quantum' },
            none: null,
            oauth: {
              type: 'oauth2',
              flows: { clientCredentials: { tokenUrl: 'no url', scopes: [] } },
            },
          },
        },
      }),
    ],
    [
      'media types that are none',
      paths({
        post: {
          requestBody: {
            content: {
              '': {},
              '/': {},
              'a b': { schema: {} },
              'multipart/form-data': { schema: { type: 'string' } },
              'x/y; charset="\r\n"': {},
            },
          },
        },
      }),
    ],
    [
      'lone surrogates',
      '{"openapi":"3.0.0","info":{"title":"\\ud800","version":"1"},"paths":{"/\\udfff":{"get":{"summary":"\\ud800"}}}}',
    ],
  ].map(([what = '', text = '']) => ({ what, text }))
}

function yamlBomb(): string {
  const lines = [
    'openapi: 3.0.0',
    'info: {title: x, version: "1"}',
    'a0: &a0 [x,x,x,x,x,x,x,x,x,x]',
  ]
  for (let level = 1; level < 12; level++) {
    const aliases = Array.from({ length: 10 }, () => `*a${level - 1}`).join(',')
    lines.push(`a${level}: &a${level} [${aliases}]`)
  }
  return `${lines.join('\n')}\npaths: {"/a": {get: {x-bomb: *a11}}}\n`
}

function referenceBomb(): string {
  const schemas: Raw = { S0: { type: 'string' } }
  for (let level = 1; level < 40; level++) {
    const one = { $ref: `#/components/schemas/S${level - 1}` }
    schemas[`S${level}`] = { type: 'object', properties: { a: one, b: one, c: one, d: one } }
  }
  const schema = { $ref: '#/components/schemas/S39' }
  return JSON.stringify({
    openapi: '3.0.0',
    info: { title: 'bomb', version: '1' },
    paths: { '/a': { post: { requestBody: { content: { 'application/json': { schema } } } } } },
    components: { schemas },
  })
}
