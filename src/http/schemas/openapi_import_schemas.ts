import { z } from '@hono/zod-openapi'
import type { ImportView, WouldBeTool } from '../../manage/openapi/imports.ts'
import {
  type ImportCounts,
  importStates,
  operationChanges,
  type PlannedOperation,
} from '../../model/openapi_import.ts'
import { authStrategies, httpMethods } from '../../model/tool.ts'
import { moment, momentOf, momentOrNull, pageQuery } from './common_schemas.ts'
import { filterJson, filterSchema } from './openapi_source_schemas.ts'
import { authOAuthJson, definitionFields, definitionJson, upstreamOAuth } from './tool_schemas.ts'

/** What an import by JSON asks for. */
export const newImportSchema = z
  .strictObject({
    reuse_document: z.boolean().default(false).meta({
      description: 'Reads the document that was kept again, instead of fetching one.',
    }),
  })
  .openapi('NewOpenapiImport')

const countNames = {
  operations: 'operations',
  tools: 'tools',
  quarantined: 'quarantined',
  left_out: 'leftOut',
  added: 'added',
  changed: 'changed',
  removed: 'removed',
  dangerous: 'dangerous',
  unchanged: 'unchanged',
} as const satisfies Record<string, keyof ImportCounts>

const counts = z.object({
  operations: z.int(),
  tools: z.int(),
  quarantined: z.int(),
  left_out: z.int().meta({ description: 'Operations that the filter leaves out.' }),
  added: z.int(),
  changed: z.int(),
  removed: z.int(),
  dangerous: z.int(),
  unchanged: z.int(),
})

/** An import in answers. */
export const importSchema = z
  .object({
    id: z.int(),
    source_id: z.int(),
    state: z.enum(importStates),
    is_scheduled: z.boolean(),
    progress: z.object({
      phase: z.enum(['waiting', 'fetching', 'reading', 'drafting', 'done']),
      done: z.int(),
      total: z.int(),
    }),
    filter: filterSchema,
    document: z
      .object({
        title: z.string(),
        version: z.string(),
        spec_version: z.string(),
        bytes: z.int(),
        sha256: z.string(),
      })
      .nullable(),
    counts: counts.nullable(),
    tokens: z
      .object({ enabled: z.int(), all: z.int() })
      .nullable()
      .meta({ description: 'Estimated tokens that listing its tools costs a model.' }),
    error: z
      .object({ code: z.string(), detail: z.string(), reason: z.string().nullable() })
      .nullable(),
    created_at: moment,
    applied_at: moment.nullable(),
  })
  .openapi('OpenapiImport')

/** Writes an import as the API shows it. */
export function importJson(view: ImportView) {
  const { document, counts: found } = view
  return {
    id: view.id,
    source_id: view.sourceId,
    state: view.state,
    is_scheduled: view.isScheduled,
    progress: view.progress,
    filter: filterJson(view.filter),
    document: document && {
      title: document.title,
      version: document.version,
      spec_version: document.specVersion,
      bytes: document.bytes,
      sha256: document.sha256,
    },
    counts: found && countsJson(found),
    tokens: found && { enabled: found.tokensEnabled, all: found.tokensAll },
    error: view.error,
    created_at: momentOf(view.createdAtMs),
    applied_at: momentOrNull(view.appliedAtMs),
  }
}

const countsJson = (found: ImportCounts) =>
  Object.fromEntries(
    Object.entries(countNames).map(([word, member]) => [word, found[member]]),
  ) as z.infer<typeof counts>

/** How the operations of a plan are asked for. */
export const operationQuery = pageQuery.extend({
  tag: z.string().max(500).optional(),
  method: z.enum(httpMethods).optional(),
  path: z.string().max(2000).optional().meta({ description: 'What the path begins with.' }),
  operation_id: z.string().max(500).optional(),
  q: z.string().max(200).optional().meta({
    description: 'Text in name, path, operation id or description, ignoring case.',
  }),
  change: z.enum(operationChanges).optional(),
})

const fieldChange = z.object({
  field: z.string(),
  before: z.unknown(),
  after: z.unknown(),
  is_dangerous: z.boolean(),
})

/** What an import says about its document, in answers. */
export const findingSchema = z
  .object({
    severity: z.string(),
    code: z.string(),
    operation: z.string().nullable(),
    pointer: z.string(),
    reason: z.string(),
    fix: z.string(),
  })
  .openapi('OpenapiFinding')

/** An operation of a plan in answers. */
export const operationSchema = z
  .object({
    key: z.string().meta({ example: 'GET /pets/{id}' }),
    method: z.enum(httpMethods),
    path: z.string(),
    operation_id: z.string().nullable(),
    tags: z.array(z.string()),
    name: z.string(),
    description: z.string(),
    is_deprecated: z.boolean(),
    is_gone: z.boolean().meta({ description: 'Whether the document no longer has it.' }),
    is_selected: z.boolean().meta({ description: 'Whether the filter lets it in.' }),
    is_enabled: z.boolean(),
    change: z.enum(operationChanges),
    is_dangerous: z.boolean(),
    changes: z.array(fieldChange),
    tokens: z.int(),
    quarantine: z.string().nullable(),
    findings: z.array(findingSchema),
  })
  .openapi('OpenapiOperation')

/** Writes an operation of a plan as the API shows it. */
export function operationJson(operation: PlannedOperation) {
  return {
    key: operation.key,
    method: operation.method,
    path: operation.path,
    operation_id: operation.operationId,
    tags: [...operation.tags],
    name: operation.name,
    description: operation.description,
    is_deprecated: operation.isDeprecated,
    is_gone: operation.isGone,
    is_selected: operation.isSelected,
    is_enabled: operation.isEnabled,
    change: operation.change,
    is_dangerous: operation.isDangerous,
    changes: operation.changes as unknown as z.infer<typeof fieldChange>[],
    tokens: operation.tokens,
    quarantine: operation.quarantine,
    findings: operation.findings as unknown as z.infer<typeof findingSchema>[],
  }
}

/** A tag of a document in answers. */
export const tagSchema = z
  .object({
    name: z.string(),
    description: z.string().nullable(),
    parent: z.string().nullable(),
    operations: z.int(),
    reads: z.int(),
    writes: z.int(),
  })
  .openapi('OpenapiTag')

/** The whole tool that an operation would become, in answers. */
export const definitionSchema = z
  .object({
    operation: operationSchema,
    definition: z.object(definitionFields),
    auth_choices: z
      .array(
        z.object({
          scheme: z.string(),
          strategy: z.enum(authStrategies),
          header_name: z.string().nullable(),
          oauth: upstreamOAuth.nullable(),
        }),
      )
      .meta({ description: 'What the document lets a caller prove itself by, best first.' }),
  })
  .openapi('OpenapiOperationDefinition')

/** Writes the tool that an operation would become as the API shows it. */
export function wouldBeJson({ operation, definition, auth }: WouldBeTool) {
  return {
    operation: operationJson(operation),
    definition: definitionJson(definition),
    auth_choices: auth.map(({ scheme, strategy, headerName, oauth }) => ({
      scheme,
      strategy,
      header_name: headerName,
      oauth: oauth && authOAuthJson(oauth),
    })),
  }
}

/** How a plan is applied. */
export const applySchema = z
  .strictObject({
    accept_dangerous: z.boolean().default(false),
    filter: filterSchema.optional(),
    enable: z
      .strictObject({ reads: z.boolean().optional(), writes: z.boolean().optional() })
      .default({})
      .meta({ description: 'Which new tools are enabled: reads are and writes are not.' }),
  })
  .openapi('OpenapiApply')

/** What changed at once, in answers. */
export const appliedSchema = z
  .object({ added: z.int(), changed: z.int(), removed: z.int() })
  .openapi('OpenapiApplied')
