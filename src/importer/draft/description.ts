import type { ApiDocument, ApiOperation } from '../api_document.ts'
import { visibleOnly } from '../schema/concise_text.ts'
import type { DraftContext } from './draft_context.ts'
import { firstSentences, plainLine, plainText } from './plain_text.ts'
import { isScopeLine } from './scope_lines.ts'
import { vendorHints } from './vendor_hints.ts'

/** Characters of a description: OpenAI refuses a function with more than 1,024. */
const MAX_WORDS = 1_000
const MAX_BODY_WORDS = 240
/** Above this an answer's meaning is left out rather than cut. */
const MAX_ANSWER_WORDS = 160

/** What every answer of its status means; says nothing about the operation. */
const commonplace =
  /^(?:the )?(?:(?:requested )?resource(?:s)? |item |object |record |entity |http |status |error:? )*(?:(?:was |is |could |can )?not (?:be )?(?:found|exist)|does(?:n't| not) exist|404|409|conflict(?:ed|s)?|error|gone)?(?: error| response| code)?[.!]?$/i

/**
 * What a model reads about the operation: its summary, the essentials of its description, what its
 * body is, and what not found or a conflict means where that is more than commonplace. What the
 * operator wrote stands instead of all of it.
 */
export function draftDescription(context: DraftContext): string {
  const { operation, override } = context
  if (override.description !== undefined) return visibleOnly(override.description)
  const own = vendorHints(operation.extensions).description ?? ownWords(operation)
  const said = own === '' ? `${operation.method} ${visibleOnly(operation.path)}` : own
  const body = bodyWords(operation, said)
  const tail = [...(body === null ? [] : [`Body: ${body}`]), ...answerWords(context)]
  const isSaid = /deprecated/i.test(said.slice(0, 200))
  const mark = operation.isDeprecated && !isSaid ? 'Deprecated. ' : ''
  const room = MAX_WORDS - mark.length - tail.join('\n').length - 1
  return [`${mark}${firstSentences(said, room)}`, ...tail].join('\n')
}

/** All that summary and description say. */
function ownWords({ summary, description }: ApiOperation): string {
  const head = sentence(plainLine(summary, MAX_WORDS))
  const text = plainText(withoutScopes(description ?? ''))
  if (text === '' || saysSame(head, text)) return head
  const opening = text.slice(0, head.length)
  return head === '' || saysSame(head, opening) ? text : `${head}\n${text}`
}

function withoutScopes(description: string): string {
  const lines = description.slice(0, 50_000).split('\n')
  return lines.some(isScopeLine)
    ? lines.filter((line) => !isScopeLine(line)).join('\n')
    : description
}

const sentence = (text: string): string =>
  text === '' || /[.!?。:…]$/.test(text) ? text : `${text}.`

const bare = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '')
const saysSame = (a: string, b: string): boolean => bare(a) === bare(b)

function bodyWords({ body }: ApiOperation, said: string): string | null {
  const text = plainLine(body?.description ?? null, MAX_BODY_WORDS)
  return text.length < 12 || bare(said).includes(bare(text)) ? null : text
}

function answerWords({ document, operation }: DraftContext): string[] {
  return operation.responses.flatMap(({ status, description }) => {
    if (!isNotable(status) || description === null || isRepeated(document, description)) return []
    const text = plainLine(description, 10 * MAX_ANSWER_WORDS)
    return text.length > MAX_ANSWER_WORDS || commonplace.test(text) ? [] : [`${status}: ${text}`]
  })
}

const isNotable = (status: string): boolean => status === '404' || status === '409'

/** Where so many operations say the same of an answer, it is of the API and not of one of them. */
const REPEATED = 6
const answerCounts = new WeakMap<ApiDocument, ReadonlyMap<string, number>>()

function isRepeated(document: ApiDocument, description: string): boolean {
  const known = answerCounts.get(document) ?? countAnswers(document)
  answerCounts.set(document, known)
  return (known.get(description) ?? 0) >= REPEATED
}

function countAnswers({ operations }: ApiDocument): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { status, description } of operations.flatMap(({ responses }) => responses)) {
    if (isNotable(status) && description !== null)
      counts.set(description, (counts.get(description) ?? 0) + 1)
  }
  return counts
}
