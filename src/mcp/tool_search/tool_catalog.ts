import type { Principal } from '../../model/principal.ts'
import { isReadMethod, type Tool } from '../../model/tool.ts'
import { isVisible } from '../visible_tool.ts'
import { argumentsOf, searchDocumentOf } from './search_document.ts'
import { ToolIndex } from './tool_index.ts'
import { firstSentence } from './words.ts'

/** A tool as search shows it. */
export interface FoundTool {
  readonly name: string
  /** Its first sentence. */
  readonly description: string
  /** What a call must give: `query.owner`. */
  readonly required_arguments: readonly string[]
  readonly access: 'read' | 'write'
}

interface Entry extends FoundTool {
  readonly requiredScopes: readonly string[]
  /** In lower case. */
  readonly tags: readonly string[]
}

/** What to find. */
export interface CatalogQuery {
  readonly query: string
  readonly limit: number
  /** Any of these, in lower case; none for no restriction. */
  readonly tags: readonly string[]
}

/** Length of a description in search results. */
const MAX_DESCRIPTION = 160
/** How much less than the best a tool may score and still be shown. */
const WORTH_SHOWING = 0.25

/** The enabled tools of one project and epoch, ready to be searched. */
export class ToolCatalog {
  private readonly entries: Entry[] = []
  private readonly index = new ToolIndex()

  /** How many tools are in it. */
  get size(): number {
    return this.entries.length
  }

  /** Adds a tool. */
  add(tool: Tool): void {
    const { name, description, inputSchema, httpMethod, requiredScopes } = tool.definition
    this.index.add(searchDocumentOf(tool))
    const required = argumentsOf(inputSchema).filter(({ isRequired }) => isRequired)
    this.entries.push({
      name,
      description: firstSentence(description, MAX_DESCRIPTION),
      required_arguments: required.map(({ path }) => path),
      access: isReadMethod(httpMethod) ? 'read' : 'write',
      requiredScopes,
      tags: tool.tags.map((tag) => tag.toLowerCase()),
    })
  }

  /** Does beforehand what the first search would have to do. */
  finish(): void {
    this.index.weigh()
  }

  /** Finds what a caller may see, best first. */
  search(principal: Principal, { query, limit, tags }: CatalogQuery): FoundTool[] {
    const accepts = (at: number) => this.fits(principal, at, tags)
    const hits = this.index.search(query, { limit, accepts })
    const least = (hits[0]?.score ?? 0) * WORTH_SHOWING
    return hits
      .filter(({ score }) => score >= least)
      .flatMap(({ at }) => this.entries[at] ?? [])
      .map(({ requiredScopes: _, tags: __, ...found }) => found)
  }

  /** The tags of what a caller may see, those of most tools first. */
  tagsFor(principal: Principal, limit: number): string[] {
    const counts = new Map<string, number>()
    for (const entry of this.entries) {
      if (!isVisible(principal, entry)) continue
      for (const tag of entry.tags) counts.set(tag, (counts.get(tag) ?? 0) + 1)
    }
    const byCount = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    return byCount.slice(0, limit).map(([tag]) => tag)
  }

  private fits(principal: Principal, at: number, tags: readonly string[]): boolean {
    const entry = this.entries[at]
    if (entry === undefined || !isVisible(principal, entry)) return false
    return tags.length === 0 || tags.some((tag) => entry.tags.includes(tag))
  }
}
