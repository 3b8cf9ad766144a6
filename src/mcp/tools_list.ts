import { dropOldest } from '../lib/drop_oldest.ts'
import { makeCursor, openCursor } from '../lib/signed_cursor.ts'
import { listedToolJson } from '../model/listed_tool.ts'
import type { Principal } from '../model/principal.ts'
import type { Tool } from '../model/tool.ts'
import type { BuiltinTools } from './builtin_tools.ts'
import type { Era } from './protocol.ts'
import type { ServedModes } from './served_modes.ts'
import { isVisible } from './visible_tool.ts'

/** Which enabled tools to read: `limit` from after `position`, in name order. */
export interface ToolsRequest {
  readonly limit: number
  readonly position: string | null
  readonly onlyPinned: boolean
}

/** Reads some of a project's enabled tools. */
export type ReadEnabledTools = (
  projectId: number,
  request: ToolsRequest,
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

/** What it needs of its neighbours. */
export interface ToolsListDeps extends ToolsListOptions {
  readonly builtins: BuiltinTools
  readonly modes: ServedModes
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
  private readonly deps: ToolsListDeps
  private readonly pages = new Map<string, ListPage>()
  /** Apart, so that no choice of scopes pushes out what everyone else gets. */
  private readonly scopedPages = new Map<string, ListPage>()
  private readonly epochs = new Map<number, number>()

  constructor(deps: ToolsListDeps) {
    this.deps = deps
  }

  /**
   * One page as a `ListToolsResult` in JSON, in two parts: the bytes every caller gets, not to be
   * copied more than once, and what closes them for this one. @throws AppError invalid_cursor
   */
  async page(principal: Principal, cursor: string | null, era: Era): Promise<ListedPage> {
    const scope = `tools|${principal.projectId}|${principal.grant?.id ?? principal.integrationId}`
    const position = cursor === null ? null : openCursor(this.deps.cursorKey, scope, cursor)
    const page = await this.pageAt(principal, position)
    const next = page.next === null ? null : makeCursor(this.deps.cursorKey, scope, page.next)
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
   * cursor tells of others. Where search stands for the list, only the pinned ones are in it.
   */
  private async build(principal: Principal, position: string | null): Promise<ListPage> {
    const { readTools, pageSize, pageBytes, builtins, modes } = this.deps
    const serving = await modes.of(principal)
    const onlyPinned = serving.mode === 'search'
    const parts = position === null ? builtins.listedJson(serving) : []
    let bytes = FRAME_BYTES + Buffer.byteLength(parts.join())
    let count = 0
    let last: string | null = null
    let from = position
    for (;;) {
      const read = await readTools(principal.projectId, {
        limit: pageSize,
        position: from,
        onlyPinned,
      })
      for (const tool of read.items) {
        if (!isVisible(principal, tool.definition)) continue
        const text = listedToolJson(tool.definition)
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
