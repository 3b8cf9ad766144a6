import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fencesOf, readPage } from '../docs/markdown.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'
import { type House, startHouse } from '../http/house.ts'
import { runCli, runWith } from './fake_surroundings.ts'

const secret = 'your-shared-secret'
const body = '{"contact_id":"c_001"}'
const right = 'tng2=7811a2e8df020d3863bebf460154687800cca44733b019fae20858f96964d592'
const line =
  'tng2 1760000000 123e4567-e89b-42d3-a456-426614174000 POST /v1/contacts/lookup ' +
  '91c9b0ddde7ce0317ac3a4d99b4ac98224803da9fca10b824ba8820cdea31e24'
const request = [
  ...['signature', 'explain', '--timestamp', '1760000000', '--method', 'POST'],
  ...['--request-id', '123e4567-e89b-42d3-a456-426614174000', '--target', '/v1/contacts/lookup'],
]
const nowMs = () => 1_760_000_012_345

/** Explains the published test vector, secret on standard input; what is asked there is a failure. */
const here = (words: readonly string[], stdin = `${secret}\n`) =>
  runWith([...request, '--secret-stdin', ...words], { stdin, nowMs })

describe('signature explain with a secret', () => {
  test('needs no server; a signature that matches ends with 0', async () => {
    const { code, stdout, stderr } = await here(['--body', body, '--signature', right])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toBe(`${line}

ok      signature form   Every signature is tng2= and 64 hex digits.
ok      timestamp form   The timestamp is in Unix seconds.
ok      timestamp age    The timestamp is 12 s behind the clock now; receivers allow 300 s.
ok      request id form  The request id is a lower-case UUID.
ok      method form      The method is in upper case.
ok      target form      The target is a path, with a query if there is one.
ok      current secret   A signature is by the current secret over this line.

Expected: X-Tengine-Signature: ${right}
`)
  })

  test('one that does not match ends with 1, with the likely cause', async () => {
    const words = ['--body', '{"contact_id": "c_001"}', '--signature', right]
    const { code, stdout, stderr } = await here(words)
    expect([code, stderr]).toEqual([1, 'error: The signature does not match\n'])
    expect(stdout).toContain('\nFAILED  current secret ')
    expect(stdout).toContain(
      '\nLikely cause: The signature matches with the body parsed and written again as compact JSON. ',
    )
  })

  test('no signature is no failure', async () => {
    const { code, stdout, stderr } = await here(['--body', body])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toStartWith(`${line}\n\n-       signature form `)
    expect(stdout).toContain(`\nExpected: X-Tengine-Signature: ${right}\n`)
  })

  test('--json has the same for machines', async () => {
    const matching = await here(['--body', body, '--signature', right, '--json'])
    expect(matching.code).toBe(0)
    const answer = JSON.parse(matching.stdout)
    expect(Object.keys(answer)).toEqual([
      'canonical_line',
      'body_sha256',
      'checks',
      'matches',
      'likely_cause',
      'expected_signature',
    ])
    expect(answer).toMatchObject({
      canonical_line: line,
      matches: true,
      likely_cause: null,
      expected_signature: right,
    })
    const other = await here(['--signature', right, '--json'])
    expect(other.code).toBe(1)
    expect(JSON.parse(other.stdout)).toMatchObject({ matches: false })
    expect(JSON.parse(other.stderr)).toEqual({ error: { detail: 'The signature does not match' } })
  })

  test('the secret comes from a file too, and is never shown', async () => {
    const words = [...request, '--secret-file', 's', '--body', body, '--signature', right]
    for (const more of [[], ['--json']]) {
      const outcome = await runWith([...words, ...more], {
        files: { '/srv/s': `${secret}\r\n` },
        nowMs,
      })
      expect(outcome.code).toBe(0)
      expect(outcome.stdout + outcome.stderr).not.toContain(secret)
    }
  })

  test('the body comes from a file byte for byte', async () => {
    const place = temporaryDir()
    try {
      for (const [bytes, code] of [
        [Buffer.from(body), 0],
        [Buffer.from(`${body}\n`), 1],
        [Buffer.from([0xff, 0]), 1],
      ] as const) {
        const path = join(place, 'body')
        writeFileSync(path, bytes)
        const outcome = await here(['--body-file', path, '--signature', right, '--json'])
        expect(outcome.code).toBe(code)
        const digest = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
        expect(JSON.parse(outcome.stdout).body_sha256).toBe(digest)
      }
    } finally {
      rmSync(place, { recursive: true })
    }
  })

  test('prints what docs/signing.md shows', async () => {
    const fences = fencesOf(readPage('docs/signing.md'))
    const at = fences.findIndex(({ text }) => text.startsWith('gatehouse signature explain'))
    const command = (fences[at]?.text ?? '').replaceAll('\\\n', ' ')
    const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(
      ([, quoted, bare]) => quoted ?? bare,
    )
    const files = { '/srv/secret.txt': `${secret}\n` }
    const { code, stdout } = await runWith(words.slice(1).map(String), { files, nowMs })
    expect([code, stdout]).toEqual([1, fences[at + 1]?.text ?? ''])
  })

  test('what was pasted cannot drive the terminal', async () => {
    const words = ['--secret-stdin', '--signature', '\u001b[2J', '--body', '']
    const target = request.with(-1, '/\u001b]0;x\u0007')
    const { code, stdout } = await runWith([...target, ...words], { stdin: secret, nowMs })
    expect(code).toBe(1)
    expect(stdout).toContain('/\\u001b]0;x\\u0007')
    expect(stdout.replaceAll('\n', '')).toMatch(/^[ -~]*$/)
  })
})

describe('misuse ends with 2 and asks no server', () => {
  const cases: readonly (readonly [string[], string])[] = [
    [request, 'error: With which secret?\n  Give --tool, --secret-file or --secret-stdin.\n'],
    [
      [...request, '--tool', 'a', '--secret-stdin'],
      'error: Both --tool and a secret are given\n  With --tool the server has the secret.\n',
    ],
    [
      [...request, '--secret-stdin', '--body', 'a', '--body-file', 'b'],
      'error: Both --body and --body-file are given\n  Keep one.\n',
    ],
    [
      [...request, '--secret-stdin', '--body-file', '/nowhere/at/all'],
      'error: --body-file names /nowhere/at/all, which cannot be read (ENOENT)\n',
    ],
    [request.slice(0, -2), "error: required option '--target <target>' not specified\n"],
  ]
  test.each(cases)('%j', async (words, stderr) => {
    expect(await runCli(words, {}, { stdin: secret })).toEqual({
      code: 2,
      stdout: '',
      stderr,
      requests: [],
    })
  })
})

describe('signature explain --tool', () => {
  let house: House

  beforeAll(async () => {
    house = await startHouse()
  })
  afterAll(() => house.stop())

  test('asks the server about what the upstream of the tool received', async () => {
    const name = 'contacts-lookup'
    await house.addTool({
      name,
      http_method: 'POST',
      body_template: { contact_id: 'ü' },
      auth_strategy: 'hmac_signature',
      encrypted_auth_secret: secret,
    })
    await callLegacy(`${house.url}/mcp`, house.apiKey, 'tools/call', { name, arguments: {} })
    const [hit] = house.upstream.hits
    const received = (header: string) => hit?.headers.get(`x-tengine-${header}`) ?? ''
    const explain = (...words: string[]) =>
      runWith(
        [
          ...['signature', 'explain', '--tool', name, '--method', 'POST', '--target', '/things'],
          ...['--timestamp', received('timestamp'), '--request-id', received('request-id')],
          ...words,
        ],
        {
          env: { GATEHOUSE_URL: house.url, GATEHOUSE_ADMIN_TOKEN: house.adminToken },
          fetch: (url, init) => fetch(url, init),
        },
      )
    const signature = received('signature')
    const matching = await explain('--body', hit?.body ?? '', '--signature', signature)
    expect([matching.code, matching.stderr]).toEqual([0, ''])
    expect(matching.stdout).toMatch(/^tng2 \d+ [0-9a-f-]{36} POST \/things [0-9a-f]{64}\n\nok /)
    expect(matching.stdout).not.toContain('Expected')

    const spaced = await explain('--body', '{"contact_id": "ü"}', '--signature', signature)
    expect([spaced.code, spaced.stderr]).toEqual([1, 'error: The signature does not match\n'])
    expect(spaced.stdout).toContain('Likely cause: The signature matches with the body parsed')

    const bare = await explain('--json')
    expect(bare.code).toBe(0)
    const answer = JSON.parse(bare.stdout)
    expect(answer).toMatchObject({ matches: null, secrets_tried: ['current'] })
    expect(answer).not.toHaveProperty('expected_signature')

    const outputs = [matching, spaced, bare].map(({ stdout, stderr }) => stdout + stderr).join('')
    expect(outputs).not.toContain(secret)
    expect(outputs).not.toContain(signature.slice('tng2='.length))
  })

  test('of a tool that signs nothing says so and ends with 1', async () => {
    await house.addTool({ name: 'unsigned' })
    const outcome = await runWith([...request, '--tool', 'unsigned'], {
      env: { GATEHOUSE_URL: house.url, GATEHOUSE_ADMIN_TOKEN: house.adminToken },
      fetch: (url, init) => fetch(url, init),
    })
    expect(outcome).toMatchObject({ code: 1, stdout: '' })
    expect(outcome.stderr).toContain('must be of a tool with auth_strategy hmac_signature')
  })
})
