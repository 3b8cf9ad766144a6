import type { JsonObject, JsonValue } from '../../lib/json.ts'
import type { BuiltinTool } from '../builtin_tools.ts'
import type { CatalogQuery } from '../tool_search/tool_catalog.ts'
import { builtinFailure, builtinResult } from './builtin_result.ts'
import type { SearchDeps } from './search_deps.ts'

const MAX_RESULTS = 30
const USUAL_RESULTS = 8
/** Tags named where nothing was found. */
const MAX_TAGS = 40

const listed = {
  name: 'search_tools',
  title: 'Search tools',
  description:
    'Finds tools by what they do. This server has more tools than are listed: search first, then describe_tool for the arguments, then call_tool.',
  inputSchema: {
    type: 'object',
    properties: {
      query: {
        type: 'string',
        description: 'What to do, in a few words: "list open invoices of a customer".',
      },
      tags: {
        type: 'array',
        items: { type: 'string' },
        description: 'Only tools with one of these tags.',
      },
      limit: { type: 'integer', minimum: 1, maximum: MAX_RESULTS, default: USUAL_RESULTS },
    },
    required: ['query'],
    additionalProperties: false,
  },
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
} satisfies JsonObject & { name: 'search_tools' }

/** `search_tools`: finds what the caller may see (wire.md §7). */
export function searchTool({ catalogs }: Pick<SearchDeps, 'catalogs'>): BuiltinTool {
  return {
    name: 'search_tools',
    listed,
    isListed: ({ mode }) => mode === 'search',
    answer: async ({ arguments: args, request: { era }, exchange: { principal } }) => {
      const query = readQuery(args)
      if (typeof query === 'string') return builtinFailure(query, era)
      const catalog = await catalogs.of(principal)
      const tools = catalog.search(principal, query)
      if (tools.length > 0) return builtinResult({ tools }, era)
      const tags = catalog.tagsFor(principal, MAX_TAGS)
      const hint = 'Nothing found. Try other words for the same thing, or fewer.'
      return builtinResult({ tools, hint, ...(tags.length === 0 ? {} : { tags }) }, era)
    },
  }
}

/** What to find; text that says what is wrong where the arguments do not fit. */
function readQuery({ query, tags = [], limit = USUAL_RESULTS, ...rest }: JsonObject) {
  if (typeof query !== 'string' || query.trim() === '') {
    return 'query must say what to find, in a few words.'
  }
  if (!Array.isArray(tags) || !tags.every(isText)) return 'tags must be a list of strings.'
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > MAX_RESULTS) {
    return `limit must be a whole number from 1 to ${MAX_RESULTS}.`
  }
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) return `search_tools takes query, tags and limit, not "${unknown}".`
  const folded = tags.map((tag) => tag.toLowerCase())
  return { query, limit, tags: folded } satisfies CatalogQuery
}

const isText = (value: JsonValue): value is string => typeof value === 'string'
