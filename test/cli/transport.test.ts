import { afterEach, describe, expect, test } from 'bun:test'
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { App } from '../../src/app.ts'
import type { Surroundings } from '../../src/cli/surroundings.ts'
import type { Config } from '../../src/config.ts'
import { AppError } from '../../src/errors.ts'
import type { Peer } from '../../src/http/peer.ts'
import type { Logger } from '../../src/log.ts'
import { runWith } from './fake_surroundings.ts'

const shop = { id: 1, slug: 'shop', name: 'Shop', is_suspended: false, created_at: null }
const listed = () => Response.json({ items: [shop], next_cursor: null })
const list = ['project', 'list', '--json']
const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

function newDataDir(): string {
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-'))
  closers.push(() => rmSync(dataDir, { recursive: true, force: true }))
  return dataDir
}

/** A real server on the data directory's socket. */
function serveSocket(dataDir: string, answer: (request: Request) => Response) {
  const server = Bun.serve({ unix: join(dataDir, 'admin.sock'), fetch: answer })
  closers.push(() => server.stop(true))
  return server
}

const realFetch: Surroundings['fetch'] = (url, init) => fetch(url, init)

interface Opened {
  readonly requests: { request: Request; peer: Peer }[]
  started: number
  closed: number
  readonly loadServer: Surroundings['loadServer']
}

/** The whole app, as far as the command line can tell. */
function fakeServer(open: (config: Config, logger: Logger) => void = () => {}): Opened {
  const opened: Opened = {
    requests: [],
    started: 0,
    closed: 0,
    loadServer: async () => ({
      openApp: async (config, logger) => {
        open(config, logger)
        return app
      },
      listen: () => Promise.reject(new Error('nothing may listen')),
    }),
  }
  const app: App = {
    fetch: async (request, peer) => {
      opened.requests.push({ request, peer })
      return listed()
    },
    bound: () => {},
    start: async () => {
      opened.started += 1
    },
    storeFailed: new Promise(() => {}),
    drain: () => Promise.reject(new Error('nothing to drain in a command')),
    firstOwnerLink: async () => null,
    close: async () => {
      opened.closed += 1
    },
  }
  return opened
}

describe('case 270: a running server', () => {
  test('is reached over its socket, without a token; the database is not opened beside it', async () => {
    const dataDir = newDataDir()
    const seen: unknown[] = []
    serveSocket(dataDir, ({ url, headers }) => {
      seen.push([new URL(url).pathname, headers.get('authorization')])
      return listed()
    })
    const server = fakeServer()
    const words = [...list, '--data-dir', dataDir]
    const { code, stdout } = await runWith(words, {
      fetch: realFetch,
      loadServer: server.loadServer,
    })
    expect([code, JSON.parse(stdout).items]).toEqual([0, [shop]])
    expect(seen).toEqual([['/api/v1/projects', null]])
    expect([server.requests, server.closed]).toEqual([[], 0])
  })

  test('that accepts but never answers ends with 3', async () => {
    const dataDir = newDataDir()
    const listener = Bun.listen({
      unix: join(dataDir, 'admin.sock'),
      socket: { data: (socket) => void socket.end() },
    })
    closers.push(() => listener.stop(true))
    const { code, stderr } = await runWith([...list, '--data-dir', dataDir], { fetch: realFetch })
    expect(code).toBe(3)
    expect(JSON.parse(stderr).error.detail).toStartWith(
      `${join(dataDir, 'admin.sock')} does not answer`,
    )
  })

  test('whose socket this user may not use ends with 3 and says so', async () => {
    const dataDir = newDataDir()
    serveSocket(dataDir, listed)
    chmodSync(join(dataDir, 'admin.sock'), 0o000)
    const isRoot = process.getuid?.() === 0
    const { code, stderr } = await runWith([...list, '--data-dir', dataDir], { fetch: realFetch })
    expect([code, stderr.includes('may not be used by this user')]).toEqual(
      isRoot ? [0, false] : [3, true],
    )
  })
})

describe('no running server', () => {
  test('the command opens the data directory itself, does its work and closes it', async () => {
    const dataDir = newDataDir()
    writeFileSync(join(dataDir, 'gatehouse.db'), '')
    const server = fakeServer()
    const { code, stdout } = await runWith([...list, '--data-dir', dataDir], server)
    expect([code, JSON.parse(stdout).items]).toEqual([0, [shop]])
    expect(server.requests.map(({ peer }) => peer)).toEqual([{ kind: 'in_process' }])
    expect([server.started, server.closed]).toEqual([1, 1])
  })

  test('a socket file whose server has died counts as none', async () => {
    const dataDir = newDataDir()
    writeFileSync(join(dataDir, 'gatehouse.db'), '')
    const socket = Bun.serve({ unix: join(dataDir, 'other.sock'), fetch: listed })
    renameSync(join(dataDir, 'other.sock'), join(dataDir, 'admin.sock'))
    await socket.stop(true)
    const server = fakeServer()
    const { code } = await runWith([...list, '--data-dir', dataDir], server)
    expect([code, server.requests.length, server.closed]).toEqual([0, 1, 1])
  })

  test('the directory is closed even where the request fails', async () => {
    const dataDir = newDataDir()
    writeFileSync(join(dataDir, 'gatehouse.db'), '')
    const server = fakeServer()
    const { code } = await runWith(
      ['tool', 'list', '--project', 'nope', '--data-dir', dataDir],
      server,
    )
    expect([code, server.closed]).toEqual([1, 1])
  })

  test('a directory without a database is refused and not made into a server', async () => {
    const dataDir = join(newDataDir(), 'mistyped')
    const { code, stderr } = await runWith(['project', 'list', '--data-dir', dataDir])
    expect(code).toBe(1)
    expect(stderr).toStartWith(`error: ${dataDir} holds no Gatehouse database\n`)
  })

  test('bootstrap alone begins a new one', async () => {
    const dataDir = join(newDataDir(), 'new')
    const server = fakeServer()
    const { code } = await runWith(
      ['bootstrap', '--project', 'demo', '--data-dir', dataDir],
      server,
    )
    const [first] = server.requests
    expect([code, first?.request.method, new URL(first?.request.url ?? '').pathname]).toEqual([
      0,
      'POST',
      '/api/v1/bootstrap',
    ])
    expect(await first?.request.json()).toEqual({ project: 'demo' })
  })

  const failures = [
    ['case 246: a wrong master key', 'wrong_master_key', 78],
    ['case 230: a database of a newer version', 'store_too_new', 78],
    ['a held lock without an answering socket', 'store_locked', 3],
    ['any other failure', 'store_unavailable', 1],
  ] as const
  for (const [what, failure, exitCode] of failures) {
    test(`${what} ends with ${exitCode}`, async () => {
      const dataDir = newDataDir()
      writeFileSync(join(dataDir, 'gatehouse.db'), '')
      const server = fakeServer(() => {
        throw new AppError(failure)
      })
      const { code, stderr } = await runWith(['project', 'list', '--data-dir', dataDir], server)
      expect([code, server.requests]).toEqual([exitCode, []])
      expect(stderr).toStartWith('error: ')
    })
  }
})

describe('a server elsewhere', () => {
  test('is sent the token, and redirects are not followed with it', async () => {
    const seen: unknown[] = []
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch(request) {
        seen.push(request.headers.get('authorization'))
        return new URL(request.url).pathname === '/stolen' ? listed() : Response.redirect('/stolen')
      },
    })
    closers.push(() => server.stop(true))
    const words = ['project', 'list', '--url', server.url.origin, '--token', 'gha_abc']
    const { code, stderr } = await runWith(words, { fetch: realFetch })
    expect([code, stderr]).toEqual([1, `error: ${server.url.origin} answered HTTP 302\n`])
    expect(seen).toEqual(['Bearer gha_abc'])
  })

  test('that is not there ends with 3', async () => {
    const words = ['project', 'list', '--url', 'http://127.0.0.1:1', '--token', 'gha_abc']
    const { code, stderr } = await runWith(words, { fetch: realFetch })
    expect(code).toBe(3)
    expect(stderr).toStartWith('error: http://127.0.0.1:1 does not answer (')
  })

  test('the address and the token come from flags before the environment', async () => {
    const seen: (string | null)[] = []
    const fetch: Surroundings['fetch'] = async (url, init) => {
      seen.push(url, new Headers(init.headers).get('authorization'))
      return listed()
    }
    const env = { GATEHOUSE_URL: 'https://env.test', GATEHOUSE_ADMIN_TOKEN: 'gha_env' }
    await runWith(list, { fetch, env })
    await runWith([...list, '--url', 'https://flag.test', '--token', 'gha_flag'], { fetch, env })
    expect(seen).toEqual([
      'https://env.test/api/v1/projects',
      'Bearer gha_env',
      'https://flag.test/api/v1/projects',
      'Bearer gha_flag',
    ])
  })

  test('is no place for bootstrap, and is not asked', async () => {
    const env = { GATEHOUSE_URL: 'https://env.test', GATEHOUSE_ADMIN_TOKEN: 'gha_env' }
    const { code, stderr } = await runWith(['bootstrap', '--project', 'demo'], { env })
    expect([code, stderr]).toEqual([
      2,
      'error: This works on the machine of the server only, not over https://env.test\n',
    ])
  })
})

describe('healthcheck', () => {
  test('ends with 0 where the server is ready and with 1 where it is not', async () => {
    const dataDir = newDataDir()
    let status = 200
    serveSocket(dataDir, (request) =>
      Response.json(
        { status: status === 200 ? 'ready' : 'shutting_down', path: request.url },
        { status },
      ),
    )
    const words = ['healthcheck', '--data-dir', dataDir]
    expect(await runWith(words, { fetch: realFetch })).toEqual({
      code: 0,
      stdout: 'ready\n',
      stderr: '',
    })
    status = 503
    expect(await runWith(words, { fetch: realFetch })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'error: The server is not ready: shutting_down\n',
    })
  })

  test('ends with 3 where no server runs, and starts none', async () => {
    const dataDir = newDataDir()
    writeFileSync(join(dataDir, 'gatehouse.db'), '')
    const { code, stderr } = await runWith(['healthcheck', '--data-dir', dataDir])
    expect([code, stderr]).toEqual([3, `error: No server runs for ${dataDir}\n`])
  })

  test('asks a server elsewhere without needing a token', async () => {
    const fetch: Surroundings['fetch'] = async (url, init) => {
      expect([url, init.method]).toEqual(['https://a.test/readyz', 'GET'])
      return Response.json({ status: 'ready' })
    }
    expect((await runWith(['healthcheck', '--url', 'https://a.test'], { fetch })).code).toBe(0)
  })
})
