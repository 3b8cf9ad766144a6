import { afterEach, expect, test } from 'bun:test'
import type { RequestMap } from '../../src/model/request_map.ts'
import { findRequestMap, putRequestMap } from '../../src/store/request_map_store.ts'
import { openTestStore, type TestStore } from '../helpers/test_store.ts'

const stores: TestStore[] = []
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
})

const map: RequestMap = {
  path: '/v1/things/{id}',
  fixedQuery: '',
  parameters: [],
  body: null,
  accept: null,
  schema: { type: 'object', maximum: 1 },
  aliases: { filter: '$filter' },
}

test('a request map is found under its hash as it was put, and stays what it is', async () => {
  const store = openTestStore()
  stores.push(store)
  const { database } = store
  await database.write(() => putRequestMap('a', map))
  await database.write(() => putRequestMap('a', { ...map, path: '/other' }))
  expect(await database.read(() => findRequestMap('a'))).toEqual(map)
  expect(await database.read(() => findRequestMap('b'))).toBeNull()
})
