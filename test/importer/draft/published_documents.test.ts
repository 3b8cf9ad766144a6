import { expect, test } from 'bun:test'
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ApiDocument } from '../../../src/importer/api_document.ts'
import { diffDrafts, factsOfDraft } from '../../../src/importer/diff_drafts.ts'
import { draftOperations } from '../../../src/importer/draft_operations.ts'
import { readDocument } from '../../../src/importer/read_document.ts'
import { defaultImportSettings } from '../../../src/model/openapi_source.ts'
import { isVisibleText } from '../../../src/model/visible_text.ts'
import { draftOptions } from './api_documents.ts'

const folder = resolve(import.meta.dir, '../../../../shared/openapi')
const files = existsSync(folder) ? readdirSync(folder).filter((name) => !name.endsWith('.md')) : []
if (files.length === 0) console.warn(`No published documents in ${folder}: they are not tried.`)

async function readPublished(file: string): Promise<ApiDocument> {
  const bytes = await Bun.file(join(folder, file)).bytes()
  if (file.endsWith('.tar.gz')) {
    const parts = [...(await new Bun.Archive(bytes).files())]
    const texts = await Promise.all(
      parts.map(async ([path, part]) => [path, await part.text()] as const),
    )
    const entry = 'specification/DigitalOcean-public.v2.yaml'
    return readDocument({ files: new Map(texts), entry, url: null }, defaultImportSettings)
  }
  const text = new TextDecoder().decode(file.endsWith('.gz') ? Bun.gunzipSync(bytes) : bytes)
  return readDocument(
    { files: new Map([[file, text]]), entry: file, url: null },
    defaultImportSettings,
  )
}

test.each(files)('every operation of %s becomes a tool with a good name', async (file) => {
  const document = await readPublished(file)
  const started = process.cpuUsage()
  const drafts = [...draftOperations(document, draftOptions({}))]
  const { user, system } = process.cpuUsage(started)
  expect(drafts.map(({ key }) => key)).toEqual(document.operations.map(({ key }) => key))
  expect(
    drafts.flatMap(({ key, quarantine }) => (quarantine === null ? [] : [key, quarantine])),
  ).toEqual([])
  const names = drafts.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const { name, description, tokens } of drafts) {
    expect(name).toMatch(/^[a-z_][a-z0-9_]{1,63}$/)
    expect(description.length).toBeLessThanOrEqual(1_000)
    expect(isVisibleText(description)).toBe(true)
    expect(tokens).toBeGreaterThan(20)
    expect(tokens).toBeLessThan(6_000)
  }
  // The largest take about one second; what has gone wrong takes many.
  expect((user + system) / 1e6).toBeLessThan(6)
})

test('the same document drafted again has no changes', async () => {
  for (const file of files.filter((name) => /petstore|asana|train/.test(name))) {
    const document = await readPublished(file)
    const again = draftOperations(document, draftOptions({}))
    for (const draft of draftOperations(document, draftOptions({}))) {
      const second = again.next()
      if (second.done === true) throw new Error('fewer drafts')
      expect(diffDrafts(factsOfDraft(draft), factsOfDraft(second.value))).toEqual([])
    }
  }
})
