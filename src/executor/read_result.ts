import { sha256 } from '../crypto/digest.ts'
import { unseal } from '../crypto/seal.ts'
import { AppError } from '../errors.ts'
import type { JsonValue } from '../lib/json.ts'
import { holdsScope, type Principal } from '../model/principal.ts'
import type { Operation } from '../store/database.ts'
import { findResult, type KeptResult, type ResultHolder } from '../store/result_store.ts'
import { findTool } from '../store/tool_store.ts'
import { holderOf, type KeepDeps, sealContext } from './keep_result.ts'
import { answerValue } from './response/answer_value.ts'
import { PathSyntaxError, parseReadPath, valueAt } from './response/json_path.ts'
import { pageOf, type ResultPage } from './response/result_page.ts'

/** Which part of a kept answer is wanted. */
export interface ResultRequest {
  readonly handle: string
  /** JSON pointer or dotted path; '' for the whole. */
  readonly path: string
  /** Items, members or characters to skip. */
  readonly offset: number
  /** At most so many; null for as many as fit. */
  readonly limit: number | null
}

/**
 * Reads on in an answer that was cut. It is its caller's alone, for an hour, and only while the tool
 * may still be called: anybody else is answered as if there were none.
 * @throws AppError permission_denied, result_not_found, or invalid_argument for a path that leads nowhere
 */
export async function readResult(
  deps: KeepDeps,
  principal: Principal,
  request: ResultRequest,
): Promise<ResultPage> {
  if (!principal.permissions.has('tools.call')) throw new AppError('permission_denied')
  const holder = holderOf(principal)
  const hash = sha256(request.handle)
  const result =
    holder === null ? null : await deps.database.read(() => find(deps, { principal, holder, hash }))
  if (result === null) throw new AppError('result_not_found', { reason: callAgain })
  const text = unseal(deps.masterKey, sealContext(result, hash), result.sealed)
  const whole = result.kind === 'json' ? answerValue(text) : text
  return pageOf(partOf(whole, request.path), request, result.pageBytes)
}

const callAgain = 'Call the tool again, more narrowly where its arguments allow that.'

interface Wanted {
  readonly principal: Principal
  readonly holder: ResultHolder
  readonly hash: Uint8Array
}

function* find(
  { clock }: KeepDeps,
  { principal, holder, hash }: Wanted,
): Operation<KeptResult | null> {
  const result = yield* findResult(holder, hash, clock.nowMs())
  const tool = result === null ? null : yield* findTool(result.toolId)
  if (tool === null || !tool.isEnabled) return null
  const { requiredScopes } = tool.definition
  return requiredScopes.every((scope) => holdsScope(principal, scope)) ? result : null
}

function partOf(whole: JsonValue, path: string): JsonValue {
  const part = valueAt(whole, keysOf(path))
  if (part === undefined) throw badPath('Nothing is there; read the whole to see what there is.')
  return part
}

function keysOf(path: string): string[] {
  try {
    return parseReadPath(path)
  } catch (error) {
    if (error instanceof PathSyntaxError) throw badPath(`It ${error.message}.`)
    throw error
  }
}

const badPath = (reason: string) =>
  new AppError('invalid_argument', { detail: 'The path leads nowhere', reason })
