import { AppError } from '../../errors.ts'

/** What an import is at. */
export interface ImportProgress {
  readonly phase: 'waiting' | 'fetching' | 'reading' | 'drafting' | 'done'
  readonly done: number
  readonly total: number
}

/** A place in the line, for one source. */
export class ImportJob {
  readonly sourceId: number
  progress: ImportProgress = { phase: 'waiting', done: 0, total: 0 }
  private readonly controller = new AbortController()

  constructor(sourceId: number) {
    this.sourceId = sourceId
  }

  /** Fires when the import was cancelled. */
  get signal(): AbortSignal {
    return this.controller.signal
  }

  /** Ends the import wherever it is. */
  cancel(): void {
    this.controller.abort()
  }
}

/** How many documents are read at a time, and how many more may wait. */
const MAX_RUNNING = 2
const MAX_WAITING = 16

/** Which imports run, which wait, and which sources are being changed at this moment. */
export class ImportJobs {
  private readonly bySource = new Map<number, ImportJob>()
  private readonly byImport = new Map<number, ImportJob>()
  private readonly changing = new Set<number>()
  private readonly waiting: (() => void)[] = []
  private readonly pending = new Set<Promise<void>>()
  private running = 0

  /** Takes a place for a source. @throws AppError import_running, too_many_imports */
  reserve(sourceId: number): ImportJob {
    if (this.bySource.has(sourceId)) {
      throw new AppError('import_running', { reason: 'Wait for it to end, or cancel it.' })
    }
    if (this.bySource.size >= MAX_RUNNING + MAX_WAITING) throw tooMany()
    const job = new ImportJob(sourceId)
    this.bySource.set(sourceId, job)
    return job
  }

  /** Gives a place back that was not used. */
  release(job: ImportJob): void {
    if (this.bySource.get(job.sourceId) === job) this.bySource.delete(job.sourceId)
  }

  /** Runs an import in its turn; `run` handles its own failures. */
  begin(importId: number, job: ImportJob, run: () => Promise<void>): void {
    this.byImport.set(importId, job)
    const done = this.inTurn(run).finally(() => {
      this.byImport.delete(importId)
      this.release(job)
      this.pending.delete(done)
    })
    this.pending.add(done)
  }

  /** Runs work in its turn, after what waits already. @throws AppError too_many_imports */
  async inTurn<T>(run: () => Promise<T>): Promise<T> {
    if (this.running >= MAX_RUNNING) {
      if (this.waiting.length >= 2 * MAX_WAITING) throw tooMany()
      await new Promise<void>((resolve) => this.waiting.push(resolve))
    } else this.running++
    try {
      return await run()
    } finally {
      const next = this.waiting.shift()
      if (next === undefined) this.running--
      else next()
    }
  }

  /** The job of an import that runs or waits; null when it is over. */
  find(importId: number): ImportJob | null {
    return this.byImport.get(importId) ?? null
  }

  /** Ends what is read for a source. */
  cancelSource(sourceId: number): void {
    this.bySource.get(sourceId)?.cancel()
  }

  /** Changes the tools of a source, one change at a time. @throws AppError version_conflict */
  async change<T>(sourceId: number, run: () => Promise<T>): Promise<T> {
    if (this.changing.has(sourceId)) {
      throw new AppError('version_conflict', { reason: 'The source is being changed right now.' })
    }
    this.changing.add(sourceId)
    try {
      return await run()
    } finally {
      this.changing.delete(sourceId)
    }
  }

  /** Ends everything and waits for it. */
  async close(): Promise<void> {
    for (const job of this.bySource.values()) job.cancel()
    await Promise.all(this.pending)
  }
}

const tooMany = () => new AppError('too_many_imports', { retryAfterSeconds: 10 })
