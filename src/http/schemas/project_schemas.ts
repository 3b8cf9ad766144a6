import { z } from '@hono/zod-openapi'
import { type Project, slugPattern } from '../../model/project.ts'
import { moment, momentOf, nameField, proseField } from './common_schemas.ts'

const slug = z.string().regex(slugPattern, 'must be lower-case letters, digits and inner hyphens')
const description = proseField(4000).meta({
  description: "Shown to models as the MCP server's instructions.",
})

/** A project in answers. */
export const projectSchema = z
  .object({
    id: z.int(),
    slug,
    name: z.string(),
    description,
    is_suspended: z.boolean(),
    mcp_url: z.string(),
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
  })
  .openapi('ProjectChange')

/** Writes a project as the API shows it. */
export function projectJson(project: Project, mcpUrl: string) {
  return {
    id: project.id,
    slug: project.slug,
    name: project.name,
    description: project.description,
    is_suspended: project.isSuspended,
    mcp_url: mcpUrl,
    created_at: momentOf(project.createdAtMs),
    updated_at: momentOf(project.updatedAtMs),
  }
}
