import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, lstatSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DecoyListener, startDecoy } from '../helpers/decoy_listener.ts'
import { callModern } from '../helpers/mcp_client.ts'
import { runGatehouse, type ServerProcess, startServer } from '../helpers/server_process.ts'
import { type UnprivilegedPlace, unprivilegedPlace } from './unprivileged_place.ts'

let place: UnprivilegedPlace
let server: ServerProcess
let cwd: string

beforeAll(async () => {
  place = await unprivilegedPlace()
  cwd = place.makeDirectory('empty')
  server = await startServer({ program: place.program, cwd, ...place.as })
}, 60_000)

afterAll(async () => {
  expect(await server.stop()).toBe(0)
  expect(readdirSync(join(cwd, 'data')).sort()).toEqual([
    'gatehouse.db',
    'lock.db',
    'master.key',
    'reserve',
    'setup-url',
  ])
  place.remove()
})

const get = (path: string) => fetch(server.url + path)

describe('the executable in an empty directory, with an empty environment, as nobody', () => {
  test('case 241: makes ./data and all in it for its own user alone', () => {
    expect(readdirSync(cwd)).toEqual(['data'])
    const modeOf = (path: string) => (lstatSync(path).mode & 0o7777).toString(8)
    expect([modeOf(join(cwd, 'data')), lstatSync(join(cwd, 'data')).uid]).toEqual([
      '700',
      place.uid,
    ])
    const names = readdirSync(join(cwd, 'data'))
    for (const name of ['gatehouse.db', 'master.key', 'admin.sock']) expect(names).toContain(name)
    for (const name of names) {
      const path = join(cwd, 'data', name)
      expect([name, modeOf(path), lstatSync(path).uid]).toEqual([name, '600', place.uid])
    }
    expect(lstatSync(join(cwd, 'data/admin.sock')).isSocket()).toBe(true)
  })

  test('case 269: /healthz, /livez and /readyz answer one word, to anybody', async () => {
    for (const [path, word] of [
      ['/healthz', 'ok'],
      ['/livez', 'ok'],
      ['/readyz', 'ready'],
    ] as const) {
      const response = await get(path)
      expect([response.status, await response.text()]).toEqual([200, `{"status":"${word}"}`])
    }
  })

  test('/docs is whole: every file it names is there, under a policy that keeps it here', async () => {
    const page = await get('/docs')
    expect(page.headers.get('content-type')).toStartWith('text/html')
    const html = await page.text()
    const named = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url = '']) => url)
    const paths = named.filter((url) => !url.startsWith('data:'))
    expect(paths.length).toBeGreaterThanOrEqual(5)
    for (const path of paths) {
      expect(path).toMatch(/^\/[a-z]/)
      const asset = await get(path)
      const size = (await asset.bytes()).byteLength
      expect([path, asset.status, size > 100]).toEqual([path, 200, true])
      expect(asset.headers.get('x-content-type-options')).toBe('nosniff')
    }
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("connect-src 'self'")
    // No other origin, no scheme but data:, nothing inline.
    for (const source of policy.split(/;? /).filter((word) => !/^[a-z-]+$/.test(word))) {
      expect(["'none'", "'self'", 'data:']).toContain(source)
    }
  })

  test('/openapi.json describes the API that is served', async () => {
    const response = await get('/openapi.json')
    const spec = (await response.json()) as { openapi: string; paths: object }
    expect([response.status, spec.openapi]).toEqual([200, '3.1.0'])
    expect(Object.keys(spec.paths)).toContain('/api/v1/custom-tools')
    for (const path of Object.keys(spec.paths)) {
      const answer = await get(path.replace(/\{\w+\}/g, '1'))
      // Without a credential: there, and closed.
      expect([path, answer.status]).toEqual([path, 401])
      await answer.text()
    }
  })

  test('tells nothing of itself to a stranger: no Server header, no Bun page', async () => {
    for (const path of [
      '/',
      '/nothing',
      '/docs/../data/master.key',
      '/.env',
      '/data/gatehouse.db',
    ]) {
      const response = await get(path)
      const body = await response.text()
      expect([path, response.status, response.headers.get('server')]).toEqual([path, 404, null])
      expect(JSON.parse(body).code).toBe('not_found')
    }
  })
})

describe('what lies about in the working directory', () => {
  test('no .env, bunfig.toml, package.json or tsconfig.json there is read', async () => {
    const littered = place.makeDirectory('littered')
    const write = (name: string, text: string) => writeFileSync(join(littered, name), text)
    write(
      '.env',
      'GATEHOUSE_NO_SUCH_SETTING=1\nGATEHOUSE_DRAIN_SECONDS=7\nNODE_TLS_REJECT_UNAUTHORIZED=0\n',
    )
    write('.env.production', 'GATEHOUSE_NO_SUCH_SETTING=1\n')
    write('bunfig.toml', 'preload = ["./preload.ts"]\n')
    write('preload.ts', 'throw new Error("preloaded")\n')
    write('package.json', '{"name":"x","type":"commonjs","imports":{"*":"./preload.ts"}}')
    write('tsconfig.json', '{"compilerOptions":{"paths":{"*":["./preload.ts"]}}}')
    const other = await startServer({ program: place.program, cwd: littered, ...place.as })
    expect((await other.api('GET', '/readyz')).body).toEqual({ status: 'ready' })
    expect(await other.stop()).toBe(0)
    const words = ['config', 'show', '--sources', '--json']
    const shown = await runGatehouse(place.program, words, { cwd: littered, ...place.as })
    const { settings } = JSON.parse(shown.stdout)
    expect(settings).toContainEqual({ name: 'drain_seconds', value: 30, source: 'default' })
  })
})

describe('what stands in the environment', () => {
  let decoy: DecoyListener

  beforeAll(() => {
    decoy = startDecoy()
  })
  afterAll(() => decoy.stop())

  const proxies = () => {
    const url = `http://127.0.0.1:${decoy.port}`
    const names = [
      'HTTP_PROXY',
      'http_proxy',
      'HTTPS_PROXY',
      'https_proxy',
      'ALL_PROXY',
      'all_proxy',
    ]
    return Object.fromEntries(names.map((name) => [name, url]))
  }

  test('case 170: proxies there are not used, for a tool call or a remote command', async () => {
    const upstream = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: () => new Response('direct'),
    })
    const env = proxies()
    const proxied = await startServer({
      program: place.program,
      cwd: place.makeDirectory('proxied'),
      env,
      flags: ['--egress-allow', upstream.url.origin],
      ...place.as,
    })
    const project = await proxied.bootstrap()
    const tool = { name: 'direct', http_method: 'GET', endpoint_path: '/' }
    const body = { ...tool, project_id: project.project_id, base_url: upstream.url.origin }
    expect((await proxied.api('POST', '/api/v1/custom-tools', body)).status).toBe(201)
    const call = { name: 'direct', arguments: {} }
    const answer = await callModern(project.mcp_url, project.api_key, 'tools/call', call)
    expect(answer.body.result.content[0].text).toBe('direct')
    const remote = await runGatehouse(
      place.program,
      ['project', 'list', '--json', '--url', proxied.url],
      { env: { ...env, GATEHOUSE_ADMIN_TOKEN: project.admin_token } },
    )
    expect([remote.code, JSON.parse(remote.stdout).items.length]).toEqual([0, 1])
    expect(decoy.accepts).toBe(0)
    expect(await proxied.stop()).toBe(0)
    await upstream.stop(true)
  })

  for (const [variable, value, reference] of [
    ['NODE_TLS_REJECT_UNAUTHORIZED', '0', 'case 169'],
    ['BUN_INSPECT', 'ws://127.0.0.1:0/inspect', 'case 253'],
    ['GATEHOUSE_LISTEM', '127.0.0.1:1', 'a mistyped setting'],
  ] as const) {
    test(`${reference}: ${variable} keeps it from starting, and nothing is made`, async () => {
      const directory = place.makeDirectory(variable)
      const env = { [variable]: value }
      const words = ['serve', '--listen', '127.0.0.1:0']
      const options = { cwd: directory, env, ...place.as }
      const { code, stdout, stderr } = await runGatehouse(place.program, words, options)
      expect(stderr).toContain(variable)
      expect([stdout, readdirSync(directory)]).toEqual(['', []])
      // The runtime itself refuses the inspector, with its own code.
      expect(code).toBe(variable === 'BUN_INSPECT' ? 1 : 2)
    })
  }

  test('case 227: a directory it may not write to is named, and it ends with 78', async () => {
    const directory = place.makeDirectory('read-only')
    chmodSync(directory, 0o555)
    for (const dataDir of [directory, join(directory, 'below')]) {
      const words = ['serve', '--listen', '127.0.0.1:0', '--data-dir', dataDir]
      const { code, stderr } = await runGatehouse(place.program, words, place.as)
      expect([code, stderr.includes(dataDir), stderr.includes('    at ')]).toEqual([
        78,
        true,
        false,
      ])
      expect(existsSync(join(dataDir, 'lock.db'))).toBe(false)
    }
  })
})
