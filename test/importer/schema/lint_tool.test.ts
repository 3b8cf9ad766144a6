import { describe, expect, test } from 'bun:test'
import { type LintedTool, lintTool } from '../../../src/importer/schema/lint_tool.ts'
import type { JsonObject } from '../../../src/lib/json.ts'

const sound: LintedTool = {
  name: 'list_pets',
  description: 'Lists pets.',
  inputSchema: { type: 'object', properties: { limit: { type: 'integer' } }, required: ['limit'] },
  outputSchema: null,
}

const property = (schema: JsonObject | boolean): Partial<LintedTool> => ({
  inputSchema: { type: 'object', properties: { a: schema } },
})

describe('lint of a tool', () => {
  test('a tool that every API takes has no finding', () => {
    expect(lintTool(sound)).toEqual([])
  })

  const broken: readonly [string, string, Partial<LintedTool>][] = [
    ['tool_name', '/name', { name: 'list pets' }],
    ['tool_name', '/name', { name: 'x'.repeat(65) }],
    ['hidden_text', '/description', { description: 'a\u202eb' }],
    [
      'top_level_type',
      '/inputSchema',
      { inputSchema: { type: 'array', properties: {}, items: { type: 'string' } } },
    ],
    [
      'top_level_union',
      '/inputSchema/anyOf',
      { inputSchema: { properties: {}, anyOf: [{ type: 'object' }] } },
    ],
    [
      'top_level_properties',
      '/inputSchema',
      { inputSchema: { type: 'object', additionalProperties: true } },
    ],
    [
      'property_name',
      '/inputSchema/properties',
      { inputSchema: { type: 'object', properties: { 'ids[]': { type: 'string' } } } },
    ],
    [
      'required_undeclared',
      '/inputSchema/required',
      { inputSchema: { type: 'object', properties: {}, required: ['a'] } },
    ],
    ['reference', '/inputSchema/properties/a/$ref', property({ $ref: '#/$defs/a' })],
    ['boolean_schema', '/inputSchema/properties/a', property(true)],
    ['type_list', '/inputSchema/properties/a/type', property({ type: ['string', 'null'] })],
    [
      'type_beside_union',
      '/inputSchema/properties/a',
      property({ type: 'string', anyOf: [{ type: 'string' }] }),
    ],
    [
      'untyped_alternative',
      '/inputSchema/properties/a/anyOf/0',
      property({ anyOf: [{ minLength: 1 }] }),
    ],
    ['empty_union', '/inputSchema/properties/a/anyOf', property({ anyOf: [] })],
    ['array_items', '/inputSchema/properties/a', property({ type: 'array' })],
    ['object_properties', '/inputSchema/properties/a', property({ type: 'object' })],
    [
      'object_keyword',
      '/inputSchema/properties/a/required',
      property({ type: 'string', required: [] }),
    ],
    ['enum_type', '/inputSchema/properties/a/enum', property({ type: 'integer', enum: [1] })],
    ['enum_empty', '/inputSchema/properties/a/enum', property({ type: 'string', enum: [] })],
    [
      'enum_empty_value',
      '/inputSchema/properties/a/enum',
      property({ type: 'string', enum: [''] }),
    ],
    [
      'enum_repeated',
      '/inputSchema/properties/a/enum',
      property({ type: 'string', enum: ['a', 'a'] }),
    ],
    ['format', '/inputSchema/properties/a/format', property({ type: 'string', format: 'uri' })],
    ['pattern', '/inputSchema/properties/a/pattern', property({ type: 'string', pattern: '[' })],
    ['keyword', '/inputSchema/properties/a/const', property({ type: 'string', const: 'a' })],
    ['bound', '/inputSchema/properties/a/maximum', property({ type: 'integer', maximum: 1e300 })],
    [
      'enum_count',
      '/inputSchema',
      property({ type: 'string', enum: Array.from({ length: 1001 }, (_, i) => `v${i}`) }),
    ],
    ['top_level_type', '/outputSchema', { outputSchema: { type: 'string' } }],
  ]
  test.each(broken)('%s at %s is an error', (rule, pointer, change) => {
    const found = lintTool({ ...sound, ...change }).filter(({ severity }) => severity === 'error')
    expect(found.map((finding) => [finding.rule, finding.pointer])).toContainEqual([rule, pointer])
  })

  test('what merely goes worse is advice', () => {
    const tool = {
      ...sound,
      ...property({ description: 'Anything' }),
      description: 'x'.repeat(1100),
    }
    const found = lintTool(tool)
    expect(found.map(({ rule, severity }) => `${severity} ${rule}`).sort()).toEqual([
      'advice tool_description_length',
      'advice untyped_schema',
    ])
  })
})
