import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ApiDocument } from '../../../src/importer/api_document.ts'
import { readDocument } from '../../../src/importer/read_document.ts'
import { defaultImportSettings } from '../../../src/model/openapi_source.ts'

const folder = resolve(import.meta.dir, '../../../../shared/openapi')
const rows = await listed()
if (rows.length === 0) console.warn(`No published documents in ${folder}: they are not tried.`)

interface Listed {
  readonly file: string
  readonly version: string
  readonly operations: number
}

/** The table of the folder's README. */
async function listed(): Promise<Listed[]> {
  const readme = join(folder, 'README.md')
  if (!existsSync(readme)) return []
  const table = (await Bun.file(readme).text()).matchAll(/^\| (\S+) \| ([\d.]+) \| (\d+) \|/gm)
  return [...table].map(([, file = '', version = '', operations]) => ({
    file,
    version,
    operations: Number(operations),
  }))
}

/** Reads one document of the folder, and how many milliseconds of it were reading. */
async function readPublished(file: string): Promise<{ document: ApiDocument; tookMs: number }> {
  const bytes = await Bun.file(join(folder, file)).bytes()
  const files = new Map<string, string>()
  let entry = file
  if (file.endsWith('.tar.gz')) {
    entry = 'specification/DigitalOcean-public.v2.yaml'
    for (const [path, part] of await new Bun.Archive(bytes).files())
      files.set(path, await part.text())
  } else {
    const plain = file.endsWith('.gz') ? Bun.gunzipSync(bytes) : bytes
    files.set(file, new TextDecoder().decode(plain))
  }
  const startedAt = performance.now()
  const document = readDocument({ files, entry, url: null }, defaultImportSettings)
  return { document, tookMs: performance.now() - startedAt }
}

/** Every finding the folder's documents may have, beside `method_left_out`. */
const explained = new Set([
  'callbacks_left_out',
  'get_with_body',
  'headers_left_out',
  'no_paths',
  'schema_keyword_ignored',
  'webhooks_left_out',
])

describe('published documents', () => {
  test.each(rows)('$file is read whole: $operations operations', async (row) => {
    const { document, tookMs } = await readPublished(row.file)
    const codes = document.findings.map((finding) => finding.code)
    const leftOut = codes.filter((code) => code === 'method_left_out').length
    expect(document.specVersion).toBe(row.version as ApiDocument['specVersion'])
    expect(document.operations.length + leftOut).toBe(row.operations)
    expect(document.findings.filter((finding) => finding.severity === 'error')).toEqual([])
    expect(codes.filter((code) => code !== 'method_left_out' && !explained.has(code))).toEqual([])
    expect(new Set(document.operations.map((operation) => operation.key)).size).toBe(
      document.operations.length,
    )
    expect(danglingIn(document)).toEqual([])
    expect(tookMs).toBeLessThan(20_000)
  })
})

/** Names that a `$ref` has but `defs` lacks. */
function danglingIn(document: ApiDocument): string[] {
  const names = new Set<string>()
  const visit = (value: unknown, isExample: boolean): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, inner] of Object.entries(value)) {
      const isRef = key === '$ref' && typeof inner === 'string' && !isExample
      if (isRef && !Object.hasOwn(document.defs, inner.replace('#/$defs/', ''))) names.add(inner)
      visit(inner, isExample || /^(?:examples?|default|enum|x-.*)$/.test(key))
    }
  }
  visit(document.defs, false)
  for (const { parameters, body, responses } of document.operations) {
    for (const { schema } of parameters) visit(schema, false)
    for (const { contents } of body ? [body, ...responses] : responses) {
      for (const { schema } of contents) visit(schema, false)
    }
  }
  return [...names]
}
