import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '../../src/lib/json.ts'
import type { ToolDefinition } from '../../src/model/tool.ts'
import { render } from '../executor/request_fixture.ts'
import { sign } from '../executor/sign_fixture.ts'
import { buildGoReceivers, examples, output, program } from './example_processes.ts'

setDefaultTimeout(180_000)

const docs = join(import.meta.dir, '../../docs')
const folder = join(examples, 'receivers')

/** What a receiver's main reads. */
interface Case {
  readonly secrets: readonly string[]
  readonly now: number
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body_base64: string
}

const now = 1_760_000_000
const secret = 'your-shared-secret'
const post: Partial<ToolDefinition> = {
  httpMethod: 'POST',
  endpointPath: '/v1/contacts/{id}',
  queryTemplate: { q: '{q}', tag: '{tags}' },
  bodyTemplate: { contact_id: '{id}', note: 'for {q}' },
}
const args = { id: 'c/001 \u00fc', q: "a&admin=true 'x' *(!)", tags: ['x', 'y z'] }

/** A case as our signer makes it, then changed. */
function signedCase(changes: Partial<Case> = {}, secrets: readonly string[] = [secret]): Case {
  return caseOf(post, args, { changes, secrets })
}

function caseOf(
  tool: Partial<ToolDefinition>,
  values: JsonObject,
  {
    changes = {},
    secrets = [secret],
  }: { changes?: Partial<Case>; secrets?: readonly string[] } = {},
): Case {
  const request = sign(render(tool, values), { strategy: 'hmac_signature', secrets })
  return {
    secrets: [secret],
    now,
    method: request.method,
    target: request.target,
    headers: Object.fromEntries(request.headers),
    body_base64: Buffer.from(request.body ?? []).toString('base64'),
    ...changes,
  }
}

function withHeader(name: string, value: string | null): Partial<Case> {
  const { [name]: _, ...others } = signedCase().headers
  return { headers: value === null ? others : { ...others, [name]: value } }
}

const signature = signedCase().headers['X-Tengine-Signature'] ?? ''
const pair = signedCase({}, ['new', secret]).headers['X-Tengine-Signature'] ?? ''
const hugeBody = { changes: {}, secrets: [secret] }

const cases: [string, Case, string][] = [
  ['a POST', signedCase(), 'ok'],
  ['a GET without a body', caseOf({ queryTemplate: { q: '{q}' } }, args), 'ok'],
  ['a GET without a query', caseOf({ queryTemplate: {} }, {}), 'ok'],
  [
    'a body of 300 KB',
    caseOf({ httpMethod: 'PUT' }, { text: '\u00e9'.repeat(150_000) }, hugeBody),
    'ok',
  ],
  ['a timestamp 300 s old', signedCase({ now: now + 300 }), 'ok'],
  ['a timestamp 300 s ahead', signedCase({ now: now - 300 }), 'ok'],
  [
    'a rotation, to who has the newer secret',
    signedCase({ secrets: ['new'] }, ['new', secret]),
    'ok',
  ],
  ['a rotation, to who has the older secret', signedCase({}, ['new', secret]), 'ok'],
  ['one signature, to who takes two secrets', signedCase({ secrets: ['other', secret] }), 'ok'],
  [
    'a space after the comma',
    signedCase(withHeader('X-Tengine-Signature', pair.replace(',', ', '))),
    'ok',
  ],
  [
    'a signature of a later version beside ours',
    signedCase(withHeader('X-Tengine-Signature', `tng3=abc,${signature}`)),
    'ok',
  ],
  [
    'a tampered body',
    signedCase({ body_base64: Buffer.from('{"admin":true}').toString('base64') }),
    'bad: signature mismatch',
  ],
  ['a body cut off', signedCase({ body_base64: '' }), 'bad: signature mismatch'],
  [
    'a tampered query',
    signedCase({ target: `${signedCase().target}&admin=true` }),
    'bad: signature mismatch',
  ],
  [
    'a decoded query',
    signedCase({ target: decodeURIComponent(signedCase().target) }),
    'bad: signature mismatch',
  ],
  ['another path', signedCase({ target: '/v1/contacts/c_002' }), 'bad: signature mismatch'],
  ['another method', signedCase({ method: 'PUT' }), 'bad: signature mismatch'],
  [
    'another request id',
    signedCase(withHeader('X-Tengine-Request-Id', '123e4567-e89b-42d3-a456-426614174001')),
    'bad: signature mismatch',
  ],
  [
    'another, fresh timestamp',
    signedCase(withHeader('X-Tengine-Timestamp', String(now + 1))),
    'bad: signature mismatch',
  ],
  ['an old timestamp', signedCase({ now: now + 301 }), 'bad: timestamp outside tolerance'],
  [
    'a timestamp from the future',
    signedCase({ now: now - 301 }),
    'bad: timestamp outside tolerance',
  ],
  [
    'a timestamp far off',
    signedCase(withHeader('X-Tengine-Timestamp', '999999999999')),
    'bad: timestamp outside tolerance',
  ],
  ['the wrong secret', signedCase({ secrets: ['wrong'] }), 'bad: signature mismatch'],
  ['no secret at all', signedCase({ secrets: [] }), 'bad: signature mismatch'],
  [
    'a rotation without the receiver’s secret',
    signedCase({ secrets: ['third'] }, ['new', secret]),
    'bad: signature mismatch',
  ],
  [
    'a signature in upper case',
    signedCase(withHeader('X-Tengine-Signature', signature.toUpperCase())),
    'bad: signature mismatch',
  ],
  [
    'half a signature',
    signedCase(withHeader('X-Tengine-Signature', signature.slice(0, 40))),
    'bad: signature mismatch',
  ],
  [
    'a signature that is no ASCII',
    signedCase(withHeader('X-Tengine-Signature', 'tng2=\u00e9,')),
    'bad: signature mismatch',
  ],
  ['no signature', signedCase(withHeader('X-Tengine-Signature', null)), 'bad: missing header'],
  ['no timestamp', signedCase(withHeader('X-Tengine-Timestamp', null)), 'bad: missing header'],
  ['no request id', signedCase(withHeader('X-Tengine-Request-Id', null)), 'bad: missing header'],
  [
    'a timestamp with a sign',
    signedCase(withHeader('X-Tengine-Timestamp', `+${now}`)),
    'bad: malformed header',
  ],
  [
    'a timestamp with an exponent',
    signedCase(withHeader('X-Tengine-Timestamp', '176e7')),
    'bad: malformed header',
  ],
  [
    'a timestamp too long',
    signedCase(withHeader('X-Tengine-Timestamp', '9'.repeat(30))),
    'bad: malformed header',
  ],
  [
    'a request id that is none',
    signedCase(withHeader('X-Tengine-Request-Id', 'a b')),
    'bad: malformed header',
  ],
]

let workplace = ''
beforeAll(() => {
  workplace = mkdtempSync(join(tmpdir(), 'receivers-'))
})
afterAll(() => rmSync(workplace, { recursive: true, force: true }))

const receivers: [string, () => string[] | Promise<string[]>][] = [
  ['verify.py', () => [program('python3', 'python3'), join(folder, 'verify.py')]],
  ['verify.ts', () => [process.execPath, join(folder, 'verify.ts')]],
  ['verify.go', async () => [await buildGoReceivers(workplace), 'verify']],
]

describe.each(receivers)('the published receiver %s', (_, commandOf) => {
  let command: string[] = []
  beforeAll(async () => {
    command = await commandOf()
  })

  test.each(cases)('case 155: given %s', async (_name, received, verdict) => {
    expect(await output(command, JSON.stringify(received))).toBe(verdict)
  })
})

test('docs/signing.md shows the vector that the signer makes', () => {
  const tool: Partial<ToolDefinition> = {
    httpMethod: 'POST',
    endpointPath: '/v1/contacts/lookup',
    bodyTemplate: { contact_id: 'c_001' },
  }
  const signed = sign(render(tool), { strategy: 'hmac_signature', secrets: [secret] })
  const page = readFileSync(join(docs, 'signing.md'), 'utf8')
  expect(page).toContain(signed.canonicalLine ?? 'no line')
  expect(page).toContain(
    Object.fromEntries(signed.headers)['X-Tengine-Signature'] ?? 'no signature',
  )
})
