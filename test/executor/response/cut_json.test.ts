import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Cut, cutJson } from '../../../src/executor/response/cut_json.ts'
import { cutNote } from '../../../src/executor/response/cut_note.ts'
import { cutText } from '../../../src/executor/response/cut_text.ts'
import { valueAt } from '../../../src/executor/response/json_path.ts'
import { JsonSizes } from '../../../src/executor/response/json_size.ts'
import { isJsonObject, type JsonValue, parseJson } from '../../../src/lib/json.ts'
import { jsonValues } from './json_values.ts'

const bytesOf = (value: JsonValue) => Buffer.byteLength(JSON.stringify(value))

/** Whether `part` is `whole` with ends of lists, of strings and of objects left out. */
function isBeginning(part: JsonValue, whole: JsonValue): boolean {
  if (typeof part === 'string' && typeof whole === 'string') {
    return part === whole || (part.endsWith('…') && whole.startsWith(part.slice(0, -1)))
  }
  if (Array.isArray(part) && Array.isArray(whole)) {
    return part.every((item, index) => isBeginning(item, whole[index] ?? null))
  }
  if (isJsonObject(part) && isJsonObject(whole)) {
    return Object.entries(part).every(
      ([key, value]) => Object.hasOwn(whole, key) && isBeginning(value, whole[key] ?? null),
    )
  }
  return JSON.stringify(part) === JSON.stringify(whole)
}

const countOf = (value: JsonValue | undefined) =>
  typeof value === 'object' && value !== null ? Object.keys(value).length : 0

describe('a JSON answer that is cut', () => {
  test('is valid, fits, and is a beginning of the whole at every place', () => {
    const sizes = fc.integer({ min: 64, max: 4_000 })
    fc.assert(
      fc.property(jsonValues, sizes, (value, maxBytes) => {
        const { value: shown, cuts } = cutJson(value, maxBytes)
        expect(bytesOf(parseJson(JSON.stringify(shown)))).toBeLessThanOrEqual(maxBytes)
        expect(isBeginning(shown, value)).toBe(true)
        expect(cuts.length === 0).toBe(bytesOf(value) <= maxBytes)
      }),
      { numRuns: 400 },
    )
  })

  test('says of every list and object exactly how much of it is shown', () => {
    fc.assert(
      fc.property(jsonValues, fc.integer({ min: 64, max: 2_000 }), (value, maxBytes) => {
        const { value: shown, cuts } = cutJson(value, maxBytes)
        for (const { path, kind, shown: count, total } of cuts) {
          const keys = path.map(String)
          const [part, whole] = [valueAt(shown, keys), valueAt(value, keys)]
          if (kind === 'string') continue
          expect([countOf(part), countOf(whole)]).toEqual([count, total])
        }
      }),
      { numRuns: 200 },
    )
  })

  test('measures a value as it is written', () => {
    fc.assert(
      fc.property(jsonValues, (value) => expect(new JsonSizes().of(value)).toBe(bytesOf(value))),
      { numRuns: 300 },
    )
  })

  test('what is small stays whole beside what is large, wherever it stands', () => {
    const items = Array.from({ length: 1_000 }, (_, id) => ({ id, name: `name ${id}` }))
    const { value, cuts } = cutJson({ items, total: 1_000, next: 'abc' }, 1_024)
    expect(value).toMatchObject({ total: 1_000, next: 'abc' })
    expect(cuts).toEqual([
      { path: ['items'], kind: 'list', shown: expect.any(Number), total: 1_000, names: [] },
    ])
    expect(bytesOf(value)).toBeGreaterThan(960)
  })

  test('an object with too many members loses the last ones, and names some of them', () => {
    const object = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`key${at}`, at]))
    const { value, cuts } = cutJson(object, 300)
    const count = countOf(value)
    expect(cuts[0]).toMatchObject({ path: [], kind: 'object', shown: count, total: 500 })
    expect(cuts[0]?.names[0]).toBe(`key${count}`)
  })
})

describe('the note below', () => {
  test('never exceeds its room, and always tells how to read on', () => {
    fc.assert(
      fc.property(jsonValues, fc.integer({ min: 512, max: 1_200 }), (value, maxBytes) => {
        const { cuts } = cutJson(value, 80)
        const handle = 'x'.repeat(24)
        const note = cutNote({ shownBytes: 80, totalBytes: 99_999, cuts, handle, maxBytes })
        expect(Buffer.byteLength(note)).toBeLessThanOrEqual(maxBytes)
        expect(note).toContain(`result_read: {"handle":"${handle}"`)
      }),
      { numRuns: 200 },
    )
  })

  test('names places, counts and the next offset', () => {
    const cuts: Cut[] = [
      { path: ['items'], kind: 'list', shown: 3, total: 90, names: [] },
      { path: [], kind: 'object', shown: 1, total: 3, names: ['b', 'c'] },
    ]
    const note = cutNote({ shownBytes: 10, totalBytes: 200, cuts, handle: 'h', maxBytes: 600 })
    expect(note).toBe(
      '[Answer cut to fit: 10 of 200 bytes shown. /items shows 3 of 90 items. The whole shows 1 of ' +
        '3 members, without "b", "c". The whole answer can be read for an hour with the tool ' +
        'result_read: {"handle":"h","path":"/items","offset":3}]',
    )
  })
})

describe('a text that is cut', () => {
  test('is a beginning that fits and ends with a whole character', () => {
    const texts = fc.string({ unit: 'binary', maxLength: 500, size: 'max' })
    fc.assert(
      fc.property(texts, fc.integer({ min: 16, max: 600 }), (raw, maxBytes) => {
        const text = raw.toWellFormed()
        const shown = cutText(text, maxBytes)
        expect(text.startsWith(shown)).toBe(true)
        expect(shown.isWellFormed()).toBe(true)
        expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(maxBytes)
      }),
      { numRuns: 300 },
    )
  })

  test('ends with a whole line where one ends nearby', () => {
    expect(cutText('one\ntwo\nthree\nfour\n', 15)).toBe('one\ntwo\nthree\n')
    expect(cutText(`a\n${'b'.repeat(100)}`, 50)).toBe(`a\n${'b'.repeat(48)}`)
  })
})
