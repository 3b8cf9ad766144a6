import { SQLiteError } from 'bun:sqlite'
import { AppError, type ErrorCode } from '../errors.ts'
import { findBackups } from './migration_backup.ts'
import { faultOf, type SqliteFault } from './sqlite_fault.ts'

interface Refusal {
  readonly code: ErrorCode
  readonly advice: string
}

const refusals: Readonly<Record<SqliteFault, Refusal>> = {
  full: { code: 'storage_full', advice: 'Free space on that disk.' },
  busy: { code: 'store_locked', advice: 'Another program works on it. Close that one.' },
  damaged: { code: 'store_unusable', advice: 'Restore a backup.' },
  disk: { code: 'store_failed', advice: 'The disk does not take writes: look at the system log.' },
  other: { code: 'store_unavailable', advice: '' },
}

/** What trying again does not cure beside damage: rights that are missing (case 227). */
const withoutRights = /^SQLITE_(CANTOPEN|READONLY|PERM|AUTH)/

/** Tells why a file of the store could not be opened, and what to do. */
export function openFailure(path: string, cause: unknown): unknown {
  if (!(cause instanceof SQLiteError)) return cause
  if (withoutRights.test(cause.code ?? '')) {
    const advice = 'This user must be able to write it and its directory.'
    return new AppError('store_unusable', { reason: `${path}: ${cause.message}. ${advice}`, cause })
  }
  const { code, advice } = refusals[faultOf(cause)]
  const backups = code === 'store_unusable' ? backupsBeside(path) : ''
  return new AppError(code, {
    reason: `${path}: ${cause.message}. ${advice}${backups}`.trim(),
    cause,
  })
}

/** A database that is none, or another program's. It stays as it is (case 229). */
export function notOurs(path: string, what: string): AppError {
  return new AppError('store_unusable', {
    reason: `${path}: ${what}. Restore a backup.${backupsBeside(path)}`,
  })
}

function backupsBeside(path: string): string {
  const [newest] = findBackups(path)
  return newest === undefined ? '' : ` The copy made before the last upgrade is ${newest}.`
}
