/** Which members of one value some schema has evaluated (JSON Schema 2020-12 §11). */
export class Seen {
  allProperties = false
  allItems = false
  /** Items before this index are evaluated. */
  itemCount = 0
  /** Set where no form of an anyOf fits or a type is wrong: what would be evaluated is unknown. */
  isPartial = false
  private properties: Set<string> | undefined
  private items: Set<number> | undefined

  addProperty(name: string): void {
    this.properties ??= new Set()
    this.properties.add(name)
  }

  addItem(index: number): void {
    this.items ??= new Set()
    this.items.add(index)
  }

  addItemsBefore(index: number): void {
    this.itemCount = Math.max(this.itemCount, index)
  }

  hasProperty(name: string): boolean {
    return this.allProperties || this.properties?.has(name) === true
  }

  hasItem(index: number): boolean {
    return this.allItems || index < this.itemCount || this.items?.has(index) === true
  }

  /** How many members are noted one by one. */
  get size(): number {
    return (this.properties?.size ?? 0) + (this.items?.size ?? 0)
  }

  /** Takes over what a subschema that accepted the same value evaluated. */
  merge(other: Seen): void {
    this.allProperties ||= other.allProperties
    this.allItems ||= other.allItems
    this.addItemsBefore(other.itemCount)
    for (const name of other.properties ?? []) this.addProperty(name)
    for (const index of other.items ?? []) this.addItem(index)
  }
}
