import type { JsonObject, JsonValue } from '../../../src/lib/json.ts'
import { testRows } from './rows.ts'

const conditional = (condition: JsonValue, fits: JsonValue, other?: JsonValue): JsonObject => ({
  if: condition,
  // biome-ignore lint/suspicious/noThenProperty: it is a keyword of JSON Schema
  then: fits,
  ...(other === undefined ? {} : { else: other }),
})

testRows({
  combinations: [
    [
      { allOf: [{ minimum: 1 }, { maximum: 3 }] },
      [2],
      [
        [0, ''],
        [4, ''],
      ],
    ],
    [{ anyOf: [{ type: 'string' }, { minimum: 3 }] }, ['x', 3], [[1, '']]],
    [
      { oneOf: [{ type: 'integer' }, { minimum: 2 }] },
      [1, 2.5],
      [
        [3, ''],
        [1.5, ''],
      ],
    ],
    [{ not: { type: 'string' } }, [1], [['x', '']]],
    [{ not: { not: { type: 'string' } } }, ['x'], [[1, '']]],
    [
      conditional({ type: 'string' }, { minLength: 2 }, { minimum: 2 }),
      ['ab', 2],
      [
        ['a', ''],
        [1, ''],
      ],
    ],
    [{ if: false, else: { type: 'null' } }, [null], [[1, '']]],
    [JSON.parse('{"then":false,"else":false}'), [1], []],
  ],
  unevaluatedProperties: [
    [{ properties: { a: {} }, unevaluatedProperties: false }, [{ a: 1 }], [[{ a: 1, b: 1 }, '/b']]],
    [
      {
        allOf: [{ properties: { a: {} } }],
        anyOf: [{ properties: { b: { const: 1 } } }, { properties: { c: {} }, required: ['c'] }],
        unevaluatedProperties: false,
      },
      [
        { a: 1, b: 1 },
        { a: 1, b: 1, c: 1 },
        { b: 2, c: 1 },
      ].slice(0, 2),
      [
        [{ a: 1, d: 1 }, '/d'],
        [{ b: 2, c: 1 }, '/b'],
      ],
    ],
    [
      {
        ...conditional(
          { properties: { a: { const: 1 } }, required: ['a'] },
          { properties: { b: {} } },
        ),
        unevaluatedProperties: false,
      },
      [{ a: 1, b: 1 }],
      [[{ b: 1 }, '/b']],
    ],
    [
      { not: { properties: { a: false }, required: ['a'] }, unevaluatedProperties: false },
      [{}],
      [[{ a: 1 }, '/a']],
    ],
    [
      {
        $ref: '#/$defs/x',
        unevaluatedProperties: { type: 'null' },
        $defs: { x: { properties: { a: {} } } },
      },
      [{ a: 1, b: null }],
      [[{ b: 1 }, '/b']],
    ],
    [
      {
        allOf: [{ properties: { a: {} }, additionalProperties: true }],
        unevaluatedProperties: false,
      },
      [{ b: 1 }],
      [],
    ],
    [
      {
        dependentSchemas: { a: { properties: { b: {} } } },
        properties: { a: {} },
        unevaluatedProperties: false,
      },
      [{ a: 1, b: 1 }],
      [[{ b: 1 }, '/b']],
    ],
  ],
  unevaluatedItems: [
    [{ prefixItems: [{}], unevaluatedItems: false }, [[1]], [[[1, 2, 3], '/1', '/2']]],
    [
      { contains: { type: 'string' }, unevaluatedItems: { type: 'null' } },
      [['a', null, 'b']],
      [[['a', 1], '/1']],
    ],
    [
      {
        anyOf: [{ prefixItems: [{}, { const: 2 }] }, { prefixItems: [{}] }],
        unevaluatedItems: false,
      },
      [[1, 2]],
      [[[1, 3], '/1']],
    ],
    [{ allOf: [{ items: true }], unevaluatedItems: false }, [[1, 2]], []],
  ],
})
