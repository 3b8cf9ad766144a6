import type { Administrator } from '../model/admin_token.ts'
import type { MemberRecord, MemberToolUsage } from '../model/member.ts'
import {
  findMember,
  findMemberUsage,
  listMembers as listAll,
  type MemberFilter,
  type UsageSpan,
  updateMember as writeMember,
} from '../store/member_store.ts'
import { audited, changesBetween } from './audit.ts'
import type { ManageDeps } from './manage_deps.ts'
import { type CursorPage, type PageRequest, readPage } from './paging.ts'
import { inReach, projectInReach } from './reach.ts'

/** A filter whose project may be implied by the credential. */
export type MemberQuery = Omit<MemberFilter, 'projectId'> & { readonly projectId: number | null }

/** Lists the members a project has seen. */
export function listMembers(
  deps: ManageDeps,
  admin: Administrator,
  request: PageRequest & MemberQuery,
): Promise<CursorPage<MemberRecord>> {
  const projectId = projectInReach(admin, request.projectId)
  const filter = { ...request, projectId }
  const list = (position: string | null) => listAll(filter, request.limit, position)
  return readPage(deps, `members|${projectId}`, { ...request, list })
}

/** Finds a member. @throws AppError not_found */
export async function getMember(
  deps: ManageDeps,
  admin: Administrator,
  id: number,
): Promise<MemberRecord> {
  return inReach(admin, await deps.database.read(() => findMember(id)), 'member')
}

/** Which fields of a member change; the others stay. */
export type MemberChange = Partial<Pick<MemberRecord, 'isBlocked' | 'callsPerMinute'>>

/** Changes a member; once blocked, its session tokens are refused from the next request on. */
export async function updateMember(
  deps: ManageDeps,
  admin: Administrator,
  target: { readonly id: number; readonly change: MemberChange },
): Promise<MemberRecord> {
  const member = await getMember(deps, admin, target.id)
  const written = await audited(deps, admin, {
    operation: () => writeMember({ ...member, ...target.change }),
    event: (made) =>
      made && {
        action: 'member.update',
        target: `member:${made.id}`,
        projectId: made.projectId,
        details: { external_id: made.externalId, ...changesBetween(member, made) },
      },
  })
  return inReach(admin, written, 'member')
}

/** What a member did in a span of time. */
export interface MemberUsage {
  readonly member: MemberRecord
  readonly span: UsageSpan
  readonly tools: readonly MemberToolUsage[]
}

/** What a member did with each tool. @throws AppError not_found */
export async function getMemberUsage(
  deps: ManageDeps,
  admin: Administrator,
  request: { readonly id: number; readonly span: UsageSpan },
): Promise<MemberUsage> {
  const { span } = request
  const member = await getMember(deps, admin, request.id)
  const tools = await deps.database.read(() => findMemberUsage(member.id, span))
  return { member, span, tools }
}
