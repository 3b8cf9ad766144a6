import { expect, test } from 'bun:test'
import { compileSchema } from '../../../src/lib/json_schema/compile_schema.ts'
import { DRAFT_07, testRows } from './rows.ts'

testRows({
  items: [
    [{ items: { type: 'integer' } }, [[], [1, 2], 'x'], [[['a', 1, 'b'], '/0', '/2']]],
    [{ items: false }, [[]], [[[1], '/0']]],
    [{ prefixItems: [{ type: 'string' }, {}] }, [[], ['a'], ['a', 1, 1]], [[[1], '/0']]],
    [
      { prefixItems: [{ type: 'string' }], items: { type: 'null' } },
      [['a', null]],
      [[['a', 1], '/1']],
    ],
    [
      { minItems: 1, maxItems: 2 },
      [[1], [1, 2], {}],
      [
        [[], ''],
        [[1, 2, 3], ''],
      ],
    ],
    [
      { uniqueItems: true },
      [[], [1, '1', true, null, [1], [true]], [{ a: 1 }, { a: 2 }]],
      [
        [[1, 1], ''],
        [
          [
            { a: 1, b: 2 },
            { b: 2, a: 1 },
          ],
          '',
        ],
        [[[[1]], [[1]]], ''],
      ],
    ],
    [{ uniqueItems: false }, [[1, 1]], []],
  ],
  contains: [
    [
      { contains: { type: 'integer' } },
      [['a', 1]],
      [
        [[], ''],
        [['a'], ''],
      ],
    ],
    [
      { contains: { type: 'integer' }, minContains: 2, maxContains: 3 },
      [[1, 2, 'a']],
      [
        [[1], ''],
        [[1, 2, 3, 4], ''],
      ],
    ],
    [{ contains: true, minContains: 0 }, [[], [1]], []],
  ],
  properties: [
    [
      { properties: { a: { type: 'string' }, b: { type: 'null' } } },
      [{}, { a: 'x', c: 1 }, []],
      [[{ a: 1, b: 1 }, '/a', '/b']],
    ],
    [
      { properties: { a: {} }, additionalProperties: false },
      [{}, { a: 1 }],
      [[{ a: 1, b: 2, c: 3 }, '/b', '/c']],
    ],
    [
      { properties: { a: {} }, additionalProperties: { type: 'string' } },
      [{ a: 1, b: 'x' }],
      [[{ b: 1 }, '/b']],
    ],
    [
      { patternProperties: { '^x-': { type: 'string' }, '-n$': { minLength: 2 } } },
      [{ 'x-a': '', 'x-n': 'ab', y: 1 }],
      [
        [{ 'x-n': 1 }, '/x-n'],
        [{ 'x-n': 'a' }, '/x-n'],
      ],
    ],
    [
      { properties: { a: {} }, patternProperties: { '^x-': {} }, additionalProperties: false },
      [{ a: 1, 'x-b': 2 }],
      [[{ b: 1 }, '/b']],
    ],
    [
      { properties: { 'a/b': { type: 'null' }, 'c~d': { type: 'null' } } },
      [],
      [[{ 'a/b': 1, 'c~d': 1 }, '/a~1b', '/c~0d']],
    ],
    [
      { properties: { a: { properties: { b: { items: { type: 'null' } } } } } },
      [],
      [[{ a: { b: [null, 1] } }, '/a/b/1']],
    ],
    [
      { properties: { toString: { type: 'string' }, hasOwnProperty: false } },
      [{}, { toString: 'x' }],
      [[{ toString: 1 }, '/toString']],
    ],
  ],
  'names of properties': [
    [
      { required: ['a', 'b'] },
      [{ a: null, b: 1 }, []],
      [
        [{}, '', ''],
        [{ a: 1 }, ''],
      ],
    ],
    [
      { required: ['toString', 'valueOf'] },
      [{ toString: 1, valueOf: 2 }],
      [
        [{ toString: 1 }, ''],
        [{}, '', ''],
      ],
    ],
    [
      { minProperties: 1, maxProperties: 2 },
      [{ a: 1 }],
      [
        [{}, ''],
        [{ a: 1, b: 2, c: 3 }, ''],
      ],
    ],
    [
      { propertyNames: { pattern: '^[a-z]+$' } },
      [{ a: 1 }],
      [[{ A: 1, b: 2, C3: 3 }, '/A', '/C3']],
    ],
    [
      { dependentRequired: { a: ['b', 'c'] } },
      [{}, { b: 1 }, { a: 1, b: 1, c: 1 }],
      [[{ a: 1, b: 1 }, '']],
    ],
    [
      { dependentSchemas: { a: { required: ['b'] }, toString: false } },
      [{}, { a: 1, b: 1 }],
      [[{ a: 1 }, '']],
    ],
    [
      { dependencies: { a: ['b'], c: { maxProperties: 1 } } },
      [{ a: 1, b: 1 }, { c: 1 }],
      [
        [{ a: 1 }, ''],
        [{ c: 1, d: 1 }, ''],
      ],
    ],
  ],
  'draft-07': [
    [
      { $schema: DRAFT_07, items: [{ type: 'string' }], additionalItems: { type: 'null' } },
      [['a', null], []],
      [
        [[1], '/0'],
        [['a', 1], '/1'],
      ],
    ],
    [
      { $schema: DRAFT_07, items: { type: 'string' }, additionalItems: false },
      [['a', 'b']],
      [[[1], '/0']],
    ],
    [{ $schema: DRAFT_07, items: [], additionalItems: false }, [[]], [[[1], '/0']]],
    [
      { $schema: DRAFT_07, dependencies: { a: ['b'], c: { maxProperties: 1 } } },
      [{ a: 1, b: 1 }],
      [
        [{ a: 1 }, ''],
        [{ c: 1, d: 1 }, ''],
      ],
    ],
    [
      {
        $schema: DRAFT_07,
        $ref: '#/definitions/s',
        maxLength: 1,
        definitions: { s: { type: 'string' } },
      },
      ['long'],
      [[1, '']],
    ],
    [
      {
        $schema: DRAFT_07,
        contains: { const: 1 },
        minContains: 2,
        prefixItems: 7,
        unevaluatedItems: 7,
      },
      [[1]],
      [[[2], '']],
    ],
    [{ $schema: DRAFT_07.slice(0, -1), if: { const: 1 }, else: false }, [1], [[2, '']]],
  ],
})

test('a member called __proto__ is an ordinary one', () => {
  const schema = JSON.parse(
    '{"properties":{"__proto__":{"type":"number"}},"required":["__proto__"]}',
  )
  const compiled = compileSchema(schema)
  expect(compiled.validate({})).toHaveLength(1)
  expect(compiled.validate(JSON.parse('{"__proto__":1}'))).toEqual([])
  expect(compiled.validate(JSON.parse('{"__proto__":"x"}'))[0]?.pointer).toBe('/__proto__')
})
