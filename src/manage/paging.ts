import type { MasterKey } from '../crypto/master_key.ts'
import { makeCursor, openCursor } from '../lib/signed_cursor.ts'
import type { Database, Operation } from '../store/database.ts'
import type { Page } from '../store/page.ts'

/** What a caller asks of a list. */
export interface PageRequest {
  readonly limit: number
  readonly cursor: string | null
}

/** A page as callers see it: where the next begins is sealed against guessing. */
export interface CursorPage<T> {
  readonly items: readonly T[]
  readonly nextCursor: string | null
}

/** What reading a page needs. */
export interface PagingDeps {
  readonly database: Database
  readonly masterKey: MasterKey
}

/** Reads a page of the list named by `scope`. @throws AppError invalid_cursor */
export async function readPage<T>(
  deps: PagingDeps,
  scope: string,
  request: PageRequest & { readonly list: (position: string | null) => Operation<Page<T>> },
): Promise<CursorPage<T>> {
  const key = deps.masterKey.cursorKey
  const position = request.cursor === null ? null : openCursor(key, scope, request.cursor)
  const page = await deps.database.read(() => request.list(position))
  return {
    items: page.items,
    nextCursor: page.next === null ? null : makeCursor(key, scope, page.next),
  }
}
