import { describe, expect, test } from 'bun:test'
import { isConfidentialUrl, issuerSetting } from '../../src/model/issuer.ts'
import { InvalidSetting } from '../../src/model/setting.ts'

const parse = (text: string) => issuerSetting.parse(text, '/')

describe('an issuer', () => {
  const good = [
    'https://login.example.com',
    'https://example.eu.auth0.com/',
    'https://sso.example.com/realms/main',
    'https://login.microsoftonline.com/7e9d1d0c-0000-4000-8000-000000000000/v2.0',
    'http://127.0.0.1:8180/realms/dev',
    'http://localhost:8180',
    'http://[::1]:8180',
  ]
  test.each(good)('%s is kept as it is written', (text) => expect(parse(text)).toBe(text))

  test('the address of the discovery document stands for it', () => {
    const document = 'https://sso.example.com/realms/main/.well-known/openid-configuration'
    expect(parse(document)).toBe('https://sso.example.com/realms/main')
  })

  const bad = [
    'login.example.com',
    'http://login.example.com',
    'http://127.0.0.1.example.com',
    'http://0.0.0.0:80',
    'ftp://login.example.com',
    'https://user@login.example.com',
    'https://login.example.com?a=b',
    'https://login.example.com/#a',
    'https://',
    'https://a b',
    'https://login.microsoftonline.com/common/v2.0',
    'https://login.microsoftonline.com/organizations/v2.0',
    'https://login.microsoftonline.com/Consumers/v2.0',
  ]
  test.each(bad)('%s is refused', (text) => expect(() => parse(text)).toThrow(InvalidSetting))

  test('what leaves the machine in the clear is not confidential', () => {
    const urls = ['https://a.example', 'http://127.0.0.9', 'http://10.0.0.1', 'ftp://127.0.0.1']
    expect(urls.map((url) => isConfidentialUrl(new URL(url)))).toEqual([true, true, false, false])
  })
})
