import type { Row } from './database.ts'

/** An integer column; engines that hand 64-bit integers over as text are read alike. */
export function int(row: Row, column: string): number {
  return Number(row[column])
}

/** An integer column that may be NULL. */
export function intOrNull(row: Row, column: string): number | null {
  const value = row[column]
  return value === null || value === undefined ? null : Number(value)
}

/** A text column. */
export function text(row: Row, column: string): string {
  return String(row[column])
}

/** A text column that may be NULL. */
export function textOrNull(row: Row, column: string): string | null {
  const value = row[column]
  return value === null || value === undefined ? null : String(value)
}

/** A 0/1 column. */
export function flag(row: Row, column: string): boolean {
  return Number(row[column]) !== 0
}

/** A binary column. @throws TypeError - the column holds something else */
export function blob(row: Row, column: string): Uint8Array {
  const value = row[column]
  if (value instanceof Uint8Array) return value
  throw new TypeError(`column ${column} is not binary`)
}

/** A binary column that may be NULL. @throws TypeError - the column holds something else */
export function blobOrNull(row: Row, column: string): Uint8Array | null {
  const value = row[column]
  return value === null || value === undefined ? null : blob(row, column)
}
