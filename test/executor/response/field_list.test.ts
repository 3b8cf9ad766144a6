import { describe, expect, test } from 'bun:test'
import { AppError } from '../../../src/errors.ts'
import { compileShape } from '../../../src/executor/response/compile_shape.ts'
import { compileFields } from '../../../src/executor/response/field_list.ts'
import { parseJson } from '../../../src/lib/json.ts'

const answer = parseJson(`{
  "total": 12345678901234567890, "items": [
    {"id": 1, "owner": {"name": "Ada", "mail": "a@x"}, "a.b": true},
    {"id": 2, "owner": null, "a.b": false}, "loose"],
  "by_id": {"x": {"id": 1, "note": "n"}, "y": {"id": 2}}, "matrix": [[{"id": 3, "v": 4}]]
}`)
const kept = (...paths: string[]) => JSON.parse(JSON.stringify(compileFields(paths)(answer)))

describe('a list of fields', () => {
  test('keeps them where they are, through objects and lists, and drops the rest', () => {
    expect(kept('items.id')).toEqual({ items: [{ id: 1 }, { id: 2 }] })
    expect(kept('items.owner.name')).toEqual({
      items: [{ owner: { name: 'Ada' } }, { owner: null }],
    })
    expect(kept('matrix.id')).toEqual({ matrix: [[{ id: 3 }]] })
  })

  test('* stands for any name, and quotes keep a dot within one', () => {
    expect(kept('by_id.*.id')).toEqual({ by_id: { x: { id: 1 }, y: { id: 2 } } })
    expect(kept('items."a.b"')).toEqual({ items: [{ 'a.b': true }, { 'a.b': false }] })
    expect(kept('*.id')).toEqual({
      items: [{ id: 1 }, { id: 2 }],
      by_id: {},
      matrix: [[{ id: 3 }]],
    })
  })

  test('paths that overlap keep what any of them keeps', () => {
    expect(kept('by_id.x.id', 'by_id.*.note', 'by_id.y')).toEqual({
      by_id: { x: { id: 1, note: 'n' }, y: { id: 2 } },
    })
  })

  test('numbers keep their digits, and the order of the answer stays', () => {
    expect(JSON.stringify(compileFields(['by_id.y', 'total'])(answer))).toBe(
      '{"total":12345678901234567890,"by_id":{"y":{"id":2}}}',
    )
  })

  test('what is not there leaves nothing behind', () => {
    expect(kept('nothing.here')).toEqual({})
    expect(compileFields(['constructor', 'items.toString'])(answer)).toEqual({ items: [{}, {}] })
    expect(compileFields(['a'])(7)).toBeNull()
  })

  test.each(['', 'a..b', '.a', 'a.', 'a*', 'a[0]', '"a', 'a."b"c'])(
    '%p is refused when the tool is registered',
    (path) => {
      const shape = { projection: null, fields: ['fine', path], maxResultBytes: null }
      const refused = () => compileShape(shape)
      expect(refused).toThrow(AppError)
      try {
        refused()
      } catch (error) {
        const { code, errors } = error as AppError
        expect([code, errors[0]?.pointer]).toEqual(['validation_failed', '/response/fields/1'])
      }
    },
  )
})
