import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  type AddressClass,
  cidrContains,
  classifyAddress,
  parseCidr,
  parseIpAddress,
} from '../../src/lib/ip_address.ts'

const classOf = (text: string) => {
  const address = parseIpAddress(text)
  return address === null ? null : classifyAddress(address)
}

const table: Readonly<Record<AddressClass, readonly string[]>> = {
  public: [
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '169.255.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '191.255.255.255',
    '192.0.1.0',
    '192.167.255.255',
    '192.169.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2a00:1450:4001:831::200e',
    '::ffff:8.8.8.8',
  ],
  loopback: ['127.0.0.1', '127.255.255.255', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'],
  private: [
    '10.0.0.0',
    '10.255.255.255',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    'fc00::1',
    'fdff:ffff::1',
    'fec0::1',
    '::ffff:10.0.0.1',
  ],
  link_local: ['169.254.0.1', '169.254.255.255', 'fe80::1', 'febf::1'],
  cgnat: ['100.64.0.0', '100.127.255.255'],
  metadata: [
    '169.254.169.254',
    '169.254.170.2',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    'fd00:ec2::254',
    'fd20:ce::254',
    '::ffff:169.254.169.254',
    '::169.254.169.254',
    '64:ff9b::169.254.169.254',
    '64:ff9b:1::169.254.169.254',
    '2002:a9fe:a9fe::1',
    '2001:0:a9fe:a9fe::1',
    'fe80::5efe:169.254.169.254',
  ],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1', 'ff0e::1'],
  reserved: [
    '0.0.0.1',
    '0.255.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.88.99.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '240.0.0.1',
    '255.255.255.255',
    '100::1',
    '2001:2::1',
    '2001:db8::1',
    '3fff::1',
    '4000::1',
    '5f00::1',
  ],
  unspecified: ['0.0.0.0', '::', '::ffff:0.0.0.0'],
  embedded_ipv4: [
    '::10.0.0.1',
    '::8.8.8.8',
    '::ffff:0:10.0.0.1',
    '64:ff9b::a00:1',
    '64:ff9b::8.8.8.8',
    '64:ff9b:1::8.8.8.8',
    '2002:a00:1::',
    '2002:808:808::1',
    '2001::1',
    '2001:0:808:808::1',
    '2a00:1450::5efe:10.0.0.1',
    '2a00:1450::200:5efe:8.8.8.8',
  ],
}

describe('cases 157, 159, 160, 161: an address is classified by where it leads', () => {
  for (const [kind, addresses] of Object.entries(table)) {
    test.each([...addresses])(`%s is ${kind}`, (text) => {
      expect(classOf(text)).toBe(kind as AddressClass)
    })
  }
})

test('case 158: only strict text forms are addresses; odd ones are left to the URL parser', () => {
  const odd = [
    '',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '127.0.0.01',
    '127.0.0.256',
    '127.0.0.1.',
    '１２７.0.0.1',
    ' 127.0.0.1',
    '127.0.0.1\n',
    '[::1]',
    '::1%lo',
    'fe80::1%25eth0',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8:9',
    '12345::',
    '::1.2.3',
    '::1.2.3.400',
    '1.2.3.4::',
    'g::',
    'localhost',
  ]
  for (const text of odd) expect([text, parseIpAddress(text)]).toEqual([text, null])
})

test('an IPv6 address is written as RFC 5952 has it, and an IPv4-mapped one as IPv4', () => {
  const written: Record<string, string> = {
    '2001:DB8:0:0:1:0:0:1': '2001:db8::1:0:0:1',
    '0:0:0:0:0:0:0:0': '::',
    '1:0:0:0:0:0:0:0': '1::',
    '0:0:0:0:0:0:0:1': '::1',
    '1:2:3:4:5:6:0:8': '1:2:3:4:5:6:0:8',
    '64:ff9b::1.2.3.4': '64:ff9b::102:304',
    '::ffff:1.2.3.4': '1.2.3.4',
  }
  for (const [from, to] of Object.entries(written)) expect(parseIpAddress(from)?.text).toBe(to)
})

test('what is written reads back as the same address', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  )
  fc.assert(
    fc.property(bytes, (raw) => {
      const text =
        raw.length === 4
          ? raw.join('.')
          : Array.from({ length: 8 }, (_, i) =>
              (((raw[2 * i] ?? 0) << 8) | (raw[2 * i + 1] ?? 0)).toString(16),
            ).join(':')
      const address = parseIpAddress(text)
      expect(address).not.toBeNull()
      expect(parseIpAddress(address?.text ?? '')).toEqual(address)
    }),
    { numRuns: 500 },
  )
})

test('a range holds exactly the addresses that share its prefix', () => {
  const holds = (range: string, text: string) => {
    const [cidr, address] = [parseCidr(range), parseIpAddress(text)]
    return cidr !== null && address !== null && cidrContains(cidr, address)
  }
  expect(holds('10.0.0.0/8', '10.255.0.1')).toBe(true)
  expect(holds('10.0.0.0/8', '11.0.0.0')).toBe(false)
  expect(holds('10.0.0.0/9', '10.128.0.0')).toBe(false)
  expect(holds('10.1.2.3', '10.1.2.3')).toBe(true)
  expect(holds('10.1.2.3/32', '10.1.2.2')).toBe(false)
  expect(holds('0.0.0.0/0', '255.255.255.255')).toBe(true)
  expect(holds('0.0.0.0/0', '::1')).toBe(false)
  expect(holds('::ffff:10.0.0.0/104', '10.9.9.9')).toBe(true)
  expect(holds('fd00::/8', 'fdff::1')).toBe(true)
  expect(holds('fd00::/8', 'fc00::1')).toBe(false)
  expect(holds('2001:db8::/33', '2001:db8:7fff::')).toBe(true)
  expect(holds('2001:db8::/33', '2001:db8:8000::')).toBe(false)
})

test('a range with bits set below its prefix, or no range at all, is not understood', () => {
  const bad = [
    '10.0.0.1/8',
    '10.0.0.0/33',
    'fd00::1/8',
    'fd00::/129',
    '10.0.0.0/',
    '10.0.0.0/08',
    'x/8',
    '/8',
    '10.0.0.0/-1',
    '::ffff:10.0.0.0/95',
  ]
  for (const text of bad) expect([text, parseCidr(text)]).toEqual([text, null])
})
