import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { csvText } from '../../src/lib/csv.ts'

test('quotes what separates cells and rows, and doubles quotes (RFC 4180)', () => {
  expect(
    csvText([
      ['a', 1],
      ['b,c', -2.5],
      ['d"e', 0],
      ['f\r\ng', 3],
    ]),
  ).toBe('a,1\r\n"b,c",-2.5\r\n"d""e",0\r\n"f\r\ng",3\r\n')
})

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '=HYPERLINK("x","y")'])(
  '%p is text to a spreadsheet, not a formula',
  (text) => {
    expect(csvText([[text]])).toBe(`"'${text.replaceAll('"', '""')}"\r\n`)
  },
)

/** Reads one row back, cell by cell. */
function cellsOf(line: string): string[] {
  const cells: string[] = []
  for (let rest = `${line},`; rest !== ''; ) {
    const [whole = '', quoted, plain = ''] = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*)),/.exec(rest) ?? []
    if (whole === '') throw new Error(`no cell at ${JSON.stringify(rest)}`)
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    rest = rest.slice(whole.length)
  }
  return cells
}

test('any row reads back cell by cell, and no cell of text begins like a formula', () => {
  const likeFormula = fc
    .tuple(fc.constantFrom(...'=+-@\t\r",\n'), fc.string())
    .map((parts) => parts.join(''))
  const rows = fc.array(fc.oneof(fc.string(), likeFormula), { minLength: 1 })
  fc.assert(
    fc.property(rows, (row) => {
      const read = cellsOf(csvText([row]).slice(0, -2))
      expect(read).toEqual(row.map((text) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)))
    }),
    { numRuns: 300 },
  )
})
