import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { AppError } from '../../src/errors.ts'
import { renderRequest } from '../../src/executor/render_request.ts'
import { compileRequestTemplate } from '../../src/executor/request_template.ts'
import { type JsonObject, type JsonValue, parseJson } from '../../src/lib/json.ts'
import type { ToolDefinition } from '../../src/model/tool.ts'
import { alice, bodyText, bodyValue, definition } from './request_fixture.ts'

/** Pieces that attack a template, mixed with any text there is (no lone surrogate: see the parser). */
const nasty = fc.constantFrom(
  '..',
  '.',
  '/',
  '\\',
  '%2e',
  '%2f',
  '%',
  '?',
  '#',
  '&',
  '=',
  ';',
  ':',
  '@',
  '+',
  ' ',
  '"',
  "'",
  ',',
  '\r\n',
  '\0',
  '\t',
  '&admin=true',
  '","admin":true,"',
  '//evil.example',
  '{a}',
  '{b}',
  '{{a}}',
  '{member_id}',
  '{{secret}}',
  '\u0301',
  '\uff0e',
  '\u2028',
  '\u{1F600}',
  'x',
)
const text = fc
  .array(fc.oneof(nasty, nasty, fc.string({ unit: 'binary', maxLength: 4 })), { maxLength: 6 })
  .map((pieces) => pieces.join('').toWellFormed())

/** Renders, or gives the code of the refusal; anything but an AppError fails the test. */
function attempt(parts: Partial<ToolDefinition>, args: JsonObject) {
  try {
    return renderRequest(compileRequestTemplate(definition(parts)), args, alice)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return error.code
  }
}

const isBad = (segment: string) => segment === '' || segment === '.' || segment === '..'

test('cases 136–140: no two values leave their segments of the path (3,000 requests)', () => {
  const shapes: [string, (a: string, b: string) => string[]][] = [
    ['/u/{a}/p/{b}', (a, b) => ['u', a, 'p', b]],
    ['/{a}/x/{b}/', (a, b) => [a, 'x', b, '']],
    ['/u/{a}{b}/p', (a, b) => ['u', a + b, 'p']],
    ['/u/.{a}/{b}.json', (a, b) => ['u', `.${a}`, `${b}.json`]],
  ]
  let refused = 0
  fc.assert(
    fc.property(fc.constantFrom(...shapes), text, text, ([endpointPath, segmentsOf], a, b) => {
      const expected = segmentsOf(a, b)
      const rendered = attempt({ endpointPath, queryTemplate: {} }, { a, b })
      const varying = expected.filter((_, i) => !(i === expected.length - 1 && expected[i] === ''))
      if (isBad(a) || isBad(b) || varying.some(isBad)) {
        refused++
        expect(rendered).toBe('invalid_argument')
        return
      }
      if (typeof rendered === 'string') throw new Error(`refused: ${rendered}`)
      expect(rendered.target).toMatch(/^[A-Za-z0-9._~%/-]+$/)
      expect(rendered.target.slice(1).split('/').map(decodeURIComponent)).toEqual(expected)
      const url = new URL(rendered.baseUrl + rendered.target)
      expect(url.origin).toBe('https://api.example.com')
      expect(url.pathname + url.search + url.hash).toBe(rendered.target)
    }),
    { numRuns: 3_000 },
  )
  expect(refused).toBeGreaterThan(50)
})

test('cases 144, 149: every query value arrives as the one parameter it is (3,000 requests)', () => {
  const values = fc.record({ a: text, b: text, list: fc.array(text, { maxLength: 4 }) })
  fc.assert(
    fc.property(values, text, ({ a, b, list }, name) => {
      const key = name.replaceAll('{', '{{').replaceAll('}', '}}')
      const queryTemplate = { fixed: 'yes', [`k${key}`]: '{a}', mix: '<{a}|{b}>', list: '{list}' }
      const rendered = attempt({ queryTemplate }, { a, b, list })
      if (typeof rendered === 'string') throw new Error(`refused: ${rendered}`)
      const query = rendered.target.slice('/things?'.length)
      const pairs = query.split('&').map((pair) => pair.split('=').map(decodeURIComponent))
      expect(pairs).toEqual([
        ['fixed', 'yes'],
        [`k${name}`, a],
        ['mix', `<${a}|${b}>`],
        ...list.map((item) => ['list', item]),
      ])
      const url = new URL(rendered.baseUrl + rendered.target)
      expect(url.pathname + url.search + url.hash).toBe(rendered.target)
    }),
    { numRuns: 3_000 },
  )
})

test('case 142: a header value is what was given or refused, never a second header (2,000 requests)', () => {
  let refused = 0
  fc.assert(
    fc.property(text, text, (a, b) => {
      const headersTemplate = { 'X-A': '{a}', 'X-B': 'a {a} b {b}' }
      const rendered = attempt({ headersTemplate, queryTemplate: {} }, { a, b })
      if (!/^[ -~]*$/.test(a + b)) {
        refused++
        expect(rendered).toBe('invalid_header_value')
        return
      }
      if (typeof rendered === 'string') throw new Error(`refused: ${rendered}`)
      expect(rendered.headers).toEqual([
        ['X-A', a],
        ['X-B', `a ${a} b ${b}`],
        ['accept', 'application/json, */*;q=0.8'],
        ['user-agent', 'Gatehouse'],
      ])
    }),
    { numRuns: 2_000 },
  )
  expect(refused).toBeGreaterThan(50)
})

const json = fc.json({ maxDepth: 4, stringUnit: 'grapheme' }).map((source): JsonValue => {
  try {
    return parseJson(source)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return null
  }
})

test('cases 145, 149: every body value arrives as the JSON value it is (2,000 requests)', () => {
  fc.assert(
    fc.property(json, text, text, (value, a, b) => {
      const bodyTemplate = { exact: '{value}', deep: { list: ['{a}', '-{a}{b}-'] }, fixed: true }
      const rendered = attempt({ httpMethod: 'POST', bodyTemplate }, { value, a, b })
      if (typeof rendered === 'string') throw new Error(`refused: ${rendered}`)
      const expected = { exact: value, deep: { list: [a, `-${a}${b}-`] }, fixed: true }
      expect(bodyText(rendered)).toBe(JSON.stringify(expected))
      expect(bodyValue(rendered)).toEqual(JSON.parse(JSON.stringify(expected)))
    }),
    { numRuns: 2_000 },
  )
})

test('numbers keep every digit wherever they stand (1,000 numbers)', () => {
  const digits = fc.stringMatching(/^-?[1-9][0-9]{0,40}(\.[0-9]{0,30}[1-9])?$/)
  fc.assert(
    fc.property(digits, (source) => {
      const n = parseJson(source)
      const rendered = attempt(
        {
          httpMethod: 'POST',
          endpointPath: '/{n}',
          queryTemplate: { n: '{n}' },
          bodyTemplate: { n: '{n}', t: 'n{n}' },
        },
        { n },
      )
      if (typeof rendered === 'string') throw new Error(`refused: ${rendered}`)
      // A double's own text stands for the same digits; anything longer is kept as it was sent.
      const shown = typeof n === 'number' ? String(n) : source
      expect(rendered.target).toBe(`/${encodeURIComponent(shown)}?n=${encodeURIComponent(shown)}`)
      expect(bodyText(rendered)).toBe(`{"n":${shown},"t":"n${shown}"}`)
    }),
    { numRuns: 1_000 },
  )
})
