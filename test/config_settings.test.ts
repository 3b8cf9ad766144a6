import { describe, expect, test } from 'bun:test'
import { closestName } from '../src/config/closest_name.ts'
import {
  bytesSetting,
  formatListen,
  InvalidSetting,
  integerSetting,
  isLoopback,
  keySetting,
  listenSetting,
  parseEgressText,
  parseHost,
  parseOrigin,
  parseProxyText,
  switchSetting,
} from '../src/model/setting.ts'

const refused = (parse: () => unknown) => expect(parse).toThrow(InvalidSetting)

describe('listen', () => {
  const good = {
    '127.0.0.1:8080': '127.0.0.1:8080',
    '0.0.0.0:80': '0.0.0.0:80',
    '[::1]:8080': '[::1]:8080',
    '[::]:0': '[::]:0',
    'localhost:9': '127.0.0.1:9',
    ':0': '127.0.0.1:0',
    '8080': '127.0.0.1:8080',
  }
  for (const [text, shown] of Object.entries(good)) {
    test(`${text} is ${shown}`, () => {
      expect(formatListen(listenSetting.parse(text, '/'))).toBe(shown)
    })
  }
  const bad = [
    '',
    'example.com:80',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '::1:80',
    '[127.0.0.1]:80',
    '[::1]',
    '1.2.3:80',
    'http://127.0.0.1:80',
  ]
  for (const text of bad) {
    test(`"${text}" is refused`, () => refused(() => listenSetting.parse(text, '/')))
  }
  test('only loopback counts as this machine', () => {
    const reach = ['127.0.0.1', '127.9.9.9', '::1', '0.0.0.0', '::', '10.0.0.1', '192.168.127.1']
    expect(reach.map(isLoopback)).toEqual([true, true, true, false, false, false, false])
  })
})

describe('origins and hosts', () => {
  test('an origin is kept without its slash and usual port', () => {
    expect(parseOrigin('https://A.test:443/')).toBe('https://a.test')
    expect(parseOrigin('http://127.0.0.1:8080')).toBe('http://127.0.0.1:8080')
  })
  for (const text of [
    'a.test',
    'ftp://a.test',
    'https://a.test/x',
    'https://u@a.test',
    'https://a.test?x',
    'https://a.test#',
    'https:\\\\a.test',
    'null',
  ]) {
    test(`"${text}" is no origin`, () => refused(() => parseOrigin(text)))
  }
  test('a host is compared in lower case, with its port where it has one', () => {
    expect(['A.test', 'a.test:8080', '[::1]:80', '10.0.0.1'].map(parseHost)).toEqual([
      'a.test',
      'a.test:8080',
      '[::1]:80',
      '10.0.0.1',
    ])
  })
  for (const text of [
    'https://a.test',
    'a.test/',
    'a test',
    '::1',
    'a.test:0',
    'a.test:99999',
    '-a.test',
    '*',
  ]) {
    test(`"${text}" is no host`, () => refused(() => parseHost(text)))
  }
})

describe('other kinds', () => {
  test('egress entries are checked and kept as they were written', () => {
    const entries = [
      'crm:8080',
      '10.0.0.0/8',
      '[fd00::/8]:443',
      'http://127.0.0.1:3000',
      '*.corp.test',
    ]
    expect(entries.map(parseEgressText)).toEqual(entries)
    for (const text of ['a.test/path', '*', '10.0.0.0/99', 'ftp://a.test'])
      refused(() => parseEgressText(text))
  })
  test('a proxy is an address or a range, kept as it was written', () => {
    const entries = ['10.0.0.5', '10.0.0.0/8', '::1', 'fd00::/8', '::ffff:10.0.0.0/104']
    expect(entries.map(parseProxyText)).toEqual(entries)
    const bad = ['proxy.test', '10.0.0.5:80', '[::1]', '10.0.0.5/8', '10.0.0.0/33', '10.*', '*']
    for (const text of bad) refused(() => parseProxyText(text))
  })
  test('sizes take units of 1000 and of 1024', () => {
    const kind = bytesSetting(1, 10 ** 10)
    expect(['1', '4MiB', '4 mb', '1kib', '2GB'].map((text) => kind.parse(text, '/'))).toEqual([
      1,
      4 * 1024 * 1024,
      4_000_000,
      1024,
      2_000_000_000,
    ])
    for (const text of ['0', '1.5', '4 parsecs', '-1', '1e3', '11GB'])
      refused(() => kind.parse(text, '/'))
  })
  test('whole numbers keep to their bounds, both included', () => {
    const kind = integerSetting(1, 10)
    expect(['1', '10'].map((text) => kind.parse(text, '/'))).toEqual([1, 10])
    for (const text of ['0', '11', '1.0', '0x1', ' 1', '']) refused(() => kind.parse(text, '/'))
  })
  test('switches read the usual words', () => {
    const words = ['true', '1', 'yes', 'ON', 'false', '0', 'no', 'off']
    const values = words.map((word) => switchSetting.parse(word, '/'))
    expect(values).toEqual([true, true, true, true, false, false, false, false])
    refused(() => switchSetting.parse('maybe', '/'))
  })
  test('a key is 32 bytes, never fewer or more', () => {
    const bytes = Buffer.from(Array.from({ length: 32 }, (_, index) => 255 - index))
    for (const encoding of ['hex', 'base64', 'base64url'] as const) {
      expect(Buffer.from(keySetting.parse(bytes.toString(encoding), '/'))).toEqual(bytes)
    }
    for (const length of [0, 16, 31, 33, 48]) {
      const text = Buffer.alloc(length, 7).toString('base64')
      refused(() => keySetting.parse(text, '/'))
    }
  })
  test('a suggestion is made for a slip, not for something else altogether', () => {
    const known = ['listen', 'log_level', 'data_dir']
    expect(
      ['lsten', 'loglevel', 'datadir', 'password'].map((name) => closestName(name, known)),
    ).toEqual(['listen', 'log_level', 'data_dir', null])
  })
})
