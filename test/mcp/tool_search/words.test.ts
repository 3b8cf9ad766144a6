import { expect, test } from 'bun:test'
import { stemOf } from '../../../src/mcp/tool_search/stem.ts'
import { firstSentence, wordsOf } from '../../../src/mcp/tool_search/words.ts'

test('identifiers of every style fall into the same words', () => {
  const spelt = [
    'listPetIDs',
    'list_pet_ids',
    'list-pet-ids',
    'List pet IDs',
    'ListPetIds',
    'list/pet/ids',
  ]
  for (const name of spelt) expect(wordsOf(name)).toEqual(['list', 'pet', 'ids'])
  expect(wordsOf('getOAuth2HTTPStatus')).toEqual(['get', 'o', 'auth', '2', 'http', 'status'])
  expect(wordsOf('Re-run a job')).toEqual(['rerun', 'a', 'job'])
  expect(wordsOf('Größe Ärger')).toEqual(['große', 'arger'])
})

test('words of one kin have one stem, others their own', () => {
  const kin = [
    ['issue', 'issues'],
    ['repository', 'repositories'],
    ['collaborator', 'collaborators', 'collaboration'],
    ['create', 'creates', 'created', 'creating'],
    ['cancel', 'cancels', 'cancelled', 'canceled', 'cancelling'],
    ['merge', 'merges', 'merged', 'merging'],
    ['notify', 'notifies', 'notified'],
    ['authorize', 'authorise', 'authorizes', 'authorising'],
    ['policy', 'policies'],
    ['status'],
    ['address', 'addresses'],
  ]
  const stems = kin.map((words) => new Set(words.map(stemOf)))
  for (const [at, set] of stems.entries()) expect([kin[at], set.size]).toEqual([kin[at], 1])
  expect(new Set(stems.flatMap((set) => [...set])).size).toBe(kin.length)
})

test('a description is cut to its first sentence, without markup', () => {
  const cases: [string, string][] = [
    ['Lists orders. Needs a key.', 'Lists orders.'],
    ['<p>Lists <b>orders</b>.</p> More', 'Lists orders .'],
    ['Reads `GET /v1.2/x` e.g. one. Then', 'Reads GET /v1.2/x e.g. one.'],
    ['See [the docs](https://example.com/a.b) first.', 'See the docs first.'],
    ['Deprecated. Lists orders. Use another.', 'Deprecated. Lists orders.'],
    ['no end', 'no end'],
    ['', ''],
  ]
  for (const [text, first] of cases) expect(firstSentence(text, 100)).toBe(first)
  expect(firstSentence('word '.repeat(100), 20)).toBe('word word word word…')
})
