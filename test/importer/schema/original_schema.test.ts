import { describe, expect, test } from 'bun:test'
import type { ApiSchema } from '../../../src/importer/api_document.ts'
import { originalSchema } from '../../../src/importer/schema/original_schema.ts'
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts'
import { compileSchema } from '../../../src/lib/json_schema/compile_schema.ts'

function original(body: JsonValue, defs: Record<string, ApiSchema> = {}, hasFiles = false) {
  return originalSchema({ type: 'object', properties: { body } }, { defs, hasFiles })
}

const bodyOf = ({ schema }: { schema: JsonObject }) => (schema.properties as JsonObject).body

describe('the original rules of an operation', () => {
  test('prose goes, what decides how a value is written stays', () => {
    const body = {
      type: 'object',
      title: 'Pet',
      description: 'A pet.',
      'x-order': 1,
      properties: {
        description: { type: 'string', example: 'x', default: 'y', xml: { attribute: true } },
        at: { type: 'string', format: 'date-time', deprecated: true },
        raw: { type: 'string', contentEncoding: 'base64', contentMediaType: 'image/png' },
        kind: { const: 'pet' },
      },
      example: { description: 'x' },
      externalDocs: { url: 'https://example.com' },
      discriminator: { propertyName: 'kind' },
    }
    expect(bodyOf(original(body))).toEqual({
      type: 'object',
      properties: {
        description: { type: 'string', xml: { attribute: true } },
        at: { type: 'string', format: 'date-time' },
        raw: { type: 'string', contentEncoding: 'base64', contentMediaType: 'image/png' },
        kind: { const: 'pet' },
      },
    })
  })

  test('only the definitions it needs come along, under any name', () => {
    const defs = {
      'a/b~ %': { properties: { next: { $ref: '#/$defs/next' } } },
      next: { type: 'string', description: 'x' },
      other: { type: 'integer' },
    }
    const made = original({ $ref: '#/$defs/a~1b~0 %25' }, defs)
    expect(made.schema.$defs).toEqual({
      'a/b~ %': { properties: { next: { $ref: '#/$defs/next' } } },
      next: { type: 'string' },
    })
    const { validate } = compileSchema(made.schema)
    expect(validate({ body: { next: 'x' } })).toEqual([])
    expect(validate({ body: { next: 1 } })).toHaveLength(1)
  })

  test('a readOnly property is not required, wherever the requirement stands', () => {
    const defs = {
      base: {
        type: 'object',
        properties: { id: { $ref: '#/$defs/id' }, name: true },
        required: ['id', 'name'],
      },
      id: { readOnly: true, type: 'string' },
    }
    const body = { allOf: [{ $ref: '#/$defs/base' }, { required: ['id', 'name'] }] }
    const { validate } = compileSchema(original(body, defs).schema)
    expect(validate({ body: { name: 'x' } })).toEqual([])
    expect(validate({ body: {} })).not.toEqual([])
  })

  test('nor where a definition that others share requires it', () => {
    const defs = {
      base: { type: 'object', properties: { id: { type: 'string', readOnly: true } } },
      needs: { type: 'object', required: ['id', 'name'] },
      both: { allOf: [{ $ref: '#/$defs/base' }, { $ref: '#/$defs/needs' }] },
    }
    const { validate } = compileSchema(
      original({ properties: { a: { $ref: '#/$defs/both' }, b: { $ref: '#/$defs/needs' } } }, defs)
        .schema,
    )
    expect(validate({ body: { a: { name: 'x' } } })).toEqual([])
    expect(validate({ body: { a: {} } })).not.toEqual([])
    expect(validate({ body: { b: { name: 'x' } } })).not.toEqual([])
  })

  test('a value that fits several forms of oneOf is valid, one that fits none is not', () => {
    const cat = { type: 'object', properties: { hunts: { type: 'boolean' } } }
    const dog = { type: 'object', properties: { bark: { type: 'boolean' } }, required: ['kind'] }
    const { validate } = compileSchema(original({ oneOf: [cat, dog] }).schema)
    expect(validate({ body: { kind: 'x', bark: true } })).toEqual([])
    expect(validate({ body: { hunts: 'x' } })).not.toEqual([])
    const mixed = { oneOf: [cat, dog], anyOf: [{ required: ['a'] }], allOf: [{ maxProperties: 2 }] }
    const check = compileSchema(original(mixed).schema)
    expect(check.validate({ body: { kind: 1, a: 1 } })).toEqual([])
    expect(check.validate({ body: { kind: 1, b: 1 } })).not.toEqual([])
    expect(check.validate({ body: { kind: 1, a: 1, b: 1 } })).not.toEqual([])
  })

  test('oneOf stays where it stands in a not, which would forbid more', () => {
    const forms = [{ required: ['a'] }, { required: ['b'] }]
    const { validate } = compileSchema(original({ type: 'object', not: { oneOf: forms } }).schema)
    expect(validate({ body: { a: 1, b: 1 } })).toEqual([])
    expect(validate({ body: { a: 1 } })).not.toEqual([])
  })

  test('keeps every rule of JSON Schema 2020-12 that can be checked', () => {
    const rules = {
      const: null,
      enum: [null],
      not: { type: 'string' },
      if: { type: 'string' },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { minLength: 1 },
      else: true,
      contains: { type: 'string' },
      minContains: 0,
      maxContains: 2,
      uniqueItems: true,
      prefixItems: [true],
      unevaluatedItems: { type: 'string' },
      unevaluatedProperties: { type: 'string' },
      propertyNames: { maxLength: 3 },
      dependentRequired: { a: ['b'] },
      dependentSchemas: { a: { required: ['b'] } },
      multipleOf: 2,
      exclusiveMinimum: 1,
      exclusiveMaximum: 9,
    }
    expect(bodyOf(original(rules))).toEqual(rules)
  })

  test('what the validator would refuse is relaxed', () => {
    const body = {
      type: 'wrong',
      properties: {
        a: { pattern: '[', minLength: 'two', enum: 'x' },
        b: { $ref: '#/$defs/missing' },
        c: { $ref: 'https://example.com/schema.json' },
        d: { items: [{ type: 'string' }] },
        e: { anyOf: [] },
      },
      required: 'a',
      additionalProperties: 'no',
    }
    const made = original(body)
    expect(bodyOf(made)).toEqual({ properties: { a: {}, b: {}, c: {}, d: {}, e: {} } })
    compileSchema(made.schema)
  })

  test('a pattern that goes takes the refusal of other names with it', () => {
    const body = {
      type: 'object',
      patternProperties: { '[': { type: 'string' }, '^x': { type: 'string' } },
      additionalProperties: false,
    }
    expect(bodyOf(original(body))).toEqual({
      type: 'object',
      patternProperties: { '^x': { type: 'string' } },
    })
  })

  test('a reference that never ends takes anything, the rest stays', () => {
    const defs = {
      a: { allOf: [{ $ref: '#/$defs/b' }] },
      b: { allOf: [{ $ref: '#/$defs/a' }, { type: 'object', required: ['x'] }] },
    }
    const { validate } = compileSchema(original({ $ref: '#/$defs/a' }, defs).schema)
    expect(validate({ body: { x: 1 } })).toEqual([])
    expect(validate({ body: {} })).toHaveLength(1)
  })

  test('binary strings are files where there are files, and one definition says what those are', () => {
    const file = { type: 'string', format: 'binary' }
    const body = { type: 'object', properties: { a: file, b: { type: 'array', items: file } } }
    const made = original(body, { file: true }, true)
    expect(made.schema.$defs).toHaveProperty('file_')
    const { validate } = compileSchema(made.schema)
    expect(validate({ body: { a: 'x', b: [{ base64: 'eA==' }, 'y'] } })).toEqual([])
    expect(validate({ body: { a: { text: 'x', base64: 'eA==' } } })).not.toEqual([])
    expect(JSON.stringify(original(body).schema)).not.toContain('base64')
  })

  test('a schema beyond the bounds of the validator is relaxed from the deepest up, and told', () => {
    const defs: Record<string, ApiSchema> = {}
    for (let i = 0; i < 60; i++) {
      const fields = Array.from({ length: 60 }, (_, j) => [`f${j}`, { $ref: `#/$defs/d${j}` }])
      defs[`d${i}`] = { type: 'object', properties: Object.fromEntries(fields) }
    }
    const made = original({ $ref: '#/$defs/d0' }, defs)
    const { validate } = compileSchema(made.schema)
    expect(validate({ body: { f1: { f2: 1 } } })).not.toEqual([])
    expect(validate({ body: { f59: 1 } })).toEqual([])
    expect(made.findings.map(({ code }) => code)).toEqual(['schema_relaxed'])
  })
})
