import { unreadable } from './unreadable.ts'

/** Deepest nesting a document may have; published ones stay below 60. */
const maxTreeDepth = 400
/** Most values a document may have, those that YAML aliases repeat counted each time. */
const maxTreeNodes = 3_000_000

/** What checking a tree found. */
export interface CheckedTree {
  /** Values, with aliased ones counted wherever they stand. */
  readonly nodes: number
  /** How many `__proto__` members were taken out. */
  readonly reservedKeys: number
}

/**
 * Makes a parsed tree safe to walk, in place: bounded depth and size, no value inside itself, no
 * `__proto__` member, nothing that JSON does not know. What YAML aliases share stays shared.
 * @throws AppError document_unreadable
 */
export function checkTree(root: unknown): CheckedTree {
  const check = new TreeCheck()
  const nodes = check.size(root, 0)
  return { nodes, reservedKeys: check.reservedKeys }
}

class TreeCheck {
  reservedKeys = 0
  /** Size by object; 0 while its members are being visited. */
  private readonly sizes = new Map<object, number>()

  size(value: unknown, depth: number): number {
    if (typeof value !== 'object' || value === null) return 1
    if (depth > maxTreeDepth) {
      throw unreadable(`It nests deeper than ${maxTreeDepth} levels. Flatten it with $ref.`)
    }
    const known = this.sizes.get(value)
    if (known === 0)
      throw unreadable('A YAML alias stands inside its own anchor. Use $ref instead.')
    if (known !== undefined) return known
    this.sizes.set(value, 0)
    const size = 1 + (Array.isArray(value) ? this.items(value, depth) : this.members(value, depth))
    if (size > maxTreeNodes) {
      throw unreadable(`It has more than ${maxTreeNodes} values. Import it in parts.`)
    }
    this.sizes.set(value, size)
    return size
  }

  private items(list: unknown[], depth: number): number {
    let size = 0
    for (let index = 0; index < list.length; index++) {
      const value = list[index]
      if (isForeign(value)) list[index] = jsonOf(value)
      size += this.size(value, depth + 1)
    }
    return size
  }

  private members(value: object, depth: number): number {
    const object = value as Record<string, unknown>
    let size = 0
    for (const key of Object.keys(object)) {
      if (key === '__proto__') {
        delete object[key]
        this.reservedKeys++
        continue
      }
      const member = object[key]
      if (isForeign(member)) object[key] = jsonOf(member)
      size += this.size(member, depth + 1)
    }
    return size
  }
}

function isForeign(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value)
  if (typeof value === 'string') return !value.isWellFormed()
  return value === undefined || typeof value === 'bigint' || value instanceof Date
}

function jsonOf(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (typeof value === 'bigint') return Number(value)
  return value instanceof Date && !Number.isNaN(value.valueOf()) ? value.toISOString() : null
}
