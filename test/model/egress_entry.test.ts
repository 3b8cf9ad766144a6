import { describe, expect, test } from 'bun:test'
import { parseIpAddress } from '../../src/lib/ip_address.ts'
import {
  allowsPlainHttp,
  type EgressTarget,
  entryOpens,
  isRiskyPort,
  namesHost,
  parseEgressEntry,
  suggestEntry,
} from '../../src/model/egress_entry.ts'

/** Reads `https://host:port address` as what an entry is asked about. */
const target = (text: string): EgressTarget => {
  const [origin = '', address] = text.split(' ')
  const [, scheme, host = '', port] = /^(https?):\/\/\[?([^\]]+?)\]?:(\d+)$/.exec(origin) ?? []
  return {
    scheme: scheme === 'http' ? 'http' : 'https',
    host,
    port: Number(port),
    address: parseIpAddress(address ?? host),
  }
}
const opens = (entry: string, place: string) => entryOpens(parseEgressEntry(entry), target(place))

describe('case 175: an entry opens what it names', () => {
  test.each([
    ['crm.internal', 'https://crm.internal:443 10.0.0.1', true],
    ['crm.internal', 'https://crm.internal:8443 10.0.0.1', true],
    ['crm.internal', 'http://crm.internal:80 10.0.0.1', false],
    ['crm.internal', 'https://crm.internal:5432 10.0.0.1', false],
    ['crm.internal', 'https://x.crm.internal:443 10.0.0.1', false],
    ['crm.internal:5432', 'https://crm.internal:5432 10.0.0.1', true],
    ['crm.internal:8443', 'https://crm.internal:443 10.0.0.1', false],
    ['CRM.Internal.', 'https://crm.internal:443 10.0.0.1', true],
    ['bücher.example', 'https://xn--bcher-kva.example:443 10.0.0.1', true],
    ['*.corp.example', 'https://a.b.corp.example:443 10.0.0.1', true],
    ['*.corp.example', 'https://corp.example:443 10.0.0.1', false],
    ['*.corp.example', 'https://evilcorp.example:443 10.0.0.1', false],
    ['10.0.0.0/8', 'https://any.name:8443 10.1.2.3', true],
    ['10.0.0.0/8', 'https://10.1.2.3:443', true],
    ['10.0.0.0/8', 'https://10.1.2.3:22', false],
    ['10.0.0.0/8', 'https://11.1.2.3:443', false],
    ['10.0.0.0/8:8080', 'https://10.1.2.3:8080', true],
    ['10.0.0.0/8:8080', 'https://10.1.2.3:443', false],
    ['10.0.0.5', 'https://10.0.0.5:443', true],
    ['10.0.0.5', 'https://10.0.0.6:443', false],
    ['fd00::/8', 'https://[fd12::1]:443', true],
    ['[fd00::/8]:443', 'https://[fd12::1]:443', true],
    ['[fd00::/8]:443', 'https://[fd12::1]:444', false],
    ['[fd00::1]', 'https://[fd00::1]:9443', true],
    ['https://crm.internal', 'https://crm.internal:443 10.0.0.1', true],
    ['https://crm.internal', 'https://crm.internal:8443 10.0.0.1', false],
    ['https://crm.internal:*', 'https://crm.internal:8443 10.0.0.1', true],
    ['http://crm.internal', 'http://crm.internal:80 10.0.0.1', true],
    ['http://crm.internal', 'http://crm.internal:3000 10.0.0.1', false],
    ['http://crm.internal', 'https://crm.internal:443 10.0.0.1', false],
    ['http://crm.internal:3000/', 'http://crm.internal:3000 10.0.0.1', true],
    ['http://10.0.0.0/8:3000', 'http://10.2.3.4:3000', true],
    ['http://10.0.0.0/8:*', 'http://10.2.3.4:9999', true],
    ['http://10.0.0.0/8:*', 'http://10.2.3.4:6379', false],
    ['http://[::1]:3000', 'http://[::1]:3000', true],
    ['http://localhost:3000', 'http://localhost:3000 127.0.0.1', true],
    ['unsafe-metadata://169.254.169.254', 'http://169.254.169.254:80', true],
    ['unsafe-metadata://169.254.169.254', 'http://169.254.170.2:80', false],
    ['unsafe-metadata://169.254.169.254', 'https://169.254.169.254:443', false],
    ['unsafe-metadata://[fd00:ec2::254]', 'http://[fd00:ec2::254]:80', true],
  ])('%s and %s: %p', (entry, place, expected) => {
    expect(opens(entry, place)).toBe(expected)
  })
})

describe('an entry that means nothing is refused with what to write instead', () => {
  test.each([
    ['', 'is not a host'],
    ['*', 'is not a host'],
    ['*.', 'does not stand for'],
    ['a.*.example', 'is not a host'],
    ['*.10.0.0.1', 'does not stand for'],
    ['10.0.0.1/8', 'bits set after the first 8'],
    ['10.0.0.0/33', 'bits set after the first 33'],
    ['crm.internal/path', 'a path cannot be part'],
    ['http://crm.internal/path', 'a path cannot be part'],
    ['crm.internal:0', 'port'],
    ['crm.internal:65536', 'port'],
    ['crm.internal:http', 'port'],
    ['127.1', 'Write 127.0.0.1'],
    ['2130706433', 'Write 127.0.0.1'],
    ['0x7f.0.0.1', 'Write 127.0.0.1'],
    ['user@crm.internal', 'is not a host'],
    ['ftp://crm.internal', 'has the scheme ftp'],
    ['file:///etc/passwd', 'has the scheme file'],
    ['unsafe-metadata://10.0.0.1', 'does not name a metadata address'],
    ['unsafe-metadata://metadata.google.internal', 'does not name a metadata address'],
    ['fd00::zz', 'is not an address range'],
    ['crm internal', 'is not a host'],
  ])('%p', (text, reason) => {
    let thrown: unknown
    try {
      parseEgressEntry(text)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ code: 'validation_failed' })
    expect((thrown as { reason: string }).reason).toContain(reason)
  })
})

test('case 170: ports of services that speak no HTTP are risky, the ones of web servers are not', () => {
  const denied = [22, 25, 53, 110, 143, 465, 587, 993, 995, 2049, 3306, 5432, 6379, 9200, 11211]
  for (const port of denied) expect([port, isRiskyPort(port)]).toEqual([port, true])
  for (const port of [80, 443, 3000, 5000, 8000, 8080, 8443, 9443]) {
    expect([port, isRiskyPort(port)]).toEqual([port, false])
  }
})

test('case 161: no host or range entry opens plain HTTP for what it does not name', () => {
  const entries = ['10.0.0.0/8', 'crm.internal', 'http://127.0.0.1:3000'].map(parseEgressEntry)
  expect(allowsPlainHttp(entries, '127.0.0.1', 3000)).toBe(true)
  expect(allowsPlainHttp(entries, '127.0.0.1', 3001)).toBe(false)
  expect(allowsPlainHttp(entries, '10.0.0.1', 80)).toBe(false)
  expect(allowsPlainHttp(entries, 'crm.internal', 80)).toBe(false)
  expect(namesHost(entries, { scheme: 'https', host: 'crm.internal', port: 443 })).toBe(true)
  expect(namesHost(entries, { scheme: 'https', host: '10.0.0.1', port: 443 })).toBe(false)
})

test('the entry a refusal suggests opens exactly what was refused', () => {
  const places = [
    ['http', '127.0.0.1', 3000],
    ['https', 'crm.internal', 443],
    ['https', 'fd00::1', 8443],
    ['http', '::1', 80],
    ['https', '10.0.0.1', 5432],
  ] as const
  for (const [scheme, host, port] of places) {
    const entry = parseEgressEntry(suggestEntry(scheme, host, port).replace('--egress-allow ', ''))
    const place = { scheme, host, port, address: parseIpAddress(host) }
    expect(entryOpens(entry, place)).toBe(true)
    expect(entryOpens(entry, { ...place, port: port + 1 })).toBe(false)
  }
})
