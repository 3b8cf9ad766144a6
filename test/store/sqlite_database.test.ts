import { afterEach, expect, test } from 'bun:test'
import { AppError } from '../../src/errors.ts'
import type { Operation, Row } from '../../src/store/database.ts'
import { openTestStore, type TestStore } from '../helpers/test_store.ts'

const stores: TestStore[] = []
const open = () => {
  const store = openTestStore()
  stores.push(store)
  return store.database
}
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
})

function* put(name: string): Operation<string> {
  yield {
    sql: 'INSERT INTO instance (name, value) VALUES ($1, $2)',
    params: [name, new Uint8Array([1])],
  }
  return name
}

function* names(): Operation<string[]> {
  const rows = yield { sql: 'SELECT name FROM instance ORDER BY name', params: [] }
  return rows.map((row) => String(row.name))
}

test('writes of one moment share a transaction and each gets its own result', async () => {
  const database = open()
  const results = await Promise.all(['a', 'b', 'c'].map((n) => database.write(() => put(n))))
  expect(results).toEqual(['a', 'b', 'c'])
  expect(await database.read(names)).toEqual(['a', 'b', 'c'])
})

test('a write that fails takes none of its neighbours with it', async () => {
  const database = open()
  await database.write(() => put('taken'))
  const settled = await Promise.allSettled([
    database.write(() => put('before')),
    database.write(() => put('taken')),
    database.write(function* (): Operation<void> {
      yield* put('half')
      throw new AppError('name_taken')
    }),
    database.write(() => put('after')),
  ])
  expect(settled.map((s) => s.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
  expect(await database.read(names)).toEqual(['after', 'before', 'taken'])
})

test('an operation that throws half-way leaves nothing behind', async () => {
  const database = open()
  const failing = database.write(function* (): Operation<void> {
    yield* put('half')
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect(await database.read(names)).toEqual([])
})

test('parameters are numbered by their place, not by their first appearance', async () => {
  const database = open()
  const [row] = await database.read(function* (): Operation<readonly Row[]> {
    return yield { sql: 'SELECT $2 AS second, $1 AS first', params: ['one', 'two'] }
  })
  expect(row).toEqual({ second: 'two', first: 'one' })
})

test('a storage fault is reported as store_unavailable', async () => {
  const database = open()
  const wrong = database.read(function* (): Operation<readonly Row[]> {
    return yield { sql: 'SELECT * FROM no_such_table', params: [] }
  })
  await expect(wrong).rejects.toMatchObject({ code: 'store_unavailable' })
})

test('closing writes what was queued; after that every call is refused', async () => {
  const store = openTestStore()
  const pending = store.database.write(() => put('last'))
  await store.close()
  expect(await pending).toBe('last')
  await expect(store.database.read(names)).rejects.toMatchObject({ code: 'store_unavailable' })
})
