import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { ApiSchema } from '../../../src/importer/api_document.ts'
import { AliasBook } from '../../../src/importer/schema/alias_book.ts'
import { declaredNames } from '../../../src/importer/schema/declared_names.ts'
import { lintTool } from '../../../src/importer/schema/lint_tool.ts'
import { originalSchema } from '../../../src/importer/schema/original_schema.ts'
import { portableSchema } from '../../../src/importer/schema/portable_schema.ts'
import { anyItem } from '../../../src/importer/schema/write_forms.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/lib/json.ts'
import { compileSchema } from '../../../src/lib/json_schema/compile_schema.ts'
import { type Spec, specs } from './schema_specs.ts'

/** A schema with its definitions and a value for it. */
function drawn(spec: Spec) {
  const defs: Record<string, ApiSchema> = {}
  let count = 0
  const sample = spec((make) => {
    const name = `d/${count++}~%`
    const ref = { $ref: `#/$defs/d~1${count - 1}~0%25` }
    defs[name] = make(ref)
    return ref
  })
  return { ...sample, defs }
}

function renamed(value: JsonValue, names: Readonly<Record<string, string>>): JsonValue {
  if (Array.isArray(value)) return value.map((item) => renamed(item, names))
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value)
  const nameOf = (key: string) => (Object.hasOwn(names, key) ? (names[key] ?? key) : key)
  return Object.fromEntries(entries.map(([key, item]) => [nameOf(key), renamed(item, names)]))
}

const toolOf = (body: JsonObject) => ({
  name: 'tool',
  description: 'A tool.',
  inputSchema: { type: 'object', properties: { body }, additionalProperties: false },
  outputSchema: null,
})

const errorsOf = (body: JsonObject) =>
  lintTool(toolOf(body)).filter(({ severity }) => severity === 'error')

/** The one thing the listing leaves out: arrays in arrays where anything goes. */
const withDeepArrays = (schema: JsonObject): JsonObject =>
  JSON.parse(JSON.stringify(schema).replaceAll(JSON.stringify(anyItem()), '{}'))

describe('portable and original schema of anything an API may describe', () => {
  test('a value the document allows is allowed by both, and un-aliasing gives it back', () => {
    const sizes = fc.constantFrom(400, 700, 2000, 16_000)
    fc.assert(
      fc.property(specs, sizes, (spec, maxBytes) => {
        const { schema, value, defs } = drawn(spec)
        const wire = value((name) => name)
        const hasFiles = maxBytes === 2000
        const root = { type: 'object', properties: { body: schema as JsonValue } }
        const original = originalSchema(root, { defs, hasFiles })
        const fitting = compileSchema(original.schema).validate({ body: wire }).length === 0
        const aliases = new AliasBook(declaredNames(schema, defs))
        const portable = portableSchema(schema, {
          defs,
          aliases,
          maxBytes,
          isInput: true,
          hasFiles,
          isTop: false,
        })
        expect(errorsOf(portable.schema)).toEqual([])
        expect(Buffer.byteLength(JSON.stringify(portable.schema))).toBeLessThanOrEqual(maxBytes)
        const compiled = compileSchema(withDeepArrays(portable.schema))
        if (!fitting) return
        const shown = value((name) => aliases.alias(name))
        expect(compiled.validate(shown)).toEqual([])
        expect(renamed(shown, aliases.entries())).toEqual(wire)
      }),
      { numRuns: 800, includeErrorInReport: true },
    )
  }, 30_000)

  test('most of the values drawn are valid, so that the property above says something', () => {
    const runs = fc.sample(specs, 300).map((spec) => {
      const { schema, value, defs } = drawn(spec)
      const root = { type: 'object', properties: { body: schema as JsonValue } }
      const { schema: original } = originalSchema(root, { defs, hasFiles: false })
      return compileSchema(original).validate({ body: value((name) => name) }).length === 0
    })
    expect(runs.filter(Boolean).length).toBeGreaterThan(240)
  })

  test('a file object is valid wherever a binary string is', () => {
    const body = { type: 'object', properties: { f: { type: 'string', format: 'binary' } } }
    const root = { type: 'object', properties: { body } }
    const { schema } = originalSchema(root, { defs: {}, hasFiles: true })
    const { validate } = compileSchema(schema)
    const portable = compileSchema(
      portableSchema(body, {
        defs: {},
        aliases: null,
        maxBytes: 2000,
        isInput: true,
        hasFiles: true,
        isTop: false,
      }).schema,
    )
    for (const f of [
      'text',
      { text: 'a', filename: 'a.txt' },
      { base64: 'YQ==' },
      { data_uri: 'data:,a' },
    ]) {
      expect(validate({ body: { f } })).toEqual([])
      expect(portable.validate({ f })).toEqual([])
    }
    for (const f of [{ text: 'a', base64: 'YQ==' }, { filename: 'a' }, 1]) {
      expect(validate({ body: { f } })).not.toEqual([])
    }
  })
})

const keyword = fc.constantFrom(
  '$ref',
  '$defs',
  '$id',
  '$anchor',
  '$dynamicRef',
  'type',
  'enum',
  'const',
  'properties',
  'required',
  'items',
  'prefixItems',
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'if',
  'pattern',
  'format',
  'minimum',
  'exclusiveMinimum',
  'multipleOf',
  'minLength',
  'maxItems',
  'additionalProperties',
  'default',
  'xml',
  'patternProperties',
  'dependentRequired',
  'discriminator',
  'description',
  'readOnly',
  'nullable',
)
const junk: fc.Arbitrary<JsonValue> = fc.letrec<{ junk: JsonValue }>((tie) => ({
  junk: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<JsonValue>(
      null,
      true,
      false,
      0,
      -1,
      1e300,
      'object',
      'string',
      'null',
      '[',
      '#/$defs/a',
      '#/$defs/b',
      '#',
      '',
    ),
    fc.array(tie('junk'), { maxLength: 3 }),
    fc.dictionary(
      fc.oneof(keyword, keyword, fc.constantFrom('a', 'x y', 'toString')),
      tie('junk'),
      { maxKeys: 5 },
    ),
  ),
})).junk

describe('schemas that are none', () => {
  test('whatever stands there, both schemas compile and the portable one has no lint', () => {
    const schemas = junk.filter(isJsonObject)
    fc.assert(
      fc.property(schemas, schemas, junk, (a, b, c) => {
        const defs: Record<string, ApiSchema> = { a, b, c: isJsonObject(c) ? c : true }
        const root = { type: 'object', properties: { body: a, query: b } }
        compileSchema(originalSchema(root, { defs, hasFiles: true }).schema)
        for (const isTop of [true, false]) {
          const context = {
            defs,
            aliases: null,
            maxBytes: 1000,
            isInput: !isTop,
            hasFiles: true,
            isTop,
          }
          const { schema } = portableSchema(a, context)
          compileSchema(schema)
          expect(errorsOf(schema)).toEqual([])
        }
      }),
      { numRuns: 800, includeErrorInReport: true },
    )
  }, 30_000)
})
