import { MasterKey, newMasterKeyBytes } from '../../../src/crypto/master_key.ts'
import type { Clock } from '../../../src/lib/clock.ts'
import { ImportJobs } from '../../../src/manage/openapi/import_jobs.ts'
import type {
  OpenapiDeps,
  SourceAnswer,
  SourceQuestion,
} from '../../../src/manage/openapi/openapi_deps.ts'
import { recheckAdministrator } from '../../../src/manage/openapi/recheck_administrator.ts'
import { createSource, type SourceInput } from '../../../src/manage/openapi/sources.ts'
import { startImportWorker } from '../../../src/manage/openapi/start_worker.ts'
import type { OpenapiImport, OpenapiSource } from '../../../src/model/openapi_import.ts'
import { defaultImportSettings } from '../../../src/model/openapi_source.ts'
import { findImport, listImports } from '../../../src/store/openapi_import_store.ts'
import { insertProject } from '../../../src/store/project_store.ts'
import { openTestStore, type TestStore } from '../../helpers/test_store.ts'

/** Importing on a store of the test's own, with a clock that stands. */
export interface ImportBench {
  readonly store: TestStore
  readonly deps: OpenapiDeps
  /** The events that were noted. */
  readonly ended: { readonly state: string }[]
  nowMs: number
  /** What the URL of a source answers. */
  answer: (question: SourceQuestion) => SourceAnswer
  readonly questions: SourceQuestion[]
  addSource(fields?: Partial<SourceInput>): Promise<OpenapiSource>
  settled(sourceId: number, importId?: number): Promise<OpenapiImport>
}

export const admin = { ...recheckAdministrator, label: 'admin_token:1' }

/** An answer with a document. */
export const answerOf = (text: string, etag: string | null = null): SourceAnswer => ({
  status: 200,
  contentType: 'application/json',
  body: new TextEncoder().encode(text),
  etag,
  lastModified: null,
  location: null,
})

/** Opens a bench; close its store afterwards. */
export async function openBench(changes: Partial<OpenapiDeps> = {}): Promise<ImportBench> {
  const store = openTestStore()
  const { database } = store
  const clock: Clock = { nowMs: () => bench.nowMs, monotonicMs: () => 0 }
  const manage = {
    database,
    clock,
    masterKey: new MasterKey(newMasterKeyBytes()),
    checkDefinition: () => {},
    readClientDocument: () => Promise.reject(new Error('not here')),
    onToolsChanged: () => {},
    setupUrlOf: () => '',
    listUpstreams: () => [],
    mcpUrlOf: () => '',
  }
  const deps: OpenapiDeps = {
    manage,
    jobs: new ImportJobs(),
    startWorker: startImportWorker,
    timeoutMs: 30_000,
    maxGrowthBytes: 1024 * 1024 * 1024,
    fetchSource: async (question) => {
      bench.questions.push(question)
      return bench.answer(question)
    },
    onImportEnded: (fields) => bench.ended.push(fields),
    ...changes,
  }
  const bench: ImportBench = {
    store,
    deps,
    ended: [],
    nowMs: 1_000_000,
    answer: () => answerOf('{}'),
    questions: [],
    addSource: (fields = {}) =>
      createSource(manage, admin, {
        projectId: 1,
        name: 'source',
        url: null,
        settings: defaultImportSettings,
        filter: { tags: [], methods: [], paths: [], operationIds: [] },
        recheckHours: null,
        ...fields,
      }),
    settled: async (sourceId, importId) => {
      for (let round = 0; round < 2_000; round++) {
        const newest = () => listImports(sourceId, 1, null)
        const found =
          importId === undefined
            ? (await database.read(newest)).items[0]
            : await database.read(() => findImport(sourceId, importId))
        if (found && found.state !== 'reading') return found
        await Bun.sleep(5)
      }
      throw new Error('the import does not end')
    },
  }
  const project = { slug: 'p', name: 'p', description: '', nowMs: 1 }
  await database.write(() => insertProject(project))
  return bench
}

/** A document with reads of these paths. */
export const documentWith = (paths: readonly string[]): string =>
  JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'T', version: '1' },
    servers: [{ url: 'https://api.example.com' }],
    paths: Object.fromEntries(
      paths.map((path) => [
        path,
        { get: { summary: `Read ${path}`, responses: { 200: { description: 'ok' } } } },
      ]),
    ),
  })

/** A document that is uploaded. */
export const uploaded = (text: string) => ({
  uploaded: {
    files: [['document', new TextEncoder().encode(text)] as const],
    entry: 'document',
    url: null,
  },
})
