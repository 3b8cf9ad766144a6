import type { ImportSettings, OperationOverride } from '../../model/openapi_source.ts'
import type { ApiDocument } from '../api_document.ts'
import {
  distinctions,
  fullName,
  givenName,
  hashedName,
  type NamedOperation,
  type NameStyle,
  namedOperations,
  ownToolNames,
  pathSteps,
  plainName,
} from './tool_name.ts'

/** What names depend on besides the document. */
export interface NameOptions {
  readonly settings: ImportSettings
  readonly overrides: ReadonlyMap<string, OperationOverride>
  /** Names given by an earlier import, kept. */
  readonly namesByKey: ReadonlyMap<string, string>
  /** Of other tools of the project, lower case. */
  readonly takenNames: ReadonlySet<string>
}

/** The names of a document's operations by key, and the keys whose override could not be granted. */
export interface NamesGiven {
  readonly names: ReadonlyMap<string, string>
  readonly refused: ReadonlySet<string>
}

/**
 * Names every operation of a document, each name alone ignoring case (wire.md §9; reliability.md case
 * 284). The operator's names come first, then those of an earlier import, then new ones: of several
 * operations with one name the one with the plainest path has it as it is and the others say where
 * they differ. The order of the operations does not matter.
 */
export function nameOperations(document: ApiDocument, options: NameOptions): NamesGiven {
  const book = new NameBook(options)
  const unnamed = namedOperations(document).filter(({ key }) => !book.keep(key))
  for (const group of groupsOf(unnamed, book.style)) book.nameGroup(group)
  return { names: book.names, refused: book.refused }
}

class NameBook {
  readonly names = new Map<string, string>()
  readonly refused = new Set<string>()
  readonly style: NameStyle
  private readonly taken: Set<string>
  private readonly kept = new Map<string, string>()

  constructor({ settings, overrides, namesByKey, takenNames }: NameOptions) {
    const prefix = settings.namePrefix
      .toLowerCase()
      .replace(/[^a-z0-9_]+/g, '_')
      .slice(0, 32)
    this.style = {
      prefix,
      maxLength: Math.min(64, Math.max(prefix.length + 12, settings.maxNameLength)),
    }
    this.taken = new Set([...takenNames, ...ownToolNames])
    for (const [key, { name }] of overrides) if (name !== undefined) this.give(key, givenName(name))
    for (const [key, name] of namesByKey) if (!this.kept.has(key)) this.reserve(key, name)
  }

  /** Whether the operation has a name already. */
  keep(key: string): boolean {
    const name = this.kept.get(key)
    if (name !== undefined) this.names.set(key, name)
    return name !== undefined
  }

  private give(key: string, name: string): void {
    if (name === '' || !this.reserve(key, name)) this.refused.add(key)
  }

  private reserve(key: string, name: string): boolean {
    if (this.taken.has(name.toLowerCase())) return false
    this.taken.add(name.toLowerCase())
    this.kept.set(key, name)
    return true
  }

  /** Names operations that would all have one name. */
  nameGroup(group: readonly NamedOperation[]): void {
    const rest = this.namePlainest(group)
    if (rest.length === 0) return
    const shared = sharedSteps(group)
    for (const distinguish of distinctions) {
      const names = rest.map((named) => fullName(distinguish(named, shared), this.style))
      if (this.setAll(rest, names)) return
    }
    this.setAll(
      rest,
      rest.map((named) => hashedName(named, this.style)),
    )
  }

  /** Gives the name as it is to the one whose path is the shortest; returns the others. */
  private namePlainest(group: readonly NamedOperation[]): readonly NamedOperation[] {
    const lengths = group.map(({ operation }) => pathSteps(operation.path).length)
    const least = Math.min(...lengths)
    const [first, second] = group.filter((_, index) => lengths[index] === least)
    if (first === undefined || second !== undefined) return group
    const isSet = this.setAll([first], [plainName(first, this.style)])
    return isSet ? group.filter((named) => named !== first) : group
  }

  /** Takes the names where all of them are free and differ. */
  private setAll(group: readonly NamedOperation[], names: readonly string[]): boolean {
    const isUsable = names.every(
      (name) => name.length > this.style.prefix.length && !this.taken.has(name),
    )
    if (!isUsable || new Set(names).size < names.length) return false
    for (const [index, name] of names.entries()) {
      this.taken.add(name)
      this.names.set(group[index]?.key ?? '', name)
    }
    return true
  }
}

/** Operations by the name their words give: those alone with it first, then in the order of names. */
function groupsOf(unnamed: readonly NamedOperation[], style: NameStyle): NamedOperation[][] {
  const groups = [...Map.groupBy(unnamed, (named) => plainName(named, style))]
  groups.sort(([a, one], [b, other]) => one.length - other.length || (a < b ? -1 : 1))
  return groups.map(([, group]) => group)
}

/** The path segments that every one of several operations has. */
function sharedSteps(group: readonly NamedOperation[]): ReadonlySet<string> {
  const paths = group.map(({ operation }) => new Set(pathSteps(operation.path)))
  const [first = new Set<string>()] = paths
  return new Set([...first].filter((step) => paths.every((path) => path.has(step))))
}
