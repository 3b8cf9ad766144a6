import { describe, expect, test } from 'bun:test'
import { errorCauses } from '../../scripts/error_causes.ts'
import { errorsPage } from '../../scripts/generate_errors_page.ts'
import { AppError, catalogue, type ErrorCode } from '../../src/errors.ts'
import { problemOf } from '../../src/http/problem.ts'
import { anchorsOf, readPage } from './markdown.ts'

const page = readPage('docs/errors.md')
const codes = Object.keys(catalogue) as ErrorCode[]

describe('docs/errors.md', () => {
  test('is what scripts/generate_errors_page.ts writes', () => {
    expect(page).toBe(errorsPage())
  })

  test('has one entry per code and no other', () => {
    const entries = [...page.matchAll(/^### `(.+)`$/gm)].map(([, code]) => code)
    expect(entries.sort()).toEqual([...codes].sort())
  })

  test.each(codes)('%s is where the type of its problem points, with a cause and a fix', (code) => {
    const { type } = problemOf(new AppError(code), 'id')
    expect(anchorsOf(page)).toContain(type.replace('/docs/errors#', ''))
    const { status, detail } = catalogue[code]
    const [, entry = ''] = page.split(`### \`${code}\`\n`)
    const [own = ''] = entry.split('\n#')
    expect(own).toContain(`${status} · \`${detail}\``)
    for (const text of [errorCauses[code].cause, errorCauses[code].fix]) {
      expect(text).toMatch(/^[A-Z0-9`].{10,}[.?]$/s)
      expect(own.replace(/\s+/g, ' ')).toContain(text)
    }
  })
})
