import { type DraftContext, remark } from './draft_context.ts'

/** Where an operation's requests go. */
export interface RequestPath {
  /** Origin; null where nothing absolute is known. */
  readonly baseUrl: string | null
  /** Base path, then the document's, with its `{variables}`, without fragment and query. */
  readonly path: string
  /** What the document's path carries after `?`, less what `queryVariables` take. */
  readonly fixedQuery: string
  /** `{variable}` in the path's query, by the name of the query parameter it is the value of. */
  readonly queryVariables: ReadonlyMap<string, string>
}

/** Puts server and path together: the operator's base URL, else the operation's first server. */
export function requestPath(context: DraftContext): RequestPath {
  const { origin, basePath } = serverOf(context)
  const [beforeFragment = ''] = context.operation.path.split('#', 1)
  const mark = beforeFragment.indexOf('?')
  const path = mark < 0 ? beforeFragment : beforeFragment.slice(0, mark)
  const rooted = path.startsWith('/') ? path : `/${path}`
  return {
    baseUrl: origin,
    path: `${basePath}${rooted}` || '/',
    ...splitQuery(mark < 0 ? '' : beforeFragment.slice(mark + 1)),
  }
}

function splitQuery(query: string): Pick<RequestPath, 'fixedQuery' | 'queryVariables'> {
  const variables = new Map<string, string>()
  const fixed = query.split('&').filter((pair) => {
    const [, name, variable] = /^([^=]+)=\{([^{}]+)\}$/.exec(pair) ?? []
    if (name !== undefined && variable !== undefined) variables.set(name, variable)
    return name === undefined && pair !== ''
  })
  return { fixedQuery: fixed.join('&'), queryVariables: variables }
}

interface Server {
  readonly origin: string | null
  readonly basePath: string
}

function serverOf(context: DraftContext): Server {
  const { settings, operation } = context
  const urls =
    settings.baseUrl === null ? operation.servers.map(({ url }) => url) : [settings.baseUrl]
  const absolute = urls.map(readServer).find((server) => server !== null)
  if (absolute !== undefined && absolute !== null) return absolute
  const [first] = urls
  if (first !== undefined && !first.startsWith('/')) {
    remark(context, {
      severity: 'warning',
      code: 'server_unusable',
      reason: `The server ${JSON.stringify(first.slice(0, 200))} is no http or https address.`,
      fix: 'Give the base URL in the settings of the source.',
    })
  }
  return { origin: null, basePath: first?.startsWith('/') === true ? trimmed(first) : '' }
}

function readServer(text: string): Server | null {
  const url = URL.parse(text)
  // A host with a variable that nothing fills is none.
  const isUsable =
    url !== null && /^https?:$/.test(url.protocol) && /^[\w.:[\]-]+$/.test(url.hostname)
  if (!isUsable) return null
  // The text's own path: a URL would escape its braces.
  const path = /^[a-z]+:\/\/[^/?#]*([^?#]*)/i.exec(text)?.[1] ?? ''
  return { origin: url.origin, basePath: trimmed(path) }
}

const trimmed = (path: string): string => path.split(/[?#]/, 1).join('').replace(/\/+$/, '')
