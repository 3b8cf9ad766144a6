import { SQLiteError } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { faultOf, type SqliteFault } from '../../src/store/sqlite_fault.ts'

const error = (code: string) =>
  Object.assign(Object.create(SQLiteError.prototype), { code }) as SQLiteError

const table: readonly (readonly [string, SqliteFault])[] = [
  ['SQLITE_FULL', 'full'],
  ['SQLITE_IOERR_SHMSIZE', 'full'],
  ['SQLITE_BUSY', 'busy'],
  ['SQLITE_BUSY_RECOVERY', 'busy'],
  ['SQLITE_BUSY_SNAPSHOT', 'busy'],
  ['SQLITE_LOCKED', 'busy'],
  ['SQLITE_CORRUPT', 'damaged'],
  ['SQLITE_CORRUPT_INDEX', 'damaged'],
  ['SQLITE_NOTADB', 'damaged'],
  ['SQLITE_IOERR_READ', 'damaged'],
  ['SQLITE_IOERR_SHORT_READ', 'damaged'],
  ['SQLITE_IOERR_CORRUPTFS', 'damaged'],
  ['SQLITE_IOERR', 'disk'],
  ['SQLITE_IOERR_WRITE', 'disk'],
  ['SQLITE_IOERR_FSYNC', 'disk'],
  ['SQLITE_IOERR_DIR_FSYNC', 'disk'],
  ['SQLITE_IOERR_TRUNCATE', 'disk'],
  ['SQLITE_READONLY', 'disk'],
  ['SQLITE_READONLY_DBMOVED', 'disk'],
  ['SQLITE_IOERR_NOMEM', 'other'],
  ['SQLITE_CONSTRAINT_UNIQUE', 'other'],
  ['SQLITE_ERROR', 'other'],
]

for (const [code, fault] of table) {
  test(`cases 223-228: ${code} is taken as ${fault}`, () => {
    expect(faultOf(error(code))).toBe(fault)
  })
}
