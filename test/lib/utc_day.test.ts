import { expect, test } from 'bun:test'
import {
  firstDayOfMonth,
  firstDayOfNextMonth,
  utcDayOf,
  utcDayStartMs,
  utcDayText,
} from '../../src/lib/utc_day.ts'

const day = (text: string) => utcDayOf(Date.parse(`${text}T00:00:00Z`))

test.each([
  ['2026-01-31', '2026-01-01', '2026-02-01'],
  ['2026-02-28', '2026-02-01', '2026-03-01'],
  ['2028-02-29', '2028-02-01', '2028-03-01'],
  ['2026-12-31', '2026-12-01', '2027-01-01'],
  ['2026-12-01', '2026-12-01', '2027-01-01'],
])('the month of %s begins on %s, the next on %s', (of, first, next) => {
  expect(utcDayText(firstDayOfMonth(day(of)))).toBe(first)
  expect(utcDayText(firstDayOfNextMonth(day(of)))).toBe(next)
})

test('a day is from midnight to midnight, UTC', () => {
  const start = Date.parse('2026-03-29T00:00:00Z')
  expect(utcDayOf(start)).toBe(day('2026-03-29'))
  expect(utcDayOf(start + 86_399_999)).toBe(day('2026-03-29'))
  expect(utcDayOf(start - 1)).toBe(day('2026-03-28'))
  expect(utcDayStartMs(day('2026-03-29'))).toBe(start)
})
