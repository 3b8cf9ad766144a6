import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { shownHost, shownName, shownText } from '../../../src/web/pages/shown_text.ts'

describe('text by strangers (case 112)', () => {
  test.each([
    ['bidi overrides', 'a\u202egnp.exe\u202c', 'agnp.exe'],
    ['isolates and marks', '\u2066Claude\u2069\u200f', 'Claude'],
    ['zero-width characters', 'Cla\u200bu\u2060de\ufeff', 'Claude'],
    ['control characters', 'Cl\u0000a\u001bude\u0085', 'Claude'],
    ['tag characters', 'Claude\u{e0041}\u{e0042}', 'Claude'],
    ['newlines', 'Claude\r\n\u2028by  Example', 'Claude by Example'],
    ['a tower of accents', `a${'\u0301'.repeat(40)}b`, `a${'\u0301'.repeat(3)}b`],
    ['a lone surrogate', 'Cl\ud800aude', 'Claude'],
    ['other scripts', 'Клод 助手 مساعد', 'Клод 助手 مساعد'],
  ])('%s: only what is seen is left', (_, text, shown) => {
    expect(shownName(text)).toBe(shown)
  })

  test('a name of 10 KB is cut at 80 characters, and says so', () => {
    const shown = shownName('ab'.repeat(5_120))
    expect([...shown]).toHaveLength(80)
    expect(shown).toEndWith('…')
    expect([...shownName('😀'.repeat(5_000))]).toHaveLength(80)
  })

  test('a name of exactly 80 characters is whole', () => {
    expect(shownName('x'.repeat(80))).toBe('x'.repeat(80))
  })

  test.each([
    ['nothing', ''],
    ['blanks', '   '],
    ['bidi and zero-width characters', '\u202e\u200b'],
    ['a Hangul filler', '\u3164'],
    ['10 KB of zero-width spaces', '\u200b'.repeat(10_240)],
  ])('a name of %s is called unnamed', (_, name) => {
    expect(shownName(name)).toBe('Unnamed client')
  })

  test('whatever comes in, one short line that hides nothing comes out', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const shown = shownText(text, 40)
        expect([...shown].length).toBeLessThanOrEqual(40)
        expect(shown).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\p{DI}]/u)
      }),
      { numRuns: 2_000 },
    )
  })

  test('a host is never cut: its end says whose it is', () => {
    const host = `claude.ai.${'a'.repeat(200)}.example.net`
    expect(shownHost(host)).toBe(host)
    expect(shownHost('claude.ai\u202e\n')).toBe('claude.ai')
  })
})
