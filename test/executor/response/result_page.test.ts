import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseReadPath, pointerOf, valueAt } from '../../../src/executor/response/json_path.ts'
import { pageOf } from '../../../src/executor/response/result_page.ts'
import { isJsonObject, type JsonValue } from '../../../src/lib/json.ts'
import { jsonValues } from './json_values.ts'

const PAGE_BYTES = 1_024

/** Reads a value page by page, as a model would, and puts it together again. */
function readAll(whole: JsonValue, keys: readonly string[], limit: number | null): JsonValue {
  const value = valueAt(whole, parseReadPath(pointerOf(keys)))
  if (value === undefined) throw new Error(`nothing at ${pointerOf(keys)}`)
  let text = ''
  const items: JsonValue[] = []
  const members: [string, JsonValue][] = []
  for (let offset: number | null = 0; offset !== null; ) {
    const page = pageOf(value, { offset, limit }, PAGE_BYTES)
    if (page.kind === 'value') return page.value
    expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThanOrEqual(PAGE_BYTES)
    if (page.next_offset !== null) expect(page.next_offset).toBeGreaterThan(offset)
    if (typeof page.value === 'string') text += page.value
    if (Array.isArray(page.value)) items.push(...page.value)
    if (isJsonObject(page.value)) members.push(...Object.entries(page.value))
    if (page.too_large !== undefined) {
      const { key } = page.too_large
      const inner = readAll(whole, [...keys, String(key)], limit)
      if (typeof key === 'number') items.push(inner)
      else members.push([key, inner])
    }
    offset = page.next_offset
  }
  if (typeof value === 'string') return text
  return Array.isArray(value) ? items : Object.fromEntries(members)
}

describe('reading a result page by page', () => {
  test('gives every value back as it was, digit for digit, each page within its size', () => {
    fc.assert(
      fc.property(jsonValues, (value) => {
        expect(JSON.stringify(readAll(value, [], null))).toBe(JSON.stringify(value))
      }),
      { numRuns: 300 },
    )
  })

  test('so it does in steps of any size', () => {
    fc.assert(
      fc.property(jsonValues, fc.integer({ min: 1, max: 50 }), (value, limit) => {
        expect(JSON.stringify(readAll(value, [], limit))).toBe(JSON.stringify(value))
      }),
      { numRuns: 150 },
    )
  })

  test('tells how much there is and where to go on', () => {
    const items = Array.from({ length: 90 }, (_, id) => id)
    expect(pageOf(items, { offset: 10, limit: 3 }, PAGE_BYTES)).toEqual({
      kind: 'list',
      total: 90,
      offset: 10,
      count: 3,
      next_offset: 13,
      value: [10, 11, 12],
    })
    expect(pageOf(items, { offset: 500, limit: null }, PAGE_BYTES)).toMatchObject({
      total: 90,
      count: 0,
      next_offset: null,
    })
  })
})

describe('a path', () => {
  const whole = { items: [{ 'a.b': 1, 'c/d~': 2 }, { e: [5] }], '': 7 }

  test.each([
    ['/items/0/a.b', 1],
    ['/items/0/c~1d~0', 2],
    ['items.1.e[0]', 5],
    ['items[0]."a.b"', 1],
    ['$.items[1].e.0', 5],
    ['/', 7],
    ['', whole],
  ])('%p leads to its value', (path, expected) => {
    expect(valueAt(whole, parseReadPath(path))).toEqual(expected)
  })

  test.each(['/items/2', '/items/-1', '/items/01', '/items/length', 'items.0.toString', '/x'])(
    '%p leads nowhere',
    (path) => {
      expect(valueAt(whole, parseReadPath(path))).toBeUndefined()
    },
  )
})
