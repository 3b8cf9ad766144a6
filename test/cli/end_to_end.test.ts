import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtBinary } from '../helpers/built_binary.ts'
import { callModern } from '../helpers/mcp_client.ts'
import {
  type Finished,
  runGatehouse,
  type ServerProcess,
  startServer,
} from '../helpers/server_process.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'

const place = temporaryDir()
let program: readonly string[]
let upstream: Bun.Server<undefined>
/** What the API got, oldest first: request line, signature, body. */
const received: string[] = []

beforeAll(async () => {
  program = [await builtBinary()]
  upstream = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    development: false,
    async fetch(request) {
      const { pathname, search } = new URL(request.url)
      const signature = request.headers.get('x-tengine-signature')?.slice(0, 5) ?? '-'
      const body = await request.text()
      received.push(`${request.method} ${pathname}${search} ${signature} ${body}`)
      return pathname === '/missing'
        ? Response.json({ error: 'gone' }, { status: 404 })
        : Response.json({ path: pathname, query: search })
    },
  })
}, 60_000)

afterAll(async () => {
  await upstream.stop(true)
  rmSync(place, { recursive: true, force: true })
})

/** Runs a command on a data directory; `words` are split at spaces, `more` is passed on as it is. */
function run(dataDir: string, words: string, more: readonly string[] = [], stdin = '') {
  const env = { GATEHOUSE_EGRESS_ALLOW: upstream.url.origin, GATEHOUSE_DATA_DIR: dataDir }
  return runGatehouse(program, [...words.split(' '), ...more], { env, cwd: place, stdin })
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
function json({ code, stdout, stderr }: Finished): any {
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout)
}

const failed = ({ code, stdout, stderr }: Finished) => [code, stdout, stderr.split('\n')[0]]

const modes = [
  'over the socket of a running server',
  'on the directory, while no server runs',
] as const

describe.each(modes)('the command line %s', (mode) => {
  const dataDir = join(place, mode.replaceAll(/\W+/g, '-'))
  const on = (words: string, more: readonly string[] = [], stdin = '') =>
    run(dataDir, words, more, stdin)
  let server: ServerProcess | null = null

  beforeAll(async () => {
    if (mode !== modes[0]) return
    const flags = ['--egress-allow', upstream.url.origin]
    server = await startServer({ program, dataDir, flags })
  })

  afterAll(async () => {
    expect(await (server?.stop() ?? 0)).toBe(0)
  })

  test('bootstrap makes all a first client needs', async () => {
    const made = json(await on('bootstrap --project demo --json'))
    const keys = ['project_id', 'integration_id', 'api_key', 'admin_token', 'mcp_url']
    expect(Object.keys(made).sort()).toEqual(keys.sort())
    expect(made.api_key).toMatch(/^tengine_[\w-]{43}$/)
    expect(made.admin_token).toMatch(/^gha_[\w-]{43}$/)
    const origin = server === null ? 'http://127.0.0.1:8080' : server.url
    expect(made.mcp_url).toBe(`${origin}/mcp/demo`)
  })

  test('tool add takes flags, a file, standard input and a secret that is never an argument', async () => {
    const url = `${upstream.url.origin}/posts/{id}?full={full}`
    const flags = ['--name', 'post-get', '--url', url]
    const parameters = ['--param', 'id:integer:required', '--param', 'full:boolean']
    const added = json(await on('tool add --json', [...flags, ...parameters]))
    expect(added).toMatchObject({ name: 'post-get', http_method: 'GET', version: 1 })
    const definition = {
      name: 'order-create',
      base_url: upstream.url.origin,
      http_method: 'POST',
      endpoint_path: '/orders',
      input_schema: { type: 'object', properties: { item: { type: 'string' } } },
      auth_strategy: 'hmac_signature',
    }
    const file = join(place, 'order.json')
    writeFileSync(file, JSON.stringify(definition))
    const words = ['--file', file, '--secret-stdin']
    expect(await on('tool add', words, 'a-shared-secret\n')).toMatchObject({
      code: 0,
      stdout: 'Added order-create (id 2).\n',
    })
    const other = {
      ...definition,
      name: 'missing',
      endpoint_path: '/missing',
      auth_strategy: 'none',
    }
    expect(json(await on('tool add --json --file -', [], JSON.stringify(other))).id).toBe(3)
    expect(failed(await on('tool add', flags))).toEqual([2, '', expect.stringContaining('{id}')])
    const again = await on('tool add', [...flags, ...parameters])
    expect(failed(again)).toEqual([1, '', 'error: That name is already in use'])
    const plain = ['--name', 'p', '--url', 'http://10.1.2.3/']
    const refused = await on('tool add', plain)
    expect(failed(refused)).toEqual([1, '', 'error: base_url must use HTTPS'])
  })

  test('list and show tell what there is, and never the secret', async () => {
    const tools = json(await on('tool list --json')).items
    const names = tools.map(({ name }: { name: string }) => name)
    expect(names).toEqual(['post-get', 'order-create', 'missing'])
    const shown = await on('tool show order-create --json')
    expect(json(shown)).toMatchObject({ id: 2, has_auth_secret: true })
    expect(shown.stdout).not.toContain('a-shared-secret')
    expect((await on('tool list')).stdout).toMatch(/^ID +NAME +METHOD +URL +TOKENS +STATE\n/)
    const absent = await on('tool show nothing')
    expect(failed(absent)).toEqual([1, '', 'error: There is no tool "nothing"'])
  })

  test('call calls; --dry-run shows what would be sent and sends nothing', async () => {
    const before = received.length
    const args = ['--args', '{"id":7,"full":true}']
    const called = await on('tool call post-get', args)
    expect(called.code).toBe(0)
    expect(JSON.parse(called.stdout)).toEqual({ path: '/posts/7', query: '?full=true' })
    expect(called.stderr).toMatch(/^HTTP 200 in [\d.]+ ms, run [0-9a-f-]{36}\n$/)
    const order = ['--args', '{"item":"hinge"}']
    const done = json(await on('tool call order-create --json', order))
    expect(done).toMatchObject({ upstream_status: 200, structured_content: { path: '/orders' } })
    expect(received.slice(before)).toEqual([
      'GET /posts/7?full=true - ',
      'POST /orders tng2= {"item":"hinge"}',
    ])
    const preview = await on('tool call order-create --dry-run', order)
    expect(preview.stdout).toStartWith(`POST ${upstream.url.origin}/orders\n`)
    expect(preview.stdout).toContain('X-Tengine-Signature: tng2=***\n')
    expect(preview.stdout).toEndWith('\n{"item":"hinge"}\n\nNothing was sent.\n')
    expect(received).toHaveLength(before + 2)
  })

  test('a call that fails ends with 1 and says why; arguments that are no JSON with 2', async () => {
    const before = received.length
    const wrong = await on('tool call post-get', ['--args', '{"id":"seven"}'])
    expect(failed(wrong)).toEqual([1, '', "error: Arguments do not fit the tool's input_schema"])
    expect((await on('tool call post-get --args {')).code).toBe(2)
    expect(received).toHaveLength(before)
    const missing = await on('tool call missing')
    expect(failed(missing)).toEqual([1, '', 'error: Upstream tool call failed — non-2xx response'])
    expect(received).toHaveLength(before + 1)
  })

  test('runs list and show tell what became of the calls', async () => {
    const { items } = json(await on('runs list --json'))
    const results = items.map((run: { tool_name: string; error_code: string | null }) => [
      run.tool_name,
      run.error_code,
    ])
    expect(results).toEqual([
      ['missing', 'upstream_status'],
      ['post-get', 'invalid_arguments'],
      ['order-create', null],
      ['post-get', null],
    ])
    expect(json(await on('runs show --json', [items[0].id]))).toEqual(items[0])
    const failures = json(await on('runs list --json --tool missing --error-code upstream_status'))
    expect(failures.items).toEqual([items[0]])
    const nobody = await on('runs show 00000000-0000-7000-8000-000000000000')
    expect(nobody.code).toBe(1)
  })

  test('disable, enable, update, rollback and delete do what they say', async () => {
    expect((await on('tool disable post-get')).stdout).toBe('post-get is off.\n')
    const off = await on('tool call post-get', ['--args', '{"id":1}'])
    expect(failed(off)).toEqual([1, '', 'error: Tool not enabled for this project'])
    expect((await on('tool enable post-get')).stdout).toBe('post-get is on.\n')
    expect((await on('tool call post-get', ['--args', '{"id":1}'])).code).toBe(0)
    expect(json(await on('tool update post-get --description Reads --json')).version).toBe(2)
    expect((await on('tool rollback post-get 1')).stdout).toBe('post-get is at version 3.\n')
    expect(json(await on('tool versions post-get --json')).items).toHaveLength(3)
    expect((await on('tool delete missing')).stdout).toBe('Deleted missing.\n')
    expect(json(await on('tool list --json')).items).toHaveLength(2)
    expect(json(await on('runs list --json --error-code upstream_status')).items).toHaveLength(1)
  })

  test('projects are made, shown, changed, suspended and resumed', async () => {
    const made = json(await on('project create --json', ['Second project']))
    expect(made).toMatchObject({ slug: 'second-project', is_suspended: false })
    expect(json(await on('project list --json')).items).toHaveLength(2)
    const unsaid = await on('tool list')
    expect(failed(unsaid)).toEqual([2, '', 'error: Which project?'])
    expect(json(await on('tool list --json --project second-project')).items).toEqual([])
    const changed = json(await on('project update second-project --slug other --json'))
    expect(changed).toMatchObject({ id: made.id, slug: 'other' })
    expect(json(await on('project suspend demo --json')).is_suspended).toBe(true)
    const shut = await on('tool call post-get --project demo', ['--args', '{"id":1}'])
    expect(failed(shut)).toEqual([1, '', 'error: Project is suspended'])
    expect(json(await on('project resume demo --json')).is_suspended).toBe(false)
    expect(json(await on('project show demo --json')).slug).toBe('demo')
  })

  test('integrations and their keys come and go', async () => {
    const made = json(await on('integration create laptop --project demo --json'))
    expect(made.api_key).toMatch(/^tengine_/)
    const list = await on('integration list --project demo --json')
    expect(json(list).items).toHaveLength(2)
    expect(list.stdout).not.toContain(made.api_key)
    const rotated = json(await on('integration rotate laptop --project demo --json'))
    expect(rotated.api_key).not.toBe(made.api_key)
    const on1 = 'integration deactivate laptop --project demo --json'
    expect(json(await on(on1)).is_active).toBe(false)
    const activated = json(await on('integration activate laptop --project demo --json'))
    expect(activated.is_active).toBe(true)
    expect(json(await on('integration show laptop --project demo --json')).name).toBe('laptop')
    expect((await on('integration delete laptop --project demo')).stdout).toBe('Deleted laptop.\n')
    expect(json(await on('integration list --project demo --json')).items).toHaveLength(1)
  })

  test('admin tokens are made, listed without their text, and revoked', async () => {
    const { token, admin_token } = json(await on('token create ci --expires-in 12h --json'))
    expect(token).toMatch(/^gha_/)
    const list = await on('token list --json')
    expect(json(list).items).toHaveLength(2)
    expect(list.stdout).not.toContain(token)
    const revoked = `Revoked admin token ${admin_token.id}.\n`
    expect((await on(`token revoke ${admin_token.id}`)).stdout).toBe(revoked)
    expect(json(await on('token list --json')).items).toHaveLength(1)
    expect((await on(`token revoke ${admin_token.id}`)).code).toBe(1)
  })

  test('what was done is there for the server: after all, one database', async () => {
    expect(await (server?.stop() ?? 0)).toBe(0)
    server = await startServer({ program, dataDir })
    const { body } = await server.api('GET', '/api/v1/custom-tools?project_id=1')
    expect(body.items.map(({ name }: { name: string }) => name)).toEqual([
      'post-get',
      'order-create',
    ])
  })
})

describe('case 270: the command line beside a running server', () => {
  const dataDir = join(place, 'beside')
  let server: ServerProcess

  beforeAll(async () => {
    server = await startServer({ program, dataDir })
    await server.bootstrap()
  })
  afterAll(() => server.stop())

  test('needs its socket alone: no database is looked for', async () => {
    const door = join(place, 'door')
    mkdirSync(door)
    symlinkSync(join(dataDir, 'admin.sock'), join(door, 'admin.sock'))
    expect(json(await run(door, 'project list --json')).items).toHaveLength(1)
    expect(readdirSync(door)).toEqual(['admin.sock'])
  })

  test('what it changes counts at once for clients of the server', async () => {
    const { api_key } = json(await run(dataDir, 'integration create phone --json'))
    const list = (key: string) => callModern(`${server.url}/mcp`, key, 'tools/list')
    expect((await list(api_key)).status).toBe(200)
    const next = json(await run(dataDir, 'integration rotate phone --json')).api_key
    expect([(await list(api_key)).status, (await list(next)).status]).toEqual([401, 200])
    expect((await run(dataDir, 'integration delete phone')).code).toBe(0)
    expect((await list(next)).status).toBe(401)
  })

  test('without the socket it ends with 3 and leaves the database alone', async () => {
    rmSync(join(dataDir, 'admin.sock'))
    for (const words of ['project list', 'bootstrap --project other', 'runs list']) {
      const { code, stdout, stderr } = await run(dataDir, words)
      expect([code, stdout]).toEqual([3, ''])
      expect(stderr).toStartWith(`error: A server holds ${dataDir} but does not answer\n`)
    }
    expect((await run(dataDir, 'healthcheck')).code).toBe(3)
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  })

  test('a server elsewhere that is not there is told as 3, one that wants a token as 1', async () => {
    const away = await run(dataDir, 'project list --url http://127.0.0.1:1')
    expect(away.code).toBe(3)
    expect(away.stderr).toStartWith('error: http://127.0.0.1:1 does not answer (')
    const stranger = await run(dataDir, `project list --url ${server.url}`)
    expect(failed(stranger)).toEqual([1, '', 'error: A bearer credential is required'])
  })

  test('a directory without a database is no server to be', async () => {
    const nowhere = join(place, 'nowhere')
    const { code, stderr } = await run(nowhere, 'tool list')
    expect(code).toBe(1)
    expect(stderr).toStartWith(`error: ${nowhere} holds no Gatehouse database\n`)
    expect(readdirSync(place)).not.toContain('nowhere')
  })
})
