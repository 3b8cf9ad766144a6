import { openSqlite } from '../../src/store/open_sqlite.ts'

// Opens a store, brings it up to date and closes it: what a start does, for tests that kill it.
const store = openSqlite(process.argv[2] ?? '')
store.migrate()
await store.close()
