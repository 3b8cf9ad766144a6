import type { BrokenInput } from './broken_inputs.ts'
import { oneOperation } from './read_text.ts'

const schema = (value: unknown, document: object = {}) =>
  oneOperation({ requestBody: { content: { 'application/json': { schema: value } } } }, document)
const component = (name: string, value: unknown) => ({ components: { schemas: { [name]: value } } })
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })

/** Documents with a broken schema, server or security scheme. */
export const brokenSchemas: readonly BrokenInput[] = [
  ['a schema null', schema(null), []],
  ['a schema a list', schema([]), ['schema_invalid']],
  ['a schema a number', schema(3), ['schema_invalid']],
  ['a type nobody knows', schema({ type: 'gizmo' }), ['schema_type_unknown']],
  ['a type of another language', schema({ type: 'int' }), ['schema_type_unknown']],
  ['a type an object', schema({ type: {} }), ['schema_type_unknown']],
  ['a type an empty list', schema({ type: [] }), []],
  ['a YAML null as type', schema({ anyOf: [{ type: 'string' }, { type: null }] }), []],
  ['properties a list', schema({ properties: [] }), ['schema_keyword_ignored']],
  ['a property a string', schema({ properties: { a: 'string' } }), ['schema_invalid']],
  ['a property null', schema({ properties: { a: null } }), []],
  [
    'properties called like those of every object',
    schema({ properties: { constructor: {}, toString: {}, hasOwnProperty: {} } }),
    [],
  ],
  ['required a word', schema({ required: 'a' }), ['schema_keyword_ignored']],
  ['required of numbers', schema({ required: [1, 1, null] }), []],
  ['required on the property', schema({ properties: { a: { required: true } } }), []],
  ['an enum that is empty', schema({ enum: [] }), ['schema_keyword_ignored']],
  ['an enum that is none', schema({ enum: 'a,b' }), ['schema_keyword_ignored']],
  ['an enum of another type', schema({ type: 'string', enum: [1, true] }), []],
  ['a pattern that is none', schema({ pattern: '(' }), ['schema_keyword_ignored']],
  ['a pattern of JavaScript', schema({ pattern: '/^a$/i' }), []],
  ['a pattern a number', schema({ pattern: 3 }), ['schema_keyword_ignored']],
  ['a bound in quotes', schema({ minimum: '1', maxLength: '20' }), []],
  ['a bound in words', schema({ minimum: 'one' }), ['schema_keyword_ignored']],
  ['a negative length', schema({ minLength: -1 }), ['schema_keyword_ignored']],
  ['a multiple of nothing', schema({ multipleOf: 0 }), ['schema_keyword_ignored']],
  ['an exclusive bound of draft 4', schema({ minimum: 1, exclusiveMinimum: true }), []],
  ['an exclusive bound of nothing', schema({ exclusiveMinimum: true }), []],
  ['items a list', schema({ items: [{ type: 'string' }, 3] }), ['schema_invalid']],
  ['items a string', schema({ items: 'string' }), ['schema_invalid']],
  ['allOf an object', schema({ allOf: { type: 'object' } }), []],
  ['allOf a string', schema({ allOf: 'x' }), ['schema_keyword_ignored']],
  ['allOf empty', schema({ allOf: [], anyOf: [], oneOf: [] }), []],
  ['oneOf of nothing', schema({ oneOf: [null, 1, 'x'] }), ['schema_invalid']],
  ['additionalProperties a word', schema({ additionalProperties: 'no' }), ['schema_invalid']],
  [
    'patternProperties that are none',
    schema({ patternProperties: { '(': {} } }),
    ['schema_keyword_ignored'],
  ],
  ['nullable a word', schema({ type: 'string', nullable: 'yes' }), []],
  ['a dangling schema', schema({ $ref: '#/components/schemas/None' }), ['dangling_reference']],
  ['a dangling file', schema({ $ref: './none.yml#/X' }), ['dangling_reference']],
  ['a remote schema', schema({ $ref: 'https://example.com/x.json' }), ['dangling_reference']],
  ['a file outside', schema({ $ref: '../../../../etc/passwd' }), ['dangling_reference']],
  ['a file by address', schema({ $ref: 'file:///etc/passwd' }), ['dangling_reference']],
  ['an anchor that is none', schema({ $ref: '#nowhere' }), ['dangling_reference']],
  ['an empty $ref', schema({ $ref: '' }), []],
  [
    'a $ref with a broken escape',
    schema({ $ref: '#/components/schemas/%zz' }),
    ['dangling_reference'],
  ],
  ['a $ref to a string', schema({ $ref: '#/info/title' }), ['dangling_reference']],
  ['a $ref to the prototype', schema({ $ref: '#/constructor/prototype' }), ['dangling_reference']],
  ['a schema that is itself', schema(ref('A'), component('A', ref('A'))), ['schema_endless']],
  [
    'schemas in a circle',
    schema(ref('A'), { components: { schemas: { A: ref('B'), B: ref('A') } } }),
    ['schema_endless'],
  ],
  ['allOf of itself', schema(ref('A'), component('A', { allOf: [ref('A')] })), ['schema_endless']],
  [
    'anyOf of itself',
    schema(ref('A'), component('A', { anyOf: [{ type: 'string' }, ref('A')] })),
    ['schema_endless'],
  ],
  [
    'a schema that refers through itself',
    schema({ $ref: '#/components/schemas/A/x/x/x' }, component('A', ref('A'))),
    ['dangling_reference'],
  ],
  ['a recursive tree', schema(ref('A'), component('A', { properties: { a: ref('A') } })), []],
  [
    'a schema called like a prototype',
    schema(ref('constructor'), component('constructor', {})),
    [],
  ],
  [
    'a schema with an odd name',
    schema({ $ref: '#/components/schemas/a%20b~1c' }, component('a b/c', {})),
    [],
  ],
  // servers and security
  ['servers null', oneOperation({}, { servers: null }), []],
  ['servers of nothing', oneOperation({}, { servers: [null, 3, {}] }), ['server_invalid']],
  [
    'a server with an open variable',
    oneOperation({}, { servers: [{ url: 'https://{host}' }] }),
    ['server_invalid'],
  ],
  [
    'a server of variables of the wrong type',
    oneOperation({}, { servers: [{ url: 'https://{a}', variables: { a: [] } }] }),
    ['server_invalid'],
  ],
  [
    'a server without scheme',
    oneOperation({}, { servers: [{ url: 'api.example.com/v1' }] }),
    ['server_invalid'],
  ],
  [
    'a server of another protocol',
    oneOperation({}, { servers: [{ url: 'ws://example.com' }] }),
    ['server_invalid'],
  ],
  ['a server that is no URL', oneOperation({}, { servers: [{ url: 'http://[' }] }), []],
  [
    'a security scheme null',
    oneOperation({}, { components: { securitySchemes: { a: null } } }),
    [],
  ],
  [
    'a security scheme a string',
    oneOperation({}, { components: { securitySchemes: { a: 'x' } } }),
    ['not_an_object'],
  ],
  [
    'a security scheme of no type',
    oneOperation({}, { components: { securitySchemes: { a: {} } } }),
    [],
  ],
  [
    'oauth without flows',
    oneOperation({}, { components: { securitySchemes: { a: { type: 'oauth2', flows: 3 } } } }),
    [],
  ],
]
