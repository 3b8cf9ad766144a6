import type { AppError, ErrorKind } from '../errors.ts'
import type { ToolCallResult } from '../executor/call_tool.ts'
import type { Era } from './protocol.ts'

/** What the model can do about a failure of each kind. */
const advice: Readonly<Record<ErrorKind, string>> = {
  invalid: 'Correct the arguments and call again.',
  unauthenticated: 'The connection needs a valid credential; tell the user.',
  forbidden: 'This call is not permitted here; do not repeat it, tell the user.',
  not_found: 'Check the name and call again.',
  conflict: 'Read the current state before you try again.',
  rate_limited: 'Wait before you call again.',
  upstream: 'The API behind this tool failed; repeating at once rarely helps.',
  unknown_outcome:
    'The request may have taken effect. Do not repeat it blindly: check with a reading tool first, or ask the user.',
  unavailable: 'Wait a moment and call again.',
  internal: 'Repeating will not help; tell the user and name the run ID.',
}

/** A `CallToolResult` as JSON text, ready to stand as `result` (wire.md §7). */
export function callResultJson(result: ToolCallResult, era: Era): string {
  const tail = era === 'modern' ? ',"resultType":"complete"}' : '}'
  const { error, output } = result
  if (error !== null) return failureJson(result, error) + tail
  const content = output === null ? [] : output.content
  const structured = structuredMember(output?.structuredText ?? null, era)
  return `{"content":${JSON.stringify(content)}${structured},"_meta":${metaJson(result)}${tail}`
}

/**
 * The upstream's own JSON text stands as `structuredContent`, so that no number is rounded on the
 * way. Before 2026-07-28 only an object may stand there.
 */
function structuredMember(text: string | null, era: Era): string {
  if (text === null) return ''
  return era === 'modern' || /^\s*\{/.test(text) ? `,"structuredContent":${text}` : ''
}

function metaJson(result: ToolCallResult): string {
  const { runId, upstreamStatus, durationMs, isReplayed } = result
  return `{"tengine/request_id":"${runId}","tengine/status":${upstreamStatus},"tengine/replayed":${isReplayed},"tengine/duration_ms":${durationMs}}`
}

function failureJson(result: ToolCallResult, error: AppError): string {
  const { runId } = result
  const text = failureText(error, runId)
  const meta = {
    'tengine/request_id': runId,
    'tengine/status': result.upstreamStatus,
    ...(result.isReplayed ? { 'tengine/replayed': true } : {}),
    'tengine/duration_ms': result.durationMs,
    'tengine/error': {
      status: error.status,
      code: error.code,
      detail: error.message,
      request_id: runId,
    },
  }
  const content = JSON.stringify([{ type: 'text', text }])
  return `{"content":${content},"isError":true,"_meta":${JSON.stringify(meta)}`
}

/** What the model reads of a failure: the literal detail, the particulars, what to do, the Run ID. */
function failureText(error: AppError, runId: string): string {
  const reason = error.reason === undefined ? '' : `${error.reason}\n`
  return `${error.message}\n${reason}${advice[error.kind]} Run ID: ${runId}`
}
