import type { OperationFilter } from '../../model/openapi_source.ts'
import type { HttpMethod } from '../../model/tool.ts'

/** What of an operation a filter looks at. */
export interface Filtered {
  readonly method: HttpMethod
  readonly path: string
  readonly operationId: string | null
  readonly tags: readonly string[]
}

/** The filter that lets everything in. */
export const everyOperation: OperationFilter = {
  tags: [],
  methods: [],
  paths: [],
  operationIds: [],
}

/** Whether each list of a filter that is not empty lets an operation in. */
export function operationFilter(filter: OperationFilter): (operation: Filtered) => boolean {
  const tags = new Set(filter.tags)
  const ids = new Set(filter.operationIds)
  const paths = filter.paths.map(pathPattern)
  return ({ method, path, operationId, tags: own }) =>
    (tags.size === 0 || own.some((tag) => tags.has(tag))) &&
    (filter.methods.length === 0 || filter.methods.includes(method)) &&
    (paths.length === 0 || paths.some((fits) => fits(path))) &&
    (ids.size === 0 || (operationId !== null && ids.has(operationId)))
}

/** `*` is anything within a segment, `**` anything: no pattern takes more than linear steps. */
function pathPattern(pattern: string): (path: string) => boolean {
  const parts = pattern.split(/(\*\*?)/)
  return (path) => {
    let ends = new Set([0])
    for (const part of parts) ends = endsAfter(part, path, ends)
    return ends.has(path.length)
  }
}

function endsAfter(part: string, path: string, starts: ReadonlySet<number>): Set<number> {
  const ends = new Set<number>()
  for (const start of starts) {
    if (part !== '*' && part !== '**') {
      if (path.startsWith(part, start)) ends.add(start + part.length)
      continue
    }
    const slash = part === '*' ? path.indexOf('/', start) : -1
    const last = slash < 0 ? path.length : slash
    for (let end = start; end <= last && !ends.has(end); end++) ends.add(end)
  }
  return ends
}
