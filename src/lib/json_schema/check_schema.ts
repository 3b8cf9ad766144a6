import type { JsonObject } from '../json.ts'
import { compileSchema } from './compile_schema.ts'
import { tooComplex } from './document/problems.ts'
import { checkDepth } from './document/read_document.ts'

/** Largest schema accepted, in bytes of its JSON. */
const MAX_SCHEMA_BYTES = 256 * 1024

/**
 * Refuses a schema that no tool may be registered with: larger than 256 KiB, deeper than 64 levels,
 * of more than 2,000 subschemas, referring to another document, or malformed. Nothing is ever
 * fetched (reliability.md cases 152, 153).
 * @throws AppError schema_too_complex, remote_ref, or validation_failed with pointers into the schema
 */
export function checkSchema(schema: JsonObject): void {
  checkDepth(schema)
  if (Buffer.byteLength(JSON.stringify(schema)) > MAX_SCHEMA_BYTES) {
    throw tooComplex(`It is larger than ${MAX_SCHEMA_BYTES / 1024} KiB.`)
  }
  compileSchema(schema)
}
