import { describe, expect, test } from 'bun:test'
import type { ApiDocument } from '../../../src/importer/api_document.ts'
import { codesOf, first, oneOperation, readBundle, readText } from './read_text.ts'

/** Reads a schema as that of a body, in the version given. */
function read(schema: unknown, openapi = '3.0.3', components: object = {}): ApiDocument {
  const requestBody = { content: { 'application/json': { schema } } }
  return readText(oneOperation({ requestBody }, { openapi, components: { schemas: components } }))
}

const body = (document: ApiDocument) => first(document).body?.contents[0]?.schema
const A = { $ref: '#/components/schemas/A' }
const linkA = { $ref: '#/$defs/A' }

const rewritten: readonly (readonly [string, unknown, unknown])[] = [
  ['nullable with a type', { type: 'string', nullable: true }, { type: ['string', 'null'] }],
  ['x-nullable', { type: 'string', 'x-nullable': true }, { type: ['string', 'null'] }],
  ['nullable: false', { type: 'string', nullable: false }, { type: 'string' }],
  ['nullable without a type', { nullable: true }, {}],
  [
    'nullable with an enum',
    { type: 'string', nullable: true, enum: ['a'] },
    { type: ['string', 'null'], enum: ['a', null] },
  ],
  ['nullable with null in the enum', { nullable: true, enum: ['a', null] }, { enum: ['a', null] }],
  [
    'nullable with allOf',
    { nullable: true, description: 'd', allOf: [A] },
    { description: 'd', anyOf: [{ allOf: [linkA] }, { type: 'null' }] },
  ],
  ['nullable with $ref', { ...A, nullable: true }, { anyOf: [linkA, { type: 'null' }] }],
  ['exclusiveMinimum: true', { minimum: 1, exclusiveMinimum: true }, { exclusiveMinimum: 1 }],
  ['exclusiveMaximum: false', { maximum: 1, exclusiveMaximum: false }, { maximum: 1 }],
  [
    'siblings of $ref in 3.0',
    { ...A, description: 'd', minLength: 3 },
    { ...linkA, description: 'd' },
  ],
  ['format binary', { type: 'string', format: 'binary' }, { type: 'string', format: 'binary' }],
  ['type file', { type: 'file' }, { type: 'string', format: 'binary' }],
  ['an example and x-', { example: 1, 'x-a': 2 }, { example: 1, 'x-a': 2 }],
  [
    'required on a property',
    { properties: { a: { required: true } } },
    { properties: { a: {} }, required: ['a'] },
  ],
  [
    'a tuple',
    { items: [{ type: 'string' }], additionalItems: false },
    { prefixItems: [{ type: 'string' }], items: false },
  ],
  [
    'words taken for booleans',
    { type: 'string', enum: [true, 1] },
    { type: 'string', enum: ['true', '1'] },
  ],
  ['quoted numbers', { type: 'integer', enum: ['1'] }, { type: 'integer', enum: [1] }],
]

describe('schemas become 2020-12', () => {
  test.each(rewritten)('%s', (_name, written, expected) => {
    const document = read(written, '3.0.3', { A: { type: 'string' } })
    expect(body(document)).toEqual(expected as never)
  })

  test('siblings of $ref count in 3.1', () => {
    const document = read({ ...A, minLength: 3 }, '3.1.0', { A: { type: 'string' } })
    expect(body(document)).toEqual({ ...linkA, minLength: 3 })
  })

  test('only what is used is in defs, each once and by a short name', () => {
    const document = read(A, '3.0.3', {
      A: { items: { $ref: '#/components/schemas/B' } },
      B: {},
      C: {},
    })
    expect(document.defs).toEqual({ A: { items: { $ref: '#/$defs/B' } }, B: {} })
  })

  test('deep and percent-encoded references get names of their own', () => {
    const deep =
      '#/paths/~1x~1%7Bid%7D/post/requestBody/content/application~1json/schema/properties/a'
    const document = read({ properties: { a: { type: 'string' }, b: { $ref: deep } } })
    const [name = ''] = Object.keys(document.defs)
    expect(name).toMatch(/^[A-Za-z0-9_.-]{1,64}$/)
    expect(document.defs[name]).toEqual({ type: 'string' })
  })

  test('a reference goes through other references', () => {
    const through = { $ref: '#/components/schemas/A/properties/b' }
    const B = { properties: { b: { type: 'integer' } } }
    const document = read(through, '3.0.3', { A: { $ref: '#/components/schemas/B' }, B })
    expect(document.defs).toEqual({ B_b: { type: 'integer' } })
  })

  test('a base that lists what derives from it keeps its meaning', () => {
    const Pet = { properties: { kind: {} }, oneOf: [{ $ref: '#/components/schemas/Cat' }] }
    const Cat = { allOf: [{ $ref: '#/components/schemas/Pet' }, { required: ['kind'] }] }
    const document = read({ $ref: '#/components/schemas/Pet' }, '3.0.3', { Pet, Cat })
    expect(document.defs['Cat']).toEqual({
      allOf: [{ $ref: '#/$defs/Pet_base' }, { required: ['kind'] }],
    })
    expect(document.defs['Pet_base']).toEqual({ properties: { kind: {} } })
    expect(document.findings).toEqual([])
  })

  test('$id, $anchor and $dynamicRef are followed in 3.1', () => {
    const schemas = {
      A: {
        $id: 'https://x.test/a',
        properties: { n: { $ref: '#n' } },
        $defs: { N: { $anchor: 'n', type: 'number' } },
      },
      T: { $dynamicAnchor: 'node', properties: { next: { $dynamicRef: '#node' } } },
    }
    const written = {
      properties: {
        a: { $ref: 'https://x.test/a' },
        b: { $ref: 'https://x.test/a#n' },
        t: { $ref: '#/components/schemas/T' },
      },
    }
    const document = read(written, '3.1.0', schemas)
    expect(document.findings).toEqual([])
    expect(document.defs).toEqual({
      A: { properties: { n: { $ref: '#/$defs/N' } } },
      N: { type: 'number' },
      T: { properties: { next: { $ref: '#/$defs/T' } } },
    })
  })

  test.each([
    ['$recursiveRef', { $recursiveAnchor: true, properties: { a: { $recursiveRef: '#' } } }],
    ['$ref', { properties: { a: { $ref: '#' } } }],
  ])('a %s to # means the schema itself, never the whole document', (_name, F) => {
    const document = read({ $ref: '#/components/schemas/F' }, '3.1.0', { F })
    expect(document.defs['F']).toMatchObject({ properties: { a: { $ref: '#/$defs/F' } } })
    expect(Object.keys(document.defs)).toEqual(['F'])
  })

  test('a dangling reference allows anything and is told with its place', () => {
    const document = read({ properties: { a: { $ref: '#/components/schemas/None' } } })
    expect(body(document)).toEqual({ properties: { a: true } })
    expect(document.findings).toMatchObject([
      {
        severity: 'warning',
        code: 'dangling_reference',
        operation: 'POST /x/{id}',
        pointer: '#/paths/~1x~1{id}/post/requestBody/content/application~1json/schema/properties/a',
      },
    ])
  })

  test('what nobody uses may be broken', () => {
    expect(read({}, '3.0.3', { A: { $ref: 'https://nowhere.test/x' } }).findings).toEqual([])
  })
})

describe('a bundle of files', () => {
  const entry = {
    openapi: '3.0.3',
    info: { title: { $ref: 'texts.yml#/title' } },
    paths: { '/p': { $ref: 'paths/p.yml' } },
    components: { schemas: { Local: { type: 'boolean' } } },
  }
  const files = {
    'spec/api.yml': entry,
    'spec/texts.yml': 'title: Parts\n',
    'spec/paths/p.yml': [
      'get:',
      '  parameters:',
      '    - $ref: ../parameters.yml#/limit',
      '  responses:',
      '    200:',
      '      content:',
      '        application/json:',
      '          schema: {$ref: "../models/pet.yml"}',
    ].join('\n'),
    'spec/parameters.yml': 'limit: {in: query, name: limit, schema: {type: integer}}\n',
    'spec/models/pet.yml': [
      'type: object',
      'properties:',
      '  parent: {$ref: "#"}',
      '  owner: {$ref: "./owner.yml#/Owner"}',
      '  local: {$ref: "../api.yml#/components/schemas/Local"}',
    ].join('\n'),
    'spec/models/owner.yml': 'Owner: {type: object}\n',
  }

  test('is read through relative references, whole files and parents', () => {
    const document = readBundle(files)
    expect(document.findings).toEqual([])
    expect(document.title).toBe('Parts')
    expect(first(document).parameters.map((one) => one.name)).toEqual(['limit'])
    expect(document.defs['pet']).toEqual({
      type: 'object',
      properties: {
        parent: { $ref: '#/$defs/pet' },
        owner: { $ref: '#/$defs/Owner' },
        local: { $ref: '#/$defs/Local' },
      },
    })
  })

  test('names the file of a place, and a file that is missing or broken', () => {
    const document = readBundle({ ...files, 'spec/models/owner.yml': 'a: [' })
    expect(codesOf(document)).toEqual(['dangling_reference'])
    expect(document.findings[0]?.pointer).toBe('spec/models/pet.yml#/properties/owner')
    expect(document.findings[0]?.reason).toMatch(/spec\/models\/owner\.yml cannot be read/)
  })

  test('may keep maps, lists and texts in files of their own', () => {
    const document = readBundle({
      'api.yml': {
        openapi: '3.0.3',
        info: { title: 'T', description: { $ref: 'about.md' } },
        paths: { $ref: 'paths.yml' },
        components: { securitySchemes: { $ref: 'auth.yml' } },
      },
      'about.md': '# About: this [API',
      'paths.yml': {
        '/p': {
          get: {
            security: [{ key: [] }],
            parameters: { $ref: 'lists.yml#/all' },
            summary: { $ref: 'about.md' },
          },
        },
      },
      'lists.yml': {
        all: [
          {
            name: 'a',
            in: 'query',
            schema: { enum: { $ref: '#/values' }, properties: { $ref: '#/map' } },
          },
        ],
        values: [1],
        map: { b: { type: 'null' } },
      },
      'auth.yml': { key: { type: 'apiKey', in: 'header', name: 'X-Key' } },
    })
    expect(document.findings).toEqual([])
    expect(document.description).toBe('# About: this [API')
    expect(first(document).summary).toBe('# About: this [API')
    expect(Object.keys(document.securitySchemes)).toEqual(['key'])
    expect(first(document).parameters[0]?.schema).toEqual({
      enum: [1],
      properties: { b: { type: 'null' } },
    })
  })

  test('a remote reference counts where a file of that name was given', () => {
    const $ref = 'https://x.test/pet.json#/Pet'
    const api = oneOperation({ responses: { 200: { content: { 'a/b': { schema: { $ref } } } } } })
    const document = readBundle({
      'api.json': api,
      'https://x.test/pet.json': { Pet: { type: 'null' } },
    })
    expect(document.findings).toEqual([])
    expect(document.defs).toEqual({ Pet: { type: 'null' } })
  })
})
