import { afterAll, describe, expect, test } from 'bun:test'
import { networkInterfaces } from 'node:os'
import { AppError } from '../../src/errors.ts'
import { Connector } from '../../src/executor/connector/connector.ts'
import { ExchangeError } from '../../src/executor/connector/exchange.ts'
import {
  createGuard,
  type GuardDeps,
  type GuardedTarget,
  type ListenAddress,
} from '../../src/executor/guard_target.ts'
import type { Resolver } from '../../src/executor/resolve_host.ts'
import { parseBaseUrl } from '../../src/model/base_url.ts'
import { parseEgressEntry } from '../../src/model/egress_entry.ts'
import { startDecoy } from '../helpers/decoy_listener.ts'
import { answer, startRawUpstream } from '../helpers/raw_upstream.ts'

const decoys = [startDecoy('127.0.0.1')]
const port = decoys[0]?.port ?? 0
decoys.push(startDecoy('::1', port))
const accepts = () => decoys.reduce((sum, decoy) => sum + decoy.accepts, 0)
const connector = new Connector()
afterAll(() => {
  connector.close()
  for (const decoy of decoys) decoy.stop()
})

/** A resolver that knows a fixed table. */
const table = (answers: Record<string, readonly string[]>): Resolver => ({
  resolve(host) {
    const found = answers[host]
    if (found === undefined) throw new AppError('upstream_dns', { reason: `no ${host}` })
    return found
  },
})

interface Policy {
  readonly allow?: readonly string[]
  readonly answers?: Record<string, readonly string[]>
  readonly own?: readonly ListenAddress[]
  readonly resolver?: Resolver
  readonly localAddresses?: () => readonly string[]
}

function guardOf(policy: Policy) {
  const deps: GuardDeps = {
    resolver: policy.resolver ?? table(policy.answers ?? {}),
    entries: (policy.allow ?? []).map(parseEgressEntry),
    ownAddresses: () => policy.own ?? [],
    ...(policy.localAddresses === undefined ? {} : { localAddresses: policy.localAddresses }),
  }
  const guard = createGuard(deps)
  return async (url: string): Promise<GuardedTarget> => guard.check(parseBaseUrl(url, deps.entries))
}

/** The whole way of a call: parse, guard, connect. Gives what stopped it, or the answer's text. */
async function call(url: string, policy: Policy = {}): Promise<AppError | string> {
  try {
    return await get(await guardOf(policy)(url))
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
}

async function get(target: GuardedTarget, timeoutMs = 2_000): Promise<string> {
  try {
    const response = await connector.exchange({
      target,
      method: 'GET',
      path: '/',
      headers: [],
      body: null,
      maxResponseBytes: 1_000,
      deadlineAtMs: performance.now() + timeoutMs,
      signal: null,
      reuse: true,
    })
    return response.utf8() ?? ''
  } catch (error) {
    throw error instanceof ExchangeError ? error.error : error
  }
}

const unconnected = async (url: string, policy: Policy, code: string) => {
  const before = accepts()
  const result = await call(url, policy)
  expect(result).toMatchObject({ code })
  expect(accepts()).toBe(before)
  return result as AppError
}

test('the decoys are where the vectors point: one that is opened does connect', async () => {
  const before = accepts()
  const open = { allow: [`http://127.0.0.1:${port}`, `http://[::1]:${port}`] }
  expect(await call(`http://127.0.0.1:${port}`, open)).toBe('decoy')
  expect(await call(`http://[::1]:${port}`, open)).toBe('decoy')
  expect(accepts()).toBe(before + 2)
})

describe('cases 157–161: an address that is not public is not dialled', () => {
  test.each([
    '127.0.0.1',
    '127.8.8.8',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '１２７.0.0.1',
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.1.1',
    '100.64.0.1',
    '192.0.0.1',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '[::1]',
    '[::]',
    '[fc00::1]',
    '[fe80::1]',
    '[ff02::1]',
    '[2001:db8::1]',
    '[100::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::ffff:10.0.0.1]',
    '[::127.0.0.1]',
    '[::10.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b::a00:1]',
    '[64:ff9b:1::7f00:1]',
    '[2002:7f00:1::]',
    '[2002:a00:1::]',
    '[2001:0:7f00:1::1]',
    '[fe80::5efe:127.0.0.1]',
    '[2a00::5efe:127.0.0.1]',
    '169.254.169.254',
    '[::ffff:169.254.169.254]',
    '[fd00:ec2::254]',
    '100.100.100.200',
    '168.63.129.16',
  ])('https://%s', async (host) => {
    await unconnected(`https://${host}:${port}`, {}, 'egress_denied')
  })

  test.each([
    ['private.example', '10.0.0.1'],
    ['loopback.example', '127.0.0.1'],
    ['loopback6.example', '::1'],
    ['mapped.example', '::ffff:127.0.0.1'],
    ['unspecified.example', '0.0.0.0'],
    ['nat64.example', '64:ff9b::7f00:1'],
    ['metadata.example', '169.254.169.254'],
  ])('case 163: a name that resolves there: %s to %s', async (host, address) => {
    await unconnected(
      `https://${host}:${port}`,
      { answers: { [host]: [address] } },
      'egress_denied',
    )
  })

  test('a public address over HTTPS needs no entry', async () => {
    const check = guardOf({ answers: { 'api.example.com': ['93.184.215.14'] } })
    expect(await check('https://api.example.com')).toMatchObject({
      scheme: 'https',
      host: 'api.example.com',
      port: 443,
      addresses: ['93.184.215.14'],
      serverName: 'api.example.com',
      hostHeader: 'api.example.com',
      poolKey: 'https://api.example.com',
    } as object)
    expect((await check('https://8.8.8.8:8443')).serverName).toBeNull()
  })

  test('a public address over plain HTTP, or on a risky port, needs one', async () => {
    const answers = { 'api.example.com': ['93.184.215.14'] }
    const entries = ['http://api.example.com', 'https://api.example.com:5432'].map(parseEgressEntry)
    const opened = createGuard({ resolver: table(answers), entries, ownAddresses: () => [] })
    const closed = createGuard({ resolver: table(answers), entries: [], ownAddresses: () => [] })
    for (const url of ['http://api.example.com', 'https://api.example.com:5432']) {
      const base = parseBaseUrl(url, entries)
      expect((await opened.check(base)).addresses).toEqual(['93.184.215.14'])
      expect(() => closed.check(base)).toThrow(expect.objectContaining({ code: 'egress_denied' }))
    }
  })
})

describe('case 161: metadata services stay closed whatever is opened', () => {
  const wide = [
    '0.0.0.0/0',
    '::/0',
    'http://0.0.0.0/0:*',
    'http://[::/0]:*',
    'meta.example',
    'http://meta.example:*',
  ]
  test.each([
    'http://169.254.169.254',
    'https://169.254.169.254',
    'http://[fd00:ec2::254]',
    'http://100.100.100.200',
    'http://[::ffff:169.254.169.254]',
    'http://[64:ff9b::169.254.169.254]',
    'http://meta.example',
    'https://meta.example',
  ])('%s', async (url) => {
    const answers = { 'meta.example': ['169.254.169.254'] }
    const denied = await unconnected(url, { allow: wide, answers }, 'egress_denied')
    expect(denied.reason).toContain('metadata service')
  })

  test('by name too, whatever the name resolves to here', async () => {
    const host = 'metadata.google.internal'
    const policy = { allow: [`http://${host}:*`], answers: { [host]: ['93.184.215.14'] } }
    await unconnected(`http://${host}:${port}`, policy, 'egress_denied')
  })

  test('only the unsafe entry for that very address opens it', async () => {
    const check = guardOf({ allow: ['unsafe-metadata://169.254.169.254'] })
    expect((await check('http://169.254.169.254')).addresses).toEqual(['169.254.169.254'])
    await unconnected(
      'http://169.254.170.2',
      { allow: ['unsafe-metadata://169.254.169.254'] },
      'base_url_not_https',
    )
  })
})

describe('case 162: Gatehouse never calls itself', () => {
  const everything = ['http://0.0.0.0/0:*', 'http://[::/0]:*', 'http://self.example:*']
  const interfaceAddress = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address
  const local = interfaceAddress === undefined ? [] : [interfaceAddress]

  test.each(['127.0.0.1', '127.9.9.9', '[::1]', '[::ffff:127.0.0.1]', 'self.example', ...local])(
    'bound to every interface: %s',
    async (host) => {
      const policy = {
        allow: everything,
        own: [{ ip: '0.0.0.0', port }],
        answers: { 'self.example': ['127.0.0.1'] },
      }
      const denied = await unconnected(`http://${host}:${port}`, policy, 'egress_denied')
      expect(denied.reason).toContain('is Gatehouse itself')
    },
  )

  test('bound to one address, by that address and by 0.0.0.0', async () => {
    const policy = { allow: everything, own: [{ ip: '127.0.0.1', port }] }
    await unconnected(`http://127.0.0.1:${port}`, policy, 'egress_denied')
    await unconnected(`http://0.0.0.0:${port}`, policy, 'egress_denied')
  })

  test('another port or address of the machine is not Gatehouse', async () => {
    const own = [
      { ip: '127.0.0.1', port: port === 1 ? 2 : port - 1 },
      { ip: '127.0.0.7', port },
    ]
    expect(await call(`http://127.0.0.1:${port}`, { allow: everything, own })).toBe('decoy')
  })

  test('a listener that opens later counts from then on', async () => {
    const own: ListenAddress[] = []
    const check = guardOf({ allow: everything, own })
    expect((await check(`http://127.0.0.1:${port}`)).addresses).toEqual(['127.0.0.1'])
    own.push({ ip: '127.0.0.1', port })
    await expect(check(`http://127.0.0.1:${port}`)).rejects.toMatchObject({ code: 'egress_denied' })
  })
})

test('case 163: of mixed answers the private ones are never dialled', async () => {
  const answers = { 'mixed.example': ['127.0.0.1', '93.184.215.14', '::1', '10.0.0.1'] }
  const target = await guardOf({ answers })(`https://mixed.example:${port}`)
  expect(target.addresses).toEqual(['93.184.215.14'])
})

test('case 163: a range opens the addresses it holds and no other of the same name', async () => {
  const answers = { 'mixed.example': ['10.0.0.1', '192.168.0.1', '127.0.0.1'] }
  const target = await guardOf({ answers, allow: ['10.0.0.0/8'] })('https://mixed.example')
  expect(target.addresses).toEqual(['10.0.0.1'])
})

test('case 164: what was checked is dialled, whatever the name resolves to a moment later', async () => {
  const upstream = startRawUpstream((connection) => connection.write(answer('checked')), {
    hostname: '127.0.0.2',
    port,
  })
  let questions = 0
  const flipping: Resolver = { resolve: () => [++questions === 1 ? '127.0.0.2' : '127.0.0.1'] }
  const check = guardOf({
    resolver: flipping,
    allow: [`http://127.0.0.2:${port}`, `http://rebind.example:${port}`],
  })
  const before = accepts()
  const target = await check(`http://rebind.example:${port}`)
  expect(await get(target)).toBe('checked')
  expect(questions).toBe(1)
  expect(accepts()).toBe(before)
  upstream.stop()
})

test('case 164: a name that flips to a private address is denied at the next call', async () => {
  const answers = [['93.184.215.14'], ['127.0.0.1']]
  const check = guardOf({ resolver: { resolve: () => answers.shift() ?? [] } })
  expect((await check(`https://rebind.example:${port}`)).addresses).toEqual(['93.184.215.14'])
  await expect(check(`https://rebind.example:${port}`)).rejects.toMatchObject({
    code: 'egress_denied',
  })
})

test('case 165: an idle connection is not used once the policy no longer allows its address', async () => {
  const upstreams = ['127.0.0.2', '127.0.0.3'].map((hostname) =>
    startRawUpstream((connection) => connection.write(answer(hostname)), { hostname, port }),
  )
  const base = `http://moved.example:${port}`
  const allow = [base]
  const first = guardOf({ allow, answers: { 'moved.example': ['127.0.0.2'] } })
  const second = guardOf({ allow, answers: { 'moved.example': ['127.0.0.3'] } })
  expect(await get(await first(base))).toBe('127.0.0.2')
  expect(await get(await second(base))).toBe('127.0.0.3')
  expect(upstreams.map(({ connections }) => connections)).toEqual([1, 1])
  for (const upstream of upstreams) upstream.stop()
})

test('cases 174, 175: a host entry opens the private addresses of that name alone', async () => {
  const answers = {
    'crm.internal': ['10.1.2.3'],
    'erp.internal': ['10.1.2.3'],
    internal: ['10.1.2.3'],
  }
  const policy = { allow: ['crm.internal:8443'], answers }
  expect((await guardOf(policy)('https://crm.internal:8443')).addresses).toEqual(['10.1.2.3'])
  await unconnected('https://crm.internal', policy, 'egress_denied')
  await unconnected('https://erp.internal:8443', policy, 'egress_denied')
  await unconnected('https://internal', policy, 'validation_failed')
})

test('a refusal names the host, what its address is, and the entry that would open it', async () => {
  const answers = { 'crm.internal': ['10.1.2.3'] }
  const denied = await unconnected('https://crm.internal:8443', { answers }, 'egress_denied')
  expect(denied.reason).toBe(
    'crm.internal resolves to 10.1.2.3, a private address. ' +
      'The operator can allow it with --egress-allow crm.internal:8443.',
  )
  const loopback = await unconnected(`https://127.0.0.1:${port}`, {}, 'egress_denied')
  expect(loopback.reason).toBe(
    `127.0.0.1 is a loopback address. The operator can allow it with --egress-allow 127.0.0.1:${port}.`,
  )
})

test('case 176: a name that does not resolve is no denial', async () => {
  await unconnected(`https://nowhere.example:${port}`, {}, 'upstream_dns')
  await unconnected(
    `https://empty.example:${port}`,
    { answers: { 'empty.example': [] } },
    'upstream_dns',
  )
})

test('a fresh answer is judged without waiting, and judged again once it changes', () => {
  let current: readonly string[] = ['93.184.215.14']
  const guard = createGuard({
    resolver: { resolve: () => current },
    entries: [],
    ownAddresses: () => [],
  })
  const base = parseBaseUrl('https://api.example.com')
  const first = guard.check(base)
  expect(first).not.toBeInstanceOf(Promise)
  expect(guard.check(base)).toBe(first)
  current = ['93.184.215.15']
  expect(guard.check(base)).toMatchObject({ addresses: ['93.184.215.15'] })
})
