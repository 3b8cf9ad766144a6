import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { clientAddress, parseTrustedProxies } from '../../src/http/client_address.ts'
import { parseIpAddress } from '../../src/lib/ip_address.ts'

const trusted = parseTrustedProxies(['10.0.0.0/8', '192.0.2.80', 'fd00::/8'])
const proxy = '10.0.0.1'

describe('case 32: whose address a request has', () => {
  const table: readonly (readonly [string, string | null, string, string])[] = [
    ['the peer, where nothing was forwarded', null, proxy, proxy],
    ['the peer, where the header is empty', '', proxy, proxy],
    ['the one client a trusted proxy names', '198.51.100.7', proxy, '198.51.100.7'],
    [
      'the right-most that is not trusted',
      '1.1.1.1, 198.51.100.7, 10.9.9.9',
      proxy,
      '198.51.100.7',
    ],
    ['found through several proxies', '198.51.100.7,fd00::5, 192.0.2.80', proxy, '198.51.100.7'],
    ['found without spaces, or with many', '1.1.1.1,\t 198.51.100.7 ', proxy, '198.51.100.7'],
    ['the left-most, where all are trusted', '10.1.1.1, 10.2.2.2', proxy, '10.1.1.1'],
    ['the untrusted peer, whatever it says', '10.1.1.1', '198.51.100.9', '198.51.100.9'],
    ['an untrusted IPv6 peer', '10.1.1.1', '2001:db8::1', '2001:db8::1'],
    ['read behind an IPv6 proxy', '2001:DB8:0::7', 'fd00::1', '2001:db8::7'],
    ['read behind an IPv4-mapped proxy', '198.51.100.7', '::ffff:10.0.0.1', '198.51.100.7'],
    ['IPv4 where it is IPv4-mapped', '::ffff:198.51.100.7', proxy, '198.51.100.7'],
    ['the peer as IPv4, where it is mapped', null, '::ffff:198.51.100.9', '198.51.100.9'],
    ['freed of an IPv4 port', '198.51.100.7:4711', proxy, '198.51.100.7'],
    ['freed of brackets', '[2001:db8::7]', proxy, '2001:db8::7'],
    ['freed of brackets and port', '[2001:db8::7]:4711', proxy, '2001:db8::7'],
    ['freed of a zone', 'fe80::7%eth0', proxy, 'fe80::7'],
    ['freed of zone, brackets and port', '[fe80::7%25eth0]:80', proxy, 'fe80::7'],
    ['freed of the zone of the peer', null, 'fe80::7%eth0', 'fe80::7'],
    ['trusted without its zone', '198.51.100.7', 'fd00::1%eth0', '198.51.100.7'],
    ['the proxy, after a word that is none', '198.51.100.7, unknown', proxy, proxy],
    ['the last proxy before such a word', '1.1.1.1, _x, 10.3.3.3', proxy, '10.3.3.3'],
    ['the proxy, after an empty word', '198.51.100.7,', proxy, proxy],
    ['the proxy, after a comma alone', ',', proxy, proxy],
    ['the proxy, after half a bracket', '[2001:db8::7', proxy, proxy],
    ['the proxy, after an odd IPv4 address', '0x7f.1', proxy, proxy],
    ['the proxy, after an IPv4 address in brackets with a tail', '[1.1.1.1]x', proxy, proxy],
    ['the proxy, after a word longer than any address', `fe80::7%${'x'.repeat(80)}`, proxy, proxy],
  ]
  for (const [what, forwarded, peer, expected] of table) {
    test(`it is ${what}`, () => {
      expect(clientAddress(peer, forwarded, trusted)).toBe(expected)
    })
  }

  test('without trusted proxies the header is never read', () => {
    expect(clientAddress(proxy, '198.51.100.7', [])).toBe(proxy)
    expect(clientAddress('::ffff:10.0.0.1', '198.51.100.7', [])).toBe(proxy)
  })
})

const address = fc.oneof(fc.ipV4(), fc.ipV6())
const isTrustedText = (text: string) =>
  clientAddress(text, '203.0.113.99', trusted) === '203.0.113.99'
const outsider = address.filter((text) => parseIpAddress(text) !== null && !isTrustedText(text))
const proxies = fc.array(fc.constantFrom('10.0.0.2', '10.255.1.1', 'fd00::2', '192.0.2.80'), {
  maxLength: 4,
})
/** What a client may send of its own: addresses, trusted ones too, and nonsense. */
const forged = fc.oneof(
  fc.string(),
  fc
    .array(fc.oneof(address, fc.constantFrom('10.0.0.7', '', 'unknown')), { maxLength: 6 })
    .map((words) => words.join(', ')),
)
const canonical = (text: string) => parseIpAddress(text)?.text ?? 'no address'

describe('case 32: nobody chooses an address', () => {
  test('a peer that is not trusted has its own, whatever it sends', () => {
    fc.assert(
      fc.property(outsider, forged, (peer, header) => {
        expect(clientAddress(peer, header, trusted)).toBe(canonical(peer))
      }),
      { numRuns: 500 },
    )
  })

  test('a client behind trusted proxies has the one they saw, whatever it puts in front', () => {
    fc.assert(
      fc.property(forged, outsider, proxies, (prefix, client, chain) => {
        const header = [prefix, client, ...chain].join(', ')
        expect(clientAddress(proxy, header, trusted)).toBe(canonical(client))
      }),
      { numRuns: 500 },
    )
  })

  test('whatever the header holds, the answer is an address and comes from it or the peer', () => {
    fc.assert(
      fc.property(forged, (header) => {
        const answer = clientAddress(proxy, header, trusted)
        expect(canonical(answer)).toBe(answer)
      }),
      { numRuns: 500 },
    )
  })
})
