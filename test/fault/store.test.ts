import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { builtBinary } from '../helpers/built_binary.ts'
import { startServer } from '../helpers/server_process.ts'
import { temporaryDir } from '../helpers/temporary_dir.ts'
import { canMount, fakeTime, removeClockMemory } from './means.ts'
import { fill, serve, signs } from './sample_server.ts'
import { mountSmallDisk } from './small_disk.ts'

let program: readonly string[]
let place: string
/** A data directory with a project and a signed tool, cleanly closed. */
let sample: string

beforeAll(async () => {
  program = [await builtBinary()]
  place = temporaryDir()
  sample = join(place, 'sample')
  const server = await startServer({ program, dataDir: sample })
  await fill(server)
  expect(await server.stop()).toBe(0)
}, 60_000)

afterAll(() => rmSync(place, { recursive: true, force: true }))

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
      'reserve',
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
  const foreignDatabase = (path: string, mark: number) => {
    rmSync(path)
    const foreign = new Database(path, { create: true, readwrite: true })
    foreign.run(`PRAGMA application_id=${mark}`)
    foreign.run('CREATE TABLE songs (title TEXT)')
    foreign.close()
    chmodSync(path, 0o600)
  }
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
      says: /gatehouse\.db: database disk image is malformed\. Restore a backup\./,
    },
    {
      name: 'case 229: when the last pages of the database are missing',
      spoil: (dataDir) => truncateSync(database(dataDir), lstatSync(database(dataDir)).size - 4096),
      says: /gatehouse\.db: database disk image is malformed/,
    },
    {
      name: 'case 229: when the database is an empty file',
      spoil: (dataDir) => truncateSync(database(dataDir), 0),
      says: /gatehouse\.db: file is empty\. Restore a backup\./,
    },
    {
      name: 'case 229: when the database is cut off within its first bytes',
      spoil: (dataDir) => truncateSync(database(dataDir), 50),
      says: /gatehouse\.db: file is not a database/,
    },
    {
      name: 'case 229: when the database is another program’s, by its mark',
      spoil: (dataDir) => foreignDatabase(database(dataDir), 0x42424242),
      says: /gatehouse\.db: file belongs to another program/,
    },
    {
      name: 'case 229: when the database is another program’s, by its tables',
      spoil: (dataDir) => foreignDatabase(database(dataDir), 0),
      says: /gatehouse\.db: file belongs to another program/,
    },
    {
      name: 'case 229: with the copy from before the last upgrade named, when there is one',
      spoil: (dataDir) => {
        truncateSync(database(dataDir), 0)
        writeFileSync(`${database(dataDir)}.schema-9.backup`, '', { mode: 0o600 })
        writeFileSync(`${database(dataDir)}.schema-10.backup`, '', { mode: 0o600 })
      },
      says: /The copy made before the last upgrade is \/\S+\/gatehouse\.db\.schema-10\.backup\.\n/,
    },
    {
      name: 'case 241: when others may look into the directory',
      spoil: (dataDir) => chmodSync(dataDir, 0o755),
      says: /open to other users \(mode 0755\)\. Run "chmod 700 \/\S+", or name a directory inside it/,
    },
    {
      name: 'case 241: when a group may',
      spoil: (dataDir) => chmodSync(dataDir, 0o750),
      says: /open to other users \(mode 0750\)/,
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

describe.skipIf(!canMount)('a file system that may only be read', () => {
  test('case 227: ends it with 78, the file named; nothing is changed', async () => {
    using disk = mountSmallDisk(32)
    cpSync(sample, disk.dataDir, { recursive: true })
    const before = contentOf(disk.dataDir)
    disk.remount('ro')
    const { code, stdout, stderr } = await serve(disk.dataDir)
    disk.remount('rw')
    expect(stderr).toContain('error: The data directory cannot be used\n')
    expect(stderr).toContain(join(disk.dataDir, 'gatehouse.db'))
    expect(stderr).toContain('This user must be able to write it and its directory.')
    expect([code, stdout]).toEqual([78, ''])
    expect(contentOf(disk.dataDir)).toEqual(before)
  })
})

describe('files put back by hand', () => {
  test('case 241: what others may read is closed to them at the start', async () => {
    const dataDir = copyOfSample()
    const names = ['gatehouse.db', 'master.key', 'lock.db', 'gatehouse.db.schema-3.backup']
    writeFileSync(join(dataDir, 'gatehouse.db.schema-3.backup'), '')
    for (const name of names) chmodSync(join(dataDir, name), 0o644)
    const server = await startServer({ program, dataDir })
    await server.bootstrap('second')
    for (const name of [...names, 'gatehouse.db-wal', 'gatehouse.db-shm', 'reserve']) {
      expect([name, lstatSync(join(dataDir, name)).mode & 0o777]).toEqual([name, 0o600])
    }
    await server.stop()
  })
})

describe.skipIf(fakeTime === undefined)('case 239: a clock that is wrong', () => {
  const clock = (offset: string) => ({
    LD_PRELOAD: fakeTime ?? '',
    FAKETIME: offset,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
  })

  afterAll(removeClockMemory)

  test('ten years behind the newest record it does not start, unless told that this is right', async () => {
    const dataDir = copyOfSample()
    const rows = rowsOf(dataDir)
    const { code, stderr } = await serve(dataDir, { env: clock('-10y') })
    expect(stderr).toMatch(
      /^error: The clock is behind what the store has on record\n {2}It says \d{4}-\S+Z, and the newest record is of \d{4}-\S+Z\. Set the clock, or start with --accept-clock\.\n$/m,
    )
    expect(code).toBe(75)
    expect(rowsOf(dataDir)).toBe(rows)
    const flags = ['--accept-clock']
    const server = await startServer({ program, dataDir, env: clock('-10y'), flags })
    expect(server.stderr.text).toContain('"event":"clock_accepted"')
    expect(await server.stop()).toBe(0)
  })

  test('an hour behind or ten years ahead it starts, and after such a lead back only when told', async () => {
    const dataDir = copyOfSample()
    const behind = await startServer({ program, dataDir, env: clock('-1h') })
    expect(await behind.stop()).toBe(0)
    const ahead = await startServer({ program, dataDir, env: clock('+10y') })
    await ahead.bootstrap('later')
    expect(await ahead.stop()).toBe(0)
    expect((await serve(dataDir)).code).toBe(75)
    const back = await startServer({ program, dataDir, flags: ['--accept-clock'] })
    expect(await back.stop()).toBe(0)
  })
})
