import { describe, expect, test } from 'bun:test'
import { keepsShape, renderPath } from '../../src/executor/endpoint_path.ts'
import { percentEncode } from '../../src/executor/percent_encode.ts'
import { compileRequestTemplate } from '../../src/executor/request_template.ts'
import type { JsonObject, JsonValue } from '../../src/lib/json.ts'
import { parseJson } from '../../src/lib/json.ts'
import { alice, definition, nobody, refusal, render } from './request_fixture.ts'

const endpointPath = '/users/{id}/profile'
const queryTemplate = {}
const targetOf = (id: JsonValue) => render({ endpointPath, queryTemplate }, { id }).target

describe('a value in the path', () => {
  test.each(['..', '.'])('case 136: %j is refused, not normalised into another endpoint', (id) => {
    const error = refusal('invalid_argument', () => targetOf(id))
    expect(error.reason).toBe('The argument /id must not be . or .. in the path.')
    expect(error.errors).toEqual([{ pointer: '/id', message: 'must not be . or .. in the path' }])
  })

  test.each([
    ['%2e%2e', '%252e%252e'],
    ['%2f', '%252f'],
    ['..%5c', '..%255c'],
    ['..;', '..%3B'],
    ['../x', '..%2Fx'],
    ['...', '...'],
  ])('case 137: %j is encoded once and stays one segment: %s', (id, segment) => {
    expect(targetOf(id)).toBe(`/users/${segment}/profile`)
  })

  test('case 138: an empty one is refused', () => {
    const error = refusal('invalid_argument', () => targetOf(''))
    expect(error.reason).toBe('The argument /id must not be empty in the path.')
  })

  test.each([
    ['a/b', 'a%2Fb'],
    ['a?b', 'a%3Fb'],
    ['a#b', 'a%23b'],
    ['a\\b', 'a%5Cb'],
    ['a@b', 'a%40b'],
    ['a:b', 'a%3Ab'],
    ["!'()*", '%21%27%28%29%2A'],
    ['a b', 'a%20b'],
    ['a\r\nb', 'a%0D%0Ab'],
    ['caf\u00e9 \u{1F600}', 'caf%C3%A9%20%F0%9F%98%80'],
    ['-._~', '-._~'],
  ])('case 139: %j is percent-encoded', (id, segment) => {
    expect(targetOf(id)).toBe(`/users/${segment}/profile`)
  })

  test.each([
    ['5', '5'],
    ['-1.5', '-1.5'],
    ['1e21', '1e%2B21'],
    ['true', 'true'],
    ['9007199254740993', '9007199254740993'],
    ['0.12345678901234567890', '0.12345678901234567890'],
  ])('has its JSON text, digit for digit: %s', (json, segment) => {
    expect(targetOf(parseJson(json))).toBe(`/users/${segment}/profile`)
  })

  test.each([[[]], [['a']], [{}], [{ a: 1 }]])('that is no scalar is refused: %j', (id) => {
    const error = refusal('invalid_argument', () => targetOf(id))
    expect(error.reason).toBe('The argument /id must be a scalar to stand in the path.')
  })

  test.each([[{}], [{ id: null }]])('that is missing is refused by name: %j', (args) => {
    const error = refusal('invalid_argument', () => render({ endpointPath }, args as JsonObject))
    expect(error.reason).toBe('The argument /id is missing, and the path of the request needs it.')
  })

  test('that only an inherited property would give is missing', () => {
    const error = refusal('invalid_argument', () => render({ endpointPath: '/a/{toString}' }, {}))
    expect(error.reason).toContain('is missing')
    refusal('invalid_argument', () => render({ endpointPath: '/a/{constructor.name}' }, {}))
    refusal('invalid_argument', () => render({ endpointPath: '/a/{s.length}' }, { s: 'text' }))
    refusal('invalid_argument', () => render({ endpointPath: '/a/{l.0}' }, { l: ['text'] }))
    refusal('invalid_argument', () =>
      render({ endpointPath: '/a/{n.rawJSON}' }, { n: parseJson('9007199254740993') }),
    )
  })

  test('that is a lone surrogate is refused and no URIError', () => {
    refusal('bad_unicode', () => targetOf('a\ud800'))
  })
})

describe('a segment', () => {
  test.each([
    ['/a/{x}.', { x: 'b' }, '/a/b.'],
    ['/a/.{x}', { x: 'b' }, '/a/.b'],
    ['/a/{x}{y}', { x: 'b', y: 'c' }, '/a/bc'],
    ['/a/{x}.{y}/z', { x: 'b', y: 'json' }, '/a/b.json/z'],
    ['/{x}/', { x: 'b' }, '/b/'],
    ['/a:{x}', { x: 'b' }, '/a:b'],
    ['/{u.id}/{u.name}', { u: { id: 1, name: 'n' } }, '/1/n'],
  ])('may be built of several parts: %s', (path, args, target) => {
    expect(render({ endpointPath: path, queryTemplate }, args).target).toBe(target)
  })

  test.each([
    ['/a/.{x}', '.'],
    ['/a/{x}.', '.'],
    ['/a/{x}%2e', '.'],
    ['/a/%2E{x}', '.'],
    ['/a/v{x}', ''],
    ['/a/v{x}', '..'],
  ])('case 136: %s filled with %j is refused', (path, x) => {
    refusal('invalid_argument', () => render({ endpointPath: path }, { x }))
  })

  test('case 136: two harmless values that make .. together are refused', () => {
    const act = () => render({ endpointPath: '/a/{x}{y}/b' }, { x: '.', y: '.' })
    refusal('invalid_argument', act)
  })
})

describe('the reserved variables in the path', () => {
  const path = '/p/{project_id}/i/{integration_id}/m/{member_id}'

  test('come from the caller', () => {
    expect(render({ endpointPath: path }).target).toBe('/p/42/i/7/m/alice')
    const caller = { ...alice, memberId: 'a/../b' }
    expect(render({ endpointPath: path }, {}, caller).target).toBe('/p/42/i/7/m/a%2F..%2Fb')
  })

  test('need a member where they name it', () => {
    refusal('member_required', () => render({ endpointPath: path }, {}, nobody))
  })

  test.each(['', '.', '..'])('case 136: a member id %j is refused like any value', (memberId) => {
    const caller = { ...alice, memberId }
    const error = refusal('invalid_argument', () => render({ endpointPath: path }, {}, caller))
    expect(error.errors).toEqual([])
  })
})

describe('the final check of the path (case 140)', () => {
  const { path } = compileRequestTemplate(definition({ endpointPath: '/a/{x}/b' }))

  test.each(['/a/v/b', '/a/%2F/b', '/a/.../b'])('passes %s', (rendered) => {
    expect(keepsShape(rendered, path)).toBe(true)
  })

  test.each([
    '/a/v/c',
    '/a/v',
    '/a/v/b/',
    '/a/v/w/b',
    '/a//b',
    '/a/../b',
    '/a/./b',
    '//a/v/b',
    'a/v/b',
    '/a/v/b?x',
    '/a/v?/b',
    '/a/v#/b',
    '/a/v\\w/b',
    '/a/v w/b',
    '/A/v/b',
    '',
    '/',
  ])('stops %j', (rendered) => {
    expect(keepsShape(rendered, path)).toBe(false)
  })
})

test('case 140: renderPath itself ends with that check', () => {
  const { path } = compileRequestTemplate(definition({ endpointPath: '/a/{x}' }))
  const input = { args: { x: 'v' }, caller: alice }
  expect(renderPath(path, input)).toBe('/a/v')
  const [literal, varying] = path.segments
  for (const text of ['/', '../', '?', '\\']) {
    const forged = [
      literal ?? '',
      [{ text }, ...(typeof varying === 'string' ? [] : (varying ?? []))],
    ]
    refusal('template_escape', () => renderPath({ fixed: null, segments: forged }, input))
  }
})

test('a text longer than any target is refused before it is encoded', () => {
  expect(percentEncode('a'.repeat(16_384))).toHaveLength(16_384)
  refusal('request_too_large', () => percentEncode('a'.repeat(16_385)))
})

describe('the target', () => {
  test('is capped at 16 KiB', () => {
    const longest = 'a'.repeat(16_384 - '/users/'.length - '/profile'.length)
    expect(targetOf(longest).length).toBe(16_384)
    refusal('request_too_large', () => targetOf(`${longest}a`))
    refusal('request_too_large', () => targetOf('\u00e9'.repeat(4_000)))
    refusal('request_too_large', () => targetOf('a'.repeat(3_000_000)))
  })

  test('case 140: base_url is kept verbatim and the origin with it', () => {
    const request = render(
      { endpointPath, baseUrl: 'http://127.0.0.1:3000' },
      { id: '@evil.example' },
    )
    expect(request.baseUrl).toBe('http://127.0.0.1:3000')
    expect(new URL(request.baseUrl + request.target).origin).toBe('http://127.0.0.1:3000')
  })
})
