/** Prints what the imports of the largest documents cost: `bun test/openapi/import_cost.ts`. */
import { startApp } from '../helpers/running_app.ts'
import { importCost } from './import_cost_run.ts'
import { hasSharedDocuments } from './shared_documents.ts'

const names = process.argv.slice(2)
const chosen = names.length > 0 ? names : ['github-rest', 'kubernetes-v2', 'stripe-2022']

for (const name of hasSharedDocuments ? chosen : []) {
  const app = await startApp()
  const cost = await importCost(app, await app.bootstrap(), name)
  console.log(
    `${name}: ${cost.operations} operations, ${cost.cpuSeconds.toFixed(2)} s CPU, ` +
      `${cost.seconds.toFixed(2)} s, longest block ${cost.longestBlockMs.toFixed(0)} ms, ` +
      `peak ${cost.peakMegabytes.toFixed(0)} MB above base`,
  )
  await app.stop()
}
