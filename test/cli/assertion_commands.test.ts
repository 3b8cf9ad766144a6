import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { generateKeyPairSync } from 'node:crypto'
import { exchangeAssertion, newAssertionKey } from '../helpers/assertions.ts'
import { runWith } from './fake_surroundings.ts'
import { failed, type HouseCli, startHouseCli } from './house_cli.ts'

const algorithms = ['ES256', 'ES384', 'Ed25519', 'RS256'] as const
const pairs = algorithms.map((algorithm) => newAssertionKey(algorithm, `k-${algorithm}`))
const [pair] = pairs as [(typeof pairs)[number]]
const pkcs8 = (one = pair) => one.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

const files: Record<string, string> = {
  '/srv/junk.pem': 'canary-of-no-key',
  '/srv/spare.pem': newAssertionKey('ES256', 'spare').publicPem,
}
for (const { kid, publicPem, privateKey } of pairs) {
  files[`/srv/${kid}.pub`] = publicPem
  files[`/srv/${kid}.pem`] = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

let cli: HouseCli
beforeAll(async () => {
  cli = await startHouseCli(files)
})
afterAll(() => cli.house.stop())

/** Signs with the pair of that `kid`; the JWT alone. */
async function mint(more: readonly string[] = [], kid = pair.kid): Promise<string> {
  const words = `assertion mint --private-key-file ${kid}.pem --kid ${kid} --sub alice --project 1`
  const { code, stdout } = await cli.on(words, more)
  expect(code).toBe(0)
  return stdout.trimEnd()
}

const decoded = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString())

describe('assertion-key', () => {
  test('add registers a key from a file, with the algorithm of the key', async () => {
    for (const [index, { kid, alg }] of pairs.entries()) {
      const { code, stdout } = await cli.on(`assertion-key add ${kid} --public-key-file ${kid}.pub`)
      expect([code, stdout]).toEqual([0, `Added ${kid} (id ${index + 1}, ${alg}).\n`])
    }
    const { items } = await cli.json('assertion-key list')
    expect(items.map(({ kid, algorithm }: Record<string, string>) => [kid, algorithm])).toEqual(
      pairs.map(({ kid, alg }) => [kid, alg]),
    )
  })

  test('list is a table, show has the key', async () => {
    const { stdout } = await cli.on('assertion-key list --project demo --limit 1')
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      'ID  KID      ALGORITHM  STATE   CREATED',
      '1   k-ES256  ES256      active  2026-01-31 12:00:00Z',
    ])
    const shown = await cli.on('assertion-key show k-ES256')
    expect(shown.stdout).toContain('Public key      -----BEGIN PUBLIC KEY-----\n')
    const { public_key, is_active } = await cli.json('assertion-key show 1')
    expect([public_key, is_active]).toEqual([pair.publicPem, true])
  })

  test('add reads standard input; deactivate ends the key and frees its kid', async () => {
    const add = (stdin: string) => cli.on('assertion-key add v2 --public-key-stdin', [], { stdin })
    const first = await add(newAssertionKey('ES256', 'v2').publicPem)
    expect(first.code).toBe(0)
    const ended = await cli.on('assertion-key deactivate v2')
    expect([ended.code, ended.stdout]).toEqual([0, 'Deactivated v2.\n'])
    expect((await cli.json('assertion-key show v2')).is_active).toBe(false)
    expect((await add(newAssertionKey('Ed25519', 'v2').publicPem)).code).toBe(0)
    const active = await cli.json('assertion-key show v2')
    expect([active.is_active, active.algorithm]).toEqual([true, 'Ed25519'])
  })

  test('a name is a kid that is active, then an id, then a kid that was', async () => {
    const { id } = await cli.json('assertion-key show k-ES384')
    const add = `assertion-key add ${id} --public-key-file spare.pem`
    expect((await cli.on(add)).code).toBe(0)
    expect((await cli.json(`assertion-key show ${id}`)).kid).toBe(String(id))
    await cli.on(`assertion-key deactivate ${id}`)
    expect((await cli.json(`assertion-key show ${id}`)).kid).toBe('k-ES384')
    expect((await cli.json('assertion-key show k-ES384')).is_active).toBe(true)
  })

  test('an unknown kid ends with 1 and the kids there are; nothing is deactivated', async () => {
    for (const wanted of ['K-es256', '0', '-']) {
      const outcome = await cli.on('assertion-key deactivate', [wanted])
      expect(failed(outcome)).toEqual([
        1,
        `error: There is no assertion key "${wanted}"`,
        expect.stringContaining('There are: k-ES256, k-ES384, k-Ed25519, k-RS256'),
      ])
      expect(outcome.sent.filter(({ method }) => method !== 'GET')).toEqual([])
    }
  })

  test('no key, or two, ends with 2 and nothing is sent', async () => {
    for (const flags of ['', ' --public-key-file k-ES256.pub --public-key-stdin']) {
      const outcome = await cli.on(`assertion-key add new${flags}`)
      expect(failed(outcome).slice(0, 2)).toEqual([2, 'error: Which public key?'])
      expect(outcome.sent.filter(({ method }) => method !== 'GET')).toEqual([])
    }
  })

  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const sec1 = ec.export({ type: 'sec1', format: 'pem' }).toString()
  const jwk = ec.export({ format: 'jwk' })
  const secondLine = (text: string) => text.split('\n')[1] ?? ''
  const privateKeys: readonly (readonly [string, string, string])[] = [
    ['in PKCS #8', pkcs8(), secondLine(pkcs8())],
    ['in SEC 1', sec1, secondLine(sec1)],
    ['after its public half', `${pair.publicPem}${pkcs8()}`, secondLine(pkcs8())],
    ['as a JWK', JSON.stringify(jwk), jwk.d ?? ''],
  ]
  test.each(privateKeys)(
    'case 88: a private key %s is not sent and not repeated',
    async (...key) => {
      const [, stdin, secret] = key
      const outcome = await cli.on('assertion-key add wrong --public-key-stdin', [], { stdin })
      expect(failed(outcome).slice(0, 2)).toEqual([1, 'error: Invalid public key format'])
      expect(outcome.stderr).toContain('This is a private key; it was not sent.')
      expect(outcome.sent.filter(({ method }) => method !== 'GET')).toEqual([])
      expect(secret.length).toBeGreaterThan(30)
      expect(outcome.stdout + outcome.stderr).not.toContain(secret)
    },
  )

  test('what the server refuses is told in its literal words', async () => {
    const refused = async (words: string) =>
      failed(await cli.on(`assertion-key add ${words}`)).slice(0, 2)
    const taken = 'error: kid already exists for this project'
    expect(await refused('k-RS256 --public-key-file k-RS256.pub')).toEqual([1, taken])
    expect(await refused('new --public-key-file junk.pem')).toEqual([
      1,
      'error: Invalid public key format',
    ])
    expect(await refused('new --public-key-file spare.pem --algorithm HS256')).toEqual([
      1,
      'error: Unsupported algorithm',
    ])
  })
})

describe('assertion mint', () => {
  test.each(pairs)('signs what the server takes with $alg', async ({ kid, alg }) => {
    const assertion = await mint([], kid)
    const [header, claims] = assertion.split('.')
    expect(decoded(header)).toEqual({ alg, kid })
    const iat = cli.time.nowMs / 1000
    expect(decoded(claims)).toEqual({ sub: 'alice', aud: 'tengine:project:1', iat, exp: iat + 60 })
    expect((await exchangeAssertion(cli.house, assertion)).status).toBe(200)
  })

  test('says email, roles and a jti of its own where asked', async () => {
    const more = ['--email', 'a@example.com', '--role', 'editor', '--role', 'r 2', '--jti']
    const [one, two] = [await mint(more), await mint(more)].map((each) =>
      decoded(each.split('.')[1]),
    )
    expect(one).toMatchObject({ email: 'a@example.com', roles: ['editor', 'r 2'] })
    expect(one.jti).toMatch(/^[0-9a-f-]{36}$/)
    expect(one.jti).not.toBe(two.jti)
  })

  test('with the id of a project asks nobody; with a slug, the server', async () => {
    const words = ['assertion', 'mint', '--private-key-file', 'k-ES256.pem', '--kid', 'k-ES256']
    const alone = await runWith([...words, '--sub', 'a', '--project', '42'], { files })
    expect(alone.code).toBe(0)
    expect(decoded(alone.stdout.split('.')[1]).aud).toBe('tengine:project:42')
    const asked = await cli.on(words.join(' '), ['--sub', 'a', '--project', 'demo', '--json'])
    expect(decoded(JSON.parse(asked.stdout).assertion.split('.')[1]).aud).toBe('tengine:project:1')
    expect(asked.sent.map(({ method }) => method)).toEqual(['GET'])
  })

  const passphrase = { cipher: 'aes-128-cbc', passphrase: 'x' } as const
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
  const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey
  const pem = { type: 'pkcs8', format: 'pem' } as const
  const unfit: readonly (readonly [string, string, number, string])[] = [
    ['public key', pair.publicPem, 2, 'This is a public key'],
    ['text', 'canary-of-no-key', 2, 'Give a file that begins with'],
    [
      'key with a passphrase',
      pair.privateKey.export({ ...pem, ...passphrase }).toString(),
      2,
      'The key has a passphrase',
    ],
    ['weak key', small.export(pem).toString(), 1, 'An RSA key has 2048'],
    ['key of another curve', p521.export(pem).toString(), 1, 'Use a key for one of'],
  ]
  test.each(unfit)('a %s signs nothing and is not repeated', async (_, text, exit, why) => {
    const words = 'assertion mint --private-key-file unfit --kid k --sub a --project 1'
    const { code, stdout, stderr } = await cli.on(words, [], { files: { '/srv/unfit': text } })
    expect([code, stdout]).toEqual([exit, ''])
    expect(stderr).toContain(why)
    const longest = text.split('\n').toSorted((a, b) => b.length - a.length)[0] ?? ''
    expect(stderr).not.toContain(longest.slice(0, 16))
  })

  test('a key file that is not there ends with 2', async () => {
    const words = 'assertion mint --private-key-file gone.pem --kid k --sub a --project 1'
    expect(failed(await cli.on(words))).toEqual([
      2,
      'error: --private-key-file names gone.pem, which does not exist',
    ])
  })
})

const stages = [
  ...['form', 'algorithm', 'kid', 'key', 'signature', 'audience', 'times', 'subject', 'identity'],
  ...['jti', 'single use', 'welcome'],
]

describe('assertion verify', () => {
  test('a good one ends with 0, shows every check, and can be exchanged afterwards', async () => {
    const assertion = await mint(['--jti'])
    for (const stdin of [assertion, `${assertion}\n`, `${assertion}\r\n`]) {
      const { code, stdout, stderr } = await cli.on('assertion verify -', [], { stdin })
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toStartWith(stages.map((stage) => `ok           ${stage}\n`).join(''))
      expect(stdout).toContain('\nIt would be exchanged now.\n')
      expect(stdout).not.toContain(assertion.split('.')[2] ?? '')
    }
    expect((await exchangeAssertion(cli.house, assertion)).status).toBe(200)
    const again = await cli.on('assertion verify', [assertion])
    expect(again.code).toBe(1)
    expect(again.stdout).toContain('\nFAILED       single use\n')
    expect(again.stdout).toContain('\nInvalid member assertion: REPLAYED\n')
  })

  test('a bad one ends with 1 and shows what failed, what was not reached, and the facts', async () => {
    const assertion = pair.sign({ sub: 'alice', aud: 'tengine:project:2', iat: 1, exp: 2 })
    const { code, stdout, stderr } = await cli.on('assertion verify', [assertion])
    expect([code, stderr]).toEqual([1, 'error: The assertion is not valid\n'])
    expect(stdout).toBe(
      `${[
        ...stages.slice(0, 5).map((stage) => `ok           ${stage}`),
        'FAILED       audience',
        ...stages.slice(6).map((stage) => `not reached  ${stage}`),
        '',
        'Invalid member assertion: AUD_MISMATCH',
        'aud is "tengine:project:2". (kid "k-ES256"; expected aud "tengine:project:1"; server time 2026-01-31T12:00:00Z)',
        '',
        'Expected aud  tengine:project:1',
        'Server time   2026-01-31 12:00:00Z',
        'Key           k-ES256 (id 1, ES256)',
        'Header        {',
        '                "alg": "ES256",',
        '                "kid": "k-ES256"',
        '              }',
        'Claims        {',
        '                "sub": "alice",',
        '                "aud": "tengine:project:2",',
        '                "iat": 1,',
        '                "exp": 2',
        '              }',
      ].join('\n')}\n`,
    )
  })

  test('--json is the answer of the API, and the exit code the same', async () => {
    const good = await cli.on('assertion verify --json', [await mint()])
    expect([good.code, JSON.parse(good.stdout)]).toMatchObject([0, { valid: true, code: null }])
    const bad = await cli.on('assertion verify --json nonsense')
    expect(bad.code).toBe(1)
    expect(JSON.parse(bad.stdout)).toMatchObject({ valid: false, code: 'assertion_malformed' })
    expect(JSON.parse(bad.stderr)).toEqual({ error: { detail: 'The assertion is not valid' } })
  })

  test('what cannot be read is called malformed and not repeated', async () => {
    const { code, stdout, stderr } = await cli.on('assertion verify canary.of.no-assertion')
    expect(code).toBe(1)
    expect(stdout).toStartWith('FAILED       form\nnot reached  algorithm\n')
    expect(stdout).toEndWith('\nKey           -\nHeader        -\nClaims        -\n')
    expect(stdout + stderr).not.toContain('canary')
  })

  test('control characters in claims never reach the terminal', async () => {
    const assertion = pair.sign({ sub: '\u001b[2Jgone\u202e', aud: '\u001b]0;x\u0007' })
    for (const words of ['assertion verify', 'assertion verify --json']) {
      const { code, stdout } = await cli.on(words, [assertion])
      expect(code).toBe(1)
      expect(stdout).toContain('gone\\u202e')
      expect(['\u001b', '\u202e', '\u0007'].filter((each) => stdout.includes(each))).toEqual([])
    }
  })

  test('nothing to look at ends with 2, and nothing is sent', async () => {
    for (const stdin of ['', '\n']) {
      const outcome = await cli.on('assertion verify -', [], { stdin })
      expect(failed(outcome)).toEqual([2, 'error: The assertion is empty'])
      expect(outcome.sent).toEqual([])
    }
  })
})
