import { z } from '@hono/zod-openapi'
import type { ProjectChange } from '../../manage/projects.ts'
import { type Project, slugPattern } from '../../model/project.ts'
import { type ToolTokens, toolBudgetRange, toolModes } from '../../model/tool_mode.ts'
import type { UsageLimits } from '../../model/usage_limit.ts'
import {
  callsPerMinute,
  givenOf,
  moment,
  momentOf,
  nameField,
  proseField,
} from './common_schemas.ts'
import {
  usageLimitsChangeSchema,
  usageLimitsJson,
  usageLimitsSchema,
} from './usage_limit_schemas.ts'

const slug = z.string().regex(slugPattern, 'must be lower-case letters, digits and inner hyphens')
const description = proseField(4000).meta({
  description: "Shown to models as the MCP server's instructions.",
})

const toolMode = z.enum(toolModes).meta({
  description:
    'What `tools/list` serves: every tool, search tools instead, or whichever fits the budget.',
})
const toolBudget = z.int().min(toolBudgetRange.min).max(toolBudgetRange.max).meta({
  description: 'Tokens a list may cost in mode `auto`.',
})

/** A project in answers. */
export const projectSchema = z
  .object({
    id: z.int(),
    slug,
    name: z.string(),
    description,
    is_suspended: z.boolean(),
    member_calls_per_minute: callsPerMinute.nullable(),
    require_assertion_jti: z.boolean(),
    tool_mode: toolMode,
    tool_budget_tokens: toolBudget,
    tool_tokens: z
      .object({ all: z.int(), enabled: z.int(), listed: z.int() })
      .meta({ description: 'Estimated tokens that listing its tools costs a model.' }),
    mcp_url: z.string(),
    limits: usageLimitsSchema,
    created_at: moment,
    updated_at: moment,
  })
  .openapi('Project')

/** A project to create. */
export const newProjectSchema = z
  .strictObject({ name: nameField, slug: slug.optional(), description: description.default('') })
  .openapi('NewProject')

/** What of a project to change. */
export const projectChangeSchema = z
  .strictObject({
    name: nameField.optional(),
    slug: slug.optional(),
    description: description.optional(),
    is_suspended: z
      .boolean()
      .optional()
      .meta({ description: 'Suspending ends every use of its credentials at once.' }),
    member_calls_per_minute: callsPerMinute.nullable().optional().meta({
      description: 'For each member without a limit of its own; null for no limit.',
    }),
    require_assertion_jti: z
      .boolean()
      .optional()
      .meta({ description: 'Refuses member assertions without a `jti`.' }),
    tool_mode: toolMode.optional(),
    tool_budget_tokens: toolBudget.optional(),
    limits: usageLimitsChangeSchema.optional(),
  })
  .openapi('ProjectChange')

/** What is shown of a project beside it. */
export interface ProjectFacts {
  readonly mcpUrl: string
  readonly tokens: ToolTokens
  readonly limits: UsageLimits
}

/** Writes a project as the API shows it. */
export function projectJson(project: Project, { mcpUrl, tokens, limits }: ProjectFacts) {
  return {
    id: project.id,
    slug: project.slug,
    name: project.name,
    description: project.description,
    is_suspended: project.isSuspended,
    member_calls_per_minute: project.memberCallsPerMinute,
    require_assertion_jti: project.requireAssertionJti,
    tool_mode: project.toolMode,
    tool_budget_tokens: project.toolBudgetTokens,
    tool_tokens: tokens,
    mcp_url: mcpUrl,
    limits: usageLimitsJson(limits),
    created_at: momentOf(project.createdAtMs),
    updated_at: momentOf(project.updatedAtMs),
  }
}

/** Reads what of a project changes; what is absent stays. */
export function projectChangeOf(json: z.infer<typeof projectChangeSchema>): ProjectChange {
  const { is_suspended, member_calls_per_minute, require_assertion_jti, ...others } = json
  const { tool_mode, tool_budget_tokens, limits: _limits, ...named } = others
  const change = {
    ...named,
    isSuspended: is_suspended,
    memberCallsPerMinute: member_calls_per_minute,
    requireAssertionJti: require_assertion_jti,
    toolMode: tool_mode,
    toolBudgetTokens: tool_budget_tokens,
  }
  return givenOf(change)
}
