import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { catalogueExceptions } from './catalogue_exceptions.ts'
import { type CatalogueWorld, connectLegacy, startCatalogueWorld } from './catalogue_world.ts'
import { type DocumentScore, type Fault, judgeDocument } from './judge_document.ts'
import { scoreboard } from './scoreboard.ts'
import { hasSharedDocuments, readSharedDocument, sharedNames } from './shared_documents.ts'

const scores: DocumentScore[] = []
let world: CatalogueWorld

/** Called by a client of the era before, too. */
const alsoLegacy = ['petstore-v3', 'og-form', 'rm-parameters-style-v30']

if (!hasSharedDocuments) console.log('Skipped: the published OpenAPI documents are not here.')

const names = hasSharedDocuments ? sharedNames : []

const isException = ({ document, key, stage }: Fault) =>
  catalogueExceptions.some(
    (one) => one.document === document && one.key === key && one.stage === stage,
  )

describe('published documents become tools whose requests are as the document says', () => {
  beforeAll(async () => {
    world = await startCatalogueWorld()
  })
  afterAll(async () => {
    await world.stop()
    console.log(scoreboard(scores))
  })

  test.each(names)(
    '%s: all imported, portable and exact',
    async (name) => {
      const document = await readSharedDocument(name)
      if (document === null) return console.log(`Skipped: ${name} is not here.`)
      const score = await judgeDocument(world, document)
      scores.push(score)
      const unexplained = score.faults.filter((fault) => !isException(fault))
      expect(unexplained.slice(0, 10)).toEqual([])
      expect(score.imported).toBe(score.operations)
      expect(score.portable).toBe(score.tools)
    },
    60_000,
  )

  test.each(hasSharedDocuments ? alsoLegacy : [])(
    '%s: the same with a client of revision 2025-11-25',
    async (name) => {
      const document = await readSharedDocument(name)
      if (document === null) return
      const renamed = { ...document, name: `${name}-legacy` }
      const score = await judgeDocument(world, renamed, connectLegacy)
      const unexplained = score.faults.filter((fault) => !isException(fault))
      expect(unexplained.slice(0, 10)).toEqual([])
    },
    60_000,
  )

  test('no more than one request in 200 is an exception', () => {
    const exact = scores.reduce((all, one) => all + one.exact, 0)
    const calls = scores.reduce((all, one) => all + one.calls, 0)
    expect(exact).toBeGreaterThanOrEqual(calls * 0.995)
  })
})
