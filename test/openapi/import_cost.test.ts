import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Bootstrapped, type RunningApp, startApp } from '../helpers/running_app.ts'
import { importCost } from './import_cost_run.ts'
import { hasSharedDocuments } from './shared_documents.ts'

// Bounds for a busy machine; `bun test/openapi/import_cost.ts` prints what it is on a quiet one.
const most = { cpuSeconds: 8, longestBlockMs: 250, peakMegabytes: 600 }

const names = hasSharedDocuments ? ['stripe-2022', 'kubernetes-v2', 'github-rest'] : []
if (!hasSharedDocuments) console.log('Skipped: the published OpenAPI documents are not here.')

describe('an import is cheap and leaves the server free', () => {
  let app: RunningApp
  let made: Bootstrapped

  beforeAll(async () => {
    app = await startApp()
    made = await app.bootstrap()
  })
  afterAll(() => app.stop())

  test.each(names)(
    '%s',
    async (name) => {
      const cost = await importCost(app, made, name)
      expect(cost.cpuSeconds).toBeLessThan(most.cpuSeconds)
      expect(cost.longestBlockMs).toBeLessThan(most.longestBlockMs)
      expect(cost.peakMegabytes).toBeLessThan(most.peakMegabytes)
    },
    30_000,
  )
})
