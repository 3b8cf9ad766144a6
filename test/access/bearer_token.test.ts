import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { bearerToken } from '../../src/access/bearer_token.ts'

describe('the token of an Authorization header', () => {
  test.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER abc', 'abc'],
    ['bEaReR a.b~c+d/e-f_g==', 'a.b~c+d/e-f_g=='],
  ])('case 48: %j is %j, the scheme in any case', (header, token) => {
    expect(bearerToken(header)).toBe(token)
  })

  test.each([
    ['no header', null],
    ['an empty one', ''],
    ['the scheme alone', 'Bearer'],
    ['the scheme and a space', 'Bearer '],
    ['a token alone', 'abc'],
    ['another scheme', 'Basic abc'],
    ['a longer scheme', 'Bearers abc'],
    ['two headers joined', 'Bearer abc, Bearer def'],
    ['two headers joined tightly', 'Bearer abc,Bearer def'],
    ['two tokens', 'Bearer abc def'],
    ['parameters', 'Bearer token="abc"'],
    ['two spaces', 'Bearer  abc'],
    ['a tab', 'Bearer\tabc'],
    ['a space before', ' Bearer abc'],
    ['a space after', 'Bearer abc '],
    ['a newline after', 'Bearer abc\n'],
    ['a carriage return within', 'Bearer a\rbc'],
    ['a NUL', 'Bearer abc\u0000'],
    ['full-width letters', 'Bearer ａｂｃ'],
    ['a full-width scheme', 'Ｂearer abc'],
    ['a letter with a dotless twin', 'Bearer abcı'],
    ['a quoted token', 'Bearer "abc"'],
    ['an equals sign in front', 'Bearer =abc'],
    ['an equals sign within', 'Bearer a=bc'],
    ['9,000 characters', `Bearer ${'a'.repeat(9_000)}`],
  ])('cases 48, 49: %s gives none', (_what, header) => {
    expect(bearerToken(header)).toBeNull()
  })

  test('case 49: what it gives stands in the header byte for byte, behind the one space', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[\w.~+/-]{1,60}=*$/))
    const scheme = fc.constantFrom('Bearer ', 'bearer ', 'BEARER ', 'Bearer', 'Basic ', '')
    const header = fc.tuple(scheme, text)
    fc.assert(
      fc.property(header, ([given, rest]) => {
        const token = bearerToken(given + rest)
        if (token === null) return
        expect(given.toLowerCase()).toBe('bearer ')
        expect(token).toBe(rest)
        expect(token).toMatch(/^[\x21-\x7e]+$/)
      }),
      { numRuns: 500 },
    )
  })
})
