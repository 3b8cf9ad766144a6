import type { OperationDraft } from '../../importer/operation_draft.ts'
import { parseJson } from '../../lib/json.ts'
import type { PlannedOperation } from '../../model/openapi_import.ts'
import { draftOfText } from './draft_text.ts'
import { addHosts, newHost } from './new_host.ts'
import { operationFilter } from './operation_filter.ts'
import {
  becomesTool,
  type DiffDrafts,
  draftedOperation,
  enabledBy,
  goneOperation,
  pathOfKey,
  plannedChange,
  writtenDraft,
} from './plan_operation.ts'
import type { DraftedOperation, ImportTask, PresentTool } from './worker_messages.ts'

/** Plans operation by operation what a document makes of the tools that a source has. */
export class DraftPlan {
  private readonly task: ImportTask
  private readonly diff: DiffDrafts
  private readonly tools: ReadonlyMap<string, PresentTool>
  private readonly toolsByTrait = new Map<string, PresentTool[]>()
  private readonly overrides: ReadonlyMap<string, ImportTask['overrides'][number][1]>
  private readonly isSelected: ReturnType<typeof operationFilter>
  private readonly seen = new Set<string>()
  private readonly heirs: { operation: PlannedOperation; draft: OperationDraft }[] = []
  private readonly elsewhere: PlannedOperation[] = []
  private hosts: Set<string> | null = null
  private position = 0

  constructor(task: ImportTask, tools: ReadonlyMap<string, PresentTool>, diff: DiffDrafts) {
    this.task = task
    this.diff = diff
    this.tools = tools
    this.overrides = new Map(task.overrides)
    this.isSelected = operationFilter(task.filter)
    for (const tool of tools.values()) {
      for (const trait of traitsOf(tool)) {
        this.toolsByTrait.set(trait, [...(this.toolsByTrait.get(trait) ?? []), tool])
      }
    }
  }

  /** Plans the next operation of the document. */
  add(draft: OperationDraft): DraftedOperation {
    const { key } = draft
    // A key that is there twice is quarantined the second time; the tool is the first one's.
    const tool = this.seen.has(key) ? undefined : this.tools.get(key)
    this.seen.add(key)
    const isSelected = this.isSelected({ ...draft, path: pathOfKey(key) })
    const quarantine = draft.quarantine ?? unusable(draft)
    const isTool = becomesTool({ isSelected, quarantine })
    const written = writtenDraft(draft)
    const isSame = tool === undefined || tool.draftHash === written.hash
    const changes = isTool && !isSame ? this.diff(draftOf(tool), draft) : []
    const drafted = draftedOperation(written, {
      ...plannedChange({ isTool, hasTool: tool !== undefined }, changes),
      position: this.position++,
      isSelected,
      isEnabled: enabledBy(draft, this.overrides.get(key), tool),
      quarantine,
    })
    if (drafted.change === 'added') this.noteAdded(drafted, draft)
    return drafted
  }

  private noteAdded(drafted: DraftedOperation, draft: OperationDraft): void {
    const { draft: _bytes, text: _text, ...operation } = drafted
    const isHeir = traitsOf(draft).some((trait) => this.toolsByTrait.has(trait))
    if (isHeir) this.heirs.push({ operation, draft })
    const danger = newHost(this.knownHosts(), draft)
    if (danger !== null) this.elsewhere.push({ ...operation, ...danger })
  }

  private knownHosts(): ReadonlySet<string> {
    if (this.hosts === null) {
      this.hosts = new Set()
      addHosts(this.hosts, this.tools.values())
    }
    return this.hosts
  }

  /** The tools whose operations the document no longer has. */
  *gone(): Generator<DraftedOperation> {
    if (this.task.only !== null) return
    for (const tool of this.tools.values()) {
      if (!this.seen.has(tool.key)) yield goneOperation(tool, draftOf(tool), this.position++)
    }
  }

  /** New operations that turned out dangerous, each once. */
  amended(): readonly PlannedOperation[] {
    const inherited = this.inherited()
    const positions = new Set(inherited.map(({ position }) => position))
    return [...inherited, ...this.elsewhere.filter(({ position }) => !positions.has(position))]
  }

  /**
   * New operations that stand where one is no more, by name or by path: GET may have become DELETE
   * (case 282).
   */
  private inherited(): readonly PlannedOperation[] {
    return this.heirs.flatMap(({ operation, draft }) => {
      const before = traitsOf(draft)
        .flatMap((trait) => this.toolsByTrait.get(trait) ?? [])
        .find(({ key }) => !this.seen.has(key))
      if (before === undefined) return []
      const changes = plannedChange(
        { isTool: true, hasTool: true },
        [...this.diff(draftOf(before), draft)].concat(keyChange(before.key, draft.key)),
      ).changes
      return [{ ...operation, changes, isDangerous: true }]
    })
  }
}

/** What a new operation may have of one that is no more. */
const traitsOf = ({ name, key }: { readonly name: string; readonly key: string }) => [
  `name ${name.toLowerCase()}`,
  `path ${pathOfKey(key)}`,
]

const keyChange = (before: string, after: string) => [
  { field: 'operation', before, after, isDangerous: true },
]

const draftOf = ({ draft }: PresentTool): OperationDraft =>
  draftOfText(Bun.zstdDecompressSync(draft as Uint8Array<ArrayBuffer>).toString())

/** Longest path of a request, with that of its server: nobody has a longer one. */
const MAX_PATH_LENGTH = 8_000

/** Why a draft cannot be stored and read again, or has nowhere to be sent; null where it can. */
function unusable(draft: OperationDraft): string | null {
  if (draft.baseUrl === null) {
    return 'The document names no server for it: set base_url in the settings of the source.'
  }
  const { inputSchema, outputSchema, map } = draft
  if (map.path.length > MAX_PATH_LENGTH) {
    return `Its path with that of the server is longer than ${MAX_PATH_LENGTH} characters.`
  }
  try {
    parseJson(JSON.stringify([inputSchema, outputSchema]), { maxDepth: 200 })
    parseJson(JSON.stringify(map), { maxDepth: 500, takesFieldNames: true })
    return null
  } catch (error) {
    return `Its schema cannot be kept: ${error instanceof Error ? error.message : String(error)}.`
  }
}
