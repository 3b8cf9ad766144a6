import { AppError, type FieldError } from '../errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts'
import { comparableName, isHeaderToken } from '../model/header_name.ts'
import { mapVariables, parseTemplate, partsOf } from '../model/template.ts'
import type { HttpMethod, ToolDefinition } from '../model/tool.ts'
import { arrayNode, type BodyNode, type BodyTemplate, objectNode } from './body_template.ts'
import {
  type BoundTemplate,
  type BoundVariable,
  bindVariable,
  pointerStep,
  scalarText,
} from './bound_variable.ts'
import { compilePath, isDotSegment, type PathTemplate, pathProblems } from './endpoint_path.ts'
import { compileHeaders, type HeadersTemplate, headerProblem } from './headers_template.ts'
import { maxTargetBytes } from './percent_encode.ts'
import { compileQueryEntry, type QueryEntry, type QueryTemplate } from './query_template.ts'
import { authHeaderOf, isAuthHeader, isSettable } from './settable_header.ts'

/** A tool's request, compiled once per version; `renderRequest` fills it in. */
export interface RequestTemplate {
  readonly method: HttpMethod
  /** The origin, verbatim. */
  readonly baseUrl: string
  readonly path: PathTemplate
  readonly headers: HeadersTemplate
  readonly query: QueryTemplate
  readonly body: BodyTemplate
}

/**
 * Compiles what a tool says about its request, and refuses what could never be sent: registration
 * calls it for its errors, the call for its result (wire.md §5; reliability.md cases 143, 147, 150).
 * `base_url` is taken as it is; another module checks it.
 * @throws AppError endpoint_path_relative, member_id_without_member, header_not_settable, or
 * validation_failed with one entry per failing field
 */
export function compileRequestTemplate(definition: ToolDefinition): RequestTemplate {
  refuseCoded(definition)
  const reader = new DefinitionReader(definition)
  const path = reader.path()
  const query = reader.query(path.used)
  const body = reader.body(path.used)
  const headers = reader.headers(body.kind !== 'none')
  if (reader.problems.length > 0) {
    throw new AppError('validation_failed', { errors: reader.problems })
  }
  const { httpMethod: method, baseUrl } = definition
  return { method, baseUrl, path: path.template, headers, query, body }
}

/** The refusals that have a code and a literal sentence of their own. */
function refuseCoded(definition: ToolDefinition): void {
  const { endpointPath, requireMember, authStrategy, authHeaderName } = definition
  if (!endpointPath.startsWith('/')) throw new AppError('endpoint_path_relative')
  // The doubled spelling holds the single one.
  if (!requireMember && endpointPath.includes('{member_id}')) {
    throw new AppError('member_id_without_member')
  }
  const authHeader = authHeaderOf(authStrategy, authHeaderName)
  for (const name of Object.keys(definition.headersTemplate ?? {})) {
    if (isSettable(comparableName(name), authHeader)) continue
    const error = { pointer: `/headers_template${pointerStep(name)}`, message: 'is not settable' }
    const reason = `${name} is set by Gatehouse or the connection.`
    throw new AppError('header_not_settable', { reason, errors: [error] })
  }
}

/** Reads one definition and collects every problem instead of stopping at the first. */
class DefinitionReader {
  readonly problems: FieldError[] = []
  private readonly definition: ToolDefinition

  constructor(definition: ToolDefinition) {
    this.definition = definition
  }

  path(): { readonly template: PathTemplate; readonly used: ReadonlySet<string> } {
    const pointer = '/endpoint_path'
    const text = this.definition.endpointPath
    this.bound(text, pointer)
    for (const message of pathProblems(text)) this.report(pointer, message)
    const parsed = this.template(text, pointer)
    const template = compilePath(parsed)
    if (template.segments.some((segment) => typeof segment === 'string' && isDotSegment(segment))) {
      this.report(pointer, 'must not hold a . or .. segment')
    }
    const used = new Set<string>()
    for (const part of partsOf(parsed)) {
      if ('variable' in part) this.use(part.variable, used)
    }
    return { template, used }
  }

  query(used: ReadonlySet<string>): QueryTemplate {
    const { queryTemplate, bodyTemplate, httpMethod } = this.definition
    if (queryTemplate !== null) {
      const entries = Object.entries(queryTemplate).flatMap(([name, value]) =>
        this.queryEntries(name, value),
      )
      return entries.length === 0 ? { kind: 'none' } : { kind: 'entries', entries }
    }
    const isRest = bodyTemplate === null && !sendsBody(httpMethod)
    return isRest ? { kind: 'rest', used } : { kind: 'none' }
  }

  body(used: ReadonlySet<string>): BodyTemplate {
    const { queryTemplate, bodyTemplate, httpMethod } = this.definition
    if (bodyTemplate !== null) {
      if (httpMethod === 'GET') this.report('/body_template', 'must be absent: a GET has no body')
      return { kind: 'node', node: this.node(bodyTemplate, '/body_template') }
    }
    const isRest = queryTemplate === null && sendsBody(httpMethod)
    return isRest ? { kind: 'rest', used } : { kind: 'none' }
  }

  headers(hasBody: boolean): HeadersTemplate {
    const { headersTemplate, authStrategy, authHeaderName } = this.definition
    if (authStrategy === 'static_header' && !isAuthHeader(authHeaderName ?? '')) {
      this.report('/auth_header_name', 'must be a header name that Gatehouse may fill')
    }
    const seen = new Set<string>()
    const own = Object.entries(headersTemplate ?? {}).map(([name, text]) => {
      const pointer = `/headers_template${pointerStep(name)}`
      const template = this.template(text, pointer)
      this.bound(text, pointer)
      if (!isHeaderToken(name)) this.report(pointer, 'is not a header name')
      if (seen.has(comparableName(name))) this.report(pointer, 'is set twice')
      seen.add(comparableName(name))
      const problem = headerProblem(name, template)
      if (problem !== null) this.report(pointer, problem)
      return [name, template] as const
    })
    return compileHeaders(own, hasBody)
  }

  private report(pointer: string, message: string): void {
    this.problems.push({ pointer, message })
  }

  /** The text itself, or an empty one after reporting that no request could hold it. */
  private bound(text: string, pointer: string): string {
    if (text.length <= maxTargetBytes) return text
    this.report(pointer, `is longer than ${maxTargetBytes} characters`)
    return ''
  }

  /** The compiled text; an empty one after a problem was collected. */
  private template(text: string, pointer: string): BoundTemplate {
    try {
      return mapVariables(parseTemplate(text, pointer), (variable) => {
        const bound = bindVariable(variable, this.definition.inputSchema)
        if (bound !== null) return bound
        const message = `{${variable.name}} is reserved and spelled otherwise`
        throw new AppError('validation_failed', { errors: [{ pointer, message }] })
      })
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'validation_failed') throw error
      this.problems.push(...error.errors)
      return { kind: 'static', text: '' }
    }
  }

  /** A name that the author wrote: literal braces may be doubled, a variable is refused (case 150). */
  private name(text: string, pointer: string): string {
    const template = this.template(text, pointer)
    if (template.kind === 'static') return template.text
    this.report(pointer, 'must be a fixed name, without variables')
    return ''
  }

  private use(variable: BoundVariable, used: Set<string>): void {
    const name = variable.from === 'arguments' ? variable.keys[0] : undefined
    if (name === undefined) return
    used.add(name)
    if (isUndeclared(name, this.definition.inputSchema)) {
      this.report('/endpoint_path', `{${name}} is not declared in input_schema.properties`)
    }
  }

  private queryEntries(key: string, value: JsonValue): QueryEntry[] {
    const pointer = `/query_template${pointerStep(key)}`
    const name = this.bound(this.name(key, pointer), pointer)
    const values = Array.isArray(value) ? value : [value]
    return values.flatMap((item, index) => {
      if (item === null) return []
      const place = Array.isArray(value) ? `${pointer}/${index}` : pointer
      if (typeof item === 'string') {
        return [compileQueryEntry(name, this.template(this.bound(item, place), place))]
      }
      const text = scalarText(item)
      if (text !== null) return [compileQueryEntry(name, { kind: 'static', text })]
      this.report(place, 'must be a scalar')
      return []
    })
  }

  private node(value: JsonValue, pointer: string): BodyNode {
    if (typeof value === 'string') return stringNode(this.template(value, pointer))
    if (Array.isArray(value)) {
      return arrayNode(value.map((item, index) => this.node(item, `${pointer}/${index}`)))
    }
    if (!isJsonObject(value)) return { kind: 'fixed', json: JSON.stringify(value) }
    return objectNode(
      Object.entries(value).map(([key, item]) => {
        const place = pointer + pointerStep(key)
        return [this.name(key, place), this.node(item, place)] as const
      }),
    )
  }
}

function stringNode(template: BoundTemplate): BodyNode {
  return template.kind === 'static'
    ? { kind: 'fixed', json: JSON.stringify(template.text) }
    : { kind: 'string', template }
}

function sendsBody(method: HttpMethod): boolean {
  return method !== 'GET' && method !== 'DELETE'
}

/** Keywords by which a schema may accept properties that `properties` does not list. */
const openers = [
  '$ref',
  '$dynamicRef',
  'allOf',
  'anyOf',
  'oneOf',
  'if',
  'dependentSchemas',
  'patternProperties',
  'unevaluatedProperties',
]

function isUndeclared(name: string, schema: JsonObject): boolean {
  const { properties, additionalProperties } = schema
  if (!isJsonObject(properties) || Object.hasOwn(properties, name)) return false
  if (additionalProperties !== undefined && additionalProperties !== false) return false
  return !openers.some((keyword) => Object.hasOwn(schema, keyword))
}
