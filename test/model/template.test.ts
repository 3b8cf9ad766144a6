import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { AppError } from '../../src/errors.ts'
import { mapVariables, parseTemplate, partsOf } from '../../src/model/template.ts'

const pointer = '/endpoint_path'
const variable = (name: string) => ({ name, keys: name.split('.') })

describe('a template string', () => {
  test.each([
    ['', ''],
    ['plain text', 'plain text'],
    ['{{', '{'],
    ['}}', '}'],
    ['{{name}}', '{name}'],
    ['{{{{x}}}}', '{{x}}'],
    ['a {{b}} c', 'a {b} c'],
    ['line\nbreak', 'line\nbreak'],
  ])('without a variable is static: %j is %j', (text, literal) => {
    expect(parseTemplate(text, pointer)).toEqual({ kind: 'static', text: literal })
  })

  test.each(['x', 'contact_id', 'X-Api-Version', '$filter', 'filter[status]', '@type', 'naïve'])(
    'that is one variable and nothing else is exact: {%s}',
    (name) => {
      expect(parseTemplate(`{${name}}`, pointer)).toEqual({
        kind: 'exact',
        variable: { name, keys: [name] },
      })
    },
  )

  test('has dotted paths', () => {
    expect(parseTemplate('{a.b.c}', pointer)).toEqual({
      kind: 'exact',
      variable: { name: 'a.b.c', keys: ['a', 'b', 'c'] },
    })
  })

  test('mixes texts and variables in order', () => {
    expect(parseTemplate('a{b}{c}d{{e}}', pointer)).toEqual({
      kind: 'text',
      parts: [
        { text: 'a' },
        { variable: variable('b') },
        { variable: variable('c') },
        { text: 'd{e}' },
      ],
    })
  })

  test('reads three braces as a literal brace around a variable', () => {
    expect(parseTemplate('{{{a}}}', pointer)).toEqual({
      kind: 'text',
      parts: [{ text: '{' }, { variable: variable('a') }, { text: '}' }],
    })
  })

  test.each([
    '{',
    '}',
    'a{b',
    'a}b',
    '{a}}',
    '{{a}',
    '{}',
    '{ a }',
    '{a b}',
    '{a..b}',
    '{.a}',
    '{a.}',
    '{"a": 1}',
    '{a/b}',
    '{a\n}',
    '{a\u0000}',
    `{${'a'.repeat(257)}}`,
  ])('that is malformed is refused, naming its place: %j', (text) => {
    const act = () => parseTemplate(text, '/body_template/note')
    expect(act).toThrow(AppError)
    try {
      act()
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      expect(error.code).toBe('validation_failed')
      expect(error.errors[0]?.pointer).toBe('/body_template/note')
      expect(error.errors[0]?.message).toMatch(/brace/)
    }
  })

  test('with every brace doubled is that very text (2,000 texts)', () => {
    const text = fc
      .array(fc.oneof(fc.string(), fc.constantFrom('{', '}', '{a}')))
      .map((p) => p.join(''))
    fc.assert(
      fc.property(text, (raw) => {
        const escaped = raw.replaceAll('{', '{{').replaceAll('}', '}}')
        expect(parseTemplate(escaped, pointer)).toEqual({ kind: 'static', text: raw })
      }),
      { numRuns: 2_000 },
    )
  })

  test('is either refused or means what its characters say (2,000 texts)', () => {
    const piece = fc.constantFrom('{', '}', '{{', '}}', '{a}', '{b.c}', 'x', ' ', '.')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('')
        let parsed: ReturnType<typeof parseTemplate>
        try {
          parsed = parseTemplate(text, pointer)
        } catch (error) {
          expect(error).toBeInstanceOf(AppError)
          return
        }
        const written = partsOf(parsed).map((part) =>
          'text' in part
            ? part.text.replaceAll('{', '{{').replaceAll('}', '}}')
            : `{${part.variable.name}}`,
        )
        expect(written.join('')).toBe(text)
      }),
      { numRuns: 2_000 },
    )
  })
})

test('mapVariables replaces every variable and nothing else', () => {
  const upper = (text: string) =>
    mapVariables(parseTemplate(text, pointer), (v) => v.name.toUpperCase())
  expect(upper('plain')).toEqual({ kind: 'static', text: 'plain' })
  expect(upper('{a}')).toEqual({ kind: 'exact', variable: 'A' })
  expect(upper('x{a}y{b}')).toEqual({
    kind: 'text',
    parts: [{ text: 'x' }, { variable: 'A' }, { text: 'y' }, { variable: 'B' }],
  })
})
