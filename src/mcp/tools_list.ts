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
/** How long a client may keep a list without asking again (SEP-2549). */
const TTL_MS = 5_000

/**
 * `tools/list`, from bytes made once per project epoch, held scopes and page. The order is by name,
 * so it is stable; cursors are signed for their principal.
 */
export class ToolsList {
  private readonly options: ToolsListOptions
  private readonly pages = new Map<string, ListPage>()
  private readonly epochs = new Map<number, number>()

  constructor(options: ToolsListOptions) {
    this.options = options
  }

  /**
   * One page as a `ListToolsResult` in JSON, in two parts: the bytes every caller gets, not to be
   * copied more than once, and what closes them for this one. @throws AppError invalid_cursor
   */
  async page(principal: Principal, cursor: string | null, era: Era): Promise<ListedPage> {
    const scope = `tools|${principal.projectId}|${principal.integrationId}`
    const position = cursor === null ? null : openCursor(this.options.cursorKey, scope, cursor)
    const page = await this.pageAt(principal, position)
    const next = page.next === null ? null : makeCursor(this.options.cursorKey, scope, page.next)
    return { bytes: page.bytes, closing: closing(next, era) }
  }

  private async pageAt(principal: Principal, position: string | null): Promise<ListPage> {
    const { projectId, projectEpoch } = principal
    this.forgetOlder(projectId, projectEpoch)
    const scopes = principal.scopes === null ? '*' : [...principal.scopes].sort().join(' ')
    const key = `${projectId}|${projectEpoch}|${scopes}|${position ?? ''}`
    const known = this.pages.get(key)
    if (known !== undefined) return known
    const page = await this.build(principal, position)
    if (this.pages.size >= 256) this.pages.clear()
    this.pages.set(key, page)
    return page
  }

  private forgetOlder(projectId: number, epoch: number): void {
    if (this.epochs.get(projectId) === epoch) return
    this.epochs.set(projectId, epoch)
    for (const key of this.pages.keys()) {
      if (key.startsWith(`${projectId}|`)) this.pages.delete(key)
    }
  }

  private async build(principal: Principal, position: string | null): Promise<ListPage> {
    const { readTools, pageSize, pageBytes } = this.options
    const read = await readTools(principal.projectId, pageSize, position)
    const parts: string[] = position === null ? [JSON.stringify(whoamiTool)] : []
    let bytes = FRAME_BYTES + Buffer.byteLength(parts.join())
    let next = read.next
    for (const [index, tool] of read.items.entries()) {
      const text = listedJson(tool)
      bytes += Buffer.byteLength(text) + 1
      if (bytes > pageBytes && index > 0) {
        next = read.items[index - 1]?.definition.name.toLowerCase() ?? null
        break
      }
      if (isVisible(principal, tool)) parts.push(text)
    }
    return { bytes: Buffer.from(`{"tools":[${parts.join(',')}]`), next }
  }
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
