import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash, randomBytes } from 'node:crypto'
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { builtBinary } from '../helpers/built_binary.ts'
import {
  type ProcessOptions,
  runGatehouse,
  type ServerProcess,
  startServer,
} from '../helpers/server_process.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'

let program: readonly string[]
let place: string
/** A data directory with a project and a signed tool, cleanly closed. */
let sample: string
const secret = 'the-shared-secret-of-the-sample'

beforeAll(async () => {
  program = [await builtBinary()]
  place = temporaryDir()
  sample = join(place, 'sample')
  const server = await startServer({ program, dataDir: sample })
  await fill(server)
  expect(await server.stop()).toBe(0)
}, 60_000)

afterAll(() => rmSync(place, { recursive: true, force: true }))

async function fill(server: ServerProcess): Promise<void> {
  const { project_id } = await server.bootstrap()
  const tool = {
    project_id,
    name: 'signed',
    base_url: 'https://api.example.test',
    http_method: 'POST',
    endpoint_path: '/signed',
    auth_strategy: 'hmac_signature',
    encrypted_auth_secret: secret,
  }
  expect((await server.api('POST', '/api/v1/custom-tools', tool)).status).toBe(201)
}

let copies = 0

/** A copy of the sample that a test may spoil. */
function copyOfSample(): string {
  const dataDir = join(place, `copy-${++copies}`)
  cpSync(sample, dataDir, { recursive: true })
  return dataDir
}

/** What stands in a directory, to the byte: kind, mode and digest of every entry. */
function contentOf(directory: string): Record<string, string> {
  const entries = readdirSync(directory).sort()
  return Object.fromEntries(
    entries.map((name) => {
      const path = join(directory, name)
      const { mode } = lstatSync(path)
      const isFile = lstatSync(path).isFile()
      const digest = isFile ? createHash('sha256').update(readFileSync(path)).digest('hex') : '-'
      return [name, `${mode.toString(8)} ${digest}`]
    }),
  )
}

const serve = (dataDir: string, options: ProcessOptions = {}) =>
  runGatehouse(program, ['serve', '--listen', '127.0.0.1:0', '--data-dir', dataDir], options)

/** Every row of every table, as text. */
function rowsOf(dataDir: string): string {
  const database = new Database(join(dataDir, 'gatehouse.db'), { readonly: true })
  const names = database.query("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1")
  const rows = (names.values() as [string][]).map(([name]) => [
    name,
    database.query(`SELECT * FROM ${name}`).values(),
  ])
  database.close()
  return JSON.stringify(rows)
}

/** Whether the sample's secret can be used: the preview of a call signs with it. */
async function signs(server: ServerProcess): Promise<boolean> {
  const { status, body } = await server.api('POST', '/api/v1/custom-tools/1/execute', {
    dry_run: true,
  })
  return status === 200 && body.canonical_line.startsWith('tng2 ')
}

describe('one data directory, two servers (case 233)', () => {
  test('the second ends with 75 and a sentence; the first goes on', async () => {
    const dataDir = copyOfSample()
    const first = await startServer({ program, dataDir })
    const second = await serve(dataDir)
    expect(second).toEqual({
      code: 75,
      stdout: '',
      stderr:
        'error: The data directory is in use by another process\n' +
        `  Another Gatehouse process holds ${dataDir}. Stop it, or name another data directory.\n`,
    })
    expect((await first.api('GET', '/api/v1/projects')).body.items).toHaveLength(1)
    expect((await fetch(`${first.url}/readyz`)).status).toBe(200)
    expect(await first.stop()).toBe(0)
  })

  test('of two that start at once on a new directory exactly one serves', async () => {
    const dataDir = join(place, 'raced')
    const both = await Promise.allSettled([
      startServer({ program, dataDir }),
      startServer({ program, dataDir }),
    ])
    const [winner, ...others] = both.flatMap((one) =>
      one.status === 'fulfilled' ? [one.value] : [],
    )
    const refusals = both.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []))
    expect([others.length, refusals.length]).toEqual([0, 1])
    expect(refusals[0]).toContain('did not start (75)')
    expect((await winner?.api('GET', '/readyz'))?.status).toBe(200)
    expect(await winner?.stop()).toBe(0)
  })

  test('the lock of a killed server is free, and its socket in nobody’s way', async () => {
    const dataDir = copyOfSample()
    const killed = await startServer({ program, dataDir })
    killed.kill('SIGKILL')
    expect(await killed.exited).toBe(137)
    expect(existsSync(join(dataDir, 'admin.sock'))).toBe(true)
    const next = await startServer({ program, dataDir })
    expect((await next.api('GET', '/readyz')).status).toBe(200)
    expect(await next.stop()).toBe(0)
    expect(readdirSync(dataDir).sort()).toEqual([
      'gatehouse.db',
      'lock.db',
      'master.key',
      'setup-url',
    ])
  })
})

describe('a directory that cannot be served is left as it is', () => {
  interface Refusal {
    readonly name: string
    readonly spoil: (dataDir: string) => void
    readonly env?: Record<string, string>
    readonly says: RegExp
  }

  const database = (dataDir: string) => join(dataDir, 'gatehouse.db')
  const otherKey = randomBytes(32).toString('base64')
  const refusals: readonly Refusal[] = [
    {
      name: 'case 246: with the master key of another',
      spoil: () => {},
      env: { GATEHOUSE_MASTER_KEY: otherKey },
      says: /^error: The master key does not open this database\n {2}The key given has id [0-9a-f]{16}; another one sealed/,
    },
    {
      name: 'case 246: with another master.key',
      spoil: (dataDir) => writeFileSync(join(dataDir, 'master.key'), `${otherKey}\n`),
      says: /another one sealed this database/,
    },
    {
      name: 'case 246: with half a master.key',
      spoil: (dataDir) => truncateSync(join(dataDir, 'master.key'), 20),
      says: /master\.key does not hold 32 bytes in base64/,
    },
    {
      name: 'case 247: without its master.key',
      spoil: (dataDir) => rmSync(join(dataDir, 'master.key')),
      says: /master\.key is missing\. Put it back, or give GATEHOUSE_MASTER_KEY/,
    },
    {
      name: 'case 230: when a newer version wrote it',
      spoil: (dataDir) => {
        const raw = new Database(database(dataDir))
        raw.run('PRAGMA user_version=9999')
        raw.close()
      },
      says: /^error: The database was written by a newer version\n.*9999/,
    },
    {
      name: 'case 229: when the database is no database',
      spoil: (dataDir) => writeFileSync(database(dataDir), randomBytes(20_000)),
      says: /gatehouse\.db: file is not a database/,
    },
    {
      name: 'case 229: when the database is cut off',
      spoil: (dataDir) => truncateSync(database(dataDir), 30_000),
      says: /gatehouse\.db: database disk image is malformed/,
    },
  ]

  for (const { name, spoil, env = {}, says } of refusals) {
    test(`${name} it ends with 78, nothing listens, not a byte is changed`, async () => {
      const dataDir = copyOfSample()
      spoil(dataDir)
      const before = contentOf(dataDir)
      const { code, stdout, stderr } = await serve(dataDir, { env })
      expect(stderr).toMatch(says)
      expect(stderr).not.toContain('    at ')
      expect([code, stdout]).toEqual([78, ''])
      expect(contentOf(dataDir)).toEqual(before)
    })
  }

  test('case 246: after a kill too, a wrong key changes no row and the right one opens it', async () => {
    const dataDir = copyOfSample()
    const killed = await startServer({ program, dataDir })
    await killed.bootstrap('second')
    killed.kill('SIGKILL')
    await killed.exited
    const copy = join(place, 'killed')
    cpSync(dataDir, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') })
    const refused = await serve(dataDir, { env: { GATEHOUSE_MASTER_KEY: otherKey } })
    expect(refused.code).toBe(78)
    expect(rowsOf(dataDir)).toBe(rowsOf(copy))
    const server = await startServer({ program, dataDir })
    expect((await server.api('GET', '/api/v1/projects')).body.items).toHaveLength(2)
    expect(await signs(server)).toBe(true)
    await server.stop()
  })

  test('case 227: a place that cannot be written is named, without a stack', async () => {
    const file = join(place, 'a-file')
    writeFileSync(file, '')
    for (const dataDir of [file, join(file, 'below')]) {
      const { code, stderr } = await serve(dataDir)
      expect(stderr).toContain(dataDir)
      expect(stderr).not.toContain('    at ')
      expect(code).toBe(78)
    }
  })
})

describe('a master key from outside', () => {
  const key = randomBytes(32)
  const sources: readonly (readonly [string, (directory: string) => Record<string, string>])[] = [
    ['GATEHOUSE_MASTER_KEY in base64', () => ({ GATEHOUSE_MASTER_KEY: key.toString('base64') })],
    ['GATEHOUSE_MASTER_KEY in hex', () => ({ GATEHOUSE_MASTER_KEY: key.toString('hex') })],
    [
      'GATEHOUSE_MASTER_KEY_FILE',
      (directory) => {
        writeFileSync(join(directory, 'key'), `${key.toString('base64')}\n`)
        return { GATEHOUSE_MASTER_KEY_FILE: join(directory, 'key') }
      },
    ],
    [
      'a systemd credential',
      (directory) => {
        writeFileSync(join(directory, 'gatehouse.master_key'), key.toString('hex'))
        return { CREDENTIALS_DIRECTORY: directory }
      },
    ],
  ]

  for (const [index, [name, give]] of sources.entries()) {
    test(`${name} opens the store, again too, and no master.key is written`, async () => {
      const directory = join(place, `given-${index}`)
      mkdirSync(directory)
      const dataDir = join(directory, 'data')
      const env = give(directory)
      const first = await startServer({ program, dataDir, env })
      await fill(first)
      await first.stop()
      const second = await startServer({ program, dataDir, env })
      expect(await signs(second)).toBe(true)
      expect(await second.stop()).toBe(0)
      expect(readdirSync(dataDir).sort()).toEqual(['gatehouse.db', 'lock.db', 'setup-url'])
      const without = await serve(dataDir)
      expect([without.code, existsSync(join(dataDir, 'master.key'))]).toEqual([78, false])
    })
  }

  test('each of them is the same key', async () => {
    const dataDir = join(place, 'given-0', 'data')
    const directory = join(place, 'given-3')
    const server = await startServer({
      program,
      dataDir,
      env: { CREDENTIALS_DIRECTORY: directory },
    })
    expect(await signs(server)).toBe(true)
    await server.stop()
  })
})
