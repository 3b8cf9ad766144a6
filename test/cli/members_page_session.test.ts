import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fencesOf, readPage, root } from '../docs/markdown.ts'
import { type House, startHouse } from '../http/house.ts'

/** What one block of the page came to. */
interface Ran {
  readonly commands: string
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const blocks = fencesOf(readPage('docs/members.md'))
  .filter(({ words }) => words[0] === 'sh')
  .map(({ text }) => text)

let house: House
let ran: readonly Ran[]

beforeAll(async () => {
  house = await startHouse()
  await house.addTool({ name: 'orders-create', http_method: 'POST' })
  ran = await runBlocks()
}, 120_000)
afterAll(() => house.stop())

/** What a reader takes over by hand from what a block printed, after that block. */
const copied = `
[ -n "$KEY" ] || KEY=$(sed -n 's/^API key *//p' "$out")
[ -n "$TOKEN" ] || TOKEN=$(sed -n 's/.*"token":"\\([^"]*\\)".*/\\1/p' "$out")
`

/** Runs every block as written, in order and in one shell, against the house instead of gate.example.com. */
async function runBlocks(): Promise<readonly Ran[]> {
  const workplace = mkdtempSync(join(tmpdir(), 'gatehouse-members-'))
  const script = blocks.map((block, index) => {
    const here = block.replaceAll('https://gate.example.com', house.url)
    return `out=${index}.out\n{\n${here}} >"$out" 2>${index}.err\necho $? >${index}.code\n${copied}`
  })
  const prelude = `gatehouse() { "$BUN" "$PROGRAM" "$@"; }\nKEY= TOKEN=\n`
  writeFileSync(join(workplace, 'session'), prelude + script.join(''))
  try {
    const shell = Bun.spawn(['sh', 'session'], {
      cwd: workplace,
      env: {
        PATH: process.env.PATH,
        BUN: process.execPath,
        PROGRAM: join(root, 'src/main.ts'),
        GATEHOUSE_DATA_DIR: house.dataDir,
        GATEHOUSE_ADMIN_TOKEN: house.adminToken,
      },
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'ignore',
    })
    await shell.exited
    const read = (name: string) =>
      existsSync(join(workplace, name)) ? readFileSync(join(workplace, name), 'utf8') : ''
    return blocks.map((commands, index) => ({
      commands,
      code: Number(read(`${index}.code`) || Number.NaN),
      stdout: read(`${index}.out`),
      stderr: read(`${index}.err`),
    }))
  } finally {
    rmSync(workplace, { recursive: true, force: true })
  }
}

/** The block that holds a text. */
function block(text: string): Ran {
  const found = ran.find(({ commands }) => commands.includes(text))
  if (found === undefined) throw new Error(`docs/members.md has no block with ${text}`)
  return found
}

describe('the commands of docs/members.md', () => {
  /** What comes again: the key is registered by then (jq may be missing), the assertion exchanged. */
  const repeats = ['jq -n', 'assertion verify']

  test('run one after the other as written', () => {
    const others = ran.filter(({ commands }) => !repeats.some((text) => commands.includes(text)))
    expect(others.length).toBeGreaterThan(10)
    // The code is that of a block's last command.
    const isBad = ({ code, stderr }: Ran) => code !== 0 || /^(error|curl):/m.test(stderr)
    expect(others.filter(isBad)).toEqual([])
  })

  test('register the key', () => {
    expect(block('--public-key-file').stdout).toBe('Added my-backend-v1 (id 1, ES256).\n')
    const { stdout } = block('assertion-key list')
    expect(stdout).toContain('1   my-backend-v1  ES256      active')
  })

  test('make every later exchange need a jti', async () => {
    const { body } = await house.api('GET', `/api/v1/projects/${house.projectId}`)
    expect(body).toMatchObject({ require_assertion_jti: true, member_calls_per_minute: 60 })
  })

  test('exchange an assertion for a token that speaks for that user', () => {
    const minted = JSON.parse(block('/mcp/session-token').stdout)
    expect(minted).toMatchObject({ expires_in_minutes: 15, token_type: 'Bearer' })
    const { result } = JSON.parse(block('mcp_whoami').stdout)
    expect(result.structuredContent.member).toEqual({
      external_id: 'user_alice_123',
      email: 'alice@example.com',
      roles: ['editor'],
      verified: true,
    })
  })

  test('block, limit and show that user', async () => {
    const query = `project_id=${house.projectId}&external_id=user_alice_123`
    const { items } = (await house.api('GET', `/api/v1/members?${query}`)).body
    expect(items).toMatchObject([{ is_blocked: false, calls_per_minute: 10 }])
    expect(block('member usage').stdout).toContain('user_alice_123')
  })

  test('say that the assertion was used by then', () => {
    const { code, stdout } = block('assertion verify')
    expect([code, stdout]).toEqual([1, expect.stringContaining('REPLAYED')])
  })
})
