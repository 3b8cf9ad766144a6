import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Connector } from '../../src/executor/connector/connector.ts'
import { SqliteDatabase } from '../../src/store/sqlite_database.ts'

/** Where a call can be cut off, in its own words (reliability.md §6, T18). */
export const failpoints = ['after_claim', 'before_send', 'before_record', 'after_record'] as const
export type Failpoint = (typeof failpoints)[number]

// Preloaded into a server, it kills that server at the point whose file lies in the data directory.
const at = process.argv.indexOf('--data-dir')
const dataDir = at < 0 ? null : (process.argv[at + 1] ?? null)

/** The file that arms a point. */
export const failpointFile = (dir: string, point: Failpoint) => join(dir, `failpoint-${point}`)

const isArmed = (point: Failpoint) => dataDir !== null && existsSync(failpointFile(dataDir, point))
const die = () => process.kill(process.pid, 'SIGKILL')

if (dataDir !== null) {
  const { write, record } = SqliteDatabase.prototype
  SqliteDatabase.prototype.write = async function (operation, durability = 'synced') {
    const result = await write.call(this, operation as never, durability)
    if (durability === 'synced' && isArmed('after_claim')) die()
    return result as never
  }
  SqliteDatabase.prototype.record = async function (operation, durability = 'synced') {
    const result = await record.call(this, operation as never, durability)
    if (durability === 'synced' && isArmed('after_record')) die()
    return result as never
  }
  const { exchange } = Connector.prototype
  Connector.prototype.exchange = async function (wanted) {
    if (isArmed('before_send')) die()
    const response = await exchange.call(this, wanted)
    if (isArmed('before_record')) die()
    return response
  }
}
