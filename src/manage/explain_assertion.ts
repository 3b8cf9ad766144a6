import { readCompactJws } from '../crypto/compact_jws.ts'
import {
  type AssertionCheck,
  type AssertionRules,
  assertionChecks,
  audienceOf,
  replayed,
  type VerifiedAssertion,
  verifyAssertion,
} from '../crypto/member_assertion.ts'
import { AppError } from '../errors.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Administrator } from '../model/admin_token.ts'
import type { AssertionKey } from '../model/assertion_key.ts'
import type { Member } from '../model/principal.ts'
import { findActiveAssertionKey, isUsedAssertion } from '../store/assertion_key_store.ts'
import { listMembers } from '../store/member_store.ts'
import { findProject } from '../store/project_store.ts'
import type { ManageDeps } from './manage_deps.ts'
import { notFound, projectInReach } from './reach.ts'

/** How one check of an assertion came out; null when an earlier one failed. */
export interface ExplainedCheck {
  readonly name: AssertionCheck | 'single_use' | 'welcome'
  readonly isPassed: boolean | null
}

/** What is right and wrong with an assertion. */
export interface ExplainedAssertion {
  /** What the exchange would be refused with; null when it would succeed. */
  readonly error: AppError | null
  readonly checks: readonly ExplainedCheck[]
  /** As far as they could be read; nothing in them is proven unless the signature check passed. */
  readonly header: JsonObject | null
  readonly claims: JsonObject | null
  readonly expectedAudience: string
  readonly serverTimeMs: number
  /** The active key of its `kid`. */
  readonly key: AssertionKey | null
}

/**
 * Holds an assertion against every rule and tells where it fails. Nothing is used up: a `jti` that was
 * not presented before may be presented afterwards.
 */
export async function explainAssertion(
  deps: ManageDeps,
  admin: Administrator,
  request: { readonly projectId: number | null; readonly assertion: string },
): Promise<ExplainedAssertion> {
  const { assertion } = request
  const projectId = projectInReach(admin, request.projectId)
  const project = await deps.database.read(() => findProject(projectId))
  if (project === null) throw notFound('project')
  const serverTimeMs = deps.clock.nowMs()
  let key: AssertionKey | null = null
  const rules: AssertionRules = {
    projectId,
    nowSeconds: Math.floor(serverTimeMs / 1000),
    requireJti: project.requireAssertionJti,
    findKey: async (kid) => {
      key = await deps.database.read(() => findActiveAssertionKey(projectId, kid))
      return key
    },
  }
  const passed: string[] = []
  const error = await failureOf(async () => {
    const verified = await verifyAssertion(assertion, rules, (check) => passed.push(check))
    if (await wasUsed(deps, verified)) throw replayed(rules, verified.key.kid)
    passed.push('single_use')
    if (await isBlocked(deps, projectId, verified.member)) throw new AppError('member_blocked')
    passed.push('welcome')
  })
  const jws = readCompactJws(assertion)
  return {
    error,
    checks: outcomes(passed, error !== null),
    header: 'fault' in jws ? null : jws.header,
    claims: 'fault' in jws ? null : jws.payload,
    expectedAudience: audienceOf(projectId),
    serverTimeMs,
    key,
  }
}

async function failureOf(work: () => Promise<void>): Promise<AppError | null> {
  try {
    await work()
    return null
  } catch (error) {
    if (error instanceof AppError && error.kind !== 'unavailable') return error
    throw error
  }
}

async function wasUsed(
  { database }: ManageDeps,
  { singleUseHash: hash }: VerifiedAssertion,
): Promise<boolean> {
  return hash !== null && (await database.read(() => isUsedAssertion(hash)))
}

async function isBlocked(
  { database }: ManageDeps,
  projectId: number,
  { externalId }: Member,
): Promise<boolean> {
  const filter = { projectId, externalId, isBlocked: true }
  return (await database.read(() => listMembers(filter, 1, null))).items.length > 0
}

function outcomes(passed: readonly string[], failed: boolean): ExplainedCheck[] {
  const names = [...assertionChecks, 'single_use', 'welcome'] as const
  return names.map((name, index) => {
    if (index < passed.length) return { name, isPassed: true }
    return { name, isPassed: failed && index === passed.length ? false : null }
  })
}
