import { expect } from 'bun:test'
import { AppError, type ErrorCode } from '../../src/errors.ts'
import {
  type CallerVariables,
  type RenderedRequest,
  renderRequest,
} from '../../src/executor/render_request.ts'
import { compileRequestTemplate } from '../../src/executor/request_template.ts'
import type { JsonObject, JsonValue } from '../../src/lib/json.ts'
import { defaultDeduplication, defaultRetry, type ToolDefinition } from '../../src/model/tool.ts'

/** A caller with a member. */
export const alice: CallerVariables = { projectId: '42', integrationId: '7', memberId: 'alice' }
/** A caller without one. */
export const nobody: CallerVariables = { ...alice, memberId: null }

/** A whole definition: a GET of `/things` unless told otherwise. */
export function definition(parts: Partial<ToolDefinition> = {}): ToolDefinition {
  return {
    name: 'things-list',
    description: 'Lists things.',
    inputSchema: { type: 'object' },
    outputSchema: null,
    baseUrl: 'https://api.example.com',
    httpMethod: 'GET',
    endpointPath: '/things',
    headersTemplate: null,
    queryTemplate: null,
    bodyTemplate: null,
    requireMember: true,
    injectMemberIdentity: { id: true, email: false, roles: false },
    authStrategy: 'none',
    authHeaderName: null,
    authOAuth: null,
    requestMap: null,
    response: null,
    deduplication: defaultDeduplication,
    retry: defaultRetry,
    verify: null,
    sendIdempotencyKey: true,
    requiredScopes: [],
    timeoutMs: 30_000,
    maxResponseBytes: 1_000_000,
    annotations: null,
    ...parts,
  }
}

/** Compiles and renders in one go. */
export function render(
  parts: Partial<ToolDefinition>,
  args: JsonObject = {},
  caller: CallerVariables = alice,
): RenderedRequest {
  return renderRequest(compileRequestTemplate(definition(parts)), args, caller)
}

/** The body as text; null when there is none. */
export function bodyText(request: RenderedRequest): string | null {
  return request.body === null
    ? null
    : new TextDecoder('utf-8', { fatal: true }).decode(request.body)
}

/** The body as a value. */
export function bodyValue(request: RenderedRequest): JsonValue {
  return JSON.parse(bodyText(request) ?? 'null')
}

/** The one value of a header, whatever its case; undefined when it is absent, an error when doubled. */
export function header(request: RenderedRequest, name: string): string | undefined {
  const found = request.headers.filter(([other]) => other.toLowerCase() === name.toLowerCase())
  expect(found.length).toBeLessThan(2)
  return found[0]?.[1]
}

/** Runs a refused action and gives its error; nothing was made, so nothing can be sent. */
export function refusal(code: ErrorCode, action: () => unknown): AppError {
  let made: unknown
  try {
    made = action()
  } catch (error) {
    expect(error).toBeInstanceOf(AppError)
    if (!(error instanceof AppError)) throw error
    expect(error.code).toBe(code)
    return error
  }
  throw new Error(`expected ${code}, but this was made: ${JSON.stringify(made)}`)
}
