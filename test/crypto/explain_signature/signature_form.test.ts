import { describe, expect, test } from 'bun:test'
import { checkOf, explain, hmac, lineOf, sent, tng2 } from './explain_fixture.ts'

describe('how the signature is written', () => {
  const digest = hmac(lineOf(sent))
  const right = tng2(digest)
  const bare = digest.toString('hex')

  test.each([
    ['it lacks the prefix tng2=', bare],
    ['it has another prefix than tng2=', `sha256=${bare}`],
    ['it has another prefix than tng2=', `TNG2=${bare}`],
    ['it has upper-case hex digits in place of lower-case', `tng2=${bare.toUpperCase()}`],
    ['it is base64 in place of hex', `tng2=${digest.toString('base64')}`],
    ['it is base64 in place of hex', `tng2=${digest.toString('base64url')}`],
    ['it lacks the prefix tng2=; it is base64 in place of hex', digest.toString('base64')],
    ['it holds white space', `tng2= ${bare}`],
    ['it holds white space', `tng2=${bare.slice(0, 32)}\n${bare.slice(32)}`],
    ['it stands in quotes', `"${right}"`],
    ["it begins with the header's name", `X-Tengine-Signature: ${right}`],
  ])('%s: the digits are right, but no receiver takes it', (fault, presented) => {
    const found = explain(presented)
    expect(found).toMatchObject({
      matches: false,
      likelyCause: `It is the right signature, but badly written: ${fault}.`,
    })
    expect(checkOf(found, 'signature_form')).toMatchObject({ ok: false })
    expect(checkOf(found, 'signature_form')?.message).toContain(fault)
    expect(checkOf(found, 'current_secret')?.ok).toBe(true)
  })

  test.each([
    ['it is empty', ''],
    ['it has 63 hex digits in place of 64', right.slice(0, -1)],
    ['it has 40 hex digits in place of 64 (as SHA-1 gives)', `tng2=${bare.slice(0, 40)}`],
    ['it has 128 hex digits in place of 64 (as SHA-512 gives)', `tng2=${bare}${bare}`],
    ['it holds characters that are no hex digits', `tng2=${bare.slice(1)}g`],
    ['it lacks the prefix tng2=; it holds characters that are no hex digits', 'nonsense!'],
    ['it has another prefix than tng2=', `tng3=${'0'.repeat(64)}`],
  ])('%s: that alone is why', (fault, presented) => {
    const found = explain(presented)
    expect(found).toMatchObject({
      matches: false,
      likelyCause: `The signature is badly written: ${fault}.`,
    })
  })

  test('a fault of form and a mistake are both named', () => {
    const presented = hmac(lineOf({ ...sent, method: 'post' })).toString('base64')
    expect(explain(presented).likelyCause).toBe(
      'The signature matches with the method in lower case. Take the method of the request line, in ' +
        'upper case. Besides, it is badly written: it lacks the prefix tng2=; it is base64 in place ' +
        'of hex.',
    )
  })

  test('several are allowed, spaces around them and other versions too', () => {
    const wrong = `tng2=${'0'.repeat(64)}`
    for (const presented of [
      `${wrong},${right}`,
      ` ${right} , ${wrong}\n`,
      `tng1=abc,${right}`,
      `${right},tng22=zz`,
    ]) {
      const found = explain(presented)
      expect(found).toMatchObject({ matches: true, likelyCause: null })
      expect(checkOf(found, 'signature_form')?.ok).toBe(true)
    }
    expect(explain(`${wrong},${bare}`).likelyCause).toContain('signature 2 lacks the prefix tng2=')
  })
})
