import { describe, expect, test } from 'bun:test'
import { AppError } from '../../../src/errors.ts'
import { codesOf, first, oneOperation, readText } from './read_text.ts'

const api = oneOperation(
  { summary: 'Old', tags: ['a'] },
  { servers: [{ url: 'https://a.test' }, { url: 'https://b.test' }] },
)

function overlaid(...actions: object[]) {
  return readText(api, { overlays: [JSON.stringify({ overlay: '1.0.0', info: {}, actions })] })
}

function refusal(...overlays: string[]): AppError {
  try {
    readText(api, { overlays })
  } catch (error) {
    if (error instanceof AppError) return error
  }
  throw new Error('It was applied.')
}

describe('overlays', () => {
  test('merge objects, join lists and replace the rest', () => {
    const update = { summary: 'New', tags: ['b'], 'x-a': { b: 1 } }
    const operation = first(overlaid({ target: "$.paths['/x/{id}'].post", update }))
    expect(operation).toMatchObject({
      summary: 'New',
      tags: ['a', 'b'],
      extensions: { 'x-a': { b: 1 } },
    })
  })

  test('remove members and items, several at once', () => {
    const document = overlaid(
      { target: '$.servers[*]', remove: true },
      { target: '$.servers', update: { url: 'https://c.test' } },
    )
    expect(document.servers.map((one) => one.url)).toEqual(['https://c.test'])
    expect(overlaid({ target: '$.paths.*', remove: true }).operations).toEqual([])
    expect(
      overlaid({ target: "$.servers[?@.url == 'https://a.test']", remove: true }).servers,
    ).toHaveLength(1)
  })

  test('replace values and copy them (1.1)', () => {
    const document = overlaid(
      { target: '$.paths.*.post.summary', update: 'Newer' },
      { target: '$.info', copy: '$.servers[0]' },
    )
    expect(first(document).summary).toBe('Newer')
  })

  test('apply in order, in YAML too', () => {
    const yaml = (text: string) =>
      `overlay: 1.0.0\nactions:\n  - target: $.paths.*.*\n    update: {summary: ${text}}\n`
    expect(first(readText(api, { overlays: [yaml('one'), yaml('two')] })).summary).toBe('two')
  })

  test('change one use of a YAML alias without the others', () => {
    const text = 'openapi: 3.1.0\npaths:\n  /a: &a {get: {summary: old}}\n  /b: *a\n'
    const overlays = [
      'overlay: 1.0.0\nactions: [{target: "$.paths[\'/a\'].get", update: {summary: new}}]',
    ]
    expect(readText(text, { overlays }).operations.map((one) => one.summary)).toEqual([
      'new',
      'old',
    ])
  })

  test('say which action matches nothing', () => {
    const document = overlaid(
      { target: '$.info', update: {} },
      { target: '$.nothing', remove: true },
    )
    expect(codesOf(document)).toEqual(['overlay_without_match'])
    expect(document.findings[0]?.reason).toBe('Overlay 1, action 2 matches nothing: $.nothing')
  })

  const good = '{"overlay":"1.0.0","actions":[]}'
  const one = (action: unknown) => JSON.stringify({ overlay: '1.0.0', actions: [action] })
  test.each([
    ['not parsed', '{', /^Overlay 2 cannot be applied: It is not valid JSON/],
    ['no object', '[]', /^Overlay 2 cannot be applied: It is not an object/],
    ['without version', '{"actions":[]}', /^Overlay 2 has no "overlay" version/],
    ['without actions', '{"overlay":"1.0.0"}', /^Overlay 2 has no list of "actions"/],
    ['an action without target', one({}), /^Overlay 2, action 1 .* no "target"/],
    ['an action that is null', one(null), /^Overlay 2, action 1 .* no "target"/],
    ['a target that is no JSONPath', one({ target: '$[', remove: true }), /^Overlay 2, action 1 /],
    ['an action that does nothing', one({ target: '$.info' }), /neither "update" nor "remove"/],
    ['a text for an object', one({ target: '$.info', update: 'x' }), /"update" is a string/],
    ['no document left', one({ target: '$', remove: true }), /the whole document/],
    ['a copy of many', one({ target: '$.info', copy: '$.servers[*]' }), /exactly one value/],
  ])('stop the import where one cannot be applied: %s', (_name, overlay, reason) => {
    const error = refusal(good, overlay)
    expect(error.code).toBe('document_unreadable')
    expect(error.reason).toMatch(reason)
  })

  test('cannot reach a prototype', () => {
    const overlays = [
      '{"overlay":"1.0.0","actions":[{"target":"$.info","update":{"__proto__":{"x":1}}}]}',
    ]
    readText(api, { overlays })
    expect(Reflect.get({}, 'x')).toBeUndefined()
  })
})
