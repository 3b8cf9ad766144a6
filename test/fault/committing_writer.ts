import type { Durability, Operation, Row } from '../../src/store/database.ts'
import { openSqlite } from '../../src/store/open_sqlite.ts'

// Writes row after row until it is killed, and says the number of each once it was acknowledged.
const [dataDir = '', durability = 'synced'] = process.argv.slice(2)
const { database, migrate } = openSqlite(dataDir)
migrate()

function* put(number: number): Operation<readonly Row[]> {
  return yield {
    sql: 'INSERT INTO instance (name, value) VALUES ($1, $2)',
    params: [`x${number}`, new Uint8Array(100)],
  }
}

for (let number = 1; ; number++) {
  await database.write(() => put(number), durability as Durability)
  process.stdout.write(`${number}\n`)
}
