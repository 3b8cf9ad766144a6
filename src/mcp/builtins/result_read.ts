import type { RateLimits } from '../../access/rate_limits.ts'
import { AppError } from '../../errors.ts'
import type { KeepDeps } from '../../executor/keep_result.ts'
import { type ResultRequest, readResult } from '../../executor/read_result.ts'
import type { JsonObject, JsonValue } from '../../lib/json.ts'
import type { BuiltinCall, BuiltinTool } from '../builtin_tools.ts'
import { builtinFailure, builtinResult } from './builtin_result.ts'

const count = { type: 'integer', minimum: 0 }

/** How `result_read` is listed. */
const listed: BuiltinTool['listed'] = {
  name: 'result_read',
  title: 'Read more of a result',
  description:
    'Reads more of an answer that was cut to fit. Give the handle from the note below that answer. ' +
    'Answers with a part, how much there is in total, and next_offset to read on from (null at the end).',
  inputSchema: {
    type: 'object',
    properties: {
      handle: { type: 'string', description: 'From the note below the answer that was cut.' },
      path: {
        type: 'string',
        description:
          'Where in a JSON answer: /items/0/name or items[0].name. Leave out for the whole.',
      },
      offset: { ...count, description: 'Items, members or characters to skip.' },
      limit: { ...count, minimum: 1, description: 'At most so many; as many as fit if left out.' },
    },
    required: ['handle'],
    additionalProperties: false,
  },
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
}

/** What reading on needs. */
export interface ResultReadDeps {
  readonly executor: KeepDeps
  readonly limits: RateLimits
}

/**
 * `result_read`, listed where a tool of the project cuts its answers. It counts against the limits of
 * its caller like a call, and is no run: nothing is sent. @throws AppError rate_limited
 */
export function resultReadTool({ executor, limits }: ResultReadDeps): BuiltinTool {
  return {
    name: listed.name,
    listed,
    isListed: ({ cutsAnswers }) => cutsAnswers,
    answer: async ({ arguments: args, request: { era }, exchange }: BuiltinCall) => {
      const { principal, note } = exchange
      limits.admit(principal.rateLimits)
      try {
        return builtinResult(await readResult(executor, principal, wantedOf(args)), era)
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        note.error = error
        return builtinFailure(`${error.message}. ${error.reason ?? ''}`.trim(), era)
      }
    },
  }
}

/** @throws AppError invalid_arguments */
function wantedOf(args: JsonObject): ResultRequest {
  const { handle, path = '', offset = 0, limit = null, ...others } = args
  const unknown = Object.keys(others)[0]
  if (unknown !== undefined)
    throw unfit(`There is no argument ${JSON.stringify(unknown.slice(0, 64))}`)
  if (typeof handle !== 'string') throw unfit('handle must be a string')
  if (typeof path !== 'string') throw unfit('path must be a string')
  if (!isCount(offset)) throw unfit('offset must be an integer from 0')
  if (limit !== null && (!isCount(limit) || limit === 0))
    throw unfit('limit must be an integer from 1')
  return { handle, path, offset, limit }
}

const isCount = (value: JsonValue): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0

const unfit = (reason: string) => new AppError('invalid_arguments', { reason })
