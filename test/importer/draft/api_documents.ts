import type {
  ApiBody,
  ApiContent,
  ApiDocument,
  ApiOperation,
  ApiParameter,
  ApiSchema,
} from '../../../src/importer/api_document.ts'
import { type DraftOptions, draftOperations } from '../../../src/importer/draft_operations.ts'
import type { OperationDraft } from '../../../src/importer/operation_draft.ts'
import {
  defaultImportSettings,
  type ImportSettings,
  type OperationOverride,
} from '../../../src/model/openapi_source.ts'
import type { HttpMethod } from '../../../src/model/tool.ts'

/** An operation without anything but what is given. */
export function operation(key: string, given: Partial<ApiOperation> = {}): ApiOperation {
  const [method = 'GET', path = '/'] = key.split(' ')
  return {
    key,
    method: method as HttpMethod,
    path,
    pointer: `#/paths/${path.replaceAll('/', '~1')}/${method.toLowerCase()}`,
    operationId: null,
    summary: null,
    description: null,
    tags: [],
    isDeprecated: false,
    servers: [{ url: 'https://api.example.com', description: null }],
    parameters: [],
    body: null,
    responses: [],
    security: [],
    extensions: {},
    ...given,
  }
}

export function parameter(
  place: ApiParameter['in'],
  name: string,
  given: Partial<ApiParameter> = {},
): ApiParameter {
  return {
    in: place,
    name,
    description: null,
    required: place === 'path',
    isDeprecated: false,
    style: place === 'path' || place === 'header' ? 'simple' : 'form',
    explode: place === 'query' || place === 'cookie',
    allowReserved: false,
    contentType: null,
    schema: { type: 'string' },
    example: undefined,
    ...given,
  }
}

export const content = (
  mediaType: string,
  schema: ApiSchema = true,
  encoding: ApiContent['encoding'] = {},
): ApiContent => ({ mediaType, schema, encoding, example: undefined })

export const body = (...contents: ApiContent[]): ApiBody => ({
  description: null,
  required: true,
  contents,
})

export function document(
  operations: readonly ApiOperation[],
  given: Partial<ApiDocument> = {},
): ApiDocument {
  return {
    title: 'Example',
    version: '1',
    description: null,
    specVersion: '3.1',
    servers: [],
    tags: [],
    securitySchemes: {},
    operations,
    defs: {},
    findings: [],
    ...given,
  }
}

/** Draft options with defaults; overrides and names by key. */
export function draftOptions(given: {
  settings?: Partial<ImportSettings>
  overrides?: Record<string, OperationOverride>
  names?: Record<string, string>
  taken?: readonly string[]
}): DraftOptions {
  return {
    settings: { ...defaultImportSettings, ...given.settings },
    overrides: new Map(Object.entries(given.overrides ?? {})),
    namesByKey: new Map(Object.entries(given.names ?? {})),
    takenNames: new Set(given.taken ?? []),
  }
}

/** All drafts of a document. */
export const draftsOf = (
  described: ApiDocument,
  given: Parameters<typeof draftOptions>[0] = {},
): OperationDraft[] => [...draftOperations(described, draftOptions(given))]

/** The draft of one operation of a document with nothing else in it. */
export function draftOf(
  one: ApiOperation,
  given: Parameters<typeof draftOptions>[0] & { document?: Partial<ApiDocument> } = {},
): OperationDraft {
  const [draft] = draftsOf(document([one], given.document), given)
  if (draft === undefined) throw new Error('no draft')
  return draft
}

export const codesOf = ({ findings }: OperationDraft): string[] => findings.map(({ code }) => code)
