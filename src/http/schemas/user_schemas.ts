import { z } from '@hono/zod-openapi'
import type { UserLink } from '../../manage/user_links.ts'
import type { UserRecord } from '../../manage/users.ts'
import { isEmail, maxEmailLength } from '../../model/email.ts'
import { roles } from '../../model/user.ts'
import { moment, momentOf, momentOrNull, nameField, pageQuery } from './common_schemas.ts'

const role = z.enum(roles).meta({
  description: '`owner` is a role of the whole installation. `member` may connect AI clients only.',
})
const emailField = z.string().max(maxEmailLength).refine(isEmail, 'must be an email address')
const projectId = z
  .int()
  .positive()
  .nullable()
  .meta({ description: 'null: the whole installation.' })

/** A person in answers. */
export const userSchema = z
  .object({
    id: z.int(),
    email: z.string(),
    name: z.string(),
    is_disabled: z.boolean(),
    has_password: z.boolean(),
    has_second_factor: z.boolean(),
    passkeys: z.array(
      z.object({ name: z.string(), created_at: moment, last_used_at: moment.nullable() }),
    ),
    identities: z
      .array(z.object({ issuer: z.string(), subject: z.string(), last_login_at: moment }))
      .meta({ description: 'Who the person is at providers of OpenID Connect.' }),
    roles: z
      .array(z.object({ project_id: projectId, role }))
      .meta({ description: 'Those in reach of the credential.' }),
    created_at: moment,
    last_login_at: moment.nullable(),
  })
  .openapi('User')

/** A one-time link in answers: only where it was just made. */
export const userLinkSchema = z
  .object({
    url: z.string().meta({ description: 'Pass it on; it is shown this once and works once.' }),
    expires_at: moment,
  })
  .openapi('UserLink')

/** A new person in answers. */
export const createdUserSchema = z
  .object({
    user: userSchema,
    invitation: userLinkSchema
      .nullable()
      .meta({ description: 'null where a password was given, or the person had an account.' }),
  })
  .openapi('CreatedUser')

/** A person to create. */
export const newUserSchema = z
  .strictObject({
    email: emailField,
    name: nameField.optional().meta({ description: 'The email address where absent.' }),
    role: role.default('member'),
    project_id: projectId.default(null),
    password: z
      .string()
      .max(1024)
      .nullable()
      .default(null)
      .meta({ description: 'null: the person chooses one by the invitation.' }),
  })
  .openapi('NewUser')

/** Changes to a person. */
export const userChangeSchema = z
  .strictObject({ name: nameField.optional(), is_disabled: z.boolean().optional() })
  .openapi('UserChange')

/** A role to give. */
export const roleChangeSchema = z
  .strictObject({ role, project_id: projectId.default(null) })
  .openapi('RoleChange')

/** Which role to take away. */
export const roleQuery = z.object({
  project_id: z.coerce
    .number()
    .int()
    .positive()
    .optional()
    .meta({ description: 'Absent: the role in the whole installation.' }),
})

/** Which people a list shows. */
export const userQuery = pageQuery.extend({
  project_id: z.coerce
    .number()
    .int()
    .positive()
    .optional()
    .meta({ description: 'Those with a role in this very project.' }),
  email: z.string().max(maxEmailLength).optional().meta({ description: 'Exactly this one.' }),
})

/** Writes a person as the API shows them. */
export function userJson(user: UserRecord) {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    is_disabled: user.isDisabled,
    has_password: user.hasPassword,
    has_second_factor: user.hasSecondFactor,
    passkeys: user.passkeys.map((passkey) => ({
      name: passkey.name,
      created_at: momentOf(passkey.createdAtMs),
      last_used_at: momentOrNull(passkey.lastUsedAtMs),
    })),
    identities: user.identities.map(({ issuer, subject, lastLoginAtMs }) => ({
      issuer,
      subject,
      last_login_at: momentOf(lastLoginAtMs),
    })),
    roles: user.memberships.map((held) => ({ project_id: held.projectId, role: held.role })),
    created_at: momentOf(user.createdAtMs),
    last_login_at: momentOrNull(user.lastLoginAtMs),
  }
}

/** Writes a link as the API shows it. */
export function userLinkJson({ url, expiresAtMs }: UserLink) {
  return { url, expires_at: momentOf(expiresAtMs) }
}
