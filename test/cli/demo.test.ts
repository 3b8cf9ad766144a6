import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { builtBinary } from '../helpers/built_binary.ts'
import { callLegacy } from '../helpers/mcp_client.ts'
import { type RunningProcess, runGatehouse, startProcess } from '../helpers/server_process.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'

let program: readonly string[]
/** Where the demo makes its temporary directory, and nobody else anything. */
let temporary: string
let demo: RunningProcess
let shown: string

const environment = () => ({ TMPDIR: temporary, PATH: process.env['PATH'] ?? '' })
const lastLine = /runs list --data-dir (\S+)\n/

/** Starts a demo and waits until it has shown everything. */
async function startDemo(flags: readonly string[] = []): Promise<RunningProcess> {
  const words = ['demo', '--listen', '127.0.0.1:0', ...flags]
  const running = startProcess([...program, ...words], { env: environment() })
  const ended = running.exited.then((code) => `ended with ${code}: ${running.stderr.text}`)
  expect(await Promise.race([running.stdout.until(lastLine), ended])).not.toContain('ended with')
  return running
}

beforeAll(async () => {
  program = [await builtBinary()]
  temporary = temporaryDir()
  demo = await startDemo()
  shown = demo.stdout.text
}, 60_000)

afterAll(async () => {
  demo.kill('SIGKILL')
  await demo.exited
  rmSync(temporary, { recursive: true, force: true })
})

/** The block under a title that holds the words. */
function block(words: string): string {
  const blocks = shown.split('\n── ').slice(1)
  return blocks.find((each) => each.split('\n')[0]?.includes(words)) ?? ''
}

/** The rows of a block by their name in the margin. */
function rows(text: string): Record<string, string> {
  const found = text.matchAll(/^(\S.{14}) (.*(?:\n {16}.*)*)/gm)
  return Object.fromEntries(
    [...found].map(([, name = '', rest = '']) => [name.trim(), rest.replaceAll(/\n {16}/g, '\n')]),
  )
}

/** The lines below a heading of the part for clients. */
function linesFor(client: string): string {
  const [, after = ''] = shown.split(`\n${client}\n`)
  return after.split('\n\n')[0] ?? ''
}

const mcpUrl = () => /MCP URL +(\S+)/.exec(shown)?.[1] ?? ''
const apiKey = () => /tengine_[\w-]{43}/.exec(shown)?.[0] ?? ''

describe('gatehouse demo', () => {
  test('shows a read: what the client sent, the API received, the client got', () => {
    const {
      'client sent': sent,
      'API received': received,
      'client got': got,
    } = rows(block('A read, by'))
    expect(sent).toBe('tools/call {"name":"posts-get","arguments":{"id":2}}')
    expect(received).toStartWith('GET /posts/2\n')
    expect(received).toMatch(/^x-tengine-project-id: 1$/m)
    expect(received).toMatch(/^x-tengine-integration-id: 1$/m)
    expect(received).toMatch(/^x-tengine-request-id: [0-9a-f-]{36}$/m)
    expect(received).toMatch(/^x-tengine-timestamp: \d{10}$/m)
    expect(JSON.parse(got ?? '')).toMatchObject({ id: 2, title: 'On retries' })
  })

  test('shows a signed write, whose signature the API itself found valid', () => {
    const { 'API received': received, 'client got': got } = rows(block('A signed write'))
    expect(received).toStartWith('POST /orders\n')
    expect(received).toMatch(/^x-tengine-signature: tng2=[0-9a-f]{64}$/m)
    expect(received).toMatch(/^\{"item":"gate hinge","quantity":2\}$/m)
    expect(received).toEndWith('(the API checked the signature: valid)')
    const [, runId] = /^x-tengine-request-id: (.*)$/m.exec(received ?? '') ?? []
    expect(received).toContain(`idempotency-key: ${runId}\n`)
    expect(JSON.parse(got ?? '')).toMatchObject({ id: 1, state: 'placed' })
  })

  test('shows arguments that do not fit, of which the API hears nothing', () => {
    const { 'API received': received, 'client got': got } = rows(block('Arguments that do not fit'))
    expect(received).toBe('nothing')
    expect(got).toStartWith("(isError) Arguments do not fit the tool's input_schema\n/quantity: ")
  })

  test('shows whom a call is for: the headers of a member', () => {
    const { 'API received': received } = rows(block('for the member'))
    expect(received).toMatch(/^x-tengine-member-id: user_42$/m)
    expect(received).toMatch(/^x-tengine-member-email: ada@example\.com$/m)
    expect(received).toMatch(/^x-tengine-member-roles: editor$/m)
  })

  test('says nothing on standard error, and nothing is wrong anywhere', () => {
    expect(demo.stderr.text).toBe('')
    expect(shown).not.toMatch(/WRONG|undefined|\bnull\b|\[object/)
  })

  test('prints lines for Claude Code, Codex and Cursor with the real address and key', () => {
    expect(mcpUrl()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/mcp\/demo$/)
    const header = `--header "Authorization: Bearer ${apiKey()}"`
    const claude = `  claude mcp add --transport http demo ${mcpUrl()} ${header}`
    expect(linesFor('Claude Code')).toBe(claude)
    expect(linesFor('Codex').split('\n')).toEqual([
      `  export GATEHOUSE_KEY=${apiKey()}`,
      `  codex mcp add demo --url ${mcpUrl()} --bearer-token-env-var GATEHOUSE_KEY`,
    ])
    expect(JSON.parse(linesFor('Cursor (.cursor/mcp.json)'))).toEqual({
      mcpServers: { demo: { url: mcpUrl(), headers: { Authorization: `Bearer ${apiKey()}` } } },
    })
  })

  test('prints a curl line that works as it stands', async () => {
    const run = Bun.spawn(['sh', '-euc', linesFor('curl')], {
      env: { PATH: process.env['PATH'] ?? '' },
      stderr: 'pipe',
    })
    const [stdout, stderr] = await Promise.all([run.stdout.text(), run.stderr.text()])
    expect([await run.exited, stderr.includes('not found')]).toEqual([0, false])
    const { result } = JSON.parse(stdout)
    const names = result.tools.map(({ name }: { name: string }) => name).sort()
    const expected = ['mcp_whoami', 'orders-create', 'posts-get', 'posts-list', 'users-get']
    expect(names).toEqual(expected)
  })

  test('keeps serving: other clients call its tools, other terminals look at its runs', async () => {
    const call = { name: 'posts-list', arguments: { user_id: 1 } }
    const { body } = await callLegacy(mcpUrl(), apiKey(), 'tools/call', call)
    expect(JSON.parse(body.result.content[0].text)).toHaveLength(2)
    const dataDir = lastLine.exec(shown)?.[1] ?? ''
    const runs = await runGatehouse(program, ['runs', 'list', '--json', '--data-dir', dataDir])
    expect(JSON.parse(runs.stdout).items[0]).toMatchObject({
      tool_name: 'posts-list',
      state: 'done',
    })
  })

  test('Ctrl-C ends it with 0; its data directory is gone, and no other was left', async () => {
    expect(readdirSync(temporary)).toHaveLength(1)
    demo.kill('SIGINT')
    expect(await demo.exited).toBe(0)
    expect(readdirSync(temporary)).toEqual([])
    await expect(callLegacy(mcpUrl(), apiKey(), 'tools/list')).rejects.toThrow()
  })

  test('a data directory that was given stays', async () => {
    const dataDir = join(temporary, 'mine')
    const kept = await startDemo(['--data-dir', dataDir])
    expect(await kept.stop()).toBe(0)
    expect(readdirSync(temporary)).toEqual(['mine'])
    expect(readdirSync(dataDir)).toContain('gatehouse.db')
  })
})
