import { AppError, catalogue, type ErrorCode } from '../../errors.ts'
import type { OpenapiDeps } from './openapi_deps.ts'
import type { FromWorker, ImportTask, PresentTool, ToWorker } from './worker_messages.ts'

/** An import that somebody cancelled. */
export class ImportCancelled extends Error {}

/** What a worker is started for. */
export interface WorkerRun {
  readonly task: ImportTask
  /** The tools the source has, in portions. */
  readonly tools: () => AsyncIterable<readonly PresentTool[]>
  /** Takes what the worker hands over; the worker waits until it is done. */
  readonly take: (message: FromWorker) => Promise<void>
  readonly signal: AbortSignal
}

/** How often the memory of the process is looked at. */
const MEMORY_CHECK_MS = 200

/**
 * Runs a worker until it is done. Whatever becomes of it, the worker is gone afterwards.
 * @throws AppError what the worker found; import_failed - it crashed, or went over a limit
 * @throws ImportCancelled
 */
export async function runWorker(deps: OpenapiDeps, run: WorkerRun): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  // A failure may come before anybody awaits it.
  promise.catch(() => {})
  const worker = deps.startWorker()
  const post = (message: ToWorker) => worker.postMessage(message)
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    if (data.kind === 'end') return resolve()
    if (data.kind === 'failed') return reject(failureOf(data))
    run.take(data).then(() => post({ kind: 'ack' }), reject)
  }
  worker.onerror = (event) => {
    event.preventDefault()
    reject(failed(`The import worker crashed: ${event.message}.`))
  }
  worker.addEventListener('close', () => reject(failed('The import worker ended unexpectedly.')))
  const release = bound(deps, run.signal, reject)
  try {
    post({ kind: 'task', task: run.task })
    for await (const tools of run.tools()) post({ kind: 'tools', tools })
    post({ kind: 'go' })
    await promise
  } finally {
    release()
    worker.terminate()
  }
}

/** Ends the wait when time or memory is used up, or somebody cancels. */
function bound(deps: OpenapiDeps, signal: AbortSignal, reject: (error: Error) => void): () => void {
  const { timeoutMs, maxGrowthBytes } = deps
  const onAbort = () => reject(new ImportCancelled())
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  const seconds = timeoutMs / 1000
  const timer = setTimeout(
    () => reject(failed(`The document took longer than ${seconds} s to process.`)),
    timeoutMs,
  )
  const baseBytes = process.memoryUsage.rss()
  const watch = setInterval(() => {
    if (process.memoryUsage.rss() - baseBytes <= maxGrowthBytes) return
    reject(failed('The document takes too much memory to process.'))
  }, MEMORY_CHECK_MS)
  return () => {
    clearTimeout(timer)
    clearInterval(watch)
    signal.removeEventListener('abort', onAbort)
  }
}

const failed = (reason: string) => new AppError('import_failed', { reason })

function failureOf({ code, detail, reason }: FromWorker & { kind: 'failed' }): AppError {
  const known: ErrorCode = Object.hasOwn(catalogue, code) ? (code as ErrorCode) : 'import_failed'
  return new AppError(known, { detail, ...(reason === null ? {} : { reason }) })
}
