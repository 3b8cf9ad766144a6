import type { JsonObject, JsonValue } from '../json.ts'
import { Builder } from './builder.ts'
import { cut } from './describe.ts'
import { checkChains } from './document/check_chains.ts'
import { readDocument, type SchemaLimits } from './document/read_document.ts'
import { type Check, type Findings, Run, tooMuchWork, Undecided } from './run.ts'

/** One place of a value that does not fit its schema. */
export interface SchemaIssue {
  /** RFC 6901 pointer into the value, '' being the value itself; cut off after 1,024 characters. */
  readonly pointer: string
  /** A sentence for a model or a person: what is wrong and what is expected; bounded. */
  readonly message: string
}

/** A schema made ready to validate many values. */
export interface CompiledSchema {
  /** Every place that does not fit, 20 at most; none where the value is valid. Never throws. */
  validate(value: JsonValue): SchemaIssue[]
}

const MAX_POINTER_CHARS = 1024
const MAX_MESSAGE_CHARS = 600

/**
 * Compiles a JSON Schema, 2020-12 or (where `$schema` says so) draft-07, into closures: no code is
 * generated, no document is fetched, numbers are compared digit for digit, and a validation ends
 * after a bounded amount of work whatever the schema and the value (reliability.md cases 152, 153).
 * `format` and the `content…` keywords are annotations and never fail.
 * @throws AppError schema_too_complex, remote_ref, or validation_failed with pointers into the schema
 */
export function compileSchema(
  schema: JsonObject | boolean,
  limits: SchemaLimits = {},
): CompiledSchema {
  const document = readDocument(schema, limits)
  checkChains(document)
  const check = new Builder(document).root()
  return { validate: (value) => validate(check, value) }
}

function validate(check: Check, value: JsonValue): SchemaIssue[] {
  try {
    const found = check(value, new Run(), undefined)
    return found === undefined ? [] : issuesOf(found)
  } catch (error) {
    if (error instanceof Undecided) return [{ pointer: '', message: error.message }]
    // A stack overflow: only a value deeper than parseJson lets through takes so much stack.
    if (error instanceof RangeError) return [{ pointer: '', message: tooMuchWork().message }]
    throw error
  }
}

const issuesOf = (findings: Findings): SchemaIssue[] =>
  findings.map(({ pointer, message }) => ({
    pointer: cut(pointer, MAX_POINTER_CHARS),
    message: cut(message, MAX_MESSAGE_CHARS),
  }))
