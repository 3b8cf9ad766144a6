import { AppError } from '../../errors.ts'
import type { ApiDocument } from '../../importer/api_document.ts'
import type { DraftOptions } from '../../importer/draft_operations.ts'
import type { OperationDraft } from '../../importer/operation_draft.ts'
import type { DocumentInput } from '../../importer/read_document.ts'
import type { ImportSettings } from '../../model/openapi_source.ts'
import { DraftPlan } from './draft_plan.ts'
import { type KeptDocument, openDocument } from './kept_document.ts'
import type { DiffDrafts } from './plan_operation.ts'
import type {
  DocumentMessage,
  DraftedOperation,
  FromWorker,
  ImportTask,
  PresentTool,
  ToWorker,
} from './worker_messages.ts'

/** What reads documents and drafts operations. */
export interface Importer {
  readonly readDocument: (input: DocumentInput, settings: ImportSettings) => ApiDocument
  readonly draftOperations: (
    document: ApiDocument,
    options: DraftOptions,
  ) => Generator<OperationDraft>
  readonly draftChanges: DiffDrafts
}

/** The worker's end of the line. */
export interface WorkerPort {
  postMessage(message: FromWorker): void
  onmessage: ((event: { readonly data: ToWorker }) => void) | null
}

/** Bytes of drafts, and how many, that go over in one message. */
const MESSAGE_BYTES = 192 * 1024
const MESSAGE_OPERATIONS = 24

/** Reads one document for the main side, and hands over what comes of it piece by piece. */
export function serveImport(port: WorkerPort, importer: Importer): void {
  const session = new ImportSession(port, importer)
  port.onmessage = ({ data }) => session.take(data)
}

class ImportSession {
  private readonly port: WorkerPort
  private readonly importer: Importer
  private readonly tools = new Map<string, PresentTool>()
  private task: ImportTask | null = null
  private acknowledged: (() => void) | null = null

  constructor(port: WorkerPort, importer: Importer) {
    this.port = port
    this.importer = importer
  }

  take(message: ToWorker): void {
    if (message.kind === 'task') this.task = message.task
    else if (message.kind === 'tools') {
      for (const tool of message.tools) this.tools.set(tool.key, tool)
    } else if (message.kind === 'ack') this.acknowledged?.()
    else if (this.task !== null) this.run(this.task).catch((error) => this.fail(error))
  }

  private fail(error: unknown): void {
    const known =
      error instanceof AppError
        ? error
        : new AppError('import_failed', {
            reason: `The document could not be processed: ${error instanceof Error ? error.message : String(error)}.`,
          })
    const { code, message: detail } = known
    this.port.postMessage({ kind: 'failed', code, detail, reason: known.reason ?? null })
  }

  private async run(task: ImportTask): Promise<void> {
    const kept = openDocument(task.document)
    const { files, entry, url } = kept
    const document = this.importer.readDocument({ files, entry, url }, task.settings)
    await this.send(documentMessage(document, kept))
    const plan = new DraftPlan(task, this.tools, this.importer.draftChanges)
    const drafts = this.importer.draftOperations(document, this.optionsOf(task))
    await this.sendAll(planned(drafts, plan, task.only))
    await this.send({ kind: 'amended', operations: plan.amended() })
    this.port.postMessage({ kind: 'end' })
  }

  private optionsOf(task: ImportTask): DraftOptions {
    return {
      settings: task.settings,
      overrides: new Map(task.overrides),
      namesByKey: new Map([...this.tools.values()].map(({ key, name }) => [key, name])),
      takenNames: new Set(task.takenNames),
    }
  }

  private async sendAll(all: Iterable<DraftedOperation>): Promise<void> {
    let operations: DraftedOperation[] = []
    let bytes = 0
    for (const operation of all) {
      operations.push(operation)
      bytes += operation.text?.length ?? 0
      if (operations.length < MESSAGE_OPERATIONS && bytes < MESSAGE_BYTES) continue
      await this.send({ kind: 'operations', operations })
      operations = []
      bytes = 0
    }
    if (operations.length > 0) await this.send({ kind: 'operations', operations })
  }

  /** Waits until the main side has taken it, so that little is ever on the way. */
  private send(message: FromWorker): Promise<void> {
    return new Promise((resolve) => {
      this.acknowledged = resolve
      this.port.postMessage(message)
    })
  }
}

function* planned(
  drafts: Iterable<OperationDraft>,
  plan: DraftPlan,
  only: string | null,
): Generator<DraftedOperation> {
  for (const draft of drafts) if (only === null || draft.key === only) yield plan.add(draft)
  yield* plan.gone()
}

const documentMessage = (document: ApiDocument, kept: KeptDocument): DocumentMessage => ({
  kind: 'document',
  document: {
    title: document.title,
    version: document.version,
    specVersion: document.specVersion,
    bytes: kept.bytes,
    sha256: kept.sha256,
  },
  operations: document.operations.length,
  tags: document.tags.map(({ name, description, parent }) => ({ name, description, parent })),
  findings: document.findings,
  hash: kept.hash,
  content: kept.content,
})
