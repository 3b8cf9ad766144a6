import { AppError } from '../errors.ts'
import type { JsonValue } from '../lib/json.ts'
import type { ResponseShape } from '../model/tool.ts'
import type { Permit } from './authorize.ts'
import { type KeepDeps, keepResult } from './keep_result.ts'
import type { ToolOutput } from './read_response.ts'
import { answerValue } from './response/answer_value.ts'
import { type CompiledShape, compileShape } from './response/compile_shape.ts'
import { type Cut, cutJson } from './response/cut_json.ts'
import { cutNote } from './response/cut_note.ts'
import { cutText } from './response/cut_text.ts'
import { JsonSizes } from './response/json_size.ts'
import { isStructuredText } from './response/structured_text.ts'
import { ProjectionFault } from './response/work_budget.ts'

/** The largest answer a projection may make. */
const MAX_SHAPED_BYTES = 16 * 1024 * 1024
/** Room for the note on what was cut; half of the cap where that is less. */
const NOTE_BYTES = 1_200

/**
 * Makes of an answer what the tool's `response` setting leaves of it (wire.md §5, §7), and keeps what
 * does not fit behind a handle. An answer of a tool without that setting, or one that fits and has no
 * projection, is handed on untouched. A cut answer has no structured content: clients show the model
 * that alone, and it would not learn that something is missing.
 * @throws AppError response_shape - the request was carried out all the same, and the reason says so
 */
export function shapeResponse(
  deps: KeepDeps,
  permit: Permit,
  output: ToolOutput,
): ToolOutput | Promise<ToolOutput> {
  const { response } = permit.compiled.tool.definition
  if (response === null) return output
  const shaped = projected(shapeOf(response), output)
  const { maxResultBytes: maxBytes } = response
  if (maxBytes === null) return shaped.output
  const [block, ...others] = shaped.output.content
  if (block?.type !== 'text' || others.length > 0) return shaped.output
  if (block.text.length <= maxBytes && Buffer.byteLength(block.text) <= maxBytes) {
    return shaped.output
  }
  return cut(deps, permit, { ...shaped, text: block.text, maxBytes })
}

const compiledShapes = new WeakMap<ResponseShape, CompiledShape>()

/** Compiled at the first answer, once per version of a tool that is in use. */
function shapeOf(response: ResponseShape): CompiledShape {
  const known = compiledShapes.get(response)
  if (known !== undefined) return known
  const shape = compileShape(response)
  compiledShapes.set(response, shape)
  return shape
}

/** An answer, with its value where that was needed. */
interface Shaped {
  readonly output: ToolOutput
  readonly value: JsonValue | undefined
}

function projected({ project }: CompiledShape, output: ToolOutput): Shaped {
  if (project === null || output.structuredText === null) return { output, value: undefined }
  try {
    const value = project(answerValue(output.structuredText))
    if (new JsonSizes().of(value) > MAX_SHAPED_BYTES) {
      throw new ProjectionFault('it makes more of this answer than can be handed over')
    }
    const text = JSON.stringify(value)
    const structuredText = isStructuredText(text) ? text : null
    return { output: { ...output, content: [{ type: 'text', text }], structuredText }, value }
  } catch (error) {
    throw shapeFault(error)
  }
}

function shapeFault(error: unknown): unknown {
  if (!(error instanceof ProjectionFault)) return error
  const reason = `The request was carried out; do not repeat it. The projection fails: ${error.message}`
  return new AppError('response_shape', { reason, cause: error })
}

interface LongAnswer extends Shaped {
  readonly text: string
  readonly maxBytes: number
}

async function cut(
  deps: KeepDeps,
  { principal, compiled: { tool } }: Permit,
  answer: LongAnswer,
): Promise<ToolOutput> {
  const { text, maxBytes } = answer
  const noteBytes = Math.min(NOTE_BYTES, maxBytes >> 1)
  const shown = shownOf(answer, maxBytes - noteBytes)
  const kept = { toolId: tool.id, kind: shown.kind, text, pageBytes: maxBytes }
  const handle = await keepResult(deps, principal, kept)
  const [shownBytes, totalBytes] = [Buffer.byteLength(shown.text), Buffer.byteLength(text)]
  const facts = { shownBytes, totalBytes, cuts: shown.cuts, handle, maxBytes: noteBytes }
  const texts = [shown.text, cutNote(facts)]
  const content = texts.map((each) => ({ type: 'text' as const, text: each }))
  return { ...answer.output, content, structuredText: null }
}

interface Shown {
  readonly kind: 'json' | 'text'
  readonly text: string
  readonly cuts: readonly Cut[]
}

function shownOf(answer: LongAnswer, maxBytes: number): Shown {
  const { structuredText } = answer.output
  const value = answer.value ?? (structuredText === null ? undefined : answerValue(structuredText))
  if (value !== undefined) {
    const shown = cutJson(value, maxBytes)
    return { kind: 'json', text: JSON.stringify(shown.value), cuts: shown.cuts }
  }
  const text = cutText(answer.text, maxBytes)
  const counts = { shown: text.length, total: answer.text.length }
  return { kind: 'text', text, cuts: [{ path: [], kind: 'string', ...counts, names: [] }] }
}
