import { parseIpAddress } from './ip_address.ts'

/** What is counted together: an IPv4 address, or the /64 one IPv6 host can choose its addresses from. */
export function addressGroup(address: string): string {
  const [unzoned = ''] = address.split('%', 1)
  return parseIpAddress(unzoned)?.bytes.slice(0, 8).join('.') ?? 'unknown'
}
