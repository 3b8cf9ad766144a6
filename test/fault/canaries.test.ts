import { expect, test } from 'bun:test'
import { CanaryScan, textCanary } from './canaries.ts'

const secret = 'c4nary-"+/=<&>\\%ü'
const scan = new CanaryScan([textCanary('secret', secret)])
const base64 = (text: string) => Buffer.from(text).toString('base64')

test.each([
  ['raw', secret],
  ['hex', Buffer.from(secret).toString('hex')],
  ['upper-case hex', Buffer.from(secret).toString('hex').toUpperCase()],
  ['percent', Buffer.from(secret).toString('hex').replace(/../g, '%$&')],
  ['base64 at 0', base64(secret)],
  ['base64 at 1', base64(`:${secret}:`)],
  ['base64 at 2', base64(`::${secret}`)],
  ['base64url at 0', Buffer.from(`abc${secret}`).toString('base64url')],
  ['URL', encodeURIComponent(secret)],
  ['JSON', JSON.stringify({ secret })],
  ['UTF-16', Buffer.from(secret, 'utf16le').toString('latin1')],
])('the scan for secrets finds one as %s', (form, text) => {
  const haystack = Buffer.concat([Buffer.from('before '), Buffer.from(text, 'latin1')])
  const found = scan.find('here', form === 'UTF-16' ? haystack : `before ${text} after`)
  expect(found.map((leak) => leak.form)).toContain(form)
})

test('the scan for secrets finds nothing where there is none', () => {
  expect(scan.find('here', `c4nary- ${base64('c4nary')} ${secret.slice(1)}`)).toEqual([])
})
