import { z } from '@hono/zod-openapi'
import type { JsonObject } from '../../lib/json.ts'
import type { ToolChange, ToolVersion, ToolView } from '../../manage/tools.ts'
import { scopePattern } from '../../model/policy.ts'
import {
  authStrategies,
  httpMethods,
  type ResponseShape,
  type ToolDefinition,
  type UpstreamOAuth,
} from '../../model/tool.ts'
import { lineField, moment, momentOf, momentOrNull, proseField } from './common_schemas.ts'
import {
  deduplicationJson,
  deduplicationOf,
  deduplicationSchema,
  retryJson,
  retryOf,
  retrySchema,
  verifyJson,
  verifyOf,
  verifySchema,
} from './tool_repeat_schemas.ts'
import { usageLimitsChangeSchema, usageLimitsSchema } from './usage_limit_schemas.ts'

const name = z
  .string()
  .regex(/^[a-zA-Z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, hyphens or underscores')
  .meta({ example: 'crm-contacts-get_by_id' })
const description = proseField(16_000).meta({
  description: 'What the model reads to decide when and how to call the tool.',
})
const jsonObject = z.record(z.string(), z.unknown())
const jsonSchema = jsonObject.meta({
  description: 'JSON Schema 2020-12 with top-level type object.',
})
const scopes = z.array(z.string().regex(scopePattern)).max(64)
const annotations = z.strictObject({
  title: lineField(200).optional(),
  readOnlyHint: z.boolean().optional(),
  destructiveHint: z.boolean().optional(),
  idempotentHint: z.boolean().optional(),
  openWorldHint: z.boolean().optional(),
})
const identity = z.strictObject({
  id: z.boolean().default(true),
  email: z.boolean().default(false),
  roles: z.boolean().default(false),
})

/** `oauth` of a request that sets how tools prove themselves. */
export const upstreamOAuth = z
  .strictObject({
    token_url: z.url().max(2000),
    scopes: z.array(z.string().min(1).max(200)).max(64).default([]),
    audience: z.string().max(2000).nullable().default(null),
  })
  .meta({ description: 'Where `oauth_client_credentials` gets its tokens.' })
/** How answers are shaped. */
export const responseShape = z
  .strictObject({
    projection: z.string().min(1).max(4000).nullable().default(null).meta({
      description: 'JMESPath over a JSON answer.',
      example: 'items[].{id: id, name: name}',
    }),
    fields: z.array(z.string().min(1).max(200)).min(1).max(200).nullable().default(null).meta({
      description: 'Dotted paths to keep of a JSON answer.',
    }),
    max_result_bytes: z
      .int()
      .min(1024)
      .max(16 * 1024 * 1024)
      .nullable()
      .default(null),
  })
  .refine((shape) => shape.projection === null || shape.fields === null, {
    message: 'takes projection or fields, not both',
  })

/** Every field of a tool that makes up a version, as it is written (wire.md §5). */
export const definitionFields = {
  name,
  description,
  input_schema: jsonSchema,
  output_schema: jsonSchema.nullable(),
  base_url: z
    .string()
    .max(2000)
    .meta({ description: 'Origin only.', example: 'https://api.example.com' }),
  http_method: z.enum(httpMethods),
  endpoint_path: z
    .string()
    .max(4000)
    .meta({ description: 'Starts with `/`; may hold `{variable}`.', example: '/posts/{id}' }),
  headers_template: z.record(z.string(), z.string()).nullable(),
  query_template: jsonObject.nullable(),
  body_template: jsonObject.nullable(),
  require_member: z.boolean(),
  inject_member_identity: identity,
  auth_strategy: z.enum(authStrategies),
  auth_header_name: z.string().max(100).nullable().meta({
    description: 'The header, query parameter or cookie that a `static_…` strategy fills.',
  }),
  auth_oauth: upstreamOAuth.nullable(),
  send_idempotency_key: z
    .boolean()
    .meta({ description: 'Whether requests other than GET carry `Idempotency-Key`.' }),
  required_scopes: scopes,
  timeout_ms: z.int().min(100).max(600_000),
  max_response_bytes: z
    .int()
    .min(1024)
    .max(64 * 1024 * 1024),
  annotations: annotations.nullable(),
  response: responseShape.nullable(),
  deduplication: deduplicationSchema,
  retry: retrySchema,
  verify: verifySchema.nullable(),
}

const secret = z.string().max(8000).meta({
  description: 'Plain text here, sealed at rest, never returned. `basic` takes `user:password`.',
})

const isPinned = z.boolean().meta({
  description: 'Listed even where search stands for the list.',
})
const tags = z.array(lineField(100)).max(32).meta({ description: 'Words to find it by.' })

/** A tool to register. */
export const newToolSchema = z
  .strictObject({
    ...definitionFields,
    project_id: z.int().positive().optional(),
    description: description.default(''),
    input_schema: jsonSchema.default({ type: 'object', properties: {} }),
    output_schema: definitionFields.output_schema.default(null),
    headers_template: definitionFields.headers_template.default(null),
    query_template: definitionFields.query_template.default(null),
    body_template: definitionFields.body_template.default(null),
    require_member: definitionFields.require_member.default(false),
    inject_member_identity: identity.default({ id: true, email: false, roles: false }),
    auth_strategy: definitionFields.auth_strategy.default('none'),
    auth_header_name: definitionFields.auth_header_name.default(null),
    auth_oauth: definitionFields.auth_oauth.default(null),
    send_idempotency_key: definitionFields.send_idempotency_key.default(true),
    required_scopes: scopes.default([]),
    timeout_ms: definitionFields.timeout_ms.default(30_000),
    max_response_bytes: definitionFields.max_response_bytes.default(1024 * 1024),
    annotations: definitionFields.annotations.default(null),
    response: definitionFields.response.default(null),
    deduplication: deduplicationSchema.prefault({}),
    retry: retrySchema.prefault({}),
    verify: definitionFields.verify.default(null),
    is_enabled: z.boolean().default(true),
    is_pinned: isPinned.default(false),
    tags: tags.default([]),
    encrypted_auth_secret: secret.optional(),
  })
  .openapi('NewTool')

/** What of a tool to change. */
export const toolChangeSchema = z
  .strictObject({
    ...definitionFields,
    is_enabled: z.boolean(),
    is_pinned: isPinned,
    tags,
    encrypted_auth_secret: secret,
    keep_previous_secret_until: moment.meta({
      description: 'Keeps signing with the replaced secret too until then, for a rotation.',
    }),
    limits: usageLimitsChangeSchema,
  })
  .partial()
  .openapi('ToolChange')

/** A tool in answers. */
export const toolSchema = z
  .object({
    id: z.int(),
    project_id: z.int(),
    version: z.int(),
    content_hash: z.string(),
    is_enabled: z.boolean(),
    is_pinned: isPinned,
    tags,
    tokens: z.int().meta({ description: 'Estimated tokens that listing it costs a model.' }),
    ...definitionFields,
    has_auth_secret: z.boolean(),
    previous_secret_expires_at: moment.nullable(),
    limits: usageLimitsSchema,
    created_at: moment,
    updated_at: moment,
  })
  .openapi('Tool')

/** A version of a tool in answers. */
export const toolVersionSchema = z
  .object({
    version: z.int(),
    content_hash: z.string(),
    created_at: moment,
    created_by: z.string(),
    definition: z.object(definitionFields),
  })
  .openapi('ToolVersion')

type Field = keyof typeof definitionFields
const memberOf: Readonly<Record<Field, keyof ToolDefinition>> = {
  name: 'name',
  description: 'description',
  input_schema: 'inputSchema',
  output_schema: 'outputSchema',
  base_url: 'baseUrl',
  http_method: 'httpMethod',
  endpoint_path: 'endpointPath',
  headers_template: 'headersTemplate',
  query_template: 'queryTemplate',
  body_template: 'bodyTemplate',
  require_member: 'requireMember',
  inject_member_identity: 'injectMemberIdentity',
  auth_strategy: 'authStrategy',
  auth_header_name: 'authHeaderName',
  auth_oauth: 'authOAuth',
  send_idempotency_key: 'sendIdempotencyKey',
  required_scopes: 'requiredScopes',
  timeout_ms: 'timeoutMs',
  max_response_bytes: 'maxResponseBytes',
  annotations: 'annotations',
  response: 'response',
  deduplication: 'deduplication',
  retry: 'retry',
  verify: 'verify',
}
const fieldNames = Object.keys(memberOf) as Field[]

/** Free-form JSON is taken from the strict reading of the body, digit for digit. */
const freeForm: ReadonlySet<string> = new Set([
  'input_schema',
  'output_schema',
  'query_template',
  'body_template',
])

/** Reads where tokens come from. */
export const authOAuthOf = (value: z.infer<typeof upstreamOAuth>): UpstreamOAuth => ({
  tokenUrl: value.token_url,
  scopes: value.scopes,
  audience: value.audience,
})
/** Writes where tokens come from. */
export const authOAuthJson = ({ tokenUrl, scopes, audience }: UpstreamOAuth) => ({
  token_url: tokenUrl,
  scopes: [...scopes],
  audience,
})
/** Reads how answers are shaped. */
export const responseOf = (value: z.infer<typeof responseShape>): ResponseShape => ({
  projection: value.projection,
  fields: value.fields,
  maxResultBytes: value.max_result_bytes,
})
/** Writes how answers are shaped. */
export const responseJson = ({ projection, fields, maxResultBytes }: ResponseShape) => ({
  projection,
  fields: fields && [...fields],
  max_result_bytes: maxResultBytes,
})

/**
 * The parts of a definition that a checked body holds.
 * @param exact the same body as `parseJson` read it
 */
export function definitionPart(
  checked: Readonly<Record<string, unknown>>,
  exact: JsonObject,
): Partial<ToolDefinition> {
  const part: Record<string, unknown> = {}
  for (const field of fieldNames) {
    const value = freeForm.has(field) && field in exact ? exact[field] : checked[field]
    if (value !== undefined) part[memberOf[field]] = value
  }
  const { auth_oauth, response, deduplication, retry, verify } = checked as z.infer<
    typeof toolChangeSchema
  >
  if (auth_oauth) part.authOAuth = authOAuthOf(auth_oauth)
  if (response) part.response = responseOf(response)
  if (deduplication) part.deduplication = deduplicationOf(deduplication)
  if (retry) part.retry = retryOf(retry)
  if (verify) part.verify = verifyOf(verify)
  return part as Partial<ToolDefinition>
}

/** The change a checked body asks for. */
export function toolChangeOf(
  checked: z.infer<typeof toolChangeSchema>,
  exact: JsonObject,
): ToolChange {
  const { is_enabled, is_pinned, tags, encrypted_auth_secret, keep_previous_secret_until } = checked
  return {
    definition: definitionPart(checked, exact),
    ...(is_enabled === undefined ? {} : { isEnabled: is_enabled }),
    ...(is_pinned === undefined ? {} : { isPinned: is_pinned }),
    ...(tags === undefined ? {} : { tags }),
    ...(encrypted_auth_secret === undefined ? {} : { secret: encrypted_auth_secret }),
    ...(keep_previous_secret_until === undefined
      ? {}
      : { keepPreviousUntilMs: Date.parse(keep_previous_secret_until) }),
  }
}

/** Writes a definition as the API shows it. */
export function definitionJson(definition: ToolDefinition) {
  const entries = fieldNames.map((field) => [field, definition[memberOf[field]]])
  const { authOAuth, response, deduplication, retry, verify } = definition
  return {
    ...Object.fromEntries(entries),
    auth_oauth: authOAuth && authOAuthJson(authOAuth),
    response: response && responseJson(response),
    deduplication: deduplicationJson(deduplication),
    retry: retryJson(retry),
    verify: verify && verifyJson(verify),
  } as z.infer<z.ZodObject<typeof definitionFields>>
}

/** Writes a tool as the API shows it. */
export function toolJson({ tool, hasAuthSecret, previousSecretExpiresAtMs }: ToolView) {
  return {
    id: tool.id,
    project_id: tool.projectId,
    version: tool.version,
    content_hash: tool.contentHash,
    is_enabled: tool.isEnabled,
    is_pinned: tool.isPinned,
    tags: [...tool.tags],
    tokens: tool.listTokens,
    ...definitionJson(tool.definition),
    has_auth_secret: hasAuthSecret,
    previous_secret_expires_at: momentOrNull(previousSecretExpiresAtMs),
    created_at: momentOf(tool.createdAtMs),
    updated_at: momentOf(tool.updatedAtMs),
  }
}

/** Writes a version as the API shows it. */
export function toolVersionJson(version: ToolVersion) {
  return {
    version: version.version,
    content_hash: version.contentHash,
    created_at: momentOf(version.createdAtMs),
    created_by: version.createdBy,
    definition: definitionJson(version.definition),
  }
}
