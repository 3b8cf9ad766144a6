import type {
  ArgumentGroup,
  MappedParameter,
  ParameterPlace,
  ParameterSource,
} from '../../model/request_map.ts'
import type { ApiParameter } from '../api_document.ts'
import { addedParameter } from '../read/path_parameters.ts'
import { argumentName, isUnspeakable } from '../schema/alias_book.ts'
import { isFillable } from './connection_headers.ts'
import { type DraftContext, remark } from './draft_context.ts'
import type { RequestPath } from './request_path.ts'

/** A parameter with what it becomes. */
export interface DraftParameter {
  readonly parameter: ApiParameter
  readonly mapped: MappedParameter
  readonly group: Exclude<ArgumentGroup, 'body'>
  /** Its property in the group; null where no model fills it. */
  readonly argument: string | null
}

const groups: Readonly<Record<ParameterPlace, DraftParameter['group']>> = {
  path: 'pathParams',
  query: 'query',
  querystring: 'query',
  header: 'headers',
  cookie: 'cookies',
}

/**
 * The parameters of an operation as its path needs them: each variable of the path has one, none is
 * there twice, and what the operator bound comes from elsewhere than the arguments.
 */
export function draftParameters(context: DraftContext, path: RequestPath): DraftParameter[] {
  const taken: Record<string, Set<string>> = {
    pathParams: new Set(),
    query: new Set(),
    headers: new Set(),
    cookies: new Set(),
  }
  const usable = distinct(fittingPath(context, path)).filter(
    (one) => isNameable(context, one) && isFillable(context, one),
  )
  for (const { in: place, name } of usable) {
    if (argumentName(name, new Set()) === name) taken[groups[place]]?.add(name)
  }
  remarkUnknown(context, usable)
  return usable.map((parameter) => {
    const group = groups[parameter.in]
    const bound = boundSource(context, parameter)
    const argument = bound === null ? freeName(parameter.name, taken[group] ?? new Set()) : null
    const source = bound ?? { argument: argument ?? parameter.name }
    return { parameter, mapped: mappedParameter(parameter, source), group, argument }
  })
}

function freeName(name: string, taken: Set<string>): string {
  if (taken.has(name)) return name
  const argument = argumentName(name, taken)
  taken.add(argument)
  return argument
}

function mappedParameter(parameter: ApiParameter, source: ParameterSource): MappedParameter {
  const { in: place, name, required, style, explode, allowReserved, contentType } = parameter
  return { in: place, name, source, required, style, explode, allowReserved, contentType }
}

/** Path parameters that the path has, and one for each variable that none describes. */
function fittingPath(context: DraftContext, path: RequestPath): readonly ApiParameter[] {
  const variables = new Set([...path.path.matchAll(/\{([^{}]+)\}/g)].map(([, name = '']) => name))
  const inQuery = new Map([...path.queryVariables].map(([name, variable]) => [variable, name]))
  const fixed = new Set(path.fixedQuery.split('&').map((pair) => pair.split('=', 1).join('')))
  const kept = context.operation.parameters.flatMap((parameter) => {
    if (parameter.in === 'query' && fixed.has(parameter.name)) return []
    if (parameter.in !== 'path' || variables.has(parameter.name)) return [parameter]
    const queryName = inQuery.get(parameter.name)
    if (queryName !== undefined) return [asQuery(parameter, queryName)]
    remark(context, {
      severity: 'note',
      code: 'path_parameter_unused',
      reason: `The path has no {${parameter.name}}, so the parameter of that name is left out.`,
      fix: 'Add the variable to the path in the document if it belongs there.',
    })
    return []
  })
  const described = new Set(kept.flatMap((one) => (one.in === 'path' ? [one.name] : [])))
  const missing = [...variables].filter((name) => !described.has(name))
  return [...missing.map((name) => undescribed(context, name)), ...kept]
}

const asQuery = (parameter: ApiParameter, name: string): ApiParameter => ({
  ...parameter,
  in: 'query',
  name,
  style: 'form',
  explode: true,
})

function undescribed(context: DraftContext, name: string): ApiParameter {
  remark(context, {
    severity: 'warning',
    code: 'path_parameter_undescribed',
    reason: `No parameter describes {${name}} of the path; it is taken for a string.`,
    fix: 'Describe it as a path parameter in the document.',
  })
  return addedParameter(name)
}

function distinct(parameters: readonly ApiParameter[]): ApiParameter[] {
  const seen = new Set<string>()
  return parameters.filter(({ in: place, name }) => {
    const key = `${place} ${place === 'header' ? name.toLowerCase() : name}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

function isNameable(context: DraftContext, { name }: ApiParameter): boolean {
  if (!isUnspeakable(name)) return true
  remark(context, {
    severity: 'warning',
    code: 'parameter_name',
    reason: `A parameter named ${name} cannot be given, so it is left out.`,
    fix: 'Give it another name in the document.',
  })
  return false
}

const isNamed = ({ in: place, name }: ApiParameter, key: string): boolean =>
  [place, groups[place]].some((prefix) => key === `${prefix}.${name}`)

/** Whether a list of `query.expand` and the like names the parameter. */
export function isListed(parameter: ApiParameter, keys: readonly string[]): boolean {
  return keys.some((key) => isNamed(parameter, key))
}

function boundSource({ override }: DraftContext, parameter: ApiParameter): ParameterSource | null {
  const found = Object.entries(override.bound ?? {}).find(([key]) => isNamed(parameter, key))
  return found?.[1] ?? null
}

function remarkUnknown(context: DraftContext, parameters: readonly ApiParameter[]): void {
  const { override } = context
  const hidden = (override.hidden ?? []).filter((key) => !key.startsWith('body.'))
  for (const key of [...Object.keys(override.bound ?? {}), ...hidden]) {
    if (parameters.some((parameter) => isNamed(parameter, key))) continue
    remark(context, {
      severity: 'warning',
      code: 'override_unknown',
      reason: `There is no parameter ${key} to bind or hide.`,
      fix: 'Correct the override of the operation.',
    })
  }
}
