import { idParameter, oneOperation } from './read_text.ts'

/** Name, value, codes of its findings, and how many operations are left: 1 unless told. */
export type BrokenInput = readonly [string, unknown, readonly string[], number?]

const parameters = (...list: unknown[]) => oneOperation({ parameters: [idParameter, ...list] })
const paths = (value: unknown) => ({ openapi: '3.0.3', info: {}, paths: value })
const response = (value: unknown) => oneOperation({ responses: { 200: value } })
const ok = { responses: { 200: { description: 'ok' } } }

/** Documents that are broken in one place: what else is there must be read. */
export const brokenInputs: readonly BrokenInput[] = [
  // the document
  ['no paths', { openapi: '3.1.0', info: {} }, ['no_paths'], 0],
  ['paths null', paths(null), [], 0],
  ['paths a list', paths([]), ['not_an_object'], 0],
  ['paths a string', paths('x'), ['not_an_object'], 0],
  ['paths a number', paths(3), ['not_an_object'], 0],
  ['paths a dangling $ref', paths({ $ref: './paths.yml' }), ['dangling_reference'], 0],
  ['no version at all', { paths: { '/x': { get: ok } } }, ['version_unclear']],
  ['a version as number', { openapi: 3, paths: { '/x': { get: ok } } }, []],
  [
    'a version with a word',
    { openapi: 'v3.1.0-rc1', paths: { '/x': { get: ok } } },
    ['version_unclear'],
  ],
  ['a version of the future', { openapi: '3.9.0', paths: { '/x': { get: ok } } }, []],
  ['info a string', { openapi: '3.1.0', info: 'x', paths: { '/x': { get: ok } } }, []],
  [
    'a title of the wrong type',
    { openapi: '3.1.0', info: { title: ['x'] }, paths: { '/x': { get: ok } } },
    [],
  ],
  ['tags an object', oneOperation({}, { tags: { a: 1 } }), []],
  ['tags without names', oneOperation({}, { tags: [{}, null, 3, { name: null }] }), []],
  ['components null', oneOperation({}, { components: null }), []],
  ['components a list', oneOperation({}, { components: [] }), []],
  [
    'a __proto__ member',
    '{"openapi":"3.1.0","__proto__":{"x":1},"paths":{"/x":{"get":{}}}}',
    ['reserved_key'],
  ],
  [
    'a __proto__ path',
    '{"openapi":"3.1.0","paths":{"__proto__":{"get":{}},"/x":{"get":{}}}}',
    ['reserved_key'],
  ],
  [
    'two YAML documents',
    'openapi: 3.1.0\npaths: {/x: {get: {}}}\n---\na: 1\n',
    ['further_documents'],
  ],
  [
    'an empty first YAML document',
    '---\n---\nopenapi: 3.1.0\npaths: {/x: {get: {}}}\n',
    ['further_documents'],
  ],
  ['JSON with trailing commas', '{"openapi": "3.1.0", "paths": {"/x": {"get": {},},},}', []],
  ['JSON with comments', '{"openapi": "3.1.0", # yes\n "paths": {"/x": {"get": {}}}}', []],
  ['JSON after a byte order mark', `\ufeff${JSON.stringify(paths({ '/x': { get: ok } }))}`, []],
  ['lone surrogates', '{"openapi":"3.1.0","paths":{"/x":{"get":{"summary":"\\ud800"}}}}', []],
  ['numbers beyond doubles', 'openapi: 3.1.0\nx: 1e999\ny: .nan\npaths: {/x: {get: {}}}\n', []],
  // paths and operations
  ['a path without slash', paths({ x: { get: ok } }), ['path_without_slash']],
  [
    'a path with and without slash',
    paths({ x: { get: ok }, '/x': { get: ok } }),
    ['path_without_slash', 'operation_repeated'],
  ],
  [
    'a path with a line break',
    paths({ '/a\nb': { get: ok }, '/x': { get: ok } }),
    ['path_invalid'],
  ],
  [
    'a path without end',
    paths({ [`/${'a'.repeat(3_000)}`]: { get: ok }, '/x': { get: ok } }),
    ['path_invalid'],
  ],
  ['one parameter for a list', oneOperation({ parameters: idParameter }), ['parameters_invalid']],
  ['an empty path', paths({ '': { get: ok } }), ['path_without_slash']],
  ['a path item null', paths({ '/x': null, '/y': { get: ok } }), []],
  ['a path item a list', paths({ '/x': [], '/y': { get: ok } }), ['not_an_object']],
  ['a path item a string', paths({ '/x': 'get', '/y': { get: ok } }), ['not_an_object']],
  [
    'a dangling path item',
    paths({ '/x': { $ref: '#/nowhere' }, '/y': { get: ok } }),
    ['dangling_reference'],
  ],
  [
    'a path item that is itself',
    paths({ '/x': { $ref: '#/paths/~1x' }, '/y': { get: ok } }),
    ['dangling_reference'],
  ],
  [
    'path items in a circle',
    paths({ '/x': { $ref: '#/paths/~1z' }, '/z': { $ref: '#/paths/~1x' }, '/y': { get: ok } }),
    ['dangling_reference'],
  ],
  [
    'a remote path item',
    paths({ '/x': { $ref: 'https://example.com/x.yml' }, '/y': { get: ok } }),
    ['dangling_reference'],
  ],
  ['a $ref that is a number', paths({ '/x': { $ref: 3, get: ok } }), []],
  ['an operation null', paths({ '/x': { get: null, put: ok } }), []],
  ['an operation a string', paths({ '/x': { get: 'x', put: ok } }), ['not_an_object']],
  ['an operation a list', paths({ '/x': { get: [ok], put: ok } }), ['not_an_object']],
  ['methods in capitals', paths({ '/x': { GET: ok } }), []],
  ['a method twice', paths({ '/x': { GET: ok, get: ok } }), ['operation_repeated']],
  [
    'HEAD, OPTIONS and TRACE',
    paths({ '/x': { head: ok, options: ok, trace: ok, get: ok } }),
    ['method_left_out'],
  ],
  [
    'QUERY of 3.2',
    { openapi: '3.2.0', paths: { '/x': { query: ok, get: ok } } },
    ['method_left_out'],
  ],
  [
    'additional operations of 3.2',
    { openapi: '3.2.0', paths: { '/x': { additionalOperations: { COPY: ok }, get: ok } } },
    ['method_left_out'],
  ],
  ['an unknown method', paths({ '/x': { fetch: ok, get: ok } }), []],
  ['operationId a number', oneOperation({ operationId: 7 }), []],
  ['operationId an object', oneOperation({ operationId: {} }), []],
  ['tags a string', oneOperation({ tags: 'a' }), []],
  ['tags of all types', oneOperation({ tags: [1, null, {}, 'a'] }), []],
  ['summary a list', oneOperation({ summary: ['a'] }), []],
  ['deprecated a word', oneOperation({ deprecated: 'yes' }), []],
  ['security a string', oneOperation({ security: 'key' }), []],
  [
    'security of an unknown scheme',
    oneOperation({ security: [{ nope: [] }] }),
    ['security_scheme_unknown'],
  ],
  [
    'security with scopes of the wrong type',
    oneOperation({ security: [{ nope: 'a' }] }),
    ['security_scheme_unknown'],
  ],
  ['security with null', oneOperation({ security: [null] }), []],
  ['servers a string', oneOperation({ servers: 'https://x.test' }), []],
  ['callbacks', oneOperation({ callbacks: { a: {} } }), ['callbacks_left_out']],
  ['webhooks', oneOperation({}, { webhooks: { a: { post: {} } } }), ['webhooks_left_out']],
  ['responses missing', oneOperation({}), []],
  ['responses a list', oneOperation({ responses: [] }), ['not_an_object']],
  ['a response null', response(null), []],
  ['a response a string', response('ok'), ['not_an_object']],
  [
    'a dangling response',
    response({ $ref: '#/components/responses/None' }),
    ['dangling_reference'],
  ],
  ['a response with odd content', response({ content: 'x' }), ['not_an_object']],
  // parameters
  [
    'parameters a string',
    oneOperation({ parameters: 'x' }),
    ['parameters_invalid', 'path_parameter_added'],
  ],
  [
    'parameters an object',
    oneOperation({ parameters: { a: idParameter } }),
    ['parameters_invalid'],
  ],
  ['a parameter null', parameters(null), ['not_an_object'], 0],
  ['a parameter a string', parameters('x'), ['not_an_object'], 0],
  ['a parameter without name', parameters({ in: 'query' }), ['parameter_invalid']],
  [
    'a required parameter without name',
    parameters({ in: 'query', required: true }),
    ['parameter_invalid'],
    0,
  ],
  ['a parameter with an empty name', parameters({ in: 'query', name: '' }), ['parameter_invalid']],
  ['a parameter without place', parameters({ name: 'a' }), ['parameter_invalid']],
  ['a parameter in nowhere', parameters({ name: 'a', in: 'nowhere' }), ['parameter_invalid']],
  ['a parameter in capitals', parameters({ name: 'a', in: 'Query', schema: {} }), []],
  [
    'a dangling parameter',
    parameters({ $ref: '#/components/parameters/None' }),
    ['dangling_reference'],
    0,
  ],
  [
    'a dangling shared parameter',
    paths({ '/x': { parameters: [{ $ref: '#/no' }], get: ok }, '/y': { get: ok } }),
    ['dangling_reference'],
  ],
  [
    'a parameter that refers to itself',
    parameters({ $ref: '#/paths/~1x~1{id}/post/parameters/1' }),
    ['dangling_reference'],
    0,
  ],
  ['a parameter that refers to a string', parameters({ $ref: '#/openapi' }), ['not_an_object'], 0],
  [
    'a parameter twice',
    parameters({ name: 'a', in: 'query' }, { name: 'a', in: 'query' }),
    ['parameter_repeated'],
  ],
  [
    'a header twice in other letters',
    parameters({ name: 'X-A', in: 'header' }, { name: 'x-a', in: 'header' }),
    ['parameter_repeated'],
  ],
  [
    'a style of another place',
    parameters({ name: 'a', in: 'query', style: 'matrix', schema: {} }),
    ['style_invalid'],
  ],
  [
    'a style of no place',
    parameters({ name: 'a', in: 'query', style: 'zigzag', schema: {} }),
    ['style_invalid'],
  ],
  [
    'a style of the wrong type',
    parameters({ name: 'a', in: 'header', style: {}, schema: {} }),
    ['style_invalid'],
  ],
  ['explode a word', parameters({ name: 'a', in: 'query', explode: 'maybe', schema: {} }), []],
  ['a parameter without schema', parameters({ name: 'a', in: 'query' }), []],
  [
    'a parameter with a schema of the wrong type',
    parameters({ name: 'a', in: 'query', schema: 'string' }),
    ['schema_invalid'],
  ],
  ['a parameter with schema null', parameters({ name: 'a', in: 'query', schema: null }), []],
  ['a parameter with empty content', parameters({ name: 'a', in: 'query', content: {} }), []],
  [
    'a parameter with content null inside',
    parameters({ name: 'a', in: 'query', content: { 'application/json': null } }),
    ['not_an_object'],
    0,
  ],
  [
    'a parameter of Swagger 2.0 in 3.1',
    parameters({ name: 'a', in: 'query', type: 'array', collectionFormat: 'multi' }),
    [],
  ],
  ['a body parameter in 3.1', parameters({ name: 'a', in: 'body', schema: {} }), []],
  [
    'an Accept header',
    parameters({ name: 'Accept', in: 'header', schema: {} }),
    ['headers_left_out'],
  ],
  ['an undeclared path parameter', oneOperation({ parameters: [] }), ['path_parameter_added']],
  [
    'a path parameter in other letters',
    oneOperation({ parameters: [{ ...idParameter, name: 'ID' }] }),
    [],
  ],
  [
    'a path parameter too many',
    parameters({ ...idParameter, name: 'other' }),
    ['path_parameter_unused'],
  ],
  [
    'a path parameter twice in the path',
    paths({ '/x/{a}/{a}': { get: ok } }),
    ['path_parameter_added'],
  ],
  ['braces without a name', paths({ '/x/{}': { get: ok } }), []],
  ['braces that do not close', paths({ '/x/{a': { get: ok } }), []],
  ['a template expression', paths({ '/x{?a,b}': { get: ok } }), ['path_parameter_added']],
  [
    'a parameter called constructor',
    parameters({ name: 'constructor', in: 'query', schema: {} }),
    [],
  ],
  // bodies
  ['a body null', oneOperation({ requestBody: null }), []],
  ['a body a string', oneOperation({ requestBody: 'x' }), ['not_an_object'], 0],
  ['a body without content', oneOperation({ requestBody: {} }), ['body_without_content']],
  [
    'a body with content null',
    oneOperation({ requestBody: { content: null } }),
    ['body_without_content'],
  ],
  [
    'a body with content a list',
    oneOperation({ requestBody: { content: [] } }),
    ['not_an_object', 'body_without_content'],
  ],
  [
    'a dangling body',
    oneOperation({ requestBody: { $ref: '#/components/requestBodies/None' } }),
    ['dangling_reference'],
    0,
  ],
  [
    'a body in a word',
    oneOperation({ requestBody: { content: { json: { schema: {} } } } }),
    ['media_type_invalid', 'body_without_content'],
  ],
  [
    'a media type null',
    oneOperation({ requestBody: { content: { 'application/json': null } } }),
    [],
  ],
  [
    'a media type a string',
    oneOperation({ requestBody: { content: { 'application/json': 'x' } } }),
    ['not_an_object'],
  ],
  [
    'an encoding a list',
    oneOperation({ requestBody: { content: { 'multipart/form-data': { encoding: [] } } } }),
    ['not_an_object'],
  ],
  [
    'an encoding of nothing',
    oneOperation({
      requestBody: { content: { 'multipart/form-data': { encoding: { a: null } } } },
    }),
    [],
  ],
  [
    'an encoding of odd values',
    oneOperation({
      requestBody: {
        content: {
          'multipart/form-data': { encoding: { a: { style: 3, explode: 'x', headers: 4 } } },
        },
      },
    }),
    [],
  ],
]
