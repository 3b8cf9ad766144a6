import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { readForm } from '../../src/oauth/form_parameters.ts'
import { OAuthError } from '../../src/oauth/oauth_error.ts'

describe('parameters of OAuth requests', () => {
  const refused: readonly [string, string][] = [
    ['repeated', 'client_id=a&client_id=a'],
    ['repeated, the second empty', 'client_id=a&client_id='],
    ['repeated under another spelling', 'client_id=a&client%5fid=b'],
    ['an escape that is none', 'state=%zz'],
    ['a broken UTF-8 sequence', 'state=%ff'],
    ['a surrogate in UTF-8', 'state=%ED%A0%80'],
    ['a NUL', 'state=a%00b'],
  ]
  test.each(refused)('case 119: %s is refused as invalid_request', (_, text) => {
    try {
      readForm(text)
    } catch (error) {
      expect(error).toBeInstanceOf(OAuthError)
      expect((error as OAuthError).error).toBe('invalid_request')
      return
    }
    throw new Error('was taken')
  })

  test('an empty value counts as none (RFC 6749 §3.1)', () => {
    expect(readForm('scope=&state').get('scope')).toBeNull()
    expect(readForm('scope=&state').get('state')).toBeNull()
  })

  test('case 114: whatever a client encodes comes out as it was', () => {
    const text = fc.string({ unit: 'binary', minLength: 1 }).filter((one) => !one.includes('\0'))
    fc.assert(
      fc.property(text, text, (state, scope) => {
        const form = readForm(new URLSearchParams({ state, scope }).toString())
        expect([form.get('state'), form.get('scope')]).toEqual([state, scope])
      }),
      { numRuns: 200 },
    )
  })

  test('a description never breaks the JSON or the header it stands in', () => {
    const { description } = new OAuthError('invalid_request', 'say "hi"\\\r\nSet-Cookie: ü')
    expect(description).toBe('say ?hi????Set-Cookie: ?')
  })
})
