import { expect, test } from 'bun:test'
import { dropOldest } from '../../src/lib/drop_oldest.ts'

test('what was put in first goes first, until as many are left as were asked for', () => {
  const map = new Map(['a', 'b', 'c', 'd'].map((key) => [key, 0]))
  map.delete('a')
  map.set('a', 1)
  dropOldest(map, 2)
  expect([...map.keys()]).toEqual(['d', 'a'])
  dropOldest(map, 2)
  expect(map.size).toBe(2)
  dropOldest(map, 0)
  expect(map.size).toBe(0)
})
