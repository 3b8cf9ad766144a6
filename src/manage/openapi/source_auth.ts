import { seal } from '../../crypto/seal.ts'
import { AppError } from '../../errors.ts'
import type { Administrator } from '../../model/admin_token.ts'
import type { OpenapiSource, SourceAuth } from '../../model/openapi_import.ts'
import type { ToolDefinition, UpstreamOAuth } from '../../model/tool.ts'
import type { Operation } from '../../store/database.ts'
import { flipStaged } from '../../store/openapi_apply_store.ts'
import { putSourceAuth } from '../../store/openapi_source_store.ts'
import { listSourceTools, type SourceTool } from '../../store/openapi_tool_store.ts'
import { findTool } from '../../store/tool_store.ts'
import { audited } from '../audit.ts'
import type { ManageDeps } from '../manage_deps.ts'
import { checkOperatorParts } from './compose_tool.ts'
import type { OpenapiDeps } from './openapi_deps.ts'
import { refuseField, sourceEvent, sourceInReach } from './source_reach.ts'
import {
  checkFlip,
  openSourceSecret,
  readDraft,
  sourceSecretContext,
  ToolStage,
} from './stage_tools.ts'

/** How the tools of a source are to prove themselves; null is for what the document says. */
export interface AuthInput {
  readonly strategy: SourceAuth['strategy']
  /** Plain text; absent keeps the one there is. */
  readonly secret?: string
  readonly headerName: string | null
  readonly oauth: UpstreamOAuth | null
}

/**
 * Sets how all tools of a source prove themselves, at once, and those that later imports add.
 * @throws AppError auth_secret_required, validation_failed, or what a tool's registration refuses
 */
export async function setSourceAuth(
  deps: OpenapiDeps,
  admin: Administrator,
  { id, input }: { readonly id: number; readonly input: AuthInput },
): Promise<OpenapiSource> {
  const { manage, jobs } = deps
  const { projectId } = await sourceInReach(manage, admin, id)
  await jobs.change(id, () => setOnce(manage, admin, { id, input }))
  manage.onToolsChanged(projectId)
  return sourceInReach(manage, admin, id)
}

async function setOnce(
  deps: ManageDeps,
  admin: Administrator,
  { id, input }: { readonly id: number; readonly input: AuthInput },
): Promise<void> {
  const source = await sourceInReach(deps, admin, id)
  const auth = await completed(deps, source, input)
  const secret = await secretFor(deps, source, input)
  checkAuth(deps, auth, secret)
  const sealed =
    secret === null ? null : seal(deps.masterKey, sourceSecretContext(source.projectId, id), secret)
  const stage = new ToolStage(deps, admin, source)
  try {
    await stage.discard()
    await stageAll({ deps, source, stage }, auth, secret)
    await stage.flush()
    const { projectId, revision } = source
    const nowMs = deps.clock.nowMs()
    const outcome = await audited(deps, admin, {
      operation: function* () {
        const flags = { keepsPrevious: false, clearsSecrets: true }
        const flipped = yield* flipStaged({ sourceId: id, projectId, revision, nowMs, ...flags })
        if (flipped === 'done') yield* putSourceAuth({ id, auth, sealed }, nowMs)
        return flipped
      },
      event: (flipped) =>
        flipped === 'done' ? sourceEvent('set_auth', source, { strategy: auth.strategy }) : null,
    })
    checkFlip(outcome)
  } catch (error) {
    await stage.discard()
    throw error
  }
}

/** What is wrong with it is wrong with it for every tool, also those to come. */
function checkAuth(deps: ManageDeps, auth: SourceAuth, secret: string | null): void {
  try {
    checkOperatorParts(deps, { override: null, auth, secret })
  } catch (error) {
    if (!(error instanceof AppError) || error.errors.length === 0) throw error
    const { code, message: detail, reason } = error
    const errors = error.errors.map((one) => ({ ...one, pointer: pointerHere(one.pointer) }))
    throw new AppError(code, {
      detail,
      errors,
      cause: error,
      ...(reason !== undefined && { reason }),
    })
  }
}

/** A member of a tool is called otherwise here. */
const pointerHere = (pointer: string) => pointer.replace(/^\/(?:encrypted_)?auth_/, '/')

/** What is not said is taken from the first tool whose operation offers the strategy. */
async function completed(
  deps: ManageDeps,
  source: OpenapiSource,
  { strategy, headerName, oauth }: AuthInput,
): Promise<SourceAuth> {
  const isNamed = strategy.startsWith('static_') && strategy !== 'static_bearer'
  const lacksName = isNamed && headerName === null
  const lacksOAuth = strategy === 'oauth_client_credentials' && oauth === null
  if (!lacksName && !lacksOAuth) return { strategy, headerName, oauth }
  for await (const { draftHash } of sourceTools(deps, source.id)) {
    const { auth } = await readDraft(deps, draftHash)
    const offer = auth.find((one) => one.strategy === strategy)
    if (offer === undefined) continue
    return { strategy, headerName: headerName ?? offer.headerName, oauth: oauth ?? offer.oauth }
  }
  const pointer = lacksName ? '/header_name' : '/oauth'
  throw refuseField(pointer, 'is required: no tool of the source has it from the document')
}

async function secretFor(
  deps: ManageDeps,
  source: OpenapiSource,
  { strategy, secret }: AuthInput,
): Promise<string | null> {
  if (strategy === 'none') return null
  const kept = secret === undefined ? await openSourceSecret(deps, source) : secret
  if (kept !== null && kept !== '') return kept
  throw new AppError('auth_secret_required', {
    detail: `secret is required when strategy is '${strategy}'`,
  })
}

interface AuthParts {
  readonly deps: ManageDeps
  readonly source: OpenapiSource
  readonly stage: ToolStage
}

async function stageAll(
  { deps, source, stage }: AuthParts,
  auth: SourceAuth,
  secret: string | null,
): Promise<void> {
  for await (const link of sourceTools(deps, source.id)) {
    const tool = await deps.database.read(() => findTool(link.toolId))
    if (tool === null) continue
    const { key, draftHash } = link
    const definition: ToolDefinition = {
      ...tool.definition,
      authStrategy: auth.strategy,
      authHeaderName: auth.headerName,
      authOAuth: auth.oauth,
    }
    const draft = await readDraft(deps, draftHash)
    const { id: toolId, version, contentHash, isEnabled } = tool
    const standing = { toolId, version, contentHash, isDeleted: false }
    await stage.put({ key, standing, definition, isEnabled, draft, draftHash, secret })
  }
}

const PORTION = 50

async function* sourceTools(deps: ManageDeps, sourceId: number): AsyncGenerator<SourceTool> {
  let afterKey = ''
  for (;;) {
    const from = afterKey
    const portion = await deps.database.read(
      (): Operation<readonly SourceTool[]> => listSourceTools(sourceId, PORTION, from),
    )
    yield* portion
    if (portion.length < PORTION) return
    afterKey = portion.at(-1)?.key ?? ''
  }
}
