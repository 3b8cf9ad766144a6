import { dropOldest } from '../lib/drop_oldest.ts'
import { makeCursor, openCursor } from '../lib/signed_cursor.ts'
import { holdsScope, type Principal } from '../model/principal.ts'
import { annotationsOf, type Tool } from '../model/tool.ts'
import type { Era } from './protocol.ts'
import { whoamiTool } from './whoami.ts'

/** Reads a project's enabled tools in name order, `limit` from after `position`. */
export type ReadEnabledTools = (
  projectId: number,
  limit: number,
  position: string | null,
) => Promise<{ readonly items: readonly Tool[]; readonly next: string | null }>

/** What listing needs beside the store. */
export interface ToolsListOptions {
  readonly readTools: ReadEnabledTools
  readonly cursorKey: Uint8Array
  /** Tools on one page at most. */
  readonly pageSize: number
  /** Bytes of one page at most; a single larger tool still gets its own page (case 272). */
  readonly pageBytes: number
}

/** A page, ready but for its end. */
export interface ListedPage {
  readonly bytes: Uint8Array
  readonly closing: string
}

interface ListPage {
  /** `{"tools":[…]`, open for what follows. */
  readonly bytes: Uint8Array
  readonly next: string | null
}

/** What a page takes beside its tools: the JSON-RPC response around them and the next cursor. */
const FRAME_BYTES = 1_024
/** Pages kept for callers who hold some scopes only: as many scope sets and pages as people approve. */
const MAX_SCOPED_PAGES = 128
/** What is left when one more comes, so that not every new one pushes out an old one. */
const KEPT_SCOPED_PAGES = 96
/** How long a client may keep a list without asking again (SEP-2549). */
const TTL_MS = 5_000

/**
 * `tools/list`, from bytes made once per project epoch, held scopes and page. The order is by name,
 * so it is stable; cursors are signed for their principal.
 */
export class ToolsList {
  private readonly options: ToolsListOptions
  private readonly pages = new Map<string, ListPage>()
  /** Apart, so that no choice of scopes pushes out what everyone else gets. */
  private readonly scopedPages = new Map<string, ListPage>()
  private readonly epochs = new Map<number, number>()

  constructor(options: ToolsListOptions) {
    this.options = options
  }

  /**
   * One page as a `ListToolsResult` in JSON, in two parts: the bytes every caller gets, not to be
   * copied more than once, and what closes them for this one. @throws AppError invalid_cursor
   */
  async page(principal: Principal, cursor: string | null, era: Era): Promise<ListedPage> {
    const scope = `tools|${principal.projectId}|${principal.grant?.id ?? principal.integrationId}`
    const position = cursor === null ? null : openCursor(this.options.cursorKey, scope, cursor)
    const page = await this.pageAt(principal, position)
    const next = page.next === null ? null : makeCursor(this.options.cursorKey, scope, page.next)
    return { bytes: page.bytes, closing: closing(next, era) }
  }

  private async pageAt(principal: Principal, position: string | null): Promise<ListPage> {
    const { projectId, projectEpoch } = principal
    this.forgetOlder(projectId, projectEpoch)
    const scopes = scopesKey(principal)
    const pages = scopes === null ? this.pages : this.scopedPages
    const key = `${projectId}|${projectEpoch}|${scopes ?? ''}|${position ?? ''}`
    const known = pages.get(key)
    if (known !== undefined) return known
    const page = await this.build(principal, position)
    if (this.pages.size >= 256) this.pages.clear()
    if (this.scopedPages.size >= MAX_SCOPED_PAGES) dropOldest(this.scopedPages, KEPT_SCOPED_PAGES)
    pages.set(key, page)
    return page
  }

  private forgetOlder(projectId: number, epoch: number): void {
    if (this.epochs.get(projectId) === epoch) return
    this.epochs.set(projectId, epoch)
    for (const pages of [this.pages, this.scopedPages]) {
      for (const key of pages.keys()) if (key.startsWith(`${projectId}|`)) pages.delete(key)
    }
  }

  /**
   * Reads on until the page is full of tools the caller may see, so that neither a short page nor a
   * cursor tells of others.
   */
  private async build(principal: Principal, position: string | null): Promise<ListPage> {
    const { readTools, pageSize, pageBytes } = this.options
    const parts: string[] = position === null ? [JSON.stringify(whoamiTool)] : []
    let bytes = FRAME_BYTES + Buffer.byteLength(parts.join())
    let count = 0
    let last: string | null = null
    let from = position
    for (;;) {
      const read = await readTools(principal.projectId, pageSize, from)
      for (const tool of read.items) {
        if (!isVisible(principal, tool)) continue
        const text = listedJson(tool)
        bytes += Buffer.byteLength(text) + 1
        if (count === pageSize || (count > 0 && bytes > pageBytes)) return pageOf(parts, last)
        parts.push(text)
        count++
        last = tool.definition.name.toLowerCase()
      }
      if (read.next === null) return pageOf(parts, null)
      if (count === pageSize) return pageOf(parts, last)
      from = read.next
    }
  }
}

const pageOf = (tools: readonly string[], next: string | null): ListPage => ({
  bytes: Buffer.from(`{"tools":[${tools.join(',')}]`),
  next,
})

/** Names a set of scopes; null for what sees everything. */
function scopesKey({ scopes }: Principal): string | null {
  return scopes === null || scopes.has('ALL') ? null : [...scopes].sort().join(' ')
}

function closing(nextCursor: string | null, era: Era): string {
  const next = nextCursor === null ? '' : `,"nextCursor":"${nextCursor}"`
  const hints =
    era === 'modern' ? `,"resultType":"complete","ttlMs":${TTL_MS},"cacheScope":"private"` : ''
  return `${next}${hints}}`
}

const isVisible = (principal: Principal, tool: Tool) =>
  tool.definition.requiredScopes.every((scope) => holdsScope(principal, scope))

/** A tool as clients see it; the input schema passes through unchanged (wire.md §5). */
function listedJson(tool: Tool): string {
  const { definition } = tool
  const annotations = annotationsOf(definition)
  return JSON.stringify({
    name: definition.name,
    ...(annotations.title === undefined ? {} : { title: annotations.title }),
    description: definition.description,
    inputSchema: definition.inputSchema,
    ...(definition.outputSchema === null ? {} : { outputSchema: definition.outputSchema }),
    annotations,
  })
}
