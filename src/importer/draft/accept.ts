import type { ApiOperation, ApiResponse } from '../api_document.ts'
import { isJsonType } from './media_kind.ts'

const MAX_TYPES = 5

/**
 * What `Accept` asks for: JSON as the document spells it where an answer has it, else all it offers;
 * null where it says nothing.
 */
export function acceptOf({ responses }: ApiOperation): string | null {
  const types = [
    ...new Set(successes(responses).flatMap(({ contents }) => contents.map((c) => c.mediaType))),
  ]
  const sendable = types.filter((type) =>
    /^[\x21-\x7e](?:[\x20-\x7e]{0,200}[\x21-\x7e])?$/.test(type),
  )
  const json = sendable.filter(isJsonType)
  if (json.length > 0) return json.find((type) => type === 'application/json') ?? json[0] ?? null
  return sendable.length === 0 ? null : sendable.slice(0, MAX_TYPES).join(', ')
}

/** The answers of a request that did what it should; `default` where no other is one. */
export function successes(responses: readonly ApiResponse[]): readonly ApiResponse[] {
  const good = responses.filter(({ status }) => /^2/.test(status))
  return good.length > 0 ? good : responses.filter(({ status }) => status === 'default')
}
