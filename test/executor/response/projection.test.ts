import { describe, expect, test } from 'bun:test'
import { AppError } from '../../../src/errors.ts'
import { compileShape } from '../../../src/executor/response/compile_shape.ts'
import { compileProjection } from '../../../src/executor/response/projection.ts'
import { ProjectionFault } from '../../../src/executor/response/work_budget.ts'
import { parseJson } from '../../../src/lib/json.ts'

const project = (expression: string, answer: string) =>
  JSON.stringify(compileProjection(expression)(parseJson(answer)))

const big =
  '{"items":[{"id":12345678901234567891,"n":"b"},{"id":12345678901234567890,"n":"a"},{"id":3,"n":"c"}],"nums":[10,9,1.5]}'

describe('a projection', () => {
  test.each([
    [
      'items[].{id: id, name: n}',
      '[{"id":12345678901234567891,"name":"b"},{"id":12345678901234567890,"name":"a"},{"id":3,"name":"c"}]',
    ],
    ["items[?n=='a'] | [0]", '{"id":12345678901234567890,"n":"a"}'],
    ['items[0].*', '[12345678901234567891,"b"]'],
    ['items[0].id.*', 'null'],
    ['items[0].id.rawJSON', 'null'],
    ['type(items[0].id)', '"number"'],
    ['to_string(items[0].id)', '"12345678901234567891"'],
    ["to_number('12345678901234567890')", '12345678901234567890'],
    ['map(&id, items)', '[12345678901234567891,12345678901234567890,3]'],
  ])('%s keeps numbers beyond 2^53 digit for digit', (expression, expected) => {
    expect(project(expression, big)).toBe(expected)
  })

  test.each([
    ['sort_by(items, &id)[].n', '["c","a","b"]'],
    ['max_by(items, &id).n', '"b"'],
    ['min_by(items, &id).n', '"c"'],
    ['max(items[].id)', '12345678901234567891'],
    ['items[?id > `5`].n', '["b","a"]'],
    ['items[?id == items[1].id].n', '[]'],
    ['contains(items[].id, items[1].id)', 'true'],
    ['items[0].id == items[1].id', 'false'],
    ['items[0].id != items[0].id', 'false'],
    ['sort(nums)', '[1.5,9,10]'],
  ])('%s compares numbers by their value, not by their double', (expression, expected) => {
    expect(project(expression, big)).toBe(expected)
  })

  test.each(['sum(items[].id)', 'avg(items[].id)', 'abs(items[0].id)', 'items[0].id - `1`'])(
    '%s is refused rather than rounded',
    (expression) => {
      expect(() => project(expression, big)).toThrow(ProjectionFault)
    },
  )

  test('what an answer calls its things groups them, whatever that is', () => {
    const answer = '[{"n":"constructor"},{"n":"a"},{"n":"__proto__"},{"n":"a"}]'
    const grouped = project('items(group_by(@, &n))[*].[[0], length([1])]', answer)
    expect(grouped).toBe('[["constructor",1],["a",2],["__proto__",1]]')
    expect(() => project('group_by(@, &n)', '[{"n":1}]')).toThrow(ProjectionFault)
  })

  test.each(['constructor', 'toString', 'a.constructor.name', '__proto__.x'])(
    '%s reads nothing that the answer does not hold',
    (expression) => {
      const seen = () => project(expression, '{"a":{}}')
      if (expression.includes('__proto__')) expect(seen).toThrow('__proto__')
      else expect(seen()).toBe('null')
    },
  )

  test.each([
    ['foo[', 4],
    ['a b', 2],
    ['a..b', 2],
    ['{a:b', 4],
    ['items[?n', 8],
    ['a.b.`x`', 4],
    ['a && foo(b)', 5],
    ['length(a, b)', 0],
    ['let $x = a in $x', 0],
    ['a == `12345678901234567890`', 5],
    ['@ | __proto__', 4],
  ])('%p is refused when the tool is registered, with its position', (expression, position) => {
    const shape = { projection: expression, fields: null, maxResultBytes: null }
    let error: unknown
    try {
      compileShape(shape)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(AppError)
    const { code, errors } = error as AppError
    expect(code).toBe('validation_failed')
    const message = expect.stringMatching(new RegExp(`^at character ${position}: `))
    expect(errors).toEqual([{ pointer: '/response/projection', message }])
  })
})

describe('a projection that explodes', () => {
  const items = Array.from({ length: 20_000 }, (_, id) => ({ id, name: `name ${id}`, tags: [] }))
  const answer = parseJson(JSON.stringify({ items }))
  const piped = (step: string) => Array(80).fill(step).join('|')
  const doubled = piped('[@,@]')

  test.each([
    ['doubling lists', piped('[@,@][]')],
    ['doubling strings', `'ab'|${piped("join('', [@,@,@])")}`],
    ['a list written out over and over', `to_string(${doubled})`],
    [
      'comparing what was doubled',
      `(items[0]|${doubled}) == (items[0].{id:id,name:name,tags:tags}|${doubled})`,
    ],
    ['padding', "pad_left('a', `1000000000`)"],
    ['replacing', "replace(to_string(@), 'a', to_string(@))"],
    ['sorting within sorting', 'sort_by(items, &length(to_string(sort_by($.items, &name))))'],
    ['every item with every item', 'items[].{x: $.items[].id}'],
  ])('%s ends within a second, as a fault', (_name, expression) => {
    const evaluate = compileProjection(expression)
    const startedAtMs = performance.now()
    expect(() => evaluate(answer)).toThrow(ProjectionFault)
    expect(performance.now() - startedAtMs).toBeLessThan(10_000)
  })

  test('an ordinary one takes 10 MB of answer', () => {
    const many = Array.from({ length: 100_000 }, (_, id) => ({ id, text: 'x'.repeat(80) }))
    const large = parseJson(JSON.stringify({ items: many }))
    const made = compileProjection('items[?id > `99997`].{id: id}')(large)
    expect(made).toEqual([{ id: 99_998 }, { id: 99_999 }])
  })
})
