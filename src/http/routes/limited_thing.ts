import type { z } from '@hono/zod-openapi'
import type { ManageDeps } from '../../manage/manage_deps.ts'
import { changeUsageLimits, type LimitedThing, readUsageLimits } from '../../manage/usage_limits.ts'
import type { Administrator } from '../../model/admin_token.ts'
import {
  usageLimitsChangeOf,
  type usageLimitsChangeSchema,
  usageLimitsJson,
} from '../schemas/usage_limit_schemas.ts'

/** The `limits` member of a thing's answer. */
export async function limitsOf(manage: ManageDeps, thing: LimitedThing) {
  return { limits: usageLimitsJson(await readUsageLimits(manage, thing)) }
}

/** Changes what the `limits` member of a body says; nothing where there is none. */
export async function changeLimits(
  manage: ManageDeps,
  admin: Administrator,
  {
    thing,
    limits,
  }: {
    readonly thing: LimitedThing
    readonly limits: z.infer<typeof usageLimitsChangeSchema> | undefined
  },
): Promise<void> {
  if (limits === undefined) return
  await changeUsageLimits(manage, admin, { thing, change: usageLimitsChangeOf(limits) })
}

/** Whether a change is about limits alone: then the thing itself is left as it is. */
export function isOfLimitsAlone(body: object): boolean {
  return 'limits' in body && Object.keys(body).length === 1
}
