import { expect, test } from 'bun:test'
import { problemOf, problemText } from '../../src/cli/failure.ts'
import { AppError } from '../../src/errors.ts'

const errors = [{ pointer: '/id', message: 'Expected integer, got string.' }]

test('a place that the reason names already is not named twice', () => {
  const reason = '/id: Expected integer, got string.'
  const text = problemText(problemOf(new AppError('invalid_arguments', { reason, errors })))
  expect(text.match(/Expected integer/g)).toHaveLength(1)
})

test('a place that the reason does not name has a line of its own', () => {
  const reason = 'Mend the definition.'
  const text = problemText(problemOf(new AppError('validation_failed', { reason, errors })))
  expect(text).toContain('  Mend the definition.\n  /id: Expected integer, got string.\n')
})
