import { AppError } from '../../errors.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { comparableName, isHeaderToken } from '../../model/header_name.ts'
import type { MappedParameter, RequestMap } from '../../model/request_map.ts'
import type { ToolDefinition } from '../../model/tool.ts'
import { type Header, isHeaderValue } from '../headers_template.ts'
import { maxTargetBytes, targetTooLarge } from '../percent_encode.ts'
import {
  type CallerVariables,
  type RenderedRequest,
  refuseReservedVariables,
} from '../render_request.ts'
import type { RequestPlan, ValidArguments } from '../request_plan.ts'
import { authHeaderOf, isSettable } from '../settable_header.ts'
import { MappedArguments, type WireArguments } from './mapped_arguments.ts'
import { type RenderedBody, renderMappedBody } from './mapped_body.ts'
import { renderMappedHeaders } from './mapped_headers.ts'
import { compileMappedPath, type MappedPath, renderMappedPath } from './mapped_path.ts'
import { renderMappedQuery } from './mapped_query.ts'
import { ParameterValues } from './parameter_values.ts'
import { type ReservedNames, reservedNames } from './reserved_names.ts'

/** Header parameters that OpenAPI ignores, and those that Gatehouse fills itself. */
const notOurs = new Set([
  'accept',
  'content-type',
  'authorization',
  'idempotency-key',
  'traceparent',
])
const defaultAccept = 'application/json, */*;q=0.8'
const userAgent: Header = ['user-agent', 'Gatehouse']
const FIXED_QUERY = /^[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*$/

/** The plan of an imported operation: its request map says what the OpenAPI document does. */
export class MappedPlan implements RequestPlan {
  private readonly definition: ToolDefinition
  private readonly map: RequestMap
  private readonly args: MappedArguments
  private readonly path: MappedPath
  private readonly query: readonly MappedParameter[]
  private readonly headers: readonly MappedParameter[]
  private readonly acceptHeader: Header
  private readonly reserved: ReservedNames

  /**
   * Compiles a request map, and refuses what could never be sent.
   * @throws AppError header_not_settable, member_id_without_member, or validation_failed
   */
  constructor(definition: ToolDefinition, map: RequestMap) {
    const rendered = map.parameters.filter((parameter) => isRendered(parameter, definition))
    refuseUnsendable(definition, map, rendered)
    this.definition = definition
    this.map = map
    this.args = new MappedArguments(map, rendered)
    this.path = compileMappedPath(map.path, rendered)
    this.query = rendered.filter(({ in: place }) => place === 'query' || place === 'querystring')
    this.headers = rendered.filter(({ in: place }) => place === 'header' || place === 'cookie')
    this.reserved = reservedNames(definition, map)
    this.acceptHeader = ['accept', map.accept ?? defaultAccept]
  }

  accept(args: JsonObject): ValidArguments {
    refuseReservedVariables(args)
    return this.args.read(args) as unknown as ValidArguments
  }

  render(args: ValidArguments, caller: CallerVariables): RenderedRequest {
    const wire = args as unknown as WireArguments
    const values = new ParameterValues(wire.groups, caller, this.reserved)
    const path = renderMappedPath(this.path, values)
    const query = renderMappedQuery(this.map.fixedQuery, this.query, values)
    const target = query === '' ? path : `${path}?${query}`
    if (target.length > maxTargetBytes) throw targetTooLarge()
    const { headers, cookie } = renderMappedHeaders(this.headers, values)
    const body = this.body(wire)
    return {
      method: this.definition.httpMethod,
      baseUrl: this.definition.baseUrl,
      target,
      headers: this.allHeaders(headers, body),
      body: body?.bytes ?? null,
      ...(cookie === null ? {} : { cookie }),
    }
  }

  /** An absent body is none; null is a value like any other. */
  private body({ groups, files }: WireArguments): RenderedBody | null {
    const { body, schema } = this.map
    if (body === null || groups.body === undefined) return null
    const { properties } = schema
    const where = { schema: isJsonObject(properties) ? properties.body : undefined, root: schema }
    return renderMappedBody(body, { value: groups.body, files }, where)
  }

  private allHeaders(own: readonly Header[], body: RenderedBody | null): readonly Header[] {
    const headers: Header[] = body === null ? [] : [['content-type', body.contentType]]
    const isOwnAgent = own.some(([name]) => comparableName(name) === 'user-agent')
    headers.push(this.acceptHeader, ...(isOwnAgent ? [] : [userAgent]), ...own)
    return headers
  }
}

/** Whether a parameter is sent: what the connection fills itself is not, whoever gives it. */
function isRendered({ in: place, name }: MappedParameter, definition: ToolDefinition): boolean {
  const { authStrategy, authHeaderName } = definition
  if (place === 'query') return authStrategy !== 'static_query' || name !== authHeaderName
  if (place === 'cookie') return authStrategy !== 'static_cookie' || name !== authHeaderName
  if (place !== 'header') return true
  const comparable = comparableName(name)
  return !notOurs.has(comparable) && comparable !== authHeaderOf(authStrategy, authHeaderName)
}

function refuseUnsendable(
  definition: ToolDefinition,
  map: RequestMap,
  rendered: readonly MappedParameter[],
): void {
  for (const { in: place, name, source } of rendered) {
    if (place === 'header' && !isSettable(comparableName(name), null)) {
      const reason = `${name} is set by Gatehouse or the connection.`
      throw new AppError('header_not_settable', { reason })
    }
    if ((place === 'header' || place === 'cookie') && !isHeaderToken(name)) {
      throw fault(`has a parameter ${JSON.stringify(name.slice(0, 64))} that cannot be sent`)
    }
    const isMember = 'caller' in source && source.caller === 'member_id'
    if (isMember && place === 'path' && !definition.requireMember) {
      throw new AppError('member_id_without_member')
    }
  }
  if (!FIXED_QUERY.test(map.fixedQuery)) throw fault('has a query that cannot be sent')
  const texts = [map.accept ?? '', map.body?.contentType ?? '', ...partHeaders(map)]
  if (!texts.every(isHeaderValue)) throw fault('has a header that cannot be sent')
}

function partHeaders({ body }: RequestMap): string[] {
  return Object.values(body?.encoding ?? {}).flatMap(({ contentType, headers }) => [
    contentType ?? '',
    ...Object.keys(headers).map((name) => (isHeaderToken(name) ? '' : '\n')),
    ...Object.values(headers),
  ])
}

function fault(message: string): AppError {
  const errors = [{ pointer: '/endpoint_path', message }]
  return new AppError('validation_failed', { errors })
}
