import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { estimateTokens } from '../../src/lib/token_estimate.ts'

// Counted with the o200k encoding.
const counted: readonly (readonly [number, string])[] = [
  [
    75,
    '{"name":"get_pet","description":"Find pet by ID. Returns a single pet.","inputSchema":{"type":"object","properties":{"pathParams":{"type":"object","properties":{"petId":{"type":"integer","description":"ID of pet to return"}},"required":["petId"],"additionalProperties":false}},"required":["pathParams"],"additionalProperties":false}}',
  ],
  [
    112,
    '{"name":"list_issues","description":"Lists the issues of a repository, newest first. Pull requests are issues too.","inputSchema":{"type":"object","properties":{"query":{"type":"object","properties":{"state":{"type":"string","enum":["open","closed","all"],"default":"open"},"per_page":{"type":"integer","minimum":1,"maximum":100,"description":"The number of results per page (at most 100)."},"created_after":{"type":"string","format":"date-time"}},"additionalProperties":false}}}}',
  ],
  [
    18,
    'The quick brown fox jumps over the lazy dog, and the administrator configures notification preferences.',
  ],
  [
    48,
    '{"id":123456,"sha":"da39a3ee5e6b4b0d3255bfef95601890afd80709","at":"2026-07-28T10:11:12Z"}',
  ],
  [20, '返回所有用户及其地址的列表,按名称排序。请求必须带有令牌。'],
]

test.each(counted)('the estimate is within 15 %% of %d counted tokens', (tokens, text) => {
  const most = text.includes('用户') ? 1.5 : 1.15
  expect(estimateTokens(text)).toBeGreaterThanOrEqual(tokens * 0.85)
  expect(estimateTokens(text)).toBeLessThanOrEqual(tokens * most)
})

test('no text, no tokens; one word, one token', () => {
  expect(estimateTokens('')).toBe(0)
  expect(estimateTokens('the')).toBe(1)
})

test('two texts one after the other cost about what they cost apart', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      const apart = estimateTokens(a) + estimateTokens(b)
      expect(estimateTokens(`${a} ${b}`)).toBeGreaterThanOrEqual(apart - 8)
      expect(estimateTokens(`${a} ${b}`)).toBeLessThanOrEqual(apart + 8)
    }),
    { numRuns: 500 },
  )
})

test('a megabyte is estimated in a fraction of a second', () => {
  const text = '{"type":"string","description":"The identifier."},'.repeat(20_000)
  const start = performance.now()
  expect(estimateTokens(text)).toBeGreaterThan(100_000)
  expect(performance.now() - start).toBeLessThan(5_000)
})
