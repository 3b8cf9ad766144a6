import fc from 'fast-check'
import type { ApiSchema } from '../../../src/importer/api_document.ts'
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts'

/** Renames the property names that a schema declares. */
export type Rename = (name: string) => string

/** A schema and a value valid for it. */
export interface Sample {
  readonly schema: ApiSchema
  readonly value: (rename: Rename) => JsonValue
}

/** Adds a definition and answers a reference to it. */
type Define = (schema: (ref: JsonObject) => ApiSchema) => JsonObject

/** Makes a sample; definitions go to a shared record. */
export type Spec = (define: Define) => Sample

const names = fc.constantFrom(
  'a',
  'name',
  'b-c',
  '$filter',
  'filter',
  'ids[]',
  'StartTime<',
  'StartTime>',
  '{field_name}',
  'project_id',
  'Member_ID',
  'größe',
  '日付',
  'x y z',
  `long_${'n'.repeat(80)}`,
  '+1',
  '',
)
const words = fc.constantFrom('', 'x', 'hello', 'Ünï', '2024-01-01', '\u202e', '1')

const leaf =
  (schema: JsonObject, value: JsonValue): Spec =>
  () => ({ schema, value: () => value })

const leaves: fc.Arbitrary<Spec> = fc.oneof(
  words.map((word) => leaf({ type: 'string' }, word)),
  words.map((word) => leaf({ type: 'string', minLength: word.length, maxLength: 40 }, word)),
  fc
    .constantFrom('uri', 'date-time', 'binary', 'int64')
    .map((format) => leaf({ type: 'string', format, description: `A ${format}\u202e.` }, 'z')),
  fc
    .uniqueArray(words, { minLength: 1 })
    .map((list) => leaf({ type: 'string', enum: list, default: list[0] ?? '' }, list[0] ?? '')),
  fc
    .constantFrom('^[a-z]+$', '^a(?=b)', '[', '\\p{L}', '^abc|(?<x>d)$', '(a+)+$')
    .map((pattern) => leaf({ type: 'string', pattern }, 'abc')),
  fc
    .integer({ min: -50, max: 50 })
    .map((n) => leaf({ type: 'integer', exclusiveMinimum: n - 1 }, n)),
  fc
    .integer({ min: -50, max: 50 })
    .map((n) => leaf({ type: 'number', maximum: n + 0.5 }, n + 0.25)),
  fc.integer({ min: -50, max: 50 }).map((n) => leaf({ enum: [n, 'n', null, [n]] }, n)),
  fc.constant(leaf({ const: null }, null)),
  fc.constant(leaf({ enum: ['', 'one'], type: ['string', 'null'] }, '')),
  fc.constant(leaf({ type: ['boolean', 'null'] }, null)),
  fc.jsonValue({ maxDepth: 3 }).map((value) => leaf({ description: 'anything' }, plain(value))),
  fc.constant<Spec>(() => ({ schema: true, value: () => ['x', [[[[1]]]]] })),
)

function plain(value: unknown): JsonValue {
  const parsed = JSON.parse(JSON.stringify(value), (key, item) =>
    key === '__proto__' || Object.is(item, -0) ? 0 : item,
  )
  return parsed as JsonValue
}

interface Member {
  readonly name: string
  readonly spec: Spec
  readonly required: boolean
  readonly present: boolean
}

function objectSpec(members: readonly Member[], rest: JsonObject, free: JsonObject): Spec {
  return (define) => {
    const made = members.map((member) => ({ ...member, sample: member.spec(define) }))
    const properties: JsonObject = {}
    for (const { name, sample } of made) properties[name] = sample.schema
    const required = made.filter((member) => member.required).map(({ name }) => name)
    return {
      schema: { type: 'object', properties, ...(required.length > 0 ? { required } : {}), ...rest },
      value: (rename) => {
        const value: JsonObject = { ...free }
        for (const { name, sample, required: must, present } of made) {
          if (must || present) value[rename(name)] = sample.value(rename)
        }
        return value
      },
    }
  }
}

/** Specs of all shapes of schema, with references, cycles and combinations. */
export const specs: fc.Arbitrary<Spec> = fc.letrec<{ spec: Spec; object: Spec }>((tie) => ({
  spec: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaves,
    tie('object'),
    combined(tie('spec')),
    composed(tie('spec'), tie('object')),
  ),
  object: fc
    .tuple(
      fc.uniqueArray(
        fc.record({
          name: names,
          spec: tie('spec'),
          required: fc.boolean(),
          present: fc.boolean(),
        }),
        { selector: ({ name }) => name, maxLength: 5 },
      ),
      fc.constantFrom<[JsonObject, JsonObject]>(
        [{}, {}],
        [{ additionalProperties: false }, {}],
        [{ additionalProperties: { type: 'integer' } }, { free_one: 1 }],
        [
          { additionalProperties: false, patternProperties: { '^free_': { type: 'string' } } },
          { free_x: 'x' },
        ],
        [
          { dependentRequired: { free_a: ['free_b'] }, not: { required: ['never_there'] } },
          { free_b: [1] },
        ],
        [{ unevaluatedProperties: { type: 'boolean' }, minProperties: 1 }, { free_yes: true }],
        [
          {
            if: { required: ['never_there'] },
            else: { maxProperties: 40 },
            propertyNames: { maxLength: 90 },
          },
          { free_p: {} },
        ],
      ),
    )
    .map(([members, [rest, free]]) => objectSpec(members, rest, free)),
})).spec

function combined(spec: fc.Arbitrary<Spec>): fc.Arbitrary<Spec> {
  const lists = fc.array(spec, { minLength: 1, maxLength: 3 })
  return fc.oneof(
    fc.tuple(lists, fc.boolean()).map<Spec>(([list, isOpen]) => (define) => {
      const made = list.map((one) => one(define))
      const prefixItems = made.map(({ schema }) => schema)
      return {
        schema: { type: 'array', prefixItems, ...(isOpen ? {} : { items: false }) },
        value: (rename) => [
          ...made.map((one) => one.value(rename)),
          ...(isOpen ? [1, [[[]]]] : []),
        ],
      }
    }),
    spec.map<Spec>((one) => (define) => {
      const { schema, value } = one(define)
      return {
        schema: { type: ['array', 'null'], items: schema, maxItems: 3, contains: schema },
        value: (rename) => [value(rename), value(rename)],
      }
    }),
    fc.tuple(lists, fc.constantFrom('anyOf', 'oneOf')).map<Spec>(([list, keyword]) => (define) => {
      const made = list.map((one) => one(define))
      return {
        schema: {
          [keyword]: made.map(({ schema }) => schema),
          discriminator: { propertyName: 'a' },
        },
        value: (rename) => made[0]?.value(rename) ?? null,
      }
    }),
  )
}

function composed(spec: fc.Arbitrary<Spec>, object: fc.Arbitrary<Spec>): fc.Arbitrary<Spec> {
  return fc.oneof(
    spec.map<Spec>((one) => (define) => {
      const { schema, value } = one(define)
      return { schema: { allOf: [define(() => schema), { description: 'More.' }] }, value }
    }),
    spec.map<Spec>((one) => (define) => {
      const { schema, value } = one(define)
      return { schema: define(() => define(() => schema)), value }
    }),
    fc.tuple(spec, fc.nat(4)).map<Spec>(([one, depth]) => (define) => {
      const { schema, value } = one(define)
      const tree = define((self) => ({
        type: 'object',
        properties: { $value: schema, children: { type: 'array', items: self } },
        required: ['$value'],
      }))
      const nest = (rename: Rename, left: number): JsonValue => ({
        [rename('$value')]: value(rename),
        children: left === 0 ? [] : [nest(rename, left - 1)],
      })
      return { schema: tree, value: (rename) => nest(rename, depth) }
    }),
    object.map<Spec>((one) => (define) => {
      const { schema, value } = one(define)
      const extra = {
        type: 'object',
        properties: { 'extra!': { type: 'string' } },
        required: ['extra!'],
      }
      return {
        schema: { allOf: [schema, extra] },
        value: (rename) => ({ ...(value(rename) as JsonObject), [rename('extra!')]: 'e' }),
      }
    }),
  )
}
