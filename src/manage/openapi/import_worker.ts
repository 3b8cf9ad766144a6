import { draftOperations } from '../../importer/draft_operations.ts'
import { readDocument } from '../../importer/read_document.ts'
import { draftChanges } from './draft_changes.ts'
import { serveImport, type WorkerPort } from './import_session.ts'

// Reads one document, then is ended: it starts with an empty memory and blocks nobody.
serveImport(globalThis as unknown as WorkerPort, { readDocument, draftOperations, draftChanges })
