/** Starts a worker that reads one document. */
export function startImportWorker(): Worker {
  return new Worker(workerUrl(import.meta.url), { smol: true })
}

/** In the executable everything is in one file at the root, and workers keep their place below it. */
function workerUrl(here: string): string {
  const isBuilt = !here.endsWith('/start_worker.ts')
  const path = isBuilt ? './src/manage/openapi/import_worker.js' : './import_worker.ts'
  return new URL(path, here).href
}
