import type { RequestMap } from '../../model/request_map.ts'
import type { OperationDraft } from '../operation_draft.ts'
import { lintTool } from '../schema/lint_tool.ts'
import { acceptOf } from './accept.ts'
import { draftAnnotations } from './annotations.ts'
import { authChoices } from './auth_choices.ts'
import { draftDescription } from './description.ts'
import { type DraftContext, remark } from './draft_context.ts'
import { draftArguments } from './input_schema.ts'
import { listedTokens } from './listed_tokens.ts'
import { outputSchema } from './output_schema.ts'
import { draftParameters } from './parameters.ts'
import { partEncodings } from './part_encoding.ts'
import { type ChosenBody, chooseBody } from './request_body.ts'
import { type RequestPath, requestPath } from './request_path.ts'
import { requiredScopes } from './required_scopes.ts'
import { vendorHints } from './vendor_hints.ts'

/** Drafts one operation under the name it was given; what it finds is in the draft's findings. */
export function draftOperation(context: DraftContext, name: string): OperationDraft {
  const { operation } = context
  const path = requestPath(context)
  const said = {
    name,
    description: draftDescription(context),
    annotations: draftAnnotations(context),
    outputSchema: outputSchema(context),
  }
  const { inputSchema, map } = draftRequest(context, path)
  const listed = { ...said, inputSchema, method: operation.method }
  return {
    ...said,
    key: operation.key,
    method: operation.method,
    path: map.path,
    operationId: operation.operationId,
    tags: operation.tags,
    isDeprecated: operation.isDeprecated,
    inputSchema,
    baseUrl: path.baseUrl,
    map,
    requiredScopes: requiredScopes(context),
    auth: authChoices(context, path.baseUrl),
    tokens: listedTokens(listed),
    quarantine: brokenRule(listed) ?? hiddenByDocument(context),
    findings: context.findings,
  }
}

interface DraftRequest {
  readonly inputSchema: OperationDraft['inputSchema']
  readonly map: RequestMap
}

function draftRequest(context: DraftContext, path: RequestPath): DraftRequest {
  const parameters = draftParameters(context, path)
  const body = chooseBody(context)
  const { inputSchema, schema, aliases } = draftArguments(context, parameters, body)
  const map: RequestMap = {
    path: path.path,
    fixedQuery: path.fixedQuery,
    parameters: parameters.map(({ mapped }) => mapped),
    body: body === null ? null : mappedBody(context, body),
    accept: acceptOf(context.operation),
    schema,
    aliases,
  }
  return { inputSchema, map }
}

const mappedBody = ({ document }: DraftContext, body: ChosenBody): RequestMap['body'] => ({
  required: body.required,
  contentType: body.contentType,
  kind: body.kind,
  encoding: partEncodings(body, document),
})

/** The first rule of a model API or client that the tool breaks; null for none. */
function brokenRule(tool: Parameters<typeof lintTool>[0]): string | null {
  const broken = lintTool(tool).find(({ severity }) => severity === 'error')
  return broken === undefined
    ? null
    : `${broken.pointer || '/'}: ${broken.message} (${broken.rule})`
}

/** Kept from models by the document, unless the operator enabled it all the same. */
function hiddenByDocument(context: DraftContext): string | null {
  const { hiddenBy, internalBy } = vendorHints(context.operation.extensions)
  const extension = hiddenBy ?? internalBy
  if (extension === null) return null
  remark(context, {
    severity: 'note',
    code: hiddenBy === null ? 'internal_operation' : 'hidden_operation',
    reason:
      hiddenBy === null
        ? `The document marks it with ${extension}: it is not in published documentation.`
        : `The document keeps it from models with ${extension}.`,
    fix:
      hiddenBy === null
        ? 'Leave it out if it is not meant for you.'
        : 'Enable it by an override if you want it all the same.',
  })
  const isKept = hiddenBy !== null && context.override.isEnabled !== true
  return isKept ? `The document keeps it from models (${hiddenBy}).` : null
}
