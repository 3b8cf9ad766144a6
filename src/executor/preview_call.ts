import { AppError } from '../errors.ts'
import type { JsonObject } from '../lib/json.ts'
import { formatRunId } from '../lib/run_id.ts'
import { nextTraceparent } from '../lib/trace_context.ts'
import type { Principal } from '../model/principal.ts'
import { authorize } from './authorize.ts'
import { type ExecutorDeps, sendsKey } from './call_tool.ts'
import { callerVariables } from './caller_variables.ts'
import type { CompiledTool } from './compile_tool.ts'
import {
  maskedHeaders,
  maskedTarget,
  type SignedRequest,
  signRequest,
  withToken,
} from './sign_request.ts'
import { validateArguments } from './validate_arguments.ts'

/** Exactly what a call would send, its secrets masked. Nothing is sent and no run is recorded. */
export interface CallPreview {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  /** The body as text; null for none. */
  readonly body: string | null
  /** The line an `hmac_signature` covers; null for other strategies. */
  readonly canonicalLine: string | null
  readonly curl: string
  /** Why the egress policy would stop the call; null when it would not. */
  readonly egressRefusal: string | null
}

/**
 * Renders and signs a call by the very rooms of the live one, then stops.
 * @throws AppError - whatever the call itself would be refused with before sending
 */
export async function previewCall(
  deps: ExecutorDeps,
  principal: Principal,
  call: { readonly compiled: CompiledTool; readonly arguments: JsonObject },
): Promise<CallPreview> {
  const { compiled } = call
  const args = validateArguments(authorize(principal, compiled), call.arguments)
  const caller = callerVariables(principal)
  const rendered = compiled.plan.render(args, caller)
  if (compiled.auth === null) throw compiled.authFailure ?? new AppError('secret_undecryptable')
  const requestId = formatRunId(deps.newRunId())
  const { definition } = compiled.tool
  // No token is fetched for a look; what stands for it is masked like one.
  const auth = compiled.auth.client === null ? compiled.auth : withToken(compiled.auth, 'token')
  const signed = signRequest(rendered, auth, {
    requestId,
    timestampSeconds: Math.floor(deps.clock.nowMs() / 1000),
    traceparent: nextTraceparent(null, requestId),
    caller,
    member: principal.member,
    inject: definition.injectMemberIdentity,
    idempotencyKey: sendsKey(compiled) ? requestId : null,
  })
  return { ...describe(signed), egressRefusal: await egressRefusal(deps, compiled) }
}

function describe(signed: SignedRequest): Omit<CallPreview, 'egressRefusal'> {
  const { method, canonicalLine } = signed
  const url = signed.baseUrl + maskedTarget(signed)
  const headers = maskedHeaders(signed)
  const body = signed.body === null ? null : Buffer.from(signed.body).toString('utf8')
  const words = ['curl', '-X', method, quoted(url)]
  for (const [name, value] of headers) words.push('-H', quoted(`${name}: ${value}`))
  if (body !== null) words.push('--data-raw', quoted(body))
  return { method, url, headers, body, canonicalLine, curl: words.join(' ') }
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

async function egressRefusal(deps: ExecutorDeps, compiled: CompiledTool): Promise<string | null> {
  try {
    await deps.guard.check(compiled.baseUrl)
    return null
  } catch (error) {
    if (error instanceof AppError) return error.reason ?? error.message
    throw error
  }
}
