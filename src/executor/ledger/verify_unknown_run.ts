import { AppError } from '../../errors.ts'
import { parseRunId } from '../../lib/run_id.ts'
import type { Run } from '../../model/run.ts'
import { findProject, findProjectEpoch } from '../../store/project_store.ts'
import { findClaimOfRun } from '../../store/run_claim_store.ts'
import { findTool } from '../../store/tool_store.ts'
import type { ExecutorDeps } from '../call_tool.ts'
import type { CompiledTool } from '../compile_tool.ts'
import type { VerifyPlan } from './verify_rule.ts'
import { type Verdict, verifyRun } from './verify_run.ts'

/**
 * Asks the upstream what became of a run whose outcome is unknown; settles nothing.
 * @throws AppError run_not_verifiable - its tool had no verify rule, or has none any more;
 * project_suspended
 */
export async function verifyUnknownRun(deps: ExecutorDeps, run: Run): Promise<Verdict> {
  const { projectId } = run
  const id = parseRunId(run.id)
  const earlier = id === null ? null : await deps.database.read(() => findClaimOfRun(projectId, id))
  if (earlier === null || earlier.sealed === null) throw notVerifiable()
  const compiled = await compiledTool(deps, run)
  if (compiled === null) throw notVerifiable()
  const bytes = deps.ledger.unseal(run.id, earlier.sealed)
  const plan: VerifyPlan = JSON.parse(Buffer.from(bytes).toString('utf8'))
  return verifyRun(deps, compiled, { earlier, plan })
}

async function compiledTool(
  { database, tools }: ExecutorDeps,
  { projectId, toolId }: Run,
): Promise<CompiledTool | null> {
  const tool = await database.read(() => findTool(toolId))
  if (tool === null || tool.definition.verify === null) return null
  // Suspending stops every request of the project's tools (case 56).
  const project = await database.read(() => findProject(projectId))
  if (project?.isSuspended) throw new AppError('project_suspended')
  const epoch = await database.read(() => findProjectEpoch(projectId))
  return tools.resolve(projectId, epoch, tool.definition.name)
}

const notVerifiable = () =>
  new AppError('run_not_verifiable', {
    reason: 'Its tool has no verify rule, or had none when the request was sent.',
  })
