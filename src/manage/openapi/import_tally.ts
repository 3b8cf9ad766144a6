import type { ImportCounts, ImportedTag, PlannedOperation } from '../../model/openapi_import.ts'
import { isReadMethod } from '../../model/tool.ts'
import { becomesTool } from './plan_operation.ts'
import type { DocumentMessage } from './worker_messages.ts'

type MutableCounts = { -readonly [K in keyof ImportCounts]: ImportCounts[K] }

/** Adds up what a plan comes to. */
export class CountTally {
  private readonly counts: MutableCounts = {
    operations: 0,
    tools: 0,
    quarantined: 0,
    leftOut: 0,
    added: 0,
    changed: 0,
    removed: 0,
    dangerous: 0,
    unchanged: 0,
    tokensEnabled: 0,
    tokensAll: 0,
  }

  /** Counts an operation. */
  add(operation: PlannedOperation): void {
    const { counts } = this
    const { change, isGone } = operation
    if (!isGone) counts.operations++
    if (operation.isDangerous) counts.dangerous++
    if (change === 'removed') counts.removed++
    if (operation.quarantine !== null) counts.quarantined++
    else if (!operation.isSelected && !isGone) counts.leftOut++
    if (!becomesTool(operation)) return
    counts.tools++
    counts[change]++
    counts.tokensAll += operation.tokens
    if (operation.isEnabled) counts.tokensEnabled += operation.tokens
  }

  /** Notes that an operation turned out dangerous later. */
  addDanger(count: number): void {
    this.counts.dangerous += count
  }

  /** What it comes to. */
  total(): ImportCounts {
    return { ...this.counts }
  }
}

/** Counts what each tag holds. */
export class TagTally {
  private readonly tags = new Map<string, { -readonly [K in keyof ImportedTag]: ImportedTag[K] }>()

  /** Begins with the tags that the document describes. */
  begin(described: DocumentMessage['tags']): void {
    for (const { name, description, parent } of described) {
      this.tags.set(name, { name, description, parent, operations: 0, reads: 0, writes: 0 })
    }
  }

  /** Counts an operation of the document. */
  add({ tags, method }: Pick<PlannedOperation, 'tags' | 'method'>): void {
    for (const name of tags) {
      const nothing = { description: null, parent: null, operations: 0, reads: 0, writes: 0 }
      const tag = this.tags.get(name) ?? { name, ...nothing }
      this.tags.set(name, tag)
      tag.operations++
      if (isReadMethod(method)) tag.reads++
      else tag.writes++
    }
  }

  /** The tags, those described first. */
  list(): readonly ImportedTag[] {
    return [...this.tags.values()]
  }
}
