import type { JsonObject, JsonValue } from '../../lib/json.ts'
import type { ApiSchema } from '../api_document.ts'
import { isPortableName, isUnspeakable } from './alias_book.ts'
import { mergeObjects } from './combine_shapes.ts'
import { concise, plainText } from './concise_text.ts'
import { fileForms } from './file_form.ts'
import type { PortableContext } from './portable_schema.ts'
import { type Shapes, shapesOf } from './read_shapes.ts'
import { type Alternative, meantAlternatives, type Shape } from './shape.ts'
import {
  anyForm,
  anyItem,
  bytesOf,
  type Detail,
  defaultOf,
  described,
  ended,
  openObject,
  plainForm,
  textOf,
} from './write_forms.ts'

/** Deepest nesting of objects below the root. */
const MAX_DEPTH = 8
/** Deepest nesting of arrays in arrays. */
const MAX_ARRAYS = 3
/** The same where arrays hold nothing but arrays, which takes little room. */
const MAX_PLAIN_ARRAYS = 10
/** How often an object may stand inside itself. */
const MAX_RECURSION = 2
/** Most enumerated values of one schema; OpenAI takes 1,000 in a tool. */
const MAX_VALUES = 600
const MIN_BYTES = 400
/** A property costs at least this with its name. */
const PROPERTY_BYTES = 22

/** Where a schema stands. */
interface Place {
  readonly depth: number
  /** The objects it stands in. */
  readonly path: readonly Alternative[]
  readonly arrays: number
  readonly detail: Detail
}

/** One or several forms of object to be written. */
interface Opening {
  readonly objects: readonly Alternative[]
  readonly text: string
  readonly place: Place
  /** The `anyOf` it stands in; null where it stands alone. */
  readonly siblings: JsonValue[] | null
}

/** An object that is written without its fields as yet. */
interface Slot extends Opening {
  readonly json: JsonObject
}

/** What to write of an object. */
interface View {
  readonly object: Alternative
  readonly place: Place
  /** The only fields to write; null for all. */
  readonly only: ReadonlySet<string> | null
}

/** Writes one portable schema, breadth first. */
export class PortableWriter {
  /** How many objects stayed without their fields. */
  collapsedCount = 0
  private readonly context: PortableContext
  private readonly shapes: Shapes
  private slots: Slot[] = []
  private bytesLeft: number
  private valuesLeft = MAX_VALUES

  constructor(context: PortableContext) {
    this.context = context
    this.shapes = shapesOf(context.defs)
    this.bytesLeft = Math.max(MIN_BYTES, context.maxBytes)
  }

  /** Writes the whole schema. */
  write(schema: ApiSchema): JsonObject {
    const root = this.root(schema)
    this.bytesLeft -= bytesOf(root)
    const left: Slot[] = []
    for (let at = 0; at < this.slots.length; at++) {
      const slot = this.slots[at]
      if (slot !== undefined && !this.expand(slot)) left.push(slot)
    }
    for (const slot of left) this.leave(slot)
    return root
  }

  private root(schema: ApiSchema): JsonObject {
    for (const detail of [detailAt(0), brief, bare]) {
      this.slots = []
      const json = this.schema(schema, { depth: 0, path: [], arrays: 0, detail }, '')
      if (bytesOf(json) <= this.bytesLeft) return json
    }
    this.slots = []
    this.collapsedCount++
    return anyForm('')
  }

  private schema(schema: ApiSchema, place: Place, note: string): JsonObject {
    const shape = this.shapes.of(schema)
    const meant = meantAlternatives(shape)
    const [only] = meant
    if (only === undefined) return anyForm(join(textOf(shape, null, place.detail), note))
    const objects = only.type === 'object' && meant.length === 1 ? meant : meant.filter(isObject)
    const others = objects.length === meant.length ? none : meant.filter((one) => !isObject(one))
    const isAlone = others.length === 0 || meant.length === 1
    const text = join(textOf(shape, soleForm(meant), place.detail), note)
    if (isAlone && !this.isFile(only)) {
      const json =
        others.length === 0
          ? this.object({ objects, text, place, siblings: null })
          : this.plain(only, text, place)
      return Object.assign(json, defaultOf(shape, meant))
    }
    return this.union(shape, { objects, others }, { ...place, text })
  }

  private union(
    shape: Shape,
    { objects, others }: { objects: readonly Alternative[]; others: readonly Alternative[] },
    place: Place & { text: string },
  ): JsonObject {
    const forms: JsonValue[] = []
    const textFor = (alternative: Alternative) =>
      soleForm([...objects, ...others]) === null ? ownText(alternative, place.detail) : ''
    const [object] = objects
    if (object !== undefined) {
      const text = objects.length === 1 ? textFor(object) : ''
      forms.push(this.object({ objects, text, place, siblings: forms }))
    }
    for (const other of others) {
      if (this.isFile(other)) forms.push(...fileForms(textFor(other)))
      else forms.push(this.plain(other, textFor(other), place))
    }
    const values = defaultOf(shape, [...objects, ...others])
    return { ...described(place.text), anyOf: forms, ...values }
  }

  private isFile({ type, isBinary }: Alternative): boolean {
    return type === 'string' && isBinary && this.context.hasFiles && this.context.isInput
  }

  private plain(alternative: Alternative, text: string, place: Place): JsonObject {
    if (alternative.type === 'array') return this.array(alternative, text, place)
    const maxValues = Math.min(place.detail.maxValues, this.valuesLeft)
    const json = plainForm(alternative, text, { ...place.detail, maxValues })
    if (Array.isArray(json.enum)) this.valuesLeft -= json.enum.length
    return json
  }

  private array(alternative: Alternative, text: string, place: Place): JsonObject {
    const { items, limits } = alternative
    return { type: 'array', ...described(text), items: this.items(items, place), ...limits }
  }

  private items(items: ApiSchema, place: Place): JsonObject {
    if (items === false || this.shapes.of(items).isAny) return anyItem()
    if (place.arrays >= (this.isArray(items) ? MAX_PLAIN_ARRAYS : MAX_ARRAYS)) return anyForm('')
    const inner = { ...place, arrays: place.arrays + 1, detail: halved(place.detail) }
    return this.schema(items, inner, '')
  }

  private isArray(schema: ApiSchema): boolean {
    return meantAlternatives(this.shapes.of(schema)).every(({ type }) => type === 'array')
  }

  /** One or several forms of object, as yet without fields. */
  private object({ objects, text, place, siblings }: Opening): JsonObject {
    const [first] = objects
    if (first !== undefined && objects.length === 1 && !hasFields(first)) {
      const rest = first.additional !== false
      const limits = first.limits
      return {
        type: 'object',
        ...described(text),
        properties: {},
        additionalProperties: rest,
        ...limits,
      }
    }
    const json = openObject(text)
    this.slots.push({ json, text, objects, place, siblings })
    return json
  }

  /** Writes a slot's fields where that fits. */
  private expand(slot: Slot): boolean {
    const { objects, place, json } = slot
    const isRoot = place.depth === 0 && place.arrays === 0
    const object = mergeObjects(objects)
    if (object === undefined) return true
    if (!isRoot && (place.depth >= MAX_DEPTH || this.bytesLeft < PROPERTY_BYTES)) return false
    if (objects.length > 1 && !(isRoot && this.context.isTop) && this.split(slot)) return true
    if (place.path.filter((outer) => outer === object).length >= MAX_RECURSION) return false
    if (!isRoot && leastBytes(object) > this.bytesLeft + bytesOf(json)) return false
    const details = isRoot ? [place.detail, brief, bare] : [place.detail, brief]
    for (const detail of details) {
      if (this.fill(slot, { object, place: { ...place, detail }, only: null })) return true
    }
    return isRoot && this.force(slot, object)
  }

  /** Writes each form of object as one of its own, where that fits. */
  private split({ objects, place, siblings, json, text }: Slot): boolean {
    if (objects.some((object) => place.path.includes(object))) return false
    const mark = this.slots.length
    const forms: JsonValue[] = siblings ?? []
    const added = objects.map((object) =>
      this.object({
        objects: [object],
        text: ownText(object, place.detail),
        place,
        siblings: forms,
      }),
    )
    const alone = { ...described(text), anyOf: added, ...keptDefault(json) }
    const change = bytesOf(siblings === null ? alone : added) - bytesOf(json)
    if (change + objects.length * PROPERTY_BYTES * 3 > this.bytesLeft) {
      this.slots.length = mark
      return false
    }
    this.bytesLeft -= change
    if (siblings === null) replace(json, alone)
    else siblings.splice(siblings.indexOf(json), 1, ...added)
    return true
  }

  private fill(slot: Slot, view: View): boolean {
    const mark = this.slots.length
    const { valuesLeft } = this
    const json = { ...this.fields(slot, view), ...keptDefault(slot.json) }
    const change = bytesOf(json) - bytesOf(slot.json)
    if (change > this.bytesLeft) {
      this.slots.length = mark
      this.valuesLeft = valuesLeft
      return false
    }
    this.bytesLeft -= change
    replace(slot.json, json)
    return true
  }

  private fields({ text }: Slot, { object, place, only }: View): JsonObject {
    const { detail } = place
    const inner = {
      depth: place.depth + 1,
      path: [...place.path, object],
      arrays: 0,
      detail: detail === brief || detail === bare ? detail : detailAt(place.depth + 1),
    }
    const properties: JsonObject = {}
    const required: string[] = []
    let isOpened = false
    for (const [name, schema] of this.declared(object)) {
      if (this.isLeftOut(schema)) continue
      const key = this.keyOf(name)
      if (key === null || only?.has(name) === false) {
        isOpened = true
        continue
      }
      const note = key === name || detail === bare ? '' : plainText(`Sent as ${concise(name, 60)}.`)
      properties[key] = this.schema(schema, inner, note)
      if (object.required.has(name)) required.push(key)
    }
    return {
      type: 'object',
      ...described(text),
      properties,
      ...(required.length > 0 ? { required } : {}),
      ...this.rest(isOpened ? true : object.additional, inner, properties),
      ...object.limits,
    }
  }

  /** The declared properties, and what is required without being declared. */
  private *declared(object: Alternative): Generator<[string, ApiSchema]> {
    yield* object.properties
    for (const name of object.required) {
      if (object.properties.has(name)) continue
      yield [name, object.additional === false ? true : object.additional]
    }
  }

  private isLeftOut(schema: ApiSchema): boolean {
    const { isAny, alternatives, remarks } = this.shapes.of(schema)
    if (!isAny && alternatives.length === 0) return true
    return this.context.isInput ? remarks.isReadOnly : remarks.isWriteOnly
  }

  private keyOf(name: string): string | null {
    if (isUnspeakable(name)) return null
    const key = this.context.aliases?.alias(name) ?? name
    return isPortableName(key) ? key : null
  }

  private rest(additional: ApiSchema, place: Place, properties: JsonObject): JsonObject {
    const shape = this.shapes.of(additional)
    if (shape.isAny) {
      return Object.keys(properties).length > 0 ? {} : { additionalProperties: true }
    }
    if (shape.alternatives.length === 0) return { additionalProperties: false }
    return { additionalProperties: this.schema(additional, place, '') }
  }

  /** Writes as many fields as fit, the required ones first: the root is never left empty. */
  private force(slot: Slot, object: Alternative): boolean {
    const names = [...new Set([...object.required, ...object.properties.keys()])]
    let only: string[] = []
    let bytes = this.bytesLeft - 160
    for (const name of names) {
      bytes -= name.length * 2 + PROPERTY_BYTES * 2
      if (bytes < 0) break
      only.push(name)
    }
    const place = { ...slot.place, detail: bare }
    this.collapsedCount++
    for (; only.length > 0; only = only.slice(0, only.length / 2)) {
      const left = names.length - only.length
      const text = left > 0 ? join(slot.text, `${left} more fields are accepted.`) : slot.text
      if (this.fill({ ...slot, text }, { object, place, only: new Set(only) })) return true
    }
    return false
  }

  /** Says what a slot without fields takes, where that fits. */
  private leave({ json, text, objects }: Slot): void {
    this.collapsedCount++
    const names = [...new Set(objects.flatMap((object) => [...object.properties.keys()]))]
    const keys = names.map((name) => this.keyOf(name)).filter((key) => key !== null)
    if (keys.length === 0) return
    const said = join(text, concise(`Fields: ${keys.join(', ')}`, 120))
    const { type = 'object', description: _, ...others } = json
    const next = { type, ...described(said), ...others }
    const change = bytesOf(next) - bytesOf(json)
    if (change > this.bytesLeft) return
    this.bytesLeft -= change
    replace(json, next)
  }
}

const brief: Detail = { maxChars: 60, maxValues: 15 }
const bare: Detail = { maxChars: 0, maxValues: 0 }

function detailAt(depth: number): Detail {
  if (depth <= 1) return { maxChars: 300, maxValues: 120 }
  return depth === 2 ? { maxChars: 160, maxValues: 60 } : { maxChars: 100, maxValues: 40 }
}

function halved(detail: Detail): Detail {
  return detail === brief || detail === bare ? detail : { ...detail, maxChars: detail.maxChars / 2 }
}

const leastBytes = (object: Alternative) =>
  [...object.properties.keys()].reduce((sum, name) => sum + name.length + PROPERTY_BYTES, 0)

const hasFields = ({ properties, required, additional }: Alternative) =>
  properties.size > 0 || required.size > 0 || typeof additional === 'object'

/** The only alternative beside null; null where there are several. */
function soleForm(alternatives: readonly Alternative[]): Alternative | null {
  const [only, ...more] = alternatives.filter(({ type }) => type !== 'null')
  return more.length > 0 ? null : (only ?? alternatives[0] ?? null)
}

const isObject = ({ type }: Alternative) => type === 'object'
const none: readonly Alternative[] = []

const join = (text: string, more: string) =>
  more === '' ? text : `${ended(text)} ${more}`.trimStart()

const ownText = (alternative: Alternative, { maxChars }: Detail) =>
  join(
    concise(alternative.description ?? '', maxChars / 2),
    concise(alternative.notes.join(' '), maxChars),
  )

const keptDefault = (json: JsonObject): JsonObject =>
  json.default === undefined ? {} : { default: json.default }

function replace(json: JsonObject, next: JsonObject): void {
  for (const key of Object.keys(json)) delete json[key]
  Object.assign(json, next)
}
