import type { UpstreamResponse } from './connector/exchange.ts'
import { type Redactor, redactorOf } from './redact.ts'
import { bodyText, type TextFlaw } from './response/body_text.ts'
import { type ContentBlock, contentBlock, textSource } from './response/content_block.ts'
import { describeFailure } from './response/describe_failure.ts'
import { isJsonType, type MediaType, parseMediaType } from './response/media_type.ts'
import { type BodyPart, splitMultipart } from './response/multipart_parts.ts'
import { isStructuredText } from './response/structured_text.ts'

/** Why an answer is not quite what it says it is. */
export type OutputFlaw = TextFlaw | 'invalid_json'

/** What the model gets of an answer. */
export interface ToolOutput {
  readonly kind: 'empty' | 'text' | 'json' | 'image' | 'audio' | 'resource' | 'mixed'
  readonly content: readonly ContentBlock[]
  /**
   * The body itself where it is JSON, to be embedded as it stands: parsed and written again, integers
   * beyond 2^53 would change. Null for anything else.
   */
  readonly structuredText: string | null
  readonly flaw: OutputFlaw | null
}

/** What reading an answer needs to know of its run. */
export interface ResponseContext {
  readonly runId: string
  /** What the request carried and must not come back. */
  readonly secrets: readonly string[]
}

/**
 * Maps an answer to what the model gets (wire.md §7; reliability.md cases 189, 191, 193, 202).
 * @throws AppError upstream_status or upstream_redirect - a status outside 200–299, described
 */
export function readResponse(response: UpstreamResponse, context: ResponseContext): ToolOutput {
  const { status } = response
  if (status < 200 || status > 299) throw describeFailure(response, context.secrets)
  const redactor = redactorOf(context.secrets)
  const mediaType = parseMediaType(response.headers.get('content-type'))
  if (response.bodyLength === 0) return emptyOutput(status)
  if (mediaType !== null && isJsonType(mediaType.essence)) {
    return jsonOutput(response, mediaType, redactor)
  }
  if (mediaType?.essence === 'multipart/mixed') {
    const parts = splitMultipart(Buffer.from(response.body), mediaType.boundary ?? '')
    if (parts !== null) return mixedOutput(parts, context.runId, redactor)
  }
  return singleOutput(response, mediaType, context)
}

const emptyOutput = (status: number): ToolOutput => ({
  kind: 'empty',
  content: [{ type: 'text', text: `(empty response, HTTP ${status})` }],
  structuredText: null,
  flaw: null,
})

function jsonOutput(
  response: UpstreamResponse,
  mediaType: MediaType,
  redactor: Redactor,
): ToolOutput {
  const { text: raw, flaw } = bodyText(response, mediaType.charset)
  const text = redactor.redact(raw)
  const content: ContentBlock[] = [{ type: 'text', text }]
  if (flaw === null && isStructuredText(text)) {
    return { kind: 'json', content, structuredText: text, flaw: null }
  }
  return { kind: 'text', content, structuredText: null, flaw: flaw ?? 'invalid_json' }
}

function singleOutput(
  response: UpstreamResponse,
  mediaType: MediaType | null,
  { runId, secrets }: ResponseContext,
): ToolOutput {
  const uri = `gatehouse://runs/${runId}/body`
  const source = { body: response.body, utf8: () => response.utf8() }
  const content = { ...source, mediaType, uri, isAddressed: false }
  const block = contentBlock(content, redactorOf(secrets))
  const flaw = block.type === 'text' ? bodyText(response, mediaType?.charset ?? null).flaw : null
  return { kind: block.type, content: [block], structuredText: null, flaw }
}

function mixedOutput(parts: readonly BodyPart[], runId: string, redactor: Redactor): ToolOutput {
  const content = parts.map((part, index) => {
    const { mediaType, location, body } = part
    const uri = partUri(location, runId, index)
    const isAddressed = location !== null
    return contentBlock({ ...textSource(body), mediaType, uri, isAddressed }, redactor)
  })
  return { kind: 'mixed', content, structuredText: null, flaw: null }
}

/** The part's own absolute URI, or its path under the run; a number where it has neither. */
function partUri(location: string | null, runId: string, index: number): string {
  const base = `gatehouse://runs/${runId}`
  if (location === null || !/^[!#$%&'()*+,./0-9:;=?@A-Z[\]_a-z~-]{1,2000}$/.test(location)) {
    return `${base}/parts/${index + 1}`
  }
  if (/^[a-z][a-z0-9+.-]*:/i.test(location)) return location
  return `${base}/${location.replace(/^\/+/, '')}`
}
