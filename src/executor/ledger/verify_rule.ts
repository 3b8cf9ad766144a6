import { AppError } from '../../errors.ts'
import { isExactNumber, isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import type { Member } from '../../model/principal.ts'
import type { ToolDefinition, VerifyRule } from '../../model/tool.ts'
import type { Permit } from '../authorize.ts'
import { callerVariables } from '../caller_variables.ts'
import type { Header } from '../headers_template.ts'
import { type CallerVariables, type RenderedRequest, renderRequest } from '../render_request.ts'
import { compileRequestTemplate } from '../request_template.ts'
import { compileProjection, ProjectionSyntaxError } from '../response/projection.ts'

/** A verify rule, ready for calls. */
export interface CompiledVerify {
  /** Renders the GET of one call. @throws AppError - an argument does not fit its place */
  render(args: JsonObject, caller: CallerVariables): RenderedRequest
  /** Whether an answer says that the write was done. @throws ProjectionFault */
  isDone(answer: JsonValue): boolean
}

const compiled = new WeakMap<ToolDefinition, CompiledVerify>()

/** The rule of a tool, compiled at its first use; null without one. @throws AppError as `compileVerify` */
export function verifyOf(definition: ToolDefinition): CompiledVerify | null {
  const { verify } = definition
  if (verify === null) return null
  const known = compiled.get(definition)
  if (known !== undefined) return known
  const made = compileVerify(definition, verify)
  compiled.set(definition, made)
  return made
}

/**
 * Compiles how a tool finds out whether a write took effect.
 * @throws AppError validation_failed, every pointer below `/verify`
 */
export function compileVerify(definition: ToolDefinition, rule: VerifyRule): CompiledVerify {
  if (definition.httpMethod === 'GET') throw fault('', 'must be null: a GET changes nothing')
  const template = templateOf(definition, rule)
  const project = predicateOf(rule)
  return {
    render: (args, caller) => renderRequest(template, args, caller),
    isDone: (answer) => isTruthy(project(answer)),
  }
}

function templateOf(definition: ToolDefinition, { path, query }: VerifyRule) {
  try {
    return compileRequestTemplate({
      ...definition,
      httpMethod: 'GET',
      endpointPath: path,
      queryTemplate: query ?? {},
      bodyTemplate: null,
    })
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const [first] = error.errors
    const isQuery = first?.pointer.startsWith('/query_template') ?? false
    throw fault(isQuery ? '/query' : '/path', first?.message ?? error.message)
  }
}

function predicateOf({ done }: VerifyRule) {
  try {
    return compileProjection(done)
  } catch (error) {
    if (!(error instanceof ProjectionSyntaxError)) throw error
    throw fault('/done', `at character ${error.position}: ${error.message}`)
  }
}

const fault = (place: string, message: string) =>
  new AppError('validation_failed', { errors: [{ pointer: `/verify${place}`, message }] })

/** JMESPath's own notion: false, null and whatever is empty are false. */
function isTruthy(value: JsonValue): boolean {
  if (value === null || value === false || value === '') return false
  if (isExactNumber(value)) return true
  if (Array.isArray(value)) return value.length > 0
  return isJsonObject(value) ? Object.keys(value).length > 0 : true
}

/** What verifying a run takes when its arguments are gone: the rendered GET, and for whom. */
export interface VerifyPlan {
  readonly target: string
  readonly headers: readonly Header[]
  readonly caller: CallerVariables
  readonly member: Member | null
}

/** How to verify a call; null where its tool has no rule, or the arguments do not fit into it. */
export function planVerify(permit: Permit, args: JsonObject): VerifyPlan | null {
  const { principal, compiled } = permit
  const rule = verifyOf(compiled.tool.definition)
  if (rule === null) return null
  const caller = callerVariables(principal)
  try {
    const { target, headers } = rule.render(args, caller)
    return { target, headers, caller, member: principal.member }
  } catch (error) {
    if (error instanceof AppError) return null
    throw error
  }
}
