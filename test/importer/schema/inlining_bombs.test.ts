import { describe, expect, test } from 'bun:test'
import type { ApiSchema } from '../../../src/importer/api_document.ts'
import { AliasBook } from '../../../src/importer/schema/alias_book.ts'
import { declaredNames } from '../../../src/importer/schema/declared_names.ts'
import { originalSchema } from '../../../src/importer/schema/original_schema.ts'
import { portableSchema } from '../../../src/importer/schema/portable_schema.ts'
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts'
import { compileSchema } from '../../../src/lib/json_schema/compile_schema.ts'

type Bomb = readonly [ApiSchema, Record<string, ApiSchema>]

const ref = (name: string): JsonObject => ({ $ref: `#/$defs/${name}` })
const many = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, i) => make(i))

/** `d0` refers to `d1`, that to `d2`, and so on to the last. */
function chain(length: number, make: (next: JsonObject, index: number) => ApiSchema): Bomb {
  const links = many(length, (i): [string, ApiSchema] => [`d${i}`, make(ref(`d${i + 1}`), i)])
  return [ref('d0'), { ...Object.fromEntries(links), [`d${length}`]: { type: 'object' } }]
}

function nested(depth: number, wrap: (inner: JsonObject) => JsonObject): Bomb {
  let schema: JsonObject = { type: 'string' }
  for (let level = 0; level < depth; level++) schema = wrap(schema)
  return [schema, {}]
}

const objects = (count: number): JsonValue =>
  many(count, (i) => ({
    type: 'object',
    properties: { [`p${i}`]: { const: i } },
    required: [`p${i}`],
  }))

const bombs: Record<string, Bomb> = {
  '2^30 properties': chain(30, (next) => ({ properties: { left: next, right: next } })),
  '2^30 parts of allOf': chain(30, (next) => ({ allOf: [next, { allOf: [next] }] })),
  '2^30 forms of anyOf': chain(30, (next, i) => ({
    anyOf: [next, { allOf: [next, { properties: { [`p${i}`]: true } }] }],
  })),
  '8^30 combinations of anyOf': [{ allOf: many(30, () => ({ anyOf: objects(8) })) }, {}],
  '5,000 references to references': chain(5000, (next) => next),
  '3,000 allOf through references': chain(3000, (next, i) => ({
    allOf: [next, { properties: { [`p${i}`]: ref('d0') } }],
  })),
  'a cycle through allOf': [
    ref('a'),
    { a: { allOf: [ref('b')] }, b: { allOf: [ref('a'), { properties: { x: ref('a') } }] } },
  ],
  'a cycle that makes new schemas': [
    ref('a'),
    {
      a: { properties: { c: { allOf: [ref('a'), ref('b')] } } },
      b: { properties: { c: { allOf: [ref('b'), ref('a')] }, d: { anyOf: [ref('a'), ref('b')] } } },
    },
  ],
  '10,000 forms of oneOf': [{ oneOf: objects(10_000) }, {}],
  '5,000 objects deep': nested(5000, (inner) => ({ type: 'object', properties: { in: inner } })),
  '5,000 arrays deep': nested(5000, (inner) => ({ type: 'array', items: inner })),
  '5,000 allOf deep': nested(5000, (inner) => ({ allOf: [inner] })),
  '5,000 fields': [
    {
      type: 'object',
      properties: Object.fromEntries(
        many(5000, (i) => [`field ${i}`, { properties: { a: true } }]),
      ),
    },
    {},
  ],
  '100,000 values': [{ enum: many(100_000, (i) => `value ${i}`) }, {}],
  '100 definitions that all refer to each other': [
    ref('k0'),
    Object.fromEntries(
      many(100, (i) => [
        `k${i}`,
        { properties: Object.fromEntries(many(100, (j) => [`k${j}`, ref(`k${j}`)])) },
      ]),
    ),
  ],
}

const MAX_MS = 15_000

describe('inlining bombs end soon, within the budget, and as schemas that compile', () => {
  test.each(Object.entries(bombs))(
    '%s',
    (_, [schema, defs]) => {
      const start = performance.now()
      const aliases = new AliasBook(declaredNames(schema, defs))
      const context = { defs, aliases, maxBytes: 8000, isInput: true, hasFiles: false }
      for (const isTop of [false, true]) {
        const portable = portableSchema(schema, { ...context, isTop })
        expect(Buffer.byteLength(JSON.stringify(portable.schema))).toBeLessThanOrEqual(8000)
        compileSchema(portable.schema)
      }
      const root = { type: 'object', properties: { body: schema as JsonValue } }
      compileSchema(originalSchema(root, { defs, hasFiles: true }).schema)
      expect(performance.now() - start).toBeLessThan(MAX_MS)
    },
    30_000,
  )
})
