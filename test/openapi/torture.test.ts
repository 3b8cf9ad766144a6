import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type CatalogueWorld, startCatalogueWorld } from './catalogue_world.ts'
import { judgeDocument } from './judge_document.ts'
import { tortureDocuments } from './torture_documents.ts'

describe('requests are as the document says, whatever OpenAPI lets it say', () => {
  let world: CatalogueWorld

  beforeAll(async () => {
    world = await startCatalogueWorld()
  })
  afterAll(() => world.stop())

  test.each(tortureDocuments.map((one) => [one.name, one] as const))(
    '%s',
    async (_name, document) => {
      const score = await judgeDocument(world, document)
      expect(score.faults).toEqual([])
      expect(score.exact).toBe(score.calls)
      expect(score.calls).toBeGreaterThan(0)
    },
    30_000,
  )
})
