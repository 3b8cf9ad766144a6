import {
  explainSignature,
  type SignatureExplanation,
  type SignatureQuestion,
} from '../crypto/explain_signature.ts'
import { unseal } from '../crypto/seal.ts'
import { AppError } from '../errors.ts'
import type { Administrator } from '../model/admin_token.ts'
import type { Tool } from '../model/tool.ts'
import { listSecrets } from '../store/tool_store.ts'
import type { ManageDeps } from './manage_deps.ts'
import { getRun } from './runs.ts'
import { toolInReach } from './tools.ts'

/** A request of a tool as its upstream received it. */
export interface SignatureInquiry
  extends Omit<SignatureQuestion, 'secrets' | 'baseUrl' | 'nowSeconds'> {
  /** The tool by its id, or by the Run ID of a call of it. */
  readonly of: { readonly toolId: number } | { readonly runId: string }
}

/** What was found, with which of the tool's secrets, and when. */
export interface ToolSignatureExplanation extends SignatureExplanation {
  readonly secretsTried: readonly ('current' | 'previous')[]
  readonly nowMs: number
}

/**
 * Explains the signature of a request that a tool sent. Neither a secret nor a signature by one is in
 * what it gives: it must not sign for whoever may ask.
 * @throws AppError not_found; validation_failed - the tool signs nothing; secret_undecryptable
 */
export async function explainToolSignature(
  deps: ManageDeps,
  admin: Administrator,
  inquiry: SignatureInquiry,
): Promise<ToolSignatureExplanation> {
  const { of, ...request } = inquiry
  const isByRun = 'runId' in of
  const toolId = isByRun ? (await getRun(deps, admin, of.runId)).toolId : of.toolId
  const tool = await toolInReach(deps, admin, toolId)
  const { authStrategy, baseUrl } = tool.definition
  if (authStrategy !== 'hmac_signature') {
    const message = `must be of a tool with auth_strategy hmac_signature; this one has ${authStrategy}`
    const pointer = isByRun ? '/run_id' : '/tool_id'
    throw new AppError('validation_failed', { errors: [{ pointer, message }] })
  }
  const nowMs = deps.clock.nowMs()
  const opened = await openSecrets(deps, tool, nowMs)
  const secrets = opened.map(({ secret }) => secret)
  const nowSeconds = Math.floor(nowMs / 1000)
  const explanation = explainSignature({ ...request, secrets, baseUrl, nowSeconds })
  return { ...explanation, secretsTried: opened.map(({ name }) => name), nowMs }
}

interface OpenedSecret {
  readonly name: 'current' | 'previous'
  readonly secret: string
}

/** The secrets the tool signs with now, newest first. */
async function openSecrets(deps: ManageDeps, tool: Tool, nowMs: number): Promise<OpenedSecret[]> {
  const sealed = await deps.database.read(() => listSecrets(tool.id))
  const { projectId, id: toolId } = tool
  return (['current', 'previous'] as const).flatMap((name) => {
    const field = name === 'current' ? 'auth_secret' : 'previous_auth_secret'
    const found = sealed.find((secret) => secret.field === field)
    if (found === undefined || (found.expiresAtMs ?? Number.POSITIVE_INFINITY) <= nowMs) return []
    return { name, secret: unseal(deps.masterKey, { projectId, toolId, field }, found.sealed) }
  })
}
