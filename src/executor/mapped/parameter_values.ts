import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import type { ArgumentGroup, MappedParameter, ParameterPlace } from '../../model/request_map.ts'
import type { ReservedVariable } from '../../model/tool.ts'
import { pointerStep } from '../bound_variable.ts'
import type { CallerVariables } from '../render_request.ts'
import { isArgument, type ReservedNames } from './reserved_names.ts'

/** The argument group of each place. */
export const groupOf: Readonly<Record<ParameterPlace, Exclude<ArgumentGroup, 'body'>>> = {
  path: 'pathParams',
  query: 'query',
  querystring: 'query',
  header: 'headers',
  cookie: 'cookies',
}

const none: ReadonlySet<string> = new Set()

/** Where the values of an operation's parameters come from in one call. */
export class ParameterValues {
  private readonly wire: JsonObject
  private readonly caller: CallerVariables
  private readonly reserved: ReservedNames

  /** @param wire the arguments by group, every name as on the wire */
  constructor(wire: JsonObject, caller: CallerVariables, reserved: ReservedNames) {
    this.wire = wire
    this.caller = caller
    this.reserved = reserved
  }

  /** The names, comparable, that no member of the parameter's value may have where it is sent. */
  reservedFor(parameter: MappedParameter): ReadonlySet<string> {
    return isArgument(parameter) ? this.reserved[parameter.in] : none
  }

  /** The value of a parameter; undefined where it has none. */
  of({ in: place, name, source }: MappedParameter): JsonValue | undefined {
    if ('value' in source) return source.value
    if ('caller' in source) return callerValue(this.caller, source.caller) ?? undefined
    const group = this.wire[groupOf[place]]
    return isJsonObject(group) && Object.hasOwn(group, name) ? group[name] : undefined
  }

  /** Where the model gave it; '' where it did not. */
  pointerOf({ in: place, source }: MappedParameter): string {
    return 'argument' in source ? `/${groupOf[place]}${pointerStep(source.argument)}` : ''
  }
}

function callerValue(caller: CallerVariables, variable: ReservedVariable): string | null {
  if (variable === 'member_id') return caller.memberId
  return variable === 'project_id' ? caller.projectId : caller.integrationId
}
