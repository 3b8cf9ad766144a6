import { MappedPlan } from '../../../src/executor/mapped/mapped_plan.ts'
import type { CallerVariables, RenderedRequest } from '../../../src/executor/render_request.ts'
import type { JsonObject, JsonValue } from '../../../src/lib/json.ts'
import type {
  MappedBody,
  MappedParameter,
  PartEncoding,
  RequestMap,
} from '../../../src/model/request_map.ts'
import type { ToolDefinition } from '../../../src/model/tool.ts'
import { alice, definition } from '../request_fixture.ts'

/** A query parameter `color` in the default style unless told otherwise; its argument has its name. */
export function parameter(parts: Partial<MappedParameter> = {}): MappedParameter {
  const name = parts.name ?? 'color'
  return {
    in: 'query',
    name,
    source: { argument: name },
    required: false,
    style: 'form',
    explode: true,
    allowReserved: false,
    contentType: null,
    ...parts,
  }
}

/** A JSON body that takes anything unless told otherwise. */
export function body(parts: Partial<MappedBody> = {}): MappedBody {
  return { required: false, contentType: 'application/json', kind: 'json', encoding: {}, ...parts }
}

/** What the document says of one property of a form or multipart body. */
export function encoding(parts: Partial<PartEncoding> = {}): PartEncoding {
  return {
    contentType: null,
    style: 'form',
    explode: true,
    allowReserved: false,
    isFile: false,
    headers: {},
    ...parts,
  }
}

/** A map of `/things` that takes anything unless told otherwise. */
export function requestMap(parts: Partial<RequestMap> = {}): RequestMap {
  return {
    path: '/things',
    fixedQuery: '',
    parameters: [],
    body: null,
    accept: null,
    schema: { type: 'object' },
    aliases: {},
    ...parts,
  }
}

/** Compiles a map as a tool's plan. */
export function plan(map: Partial<RequestMap>, tool: Partial<ToolDefinition> = {}): MappedPlan {
  const whole = requestMap(map)
  const parts = { endpointPath: whole.path, requestMap: 'f'.repeat(64), ...tool }
  return new MappedPlan(definition(parts), whole)
}

/** Compiles, validates and renders in one go. */
export function send(
  map: Partial<RequestMap>,
  args: JsonObject = {},
  caller: CallerVariables = alice,
): RenderedRequest {
  const compiled = plan(map)
  return compiled.render(compiled.accept(args), caller)
}

const groups = {
  path: 'pathParams',
  query: 'query',
  querystring: 'query',
  header: 'headers',
  cookie: 'cookies',
}

/** Renders a request with one parameter `color`; a path one is `/{color}`. */
export function sendOne(parts: Partial<MappedParameter>, value: JsonValue): RenderedRequest {
  const one = parameter(parts)
  const path = one.in === 'path' ? `/{${one.name}}` : '/'
  return send({ path, parameters: [one] }, { [groups[one.in]]: { [one.name]: value } })
}

/** Sends a body. */
export function sendBody(
  parts: Partial<MappedBody>,
  value: JsonValue,
  map: Partial<RequestMap> = {},
): RenderedRequest {
  return send({ body: body(parts), ...map }, { body: value })
}
