import { testRows } from './rows.ts'

testRows({
  'boolean schemas': [
    [true, [1, null, {}], []],
    [
      false,
      [],
      [
        [1, ''],
        [null, ''],
      ],
    ],
    [{}, [1, [], 'x'], []],
  ],
  type: [
    [
      { type: 'null' },
      [null],
      [
        [0, ''],
        [false, ''],
        ['', ''],
      ],
    ],
    [
      { type: 'boolean' },
      [true, false],
      [
        [0, ''],
        ['true', ''],
        [null, ''],
      ],
    ],
    [
      { type: 'integer' },
      [0, -3, 1.0, 1e3],
      [
        [1.5, ''],
        ['1', ''],
        [true, ''],
      ],
    ],
    [
      { type: 'number' },
      [0, 1.5],
      [
        ['1', ''],
        [null, ''],
      ],
    ],
    [
      { type: 'string' },
      ['', 'x'],
      [
        [1, ''],
        [null, ''],
        [[], ''],
      ],
    ],
    [
      { type: 'array' },
      [[], [1]],
      [
        [{}, ''],
        ['', ''],
      ],
    ],
    [
      { type: 'object' },
      [{}, { a: 1 }],
      [
        [[], ''],
        [null, ''],
        ['{}', ''],
      ],
    ],
    [{ type: ['string', 'null'] }, ['x', null], [[1, '']]],
  ],
  enum: [
    [
      { enum: [1, 'a', null, [1], { a: [2] }] },
      [1, 'a', null, [1], { a: [2] }],
      [
        [2, ''],
        ['1', ''],
        [[2], ''],
        [{ a: 2 }, ''],
      ],
    ],
    [{ enum: [{ a: 1, b: 2 }] }, [{ b: 2, a: 1 }], [[{ a: 1 }, '']]],
    [{ enum: [0] }, [0, -0], [[false, '']]],
    [{ enum: [] }, [], [[1, '']]],
  ],
  const: [
    [
      { const: 'a' },
      ['a'],
      [
        ['b', ''],
        [null, ''],
      ],
    ],
    [{ const: null }, [null], [[0, '']]],
    [{ const: [1, { a: true }] }, [[1, { a: true }]], [[[{ a: true }, 1], '']]],
    [
      { const: 1 },
      [1.0],
      [
        [true, ''],
        ['1', ''],
      ],
    ],
  ],
  multipleOf: [
    [
      { multipleOf: 3 },
      [0, 9, -6, 'x'],
      [
        [1, ''],
        [9.5, ''],
      ],
    ],
    [
      { multipleOf: 0.01 },
      [19.99, 0.07, 4.35, 1e300],
      [
        [0.005, ''],
        [1e-9, ''],
      ],
    ],
  ],
  range: [
    [
      { minimum: 1, maximum: 3 },
      [1, 2.5, 3, 'x'],
      [
        [0.99, ''],
        [3.01, ''],
      ],
    ],
    [
      { exclusiveMinimum: 1, exclusiveMaximum: 3 },
      [1.01, 2.99],
      [
        [1, ''],
        [3, ''],
      ],
    ],
  ],
  length: [
    [
      { minLength: 2 },
      ['ab', '😀😀', 1],
      [
        ['a', ''],
        ['😀', ''],
      ],
    ],
    [
      { maxLength: 2 },
      ['', '😀😀'],
      [
        ['abc', ''],
        ['😀😀😀', ''],
      ],
    ],
    [
      { minLength: 2.0, maxLength: 2 },
      ['ab'],
      [
        ['a', ''],
        ['abc', ''],
      ],
    ],
  ],
  pattern: [
    [{ pattern: 'b+' }, ['abc', 'bb', 3], [['ac', '']]],
    [
      { pattern: '^\\p{Lu}.$' },
      ['Éa', 'Z😀'],
      [
        ['éa', ''],
        ['Z', ''],
      ],
    ],
  ],
  annotations: [
    [
      {
        format: 'email',
        contentEncoding: 'base64',
        default: 3,
        examples: [1],
        'x-mine': { type: 7 },
      },
      ['no mail', 1],
      [],
    ],
  ],
})
