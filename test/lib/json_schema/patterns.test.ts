import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts'
import { compileSchema } from '../../../src/lib/json_schema/compile_schema.ts'
import { compilePattern } from '../../../src/lib/json_schema/pattern/compile_pattern.ts'

const repeat = (text: string, times: number) => text.repeat(times)

test('case 152: ^(a+)+$ answers at once where a backtracking engine takes centuries', () => {
  const compiled = compileSchema({ pattern: '^(a+)+$' })
  compiled.validate('a!')
  const started = performance.now()
  expect(compiled.validate(`${repeat('a', 50)}!`)).toHaveLength(1)
  expect(compiled.validate(repeat('a', 50))).toEqual([])
  expect(performance.now() - started).toBeLessThan(50)
})

test.each([
  ['^(a+)+$', 'a'],
  ['^(a|a)*$', 'a'],
  ['^(a|aa)+$', 'a'],
  ['(x+x+)+y', 'x'],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'],
  ['^(?:.*a){12}$', 'a'],
  ['(?:a|b)*a(?:a|b){12}$', 'a'],
  ['[a-z]+$', 'a'],
  ['\\s+$', ' '],
  ['a*a*a*a*b', 'a'],
  ['^(?:[a-zA-Z0-9]+\\.?)+@', 'a'],
  ['^(?=.*a)(?=.*b).*$', 'a'],
])('case 152: %s is bounded on the longest text it takes', (source, letter) => {
  const compiled = compileSchema({ pattern: source })
  const { maxLength } = compilePattern(source)
  const text = `${repeat(letter, Math.min(maxLength, 20_000) - 1)}!`
  compiled.validate('warm')
  const started = performance.now()
  compiled.validate(text)
  expect(performance.now() - started).toBeLessThan(250)
})

test.each(['^(?=(a+)+$)', '(?!(a|a)*$)b', '^(a+)+\\1$', '(?<=a+)b', '^(.*)(.*)(.*)(.*)(.*)\\5$'])(
  'case 152: %s, which no linear engine knows and may be slow, is refused',
  (source) => {
    const refusal = { pointer: '/pattern', message: expect.stringContaining('can take too long') }
    expect(() => compileSchema({ pattern: source })).toThrow(
      expect.objectContaining({ code: 'validation_failed', errors: [refusal] }),
    )
  },
)

test.each(['x'.repeat(3000), '(?:a{900}){900}|(a+)+', '('.repeat(200) + ')'.repeat(200)])(
  'a pattern too large to be bounded is refused: %.20s',
  (source) => {
    expect(() => compilePattern(source)).toThrow(/longer|too much|too deep/)
  },
)

test('a pattern with a look-around takes 1,024 characters, and says so', () => {
  const compiled = compileSchema({ pattern: '^(?=.*[A-Z])(?=.*\\d).{8,}$' })
  expect(compiled.validate('Passw0rd')).toEqual([])
  expect(compiled.validate('password1')).toHaveLength(1)
  expect(compiled.validate(`A1${repeat('x', 1022)}`)).toEqual([])
  const [issue] = compiled.validate(`A1${repeat('x', 1023)}`)
  expect(issue?.message).toEndWith('expected at most 1024 characters.')
  expect(compilePattern('(?=.*[A-Z]).{8,}').maxLength).toBeWithin(128, 1024)
})

test.each<[JsonObject, JsonValue]>([
  [{ not: { pattern: '^(?=.*drop)' } }, repeat('x', 1025)],
  [{ if: { pattern: '^(?=.*drop)' }, else: { type: 'string' } }, repeat('x', 1025)],
  [{ anyOf: [{ not: { pattern: '^(?=.*drop)' } }, { type: 'null' }] }, repeat('x', 1025)],
  [
    { patternProperties: { '^(?=.*x)': {} }, additionalProperties: false },
    { [repeat('x', 1025)]: 1 },
  ],
  [{ not: { patternProperties: { '^(?=.*x)': false } } }, { [repeat('x', 1025)]: 1 }],
])('a text too long to be compared passes nowhere: %j', (schema, value) => {
  const issues = compileSchema(schema).validate(value)
  expect(issues).toHaveLength(1)
  expect(issues[0]?.message).toContain('too long to be compared')
})

describe('patterns in the field keep their meaning', () => {
  test.each<[string, string[], string[]]>([
    ['^[a-zA-Z0-9_-]{1,64}$', ['a-b_C9'], ['', 'a b', repeat('a', 65)]],
    ['^[\\w-.]+@[\\w-]+$', ['a.b-c@d'], ['a b@c']],
    ['^\\d{3}\\-\\d{4}$', ['555-1234'], ['5551234']],
    ['^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$', ['a@b.c'], ['a@b', 'a b@c.d']],
    ['^{{\\w+}}$', ['{{x}}'], ['x']],
    ['^(?<y>\\d{4})-\\k<y>$', ['2024-2024'], ['2024-2025']],
    ['^(a)\\1$', ['aa'], ['a']],
    ['^\\p{Letter}+$', ['straße'], ['a1']],
    ['^\\p{Script=Greek}+$', ['αβγ'], ['abc']],
    ['^[^\\P{Lu}]$', ['A'], ['a']],
    ['^\\u{1F600}\\uD83D\\uDE00\\x41$', ['😀😀A'], ['😀A']],
    ['^.$', ['😀', 'é'], ['\n', '\u2028', 'ab', '']],
    ['^\\s$', ['\u00a0', '\ufeff', '\u2003'], ['a']],
    ['^[\\b]\\cJ\\0$', ['\b\n\0'], ['b']],
    ['[^]', ['\n'], ['']],
    ['[]', [], ['a', '']],
    ['', ['', 'a'], []],
    ['^(?!-)[a-z-]{1,63}(?<!-)$', ['a-b'], ['-a', 'a-']],
    [
      '^(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)(?:\\.(?!$)|$)){4}$',
      ['192.168.0.1'],
      ['1.2.3', '256.1.1.1'],
    ],
    ['^a{0,2147483647}$', [repeat('a', 5000)], ['b']],
    ['a]b}', ['a]b}'], ['ab']],
    ['^[+--]$', ['+', ',', '-'], ['.']],
    ['\\bfoo\\B', ['foot'], ['foo', 'afoot']],
  ])('%s', (source, matching, other) => {
    const pattern = compilePattern(source)
    for (const text of matching) expect([text, pattern.test(text)]).toEqual([text, true])
    for (const text of other) expect([text, pattern.test(text)]).toEqual([text, false])
  })

  test.each([
    '(?i)a',
    '(?P<n>a)',
    '\\Z',
    'a{,3}',
    '*a',
    'a**',
    '(?=a)*',
    '[b-a]',
    '[a',
    '(a',
    'a)',
    '\\',
    '\\1',
    '\\k<x>',
    '\\p{Nope}',
    '\\u{110000}',
    '\\x4',
    'a{3,2}',
    '(?<a>x)(?<a>y)',
    'a{9999999}',
  ])('what ECMA-262 does not know is refused: %s', (source) => {
    expect(() => compilePattern(source)).toThrow(/\.$/)
  })
})

/** Patterns of every construct, small enough for a backtracking engine to serve as the oracle. */
const patterns = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      'a',
      'b',
      '-',
      '.',
      '[ab]',
      '[^a]',
      '\\w',
      '\\S',
      '\\d',
      '\\.',
      'é',
      '\\b',
      '^',
      '$',
    ),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => a + b),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(?:${a}|${b})`),
    fc
      .tuple(tie('node'), fc.constantFrom('*', '+', '?', '*?', '{2}', '{1,3}', '{0,9}', '{2,}'))
      .map(([body, quantifier]) => `(?:${body})${quantifier}`),
    fc
      .tuple(fc.constantFrom('(', '(?=', '(?!', '(?<=', '(?<!'), tie('node'))
      .map(([open, body]) => `${open}${body})`),
  ),
})).node

test('whichever engine takes a pattern, it answers as the platform’s does', () => {
  const texts = fc.array(
    fc.string({ unit: fc.constantFrom('a', 'b', '-', '.', ' ', 'é', '1'), maxLength: 9 }),
    { maxLength: 6 },
  )
  let compared = 0
  fc.assert(
    fc.property(patterns, texts, (source, samples) => {
      let pattern: ReturnType<typeof compilePattern>
      try {
        pattern = compilePattern(source)
      } catch {
        return
      }
      const oracle = new RegExp(source, 'u')
      for (const text of samples) expect(pattern.test(text)).toBe(oracle.test(text))
      compared++
    }),
    { numRuns: 3_000, interruptAfterTimeLimit: 4_000 },
  )
  expect(compared).toBeGreaterThan(500)
})
