/** What befalls a store that people should hear of. Callers get an AppError; this is for the log. */
export type StoreEvent =
  /** One operation failed; the store goes on. */
  | { readonly kind: 'operation_failed'; readonly cause: Error }
  /** The disk failed while something was written: nothing is read or written from here on. */
  | { readonly kind: 'store_failed'; readonly cause: Error }
  | { readonly kind: 'storage_full'; readonly cause: Error }
  /** There is room again, and writes are taken again. */
  | { readonly kind: 'storage_freed' }
  /** A page could not be read as what it must be; `findings` is what a check of all tables says. */
  | { readonly kind: 'store_damaged'; readonly cause: Error; readonly findings: readonly string[] }
  /** The write-ahead log is larger than it should be; `isCutBack` tells whether it is no longer. */
  | { readonly kind: 'wal_grown'; readonly bytes: number; readonly isCutBack: boolean }

/** Takes what befalls a store. Must not throw. */
export type OnStoreEvent = (event: StoreEvent) => void

/** How a store is, for `/readyz`. */
export type StoreState =
  | { readonly status: 'sound' }
  | { readonly status: 'storage_full' }
  | { readonly status: 'store_failed' }
  /** `findings` is null while the tables are still being checked. */
  | { readonly status: 'store_damaged'; readonly findings: readonly string[] | null }
