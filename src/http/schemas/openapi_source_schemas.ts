import { z } from '@hono/zod-openapi'
import { everyOperation } from '../../manage/openapi/operation_filter.ts'
import type { SourceChange, SourceInput } from '../../manage/openapi/sources.ts'
import type { OpenapiSource } from '../../model/openapi_import.ts'
import {
  defaultImportSettings,
  type ImportSettings,
  type OperationFilter,
  type ScopeRule,
} from '../../model/openapi_source.ts'
import { scopePattern } from '../../model/policy.ts'
import { authStrategies, httpMethods } from '../../model/tool.ts'
import { moment, momentOf, momentOrNull, nameField } from './common_schemas.ts'
import { authOAuthJson, upstreamOAuth } from './tool_schemas.ts'

const methods = z.array(z.enum(httpMethods)).max(httpMethods.length)
const words = z.array(z.string().min(1).max(500)).max(2000)

/** Which operations become tools. */
export const filterSchema = z
  .strictObject({
    tags: words.default([]),
    methods: methods.default([]),
    paths: words.default([]).meta({
      description: '`*` is anything within a segment, `**` anything.',
      example: ['/repos/**'],
    }),
    operation_ids: words.default([]),
  })
  .meta({ description: 'Which operations become tools; an empty list does not restrict.' })

const scopeRule = z.strictObject({
  tag: z.string().max(500).nullable().default(null),
  methods: methods.nullable().default(null),
  scopes: z.array(z.string().regex(scopePattern)).min(1).max(64),
})

const settingsFields = {
  base_url: z.string().max(2000).nullable().meta({
    description: 'Instead of every server of the document; may have a base path.',
    example: 'https://api.example.com/v2',
  }),
  server_variables: z.record(z.string().max(200), z.string().max(2000)),
  name_prefix: z
    .string()
    .regex(/^[a-z0-9_]{0,40}$/, 'must be lower-case letters, digits or underscores, 40 at most'),
  max_name_length: z.int().min(16).max(64),
  scope_pattern: z
    .string()
    .min(1)
    .max(500)
    .nullable()
    .meta({ description: 'Regular expression whose first group lists the scopes.' }),
  scopes_from_security: z.boolean(),
  scope_rules: z.array(scopeRule).max(200),
  overlays: z
    .array(z.string().max(512 * 1024))
    .max(20)
    .meta({ description: 'OpenAPI Overlay 1.0 documents, JSON or YAML, applied in order.' }),
}
const settingsSchema = z
  .strictObject(settingsFields)
  .partial()
  .meta({ description: 'How the document is read. Absent members keep what they are.' })

const url = z.string().max(2000).nullable().meta({
  description: 'Where the document is fetched from; null for one that is uploaded.',
  example: 'https://api.example.com/openapi.json',
})
const recheckHours = z.int().min(1).max(8760).nullable().meta({
  description: 'How often the URL is checked; a change is proposed, never applied.',
})

/** A source to make. */
export const newSourceSchema = z
  .strictObject({
    project_id: z.int().positive().optional(),
    name: nameField,
    url: url.default(null),
    settings: settingsSchema.optional(),
    filter: filterSchema.optional(),
    recheck_hours: recheckHours.default(null),
  })
  .openapi('NewOpenapiSource')

/** What of a source to change. */
export const sourceChangeSchema = z
  .strictObject({
    name: nameField,
    url,
    settings: settingsSchema,
    filter: filterSchema,
    recheck_hours: recheckHours,
  })
  .partial()
  .openapi('OpenapiSourceChange')

const oauth = upstreamOAuth.nullable()

/** How the tools of a source prove themselves. */
export const sourceAuthSchema = z
  .strictObject({
    strategy: z.enum(authStrategies),
    secret: z.string().max(8000).optional().meta({
      description: 'Plain text here, sealed at rest, never returned. Absent keeps the one set.',
    }),
    header_name: z.string().max(100).nullable().default(null).meta({
      description: 'The header, query parameter or cookie; null for what the document says.',
    }),
    oauth: oauth.default(null),
  })
  .openapi('OpenapiSourceAuth')

/** A source in answers. */
export const sourceSchema = z
  .object({
    id: z.int(),
    project_id: z.int(),
    name: z.string(),
    url: z.string().nullable(),
    settings: z.object(settingsFields),
    filter: z.object({
      tags: words,
      methods,
      paths: words,
      operation_ids: words,
    }),
    recheck_hours: z.int().nullable(),
    next_check_at: moment.nullable(),
    auth: z
      .object({
        strategy: z.enum(authStrategies),
        header_name: z.string().nullable(),
        oauth,
        has_secret: z.boolean(),
      })
      .nullable(),
    tools: z.int().meta({ description: 'How many tools it has.' }),
    applied_import_id: z.int().nullable(),
    created_at: moment,
    updated_at: moment,
  })
  .openapi('OpenapiSource')

type SettingsJson = z.infer<typeof settingsSchema>

/** The settings a checked body asks for, over those there are. */
function settingsOf(json: SettingsJson | undefined, base: ImportSettings): ImportSettings {
  const given = json ?? {}
  return {
    baseUrl: given.base_url === undefined ? base.baseUrl : given.base_url,
    serverVariables: given.server_variables ?? base.serverVariables,
    namePrefix: given.name_prefix ?? base.namePrefix,
    maxNameLength: given.max_name_length ?? base.maxNameLength,
    scopePattern: given.scope_pattern === undefined ? base.scopePattern : given.scope_pattern,
    scopesFromSecurity: given.scopes_from_security ?? base.scopesFromSecurity,
    scopeRules: given.scope_rules ?? base.scopeRules,
    overlays: given.overlays ?? base.overlays,
  }
}

/** The filter a checked body asks for. */
export const filterOf = (json: z.infer<typeof filterSchema>): OperationFilter => ({
  tags: json.tags,
  methods: json.methods,
  paths: json.paths,
  operationIds: json.operation_ids,
})

/** The source a checked body asks for. */
export function newSourceOf(body: z.infer<typeof newSourceSchema>): SourceInput {
  return {
    name: body.name,
    url: body.url,
    settings: settingsOf(body.settings, defaultImportSettings),
    filter: body.filter === undefined ? everyOperation : filterOf(body.filter),
    recheckHours: body.recheck_hours,
  }
}

/** The change a checked body asks for. @param present the settings there are */
export function sourceChangeOf(
  body: z.infer<typeof sourceChangeSchema>,
  present: ImportSettings,
): SourceChange {
  const { name, url: location, settings, filter, recheck_hours } = body
  return {
    ...(name === undefined ? {} : { name }),
    ...(location === undefined ? {} : { url: location }),
    ...(settings === undefined ? {} : { settings: settingsOf(settings, present) }),
    ...(filter === undefined ? {} : { filter: filterOf(filter) }),
    ...(recheck_hours === undefined ? {} : { recheckHours: recheck_hours }),
  }
}

/** Writes a filter as the API shows it. */
export const filterJson = (filter: OperationFilter) => ({
  tags: [...filter.tags],
  methods: [...filter.methods],
  paths: [...filter.paths],
  operation_ids: [...filter.operationIds],
})

const ruleJson = ({ tag, methods: only, scopes }: ScopeRule) => ({
  tag,
  methods: only && [...only],
  scopes: [...scopes],
})

const settingsJson = (settings: ImportSettings) => ({
  base_url: settings.baseUrl,
  server_variables: { ...settings.serverVariables },
  name_prefix: settings.namePrefix,
  max_name_length: settings.maxNameLength,
  scope_pattern: settings.scopePattern,
  scopes_from_security: settings.scopesFromSecurity,
  scope_rules: settings.scopeRules.map(ruleJson),
  overlays: [...settings.overlays],
})

/** Writes a source as the API shows it. */
export function sourceJson(source: OpenapiSource) {
  const { auth } = source
  return {
    id: source.id,
    project_id: source.projectId,
    name: source.name,
    url: source.url,
    settings: settingsJson(source.settings),
    filter: filterJson(source.filter),
    recheck_hours: source.recheckHours,
    next_check_at: momentOrNull(source.nextCheckAtMs),
    auth: auth && {
      strategy: auth.strategy,
      header_name: auth.headerName,
      oauth: auth.oauth && authOAuthJson(auth.oauth),
      has_secret: source.hasSecret,
    },
    tools: source.toolCount,
    applied_import_id: source.appliedImportId,
    created_at: momentOf(source.createdAtMs),
    updated_at: momentOf(source.updatedAtMs),
  }
}
