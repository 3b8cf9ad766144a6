import { expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { makeCursor, openCursor } from '../../src/lib/signed_cursor.ts'

const key = randomBytes(32)
const invalid = expect.objectContaining({ code: 'invalid_cursor' })

test('a cursor gives its position back to the list it was made for', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (position) => {
      const well = position.toWellFormed()
      expect(openCursor(key, 'tools|1', makeCursor(key, 'tools|1', well))).toBe(well)
    }),
    { numRuns: 300 },
  )
})

test('case 290: a cursor of another list, another instance, or no cursor at all is refused', () => {
  const cursor = makeCursor(key, 'tools|1|1', 'm')
  expect(() => openCursor(key, 'tools|2|1', cursor)).toThrow(invalid)
  expect(() => openCursor(randomBytes(32), 'tools|1|1', cursor)).toThrow(invalid)
  for (const forged of ['', 'x', 'bQ', `${cursor}x`, cursor.slice(1), 'x'.repeat(5_000)]) {
    expect(() => openCursor(key, 'tools|1|1', forged)).toThrow(invalid)
  }
})
