import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { slugOf, slugPattern } from '../../src/model/project.ts'

test.each([
  ['Demo Shop', 'demo-shop'],
  ['Ünïted Ärzte', 'united-arzte'],
  ['  --x--  ', 'x'],
  ['日本', 'project'],
  ['', 'project'],
])('%j has the slug %j', (name, slug) => {
  expect(slugOf(name)).toBe(slug)
})

test('whatever the name, the slug made of it is one', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), (name) => {
      expect(slugOf(name)).toMatch(slugPattern)
    }),
  )
})
