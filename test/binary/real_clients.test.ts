import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { temporaryDir } from '../helpers/temporary_dir.ts'
import { type JsonServer, startJsonServer } from './json_server.ts'
import { type RunningBinary, startBinary } from './running_binary.ts'

/** What the tests ask of a client, whichever it is. */
interface AnyClient {
  listTools(): Promise<string[]>
  // biome-ignore lint/suspicious/noExplicitAny: tests look into results of every shape
  call(name: string, args: Record<string, unknown>): Promise<any>
  close(): Promise<void>
}

let jsonServer: JsonServer
let gatehouse: RunningBinary
let url: string
let key: string
const home = temporaryDir()

const tools: readonly (readonly string[])[] = [
  ['fetch_post', '--method', 'GET', '--url', '/posts/{id}', '--param', 'id:integer:required'],
  [
    'list_comments',
    '--method',
    'GET',
    '--url',
    '/comments?postId={post}',
    '--param',
    'post:integer:required',
  ],
  ['list_users', '--method', 'GET', '--url', '/users'],
  [
    'create_post',
    ...['--method', 'POST', '--url', '/posts', '--body', '{"title":"{title}","userId":"{user}"}'],
    ...['--param', 'title:string:required', '--param', 'user:integer:required'],
  ],
]

beforeAll(async () => {
  jsonServer = await startJsonServer()
  gatehouse = await startBinary(['--egress-allow', jsonServer.url])
  const made = await gatehouse.run(['bootstrap', '--project', 'blog'])
  url = made.mcp_url
  key = made.api_key
  for (const [name = '', ...flags] of tools) {
    const words = flags.map((flag) => (flag.startsWith('/') ? jsonServer.url + flag : flag))
    await gatehouse.run(['tool', 'add', '--project', 'blog', '--name', name, ...words], {
      GATEHOUSE_ADMIN_TOKEN: made.admin_token,
    })
  }
}, 120_000)

afterAll(async () => {
  expect(await gatehouse.stop()).toBe(0)
  await jsonServer.stop()
  rmSync(home, { recursive: true, force: true })
})

const requestInit = () => ({ headers: { authorization: `Bearer ${key}` } })

async function connectModern(): Promise<AnyClient> {
  const client = new ModernClient(
    { name: 'test', version: '1' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  )
  await client.connect(new ModernTransport(new URL(url), { requestInit: requestInit() }))
  expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28')
  return {
    listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: (name, args) => client.callTool({ name, arguments: args }),
    close: () => client.close(),
  }
}

async function connectLegacy(): Promise<AnyClient> {
  const client = new LegacyClient({ name: 'test', version: '1' })
  const transport = new LegacyTransport(new URL(url), { requestInit: requestInit() })
  await client.connect(transport)
  expect(transport.protocolVersion).toBe('2025-11-25')
  return {
    listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: (name, args) => client.callTool({ name, arguments: args }),
    close: () => client.close(),
  }
}

const inspectorPackage = fileURLToPath(
  import.meta.resolve('@modelcontextprotocol/inspector/package.json'),
)
const inspector = join(dirname(inspectorPackage), 'clients/launcher/build/index.js')

/** The Inspector's command line: one process per request. */
async function inspect(words: readonly string[]) {
  const auth = ['--header', `Authorization: Bearer ${key}`]
  const form = ['--transport', 'http', '--protocol-era', 'auto', '--format', 'json', '-q']
  const run = Bun.spawn([process.execPath, inspector, '--cli', url, ...words, ...auth, ...form], {
    // What it keeps of a visit goes there and is removed.
    env: { HOME: home, PATH: process.env.PATH ?? '' },
    cwd: home,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: 30_000,
  })
  const [stdout, stderr] = await Promise.all([run.stdout.text(), run.stderr.text()])
  const code = await run.exited
  // 5: the tool's result is an error.
  if (code !== 0 && code !== 5) throw new Error(`The Inspector ended with ${code}: ${stderr}`)
  return JSON.parse(stdout).result
}

const connectInspector = async (): Promise<AnyClient> => ({
  listTools: async () => {
    // --strict fails on schemas that not every model API takes.
    const { tools: listed } = await inspect(['--method', 'tools/list', '--strict'])
    return listed.map(({ name }: { name: string }) => name)
  },
  call: (name, args) =>
    inspect([
      '--method',
      'tools/call',
      '--tool-name',
      name,
      '--tool-args-json',
      JSON.stringify(args),
    ]),
  close: async () => {},
})

const clients: readonly (readonly [string, () => Promise<AnyClient>])[] = [
  ["the SDK's v2 client, revision 2026-07-28", connectModern],
  ["the SDK's v1 client, revision 2025-11-25", connectLegacy],
  ['the command line of the MCP Inspector', connectInspector],
]

describe.each(clients)(
  'the compiled executable before json-server, called by %s',
  (name, connect) => {
    let client: AnyClient

    beforeAll(async () => {
      client = await connect()
    })
    afterAll(() => client.close())

    test('lists the tools', async () => {
      expect(await client.listTools()).toEqual([
        'mcp_whoami',
        'create_post',
        'fetch_post',
        'list_comments',
        'list_users',
      ])
    }, 30_000)

    test('fetches post 7', async () => {
      const { structuredContent, content, isError } = await client.call('fetch_post', { id: 7 })
      expect(isError ?? false).toBe(false)
      expect(structuredContent).toEqual(await jsonServer.read('/posts/7'))
      expect(JSON.parse(content[0].text)).toEqual(structuredContent)
    }, 30_000)

    test('creates a post, once', async () => {
      const title = `By ${name} {not a variable} "quoted" ü`
      const { structuredContent } = await client.call('create_post', { title, user: 2 })
      const stored = await jsonServer.read(`/posts?title=${encodeURIComponent(title)}`)
      expect(stored).toEqual([{ id: structuredContent.id, title, userId: 2 }])
    }, 30_000)

    test('gets the comments of a post as text, every one', async () => {
      const { content } = await client.call('list_comments', { post: 2 })
      const ids = JSON.parse(content[0].text).map(({ id }: { id: number }) => id)
      expect(ids).toEqual([4, 5, 6])
    }, 30_000)

    test('is told of a post that does not exist', async () => {
      const { isError, content, _meta } = await client.call('fetch_post', { id: 999_999 })
      expect(isError).toBe(true)
      expect(content[0].text).toStartWith('Upstream tool call failed — non-2xx response')
      expect(_meta['tengine/status']).toBe(404)
    }, 30_000)
  },
)

test('a wrong key is turned away, whichever client sends it', async () => {
  const wrong = { headers: { authorization: 'Bearer tengine_wrong' } }
  const modern = new ModernClient({ name: 'test', version: '1' })
  const legacy = new LegacyClient({ name: 'test', version: '1' })
  const attempts = await Promise.allSettled([
    modern.connect(new ModernTransport(new URL(url), { requestInit: wrong })),
    legacy.connect(new LegacyTransport(new URL(url), { requestInit: wrong })),
  ])
  for (const attempt of attempts) {
    expect(attempt.status === 'rejected' && String(attempt.reason)).toMatch(/401|Unauthorized/)
  }
})
