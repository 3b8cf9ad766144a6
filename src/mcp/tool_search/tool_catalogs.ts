import type { Principal } from '../../model/principal.ts'
import type { ReadEnabledTools } from '../tools_list.ts'
import { ToolCatalog } from './tool_catalog.ts'

/** Tools in all catalogues kept, about 2 KB each; those used longest ago go first. */
const MAX_TOOLS = 20_000
/** Tools read at first; then as many as fit in a slice. */
const FIRST_BATCH = 8
const MAX_BATCH = 32
/** What one slice of work may take, so that nobody else waits for a catalogue being read. */
const SLICE_MS = 4

interface KnownCatalog {
  readonly epoch: number
  readonly catalog: Promise<ToolCatalog>
  /** 0 until it is read. */
  size: number
}

/**
 * Catalogues by project and epoch. One is read when somebody searches, in slices between which the
 * event loop goes round; an epoch never comes back, so none is ever stale.
 */
export class ToolCatalogs {
  private readonly readTools: ReadEnabledTools
  private readonly known = new Map<number, KnownCatalog>()

  constructor(readTools: ReadEnabledTools) {
    this.readTools = readTools
  }

  /** The catalogue of a caller's project, as of the epoch its credential was read with or later. */
  of({ projectId, projectEpoch }: Principal): Promise<ToolCatalog> {
    const known = this.known.get(projectId)
    // Last in the map is used last.
    this.known.delete(projectId)
    const current =
      known !== undefined && known.epoch >= projectEpoch
        ? known
        : this.begin(projectId, projectEpoch)
    this.known.set(projectId, current)
    return current.catalog
  }

  private begin(projectId: number, epoch: number): KnownCatalog {
    const catalog = this.read(projectId)
    const known: KnownCatalog = { epoch, catalog, size: 0 }
    catalog.then(
      ({ size }) => {
        known.size = size
        this.dropUnused()
      },
      () => {
        if (this.known.get(projectId) === known) this.known.delete(projectId)
      },
    )
    return known
  }

  private dropUnused(): void {
    let sizes = 0
    for (const { size } of this.known.values()) sizes += size
    for (const [projectId, { size }] of this.known) {
      if (sizes <= MAX_TOOLS || this.known.size === 1) return
      this.known.delete(projectId)
      sizes -= size
    }
  }

  private async read(projectId: number): Promise<ToolCatalog> {
    const catalog = new ToolCatalog()
    let position: string | null = null
    let limit = FIRST_BATCH
    for (;;) {
      const startedAtMs = performance.now()
      const page: Awaited<ReturnType<ReadEnabledTools>> = await this.readTools(projectId, {
        limit,
        position,
        onlyPinned: false,
      })
      for (const tool of page.items) catalog.add(tool)
      limit = nextLimit(limit, performance.now() - startedAtMs)
      await new Promise((resolve) => setImmediate(resolve))
      position = page.next
      if (position !== null) continue
      catalog.finish()
      return catalog
    }
  }
}

/** As many tools as would have fitted in a slice, growing twofold at most. */
function nextLimit(limit: number, tookMs: number): number {
  const fitting = Math.floor((limit * SLICE_MS) / Math.max(tookMs, 0.01))
  return Math.max(1, Math.min(fitting, limit * 2, MAX_BATCH))
}
