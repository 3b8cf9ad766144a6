import { z } from '@hono/zod-openapi'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import type { StoredOverride } from '../../manage/openapi/overrides.ts'
import type { OperationOverride } from '../../model/openapi_source.ts'
import { scopePattern } from '../../model/policy.ts'
import { reservedVariables } from '../../model/tool.ts'
import { moment, momentOf, proseField } from './common_schemas.ts'
import { responseJson, responseOf, responseShape } from './tool_schemas.ts'

const boundValue = z.union([
  z.strictObject({ caller: z.enum(reservedVariables) }),
  z.strictObject({ value: z.unknown() }),
])

const fields = {
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, - or _'),
  description: proseField(16_000),
  is_enabled: z.boolean(),
  required_scopes: z.array(z.string().regex(scopePattern)).max(64),
  content_type: z.string().min(1).max(200),
  hidden: z
    .array(z.string().min(1).max(500))
    .max(500)
    .meta({
      description: 'Optional arguments that models do not see.',
      example: ['query.expand'],
    }),
  bound: z.record(z.string().max(500), boundValue).meta({
    description: 'Parameters that models do not fill: by place and name on the wire.',
    example: { 'query.tenant': { value: 'acme' } },
  }),
  response: responseShape,
}

/** What is changed of an operation; absent members are as the document says. */
export const overrideSchema = z.strictObject(fields).partial().openapi('OpenapiOverride')

/** An override in answers. */
export const storedOverrideSchema = z
  .object({ key: z.string(), ...overrideSchema.shape, updated_at: moment })
  .openapi('OpenapiStoredOverride')

/**
 * The override a checked body asks for.
 * @param exact the same body as `parseJson` read it
 */
export function overrideOf(
  checked: z.infer<typeof overrideSchema>,
  exact: JsonObject,
): OperationOverride {
  const { name, description, is_enabled, required_scopes, content_type, hidden, response } = checked
  const bound = isJsonObject(exact['bound']) ? exact['bound'] : undefined
  return {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(is_enabled === undefined ? {} : { isEnabled: is_enabled }),
    ...(required_scopes === undefined ? {} : { requiredScopes: required_scopes }),
    ...(content_type === undefined ? {} : { contentType: content_type }),
    ...(hidden === undefined ? {} : { hidden }),
    ...(checked.bound === undefined || bound === undefined
      ? {}
      : { bound: bound as unknown as NonNullable<OperationOverride['bound']> }),
    ...(response === undefined ? {} : { response: responseOf(response) }),
  }
}

/** Writes an override as the API shows it. */
export function overrideJson({ key, override, updatedAtMs }: StoredOverride) {
  const { isEnabled, requiredScopes, contentType, response, hidden, bound, ...same } = override
  return {
    key,
    ...same,
    ...(isEnabled === undefined ? {} : { is_enabled: isEnabled }),
    ...(requiredScopes === undefined ? {} : { required_scopes: [...requiredScopes] }),
    ...(contentType === undefined ? {} : { content_type: contentType }),
    ...(hidden === undefined ? {} : { hidden: [...hidden] }),
    ...(bound === undefined ? {} : { bound: { ...bound } }),
    ...(response === undefined ? {} : { response: responseJson(response) }),
    updated_at: momentOf(updatedAtMs),
  }
}
