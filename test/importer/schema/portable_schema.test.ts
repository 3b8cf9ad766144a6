import { describe, expect, test } from 'bun:test'
import type { ApiSchema } from '../../../src/importer/api_document.ts'
import { AliasBook } from '../../../src/importer/schema/alias_book.ts'
import {
  type PortableContext,
  portableSchema,
} from '../../../src/importer/schema/portable_schema.ts'
import { anyItem } from '../../../src/importer/schema/write_forms.ts'
import type { JsonObject } from '../../../src/lib/json.ts'

function portable(schema: ApiSchema, options: Partial<PortableContext> = {}) {
  const context = {
    defs: {},
    aliases: null,
    maxBytes: 8000,
    isInput: true,
    hasFiles: false,
    isTop: false,
    ...options,
  }
  return portableSchema(schema, context).schema
}

describe('the portable dialect', () => {
  const forms: readonly [string, ApiSchema, JsonObject][] = [
    ['const', { const: 'a' }, { type: 'string', enum: ['a'] }],
    [
      'a nullable type',
      { type: ['string', 'null'], description: 'A name.' },
      { description: 'A name.', anyOf: [{ type: 'string' }, { type: 'null' }] },
    ],
    [
      'a nullable enumeration',
      { enum: ['a', 'b', null, 'a'] },
      { anyOf: [{ type: 'string', enum: ['a', 'b'] }, { type: 'null' }] },
    ],
    [
      'enumerated numbers, which Gemini refuses',
      { type: 'integer', enum: [5, 1, 3] },
      { type: 'integer', description: 'One of 5, 1, 3.', minimum: 1, maximum: 5 },
    ],
    [
      'an empty value, which Gemini refuses',
      { enum: ['', 'asc'] },
      { type: 'string', description: 'One of "", "asc".' },
    ],
    [
      'exclusive bounds of integers',
      { type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 10 },
      { type: 'integer', minimum: 1, maximum: 9 },
    ],
    [
      'exclusive bounds of numbers',
      { type: 'number', exclusiveMinimum: 0, multipleOf: 0.01 },
      { type: 'number', description: 'More than 0. A multiple of 0.01.', minimum: 0 },
    ],
    ['bounds beyond doubles', { type: 'integer', maximum: 2 ** 63 }, { type: 'integer' }],
    [
      'a format OpenAI lists',
      { type: 'string', format: 'uuid' },
      { type: 'string', format: 'uuid' },
    ],
    [
      'another format',
      { type: 'string', format: 'uri' },
      { type: 'string', description: 'Format: uri.' },
    ],
    [
      'a pattern that is none',
      { type: 'string', pattern: '[' },
      { type: 'string', description: 'Pattern: [' },
    ],
    ['an array without items', { type: 'array' }, { type: 'array', items: anyItem() }],
    [
      'a tuple',
      { prefixItems: [{ type: 'number' }, { type: 'number' }], items: false },
      { type: 'array', items: { type: 'number' }, maxItems: 2 },
    ],
    [
      'an object without rules',
      { type: 'object' },
      { type: 'object', properties: {}, additionalProperties: true },
    ],
    [
      'a map',
      { additionalProperties: { type: 'integer' } },
      { type: 'object', properties: {}, additionalProperties: { type: 'integer' } },
    ],
    [
      'properties by pattern',
      {
        type: 'object',
        patternProperties: { '^x': { type: 'string' } },
        additionalProperties: false,
      },
      { type: 'object', properties: {}, additionalProperties: { type: 'string' } },
    ],
    [
      'a required name that is not declared',
      {
        properties: { a: { type: 'string' } },
        required: ['b'],
        additionalProperties: { type: 'integer' },
      },
      {
        type: 'object',
        properties: { a: { type: 'string' }, b: { type: 'integer' } },
        required: ['b'],
        additionalProperties: { type: 'integer' },
      },
    ],
    [
      'allOf',
      {
        allOf: [
          { properties: { a: { type: 'string' } }, required: ['a'] },
          { properties: { a: { minLength: 2 }, b: { type: 'boolean' } }, required: ['b'] },
        ],
      },
      {
        type: 'object',
        properties: { a: { type: 'string', minLength: 2 }, b: { type: 'boolean' } },
        required: ['a', 'b'],
      },
    ],
    [
      'forms that only require',
      {
        type: 'object',
        properties: { a: { type: 'string' }, b: { type: 'string' } },
        anyOf: [{ required: ['a'] }, { required: ['b'] }],
      },
      {
        anyOf: [
          {
            type: 'object',
            properties: { a: { type: 'string' }, b: { type: 'string' } },
            required: ['a'],
          },
          {
            type: 'object',
            properties: { a: { type: 'string' }, b: { type: 'string' } },
            required: ['b'],
          },
        ],
      },
    ],
    [
      'oneOf of constants',
      { oneOf: [{ const: 'a' }, { const: 'b' }, { const: 'c' }] },
      { type: 'string', enum: ['a', 'b', 'c'] },
    ],
    [
      'an example and a default',
      { type: 'integer', description: 'Page size', default: 20, example: 50, deprecated: true },
      { type: 'integer', description: 'Deprecated. Page size. E.g. 50.', default: 20 },
    ],
  ]
  test.each(forms)('%s', (_, schema, expected) => {
    expect(portable(schema)).toEqual(expected)
  })

  test('readOnly properties are not for arguments, nor required there', () => {
    const schema = {
      type: 'object',
      properties: { id: { $ref: '#/$defs/id' }, secret: { type: 'string', writeOnly: true } },
      required: ['id', 'secret'],
    }
    const defs = { id: { type: 'string', readOnly: true } }
    const input = portable(schema, { defs })
    expect(Object.keys(input.properties ?? {})).toEqual(['secret'])
    expect(input.required).toEqual(['secret'])
    const output = portable(schema, { defs, isInput: false })
    expect(Object.keys(output.properties ?? {})).toEqual(['id'])
  })

  test('names are aliased with what they stand for; without a book they are left open', () => {
    const schema = {
      type: 'object',
      properties: { $top: { type: 'integer' } },
      required: ['$top'],
      additionalProperties: false,
    }
    expect(portable(schema, { aliases: new AliasBook(['$top']) })).toEqual({
      type: 'object',
      properties: { top: { type: 'integer', description: 'Sent as $top.' } },
      required: ['top'],
      additionalProperties: false,
    })
    expect(portable(schema)).toEqual({ type: 'object', properties: {}, additionalProperties: true })
  })

  test('recursion is shown twice, then as an open object that names its fields', () => {
    const defs = {
      node: {
        type: 'object',
        properties: { next: { $ref: '#/$defs/node' }, v: { type: 'string' } },
      },
    }
    const text = JSON.stringify(portable({ $ref: '#/$defs/node' }, { defs }))
    expect(text.match(/"next"/g)).toHaveLength(2)
    expect(text).toContain('Fields: next, v')
    expect(text).not.toContain('$ref')
  })

  test('a union at the top becomes one object', () => {
    const forms = ['a', 'b'].map((kind) => ({
      type: 'object',
      properties: { kind: { const: kind }, [kind]: { type: 'string' } },
      required: ['kind', kind],
    }))
    expect(portable({ oneOf: forms }, { isTop: true })).toEqual({
      type: 'object',
      properties: {
        kind: { type: 'string', enum: ['a', 'b'] },
        a: { type: 'string' },
        b: { type: 'string' },
      },
      required: ['kind'],
    })
  })

  test('case 283: what hides or reorders text is gone from every description', () => {
    const schema = portable({
      type: 'string',
      description: 'Safe\u202e\u200b <b>text</b>\n[link](http://x).',
    })
    expect(schema.description).toBe('Safe text link.')
  })

  test('within the budget the top level is complete before anything below it', () => {
    const inner = {
      type: 'object',
      properties: Object.fromEntries(
        Array.from({ length: 40 }, (_, i) => [
          `inner_${i}`,
          { type: 'string', description: 'x'.repeat(99) },
        ]),
      ),
    }
    const names = Array.from({ length: 20 }, (_, i) => `outer_${i}`)
    const schema = {
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, inner])),
    }
    const context = { defs: {}, aliases: null, isInput: true, hasFiles: false, isTop: false }
    const made = portableSchema(schema, { ...context, maxBytes: 4000 })
    expect(Object.keys(made.schema.properties ?? {})).toEqual(names)
    expect(Buffer.byteLength(JSON.stringify(made.schema))).toBeLessThanOrEqual(4000)
    expect(made.findings.map(({ code }) => code)).toEqual(['schema_collapsed'])
  })
})
