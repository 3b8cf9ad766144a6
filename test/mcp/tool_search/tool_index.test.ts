import { describe, expect, test } from 'bun:test'
import { isOneSlipAway } from '../../../src/mcp/tool_search/one_slip.ts'
import type { SearchDocument } from '../../../src/mcp/tool_search/search_document.ts'
import { ToolIndex } from '../../../src/mcp/tool_search/tool_index.ts'

const blank = { title: '', description: '', tags: [], parameters: [], isDeprecated: false }
const tool = (name: string, rest: Partial<SearchDocument> = {}): SearchDocument => ({
  ...blank,
  name,
  method: 'GET',
  path: '/',
  ...rest,
})

const shop: readonly SearchDocument[] = [
  tool('list_orders', { path: '/orders', description: 'Lists the orders of a shop.' }),
  tool('get_order', { path: '/orders/{id}', description: 'Reads one order.' }),
  tool('create_order', { method: 'POST', path: '/orders', description: 'Makes an order.' }),
  tool('update_order', { method: 'PATCH', path: '/orders/{id}' }),
  tool('delete_order', { method: 'DELETE', path: '/orders/{id}' }),
  tool('cancel_order', { method: 'POST', path: '/orders/{id}/cancel' }),
  tool('listOrderItems', { path: '/orders/{id}/items' }),
  tool('get_shop', { path: '/shop', parameters: ['currency'] }),
  tool('old_list_customers', { path: '/v1/customers', isDeprecated: true }),
  tool('list_customers', { path: '/v2/customers', tags: ['Relations'] }),
  tool('upload_picture', { method: 'POST', path: '/pictures', title: 'Upload a photo' }),
  tool('register_webhook', { method: 'POST', path: '/webhooks' }),
]

function indexOf(documents: readonly SearchDocument[]): ToolIndex {
  const index = new ToolIndex()
  for (const document of documents) index.add(document)
  return index
}

const index = indexOf(shop)
const find = (query: string, accepts: (at: number) => boolean = () => true) =>
  index.search(query, { limit: 5, accepts }).map(({ at }) => shop[at]?.name)

describe('a search', () => {
  const asked: [string, string][] = [
    ['list orders', 'list_orders'],
    ['show me all the orders', 'list_orders'],
    ['fetch an order', 'get_order'],
    ['add a new order', 'create_order'],
    ['make an order', 'create_order'],
    ['change an order', 'update_order'],
    ['modify order', 'update_order'],
    ['remove an order', 'delete_order'],
    ['cancel an order', 'cancel_order'],
    ['items of an order', 'listOrderItems'],
    ['order_items', 'listOrderItems'],
    ['customers', 'list_customers'],
    ['relations', 'list_customers'],
    ['currency', 'get_shop'],
    ['upload an image', 'upload_picture'],
    ['photograph', 'upload_picture'],
    ['web hook', 'register_webhook'],
    ['custmers', 'list_customers'],
    ['ORDERS', 'list_orders'],
  ]

  test.each(asked)('for %j finds %s first', (query, expected) => {
    expect(find(query)[0]).toBe(expected)
  })

  test('finds a deprecated tool after the one that stands for it', () => {
    expect(find('list customers').slice(0, 2)).toEqual(['list_customers', 'old_list_customers'])
  })

  test('finds nothing that may not be found', () => {
    const hidden = shop.findIndex(({ name }) => name === 'list_customers')
    expect(find('list customers', (at) => at !== hidden)).not.toContain('list_customers')
  })

  test('finds nothing for what no tool speaks of, for nothing and for stop words', () => {
    for (const query of ['zebra', '', '   ', '!?', 'the of and']) expect(find(query)).toEqual([])
  })

  test('gives the same order every time, ties in the order of the catalogue', () => {
    const twins = indexOf([tool('get_a_thing'), tool('get_a_thing'), tool('get_a_thing')])
    const limits = { limit: 5, accepts: () => true }
    for (let time = 0; time < 3; time++) {
      expect(twins.search('thing', limits).map(({ at }) => at)).toEqual([0, 1, 2])
    }
  })

  test('takes queries of any length and any script', () => {
    expect(find('orders '.repeat(100_000))[0]).toBe('list_orders')
    expect(
      indexOf([tool('получить_заказ')]).search('заказ', { limit: 1, accepts: () => true }),
    ).toHaveLength(1)
  })
})

test('words one slip apart are told from others', () => {
  const apart: [string, string, boolean][] = [
    ['order', 'ordre', true],
    ['order', 'orders', true],
    ['order', 'oder', true],
    ['order', 'ordar', true],
    ['order', 'older', true],
    ['order', 'roedr', false],
    ['order', 'odor', false],
    ['cat', 'car', false],
  ]
  for (const [a, b, isNear] of apart) expect([a, b, isOneSlipAway(a, b)]).toEqual([a, b, isNear])
})
