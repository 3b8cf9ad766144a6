import { expect, test } from 'bun:test'
import { everyOperation, operationFilter } from '../../../src/manage/openapi/operation_filter.ts'

const operation = {
  method: 'GET',
  path: '/repos/{owner}/issues',
  operationId: 'listIssues',
  tags: ['issues'],
} as const

test.each([
  [{}, true],
  [{ tags: ['issues'] }, true],
  [{ tags: ['other'] }, false],
  [{ methods: ['POST'] }, false],
  [{ operationIds: ['listIssues'] }, true],
  [{ paths: ['/repos/{owner}/issues'] }, true],
  [{ paths: ['/repos/*/issues'] }, true],
  [{ paths: ['/repos/*'] }, false],
  [{ paths: ['/repos/**'] }, true],
  [{ paths: ['**/issues'] }, true],
  [{ paths: ['/repos'] }, false],
  [{ paths: ['/users/**'], tags: ['issues'] }, false],
] as const)('%j', (filter, isIn) => {
  expect(operationFilter({ ...everyOperation, ...filter })(operation)).toBe(isIn)
})

test('a pattern that repeats itself takes no longer than its length says', () => {
  const fits = operationFilter({ ...everyOperation, paths: [`${'**a'.repeat(100)}b`] })
  const startedAtMs = performance.now()
  expect(fits({ ...operation, path: `/${'a'.repeat(2_000)}` })).toBe(false)
  expect(performance.now() - startedAtMs).toBeLessThan(10_000)
})
