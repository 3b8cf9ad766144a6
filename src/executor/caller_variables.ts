import type { Principal } from '../model/principal.ts'
import type { CallerVariables } from './render_request.ts'

/** The reserved template variables of a caller (wire.md §5). */
export function callerVariables(principal: Principal): CallerVariables {
  return {
    projectId: String(principal.projectId),
    integrationId: String(principal.integrationId),
    memberId: principal.member?.externalId ?? null,
  }
}
