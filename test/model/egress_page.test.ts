import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { parseEgressEntry } from '../../src/model/egress_entry.ts'

const page = await Bun.file(join(import.meta.dir, '../../docs/egress.md')).text()

test('every entry docs/egress.md shows is one the server understands', () => {
  const table = page.split('| entry | opens |')[1]?.split('\n\n')[0] ?? ''
  const cells = [...table.matchAll(/^\| (`.*?`) \|/gm)].map(([, cell = '']) => cell)
  const shown = cells.flatMap((cell) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text),
  )
  const flags = [...page.matchAll(/--egress-allow '?([^\s'`]+?)'?[.`]?$/gm)].map(
    ([, text = '']) => text,
  )
  const file = [...(/^egress_allow = \[(.*)\]$/m.exec(page)?.[1] ?? '').matchAll(/"([^"]+)"/g)]
  const entries = [...shown, ...flags, ...file.map(([, text = '']) => text)]
  expect(entries.length).toBeGreaterThan(18)
  for (const text of entries) expect(parseEgressEntry(text).text).toBe(text)
})
