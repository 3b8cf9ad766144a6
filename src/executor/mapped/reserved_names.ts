import type { MappedParameter, ParameterPlace, RequestMap } from '../../model/request_map.ts'
import type { ToolDefinition } from '../../model/tool.ts'

/** Names by the place they are sent in, comparable; no argument may bring one of them along. */
export type ReservedNames = Readonly<Record<ParameterPlace, ReadonlySet<string>>>

/**
 * The names that something else than an argument fills: what the operator or the caller binds, what
 * the path's own query says, and the credential of `static_query` and `static_cookie`. An object
 * whose members are sent as parameters of their own could double them (reliability.md case 144).
 */
export function reservedNames(definition: ToolDefinition, map: RequestMap): ReservedNames {
  const { authStrategy, authHeaderName } = definition
  const credential = authHeaderName === null ? [] : [authHeaderName]
  const bound = (place: ParameterPlace) =>
    map.parameters.filter((one) => one.in === place && !isArgument(one)).map(({ name }) => name)
  const query = [
    ...bound('query'),
    ...map.fixedQuery.split('&').map((pair) => decoded(pair.split('=', 1).join(''))),
    ...(authStrategy === 'static_query' ? credential : []),
  ]
  const cookie = [...bound('cookie'), ...(authStrategy === 'static_cookie' ? credential : [])]
  const queryNames = comparable(query)
  return {
    path: comparable(bound('path')),
    query: queryNames,
    querystring: queryNames,
    header: comparable(bound('header')),
    cookie: comparable(cookie),
  }
}

/** Whether a model fills a parameter. */
export const isArgument = ({ source }: MappedParameter): boolean => 'argument' in source

/**
 * A name as the most lenient of receivers reads it: without regard to case, dots and spaces as `_`,
 * and up to a bracket, for `a[]` adds to `a`.
 */
export function comparableKey(name: string): string {
  return comparableField(name).split('[', 1).join('')
}

/** The same with its brackets, as `deepObject` writes them. */
export function comparableField(name: string): string {
  return decoded(name.trim()).trim().toLowerCase().replace(/[. ]/g, '_')
}

const comparable = (names: readonly string[]): ReadonlySet<string> =>
  new Set(names.flatMap((name) => [comparableKey(name), comparableField(name)]).filter(Boolean))

function decoded(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll('+', ' '))
  } catch {
    return name
  }
}
