import type { DocumentGraph, Place, Raw } from './reference/document_graph.ts'
import type { Judge } from './reference/judge.ts'
import { patternText } from './reference/pattern_text.ts'
import { type Shape, shapeOf } from './reference/raw_shape.ts'
import { type Seeded, seeded } from './reference/seeded.ts'

/** A file as a value: what is in it, and in which of the ways it is handed over. */
export class FileValue {
  readonly bytes: Buffer
  readonly form: 'string' | 'text' | 'base64' | 'data_uri'
  readonly filename: string | null
  readonly contentType: string | null

  constructor(fields: Omit<FileValue, 'argument'>) {
    this.bytes = fields.bytes
    this.form = fields.form
    this.filename = fields.filename
    this.contentType = fields.contentType
  }

  /** As a model gives it. */
  argument(): Raw {
    if (this.form === 'string') return this.bytes.toString()
    const type = this.contentType ?? 'application/octet-stream'
    const base64 = this.bytes.toString('base64')
    return {
      ...(this.form === 'text' ? { text: this.bytes.toString() } : {}),
      ...(this.form === 'base64' ? { base64 } : {}),
      ...(this.form === 'data_uri' ? { data_uri: `data:${type};base64,${base64}` } : {}),
      ...(this.filename === null ? {} : { filename: this.filename }),
      ...(this.contentType === null || this.form === 'data_uri'
        ? {}
        : { content_type: this.contentType }),
    }
  }
}

/** Where a value goes, which limits what it can be. */
export type ValueUse = 'path' | 'query' | 'header' | 'cookie' | 'form' | 'parts' | 'json' | 'whole'

/** How values are made. */
export interface ValueOptions {
  readonly graph: DocumentGraph
  readonly judge: Judge
  /** Takes what fits several branches of a `oneOf`. */
  readonly lenientJudge: Judge
  /** Whether optional members are given too. */
  readonly isFull: boolean
  readonly use: ValueUse
  readonly seed: string
  /** Whether texts have to be without special characters. */
  readonly isBland?: boolean
  /** Wire names that a property must not have when it can be left out. */
  readonly avoid?: (name: string) => boolean
}

/** No value was found. */
export const noValue = Symbol('no value')

/** A value and what has to be said of it. */
export interface MadeValue {
  readonly value: Raw | typeof noValue
  /** It fits several branches of a `oneOf`, since nothing fits one alone. */
  readonly isAmbiguous: boolean
}

/** Gives a value that the schema at a place accepts, the same in every run; `noValue` without one. */
export function valueFor(place: Place, options: ValueOptions): MadeValue {
  for (const judge of [options.judge, options.lenientJudge]) {
    const isAmbiguous = judge !== options.judge
    const maker = new ValueMaker({ ...options, judge })
    for (let attempt = 0; attempt < 6; attempt++) {
      const value = maker.make([place], { depth: 0, salt: attempt })
      if (value === noValue) continue
      if (judge.complaint(place, plain(value)) === null) return { value, isAmbiguous }
    }
    const value = maker.sample(place)
    if (value !== noValue) return { value, isAmbiguous }
  }
  return { value: noValue, isAmbiguous: false }
}

/** The value with texts in the place of files, as a schema sees it. */
export function plain(value: Raw): Raw {
  if (value instanceof FileValue) return value.bytes.toString()
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]))
}

interface Making {
  readonly depth: number
  readonly salt: number
}

const deepest = 14
const fullDepth = 3
const fullMembers = 120

class ValueMaker {
  private readonly options: ValueOptions
  private readonly random: Seeded
  private members = 0

  constructor(options: ValueOptions) {
    this.options = options
    this.random = seeded(options.seed)
  }

  make(places: readonly Place[], making: Making): Raw {
    if (making.depth > deepest) return noValue
    const tries = making.depth < 5 ? 24 : 8
    for (let attempt = 0; attempt < tries; attempt++) {
      let rest = attempt + making.salt
      const pick = (count: number) => {
        const choice = rest % count
        rest = Math.floor(rest / count)
        return choice
      }
      const shape = shapeOf(this.options.graph, places, pick)
      const value = this.fill(shape, making)
      if (value === noValue) {
        if (!shape.isUncertain) return noValue
        continue
      }
      if (!shape.isUncertain || this.fits(places, value)) return value
    }
    return noValue
  }

  /** What the document itself gives as an example or default, where that fits. */
  sample(place: Place): Raw {
    const { samples } = shapeOf(this.options.graph, [place], () => 0)
    const isFit = (value: Raw) => this.isUsable(value) && this.fits([place], value)
    return samples.find(isFit) ?? noValue
  }

  private fits(places: readonly Place[], value: Raw): boolean {
    const bare = plain(value)
    return places.every((place) => this.options.judge.complaint(place, bare) === null)
  }

  private fill(shape: Shape, making: Making): Raw {
    if (shape.isNever) return noValue
    if (shape.choices !== null) return this.choose(shape)
    const type = this.typeOf(shape)
    if (type === 'object') return this.object(shape, making)
    if (type === 'array') return this.array(shape, making)
    if (type === 'boolean') return this.random.below(2) === 1
    if (type === 'integer' || type === 'number') return this.number(shape, type)
    if (type === 'null') return this.options.use === 'json' ? null : noValue
    return this.text(shape)
  }

  private choose(shape: Shape): Raw {
    const kinds = shape.types
    const usable = (shape.choices ?? []).filter(
      (one) => this.isUsable(one) && (kinds === null || kinds.some((kind) => isOfType(one, kind))),
    )
    return usable.length === 0 ? noValue : usable[this.random.below(usable.length)]
  }

  private isUsable(value: Raw): boolean {
    if (this.options.use === 'json') return true
    if (value === null || value === undefined) return false
    if (this.options.use === 'path') return value !== '' && value !== '.' && value !== '..'
    if (this.options.use === 'header') return /^[!-~]([ -~]*[!-~])?$/.test(String(value))
    return true
  }

  private typeOf(shape: Shape): string {
    const order = ['object', 'array', 'string', 'integer', 'number', 'boolean', 'null']
    const types = shape.types
    const isScalarFirst = !['json', 'form', 'parts', 'whole'].includes(this.options.use)
    if (types !== null) {
      const list = isScalarFirst ? [...order.slice(2), 'array', 'object'] : order
      return list.find((type) => types.includes(type) && type !== 'null') ?? types[0] ?? 'none'
    }
    if (shape.properties.size > 0 || shape.additional.length > 0 || shape.required.size > 0) {
      return 'object'
    }
    if (shape.items.length > 0 || shape.prefixItems.length > 0) return 'array'
    const hasNumbers = Number.isFinite(shape.minimum) || Number.isFinite(shape.maximum)
    return hasNumbers || shape.multipleOf !== null ? 'number' : 'string'
  }

  private object(shape: Shape, making: Making): Raw {
    const out: Raw = {}
    const { isFull, use } = this.options
    const isWide = isFull && making.depth < fullDepth && this.members < fullMembers
    for (const [name, places] of shape.properties) {
      const isRequired = shape.required.has(name)
      if (!isRequired && (!isWide || this.options.avoid?.(name) === true)) continue
      if (isReadOnly(this.options.graph, places)) continue
      this.members++
      const value = this.make(places, { depth: making.depth + 1, salt: making.salt })
      if (value !== noValue) out[name] = value
      else if (isRequired) return noValue
    }
    for (const name of shape.required) {
      if (name in out || shape.properties.has(name)) continue
      const value = this.make(shape.additional, { depth: making.depth + 1, salt: making.salt })
      if (value === noValue) return noValue
      out[name] = value
    }
    const isMap = shape.additional.length > 0 || (shape.isOpen && shape.properties.size === 0)
    const extra = isInUrl(use) || (isWide && isMap && use === 'json') ? 1 : 0
    const wanted = Math.max(shape.minProperties, extra)
    for (const [name, places] of shape.properties) {
      if (Object.keys(out).length >= wanted) break
      if (name in out || isReadOnly(this.options.graph, places)) continue
      const value = this.make(places, { depth: making.depth + 1, salt: making.salt })
      if (value !== noValue) out[name] = value
    }
    for (let index = 1; Object.keys(out).length < wanted && isMap; index++) {
      const value = this.make(shape.additional, { depth: making.depth + 1, salt: making.salt })
      if (value === noValue) break
      out[`key ${index}`.replace(use === 'json' ? '' : ' ', '')] = value
    }
    // An empty object cannot be told from none in a URL.
    return Object.keys(out).length === 0 && isInUrl(use) ? noValue : out
  }

  private array(shape: Shape, making: Making): Raw {
    const isWide = this.options.isFull && making.depth < fullDepth
    const least = Math.max(shape.minItems, isInUrl(this.options.use) ? 1 : 0)
    const usual = Math.min(isWide ? 2 : Math.max(least, 1), shape.maxItems)
    const count = Math.max(least, usual)
    const out: Raw[] = []
    const texts = new Set<string>()
    const isDeep = making.depth > 8 && least === 0
    for (let index = 0; !isDeep && index < count; index++) {
      const own = shape.prefixItems[index]
      const places = own === undefined ? shape.items : [own]
      const salt = making.salt + (shape.isUnique ? index : 0)
      const value = this.make(places, { depth: making.depth + 1, salt })
      if (value === noValue) break
      const text = JSON.stringify(plain(value))
      if (shape.isUnique && texts.has(text)) continue
      texts.add(text)
      out.push(value)
    }
    return out.length < least ? noValue : out
  }

  private number(shape: Shape, type: string): Raw {
    const step = shape.multipleOf ?? (type === 'integer' ? 1 : 0.5)
    const isEnded = Number.isFinite(shape.maximum)
    const base = Number.isFinite(shape.minimum) ? shape.minimum : isEnded ? shape.maximum : 1
    const first = shape.minimum === base ? Math.ceil(base / step) : Math.floor(base / step)
    let value = round(first * step)
    if (Number.isFinite(shape.minimum)) {
      if (shape.isExclusiveMinimum && value <= shape.minimum) value = round(value + step)
      const further = round(value + step * this.random.below(3))
      if (further < shape.maximum) value = further
    } else if (isEnded) {
      if (shape.isExclusiveMaximum && value >= shape.maximum) value = round(value - step)
    } else value = round(value + step * this.random.below(40))
    const isBelow = shape.isExclusiveMaximum ? value < shape.maximum : value <= shape.maximum
    return isBelow ? value : type === 'number' ? (shape.minimum + shape.maximum) / 2 : noValue
  }

  private text(shape: Shape): Raw {
    const { use } = this.options
    if (shape.isFile && (use === 'parts' || use === 'whole')) return this.file(shape)
    if (shape.patterns.length > 0) {
      const text = this.patterned(shape)
      if (text !== null) return text
      const known = shape.samples.find((one) => this.isPatterned(shape, one))
      return known ?? noValue
    }
    if (shape.format !== null) {
      const text = formatText(shape.format, this.random)
      if (text !== null && isOfLength(shape, text)) return text
    }
    return this.freeText(shape)
  }

  private patterned(shape: Shape): string | null {
    for (let attempt = 0; attempt < 6; attempt++) {
      const text = patternText(shape.patterns[0] ?? '', shape.minLength, this.random)
      if (text === null) return null
      if (this.isPatterned(shape, text)) return text
    }
    return null
  }

  private isPatterned(shape: Shape, text: Raw): boolean {
    if (typeof text !== 'string' || !isOfLength(shape, text) || !this.isUsable(text)) return false
    return shape.patterns.every((pattern) => {
      try {
        return new RegExp(pattern, 'u').test(text)
      } catch {
        return true
      }
    })
  }

  private freeText(shape: Shape): string {
    const { isFull, use, isBland } = this.options
    const isPlain = isBland === true || !isFull || use === 'header' || use === 'cookie'
    const start = isPlain ? `v${this.random.below(1000)}` : spicy[this.random.below(spicy.length)]
    let text = start ?? 'v'
    while (text.length < shape.minLength) text += 'abcdefghij'
    return text.length > shape.maxLength ? 'abcdefgh'.slice(0, shape.maxLength) : text
  }

  private file(shape: Shape): FileValue {
    const forms = ['string', 'text', 'base64', 'data_uri'] as const
    const form = forms[this.options.isFull ? 1 + this.random.below(3) : 0] ?? 'text'
    const isText = form === 'string' || form === 'text'
    const bytes = isText
      ? Buffer.from('a file, of course: ü'.padEnd(shape.minLength))
      : Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 255, 13, 10, this.random.below(256)])
    const contentType = form === 'base64' || form === 'data_uri' ? 'image/png' : null
    return new FileValue({ bytes, form, filename: isText ? null : 'a picture.png', contentType })
  }
}

/** Texts with everything that URLs and forms give a meaning to. */
const spicy = [
  'a b&c=d/é?x#y',
  'plain',
  '100%+1;2,3|4',
  "{member_id}:@!$'()*",
  '[x]"<y>\\^`{}~-._',
  '日本 語',
] as const

const isInUrl = (use: ValueUse) => ['path', 'query', 'header', 'cookie'].includes(use)

const round = (value: number) => Number(value.toFixed(6))

const isOfLength = (shape: Shape, text: string) =>
  [...text].length >= shape.minLength && [...text].length <= shape.maxLength

function isReadOnly(graph: DocumentGraph, places: readonly Place[]): boolean {
  return places.some((place) => {
    if (place.value?.readOnly === true) return true
    return shapeOf(graph, [place], () => 0).isReadOnly
  })
}

function isOfType(value: Raw, type: string): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return typeof value === type
}

function formatText(format: string, random: Seeded): string | null {
  const n = random.below(9)
  const texts: Readonly<Record<string, string>> = {
    date: `2024-02-1${n}`,
    'date-time': `2024-02-1${n}T12:34:56Z`,
    time: `12:34:5${n}Z`,
    duration: `P${n + 1}D`,
    email: `user${n}@example.com`,
    'idn-email': `user${n}@example.com`,
    hostname: `host${n}.example.com`,
    'idn-hostname': `host${n}.example.com`,
    ipv4: `192.0.2.${n}`,
    ipv6: `2001:db8::${n}`,
    uri: `https://example.com/a/${n}?b=c&d=e`,
    url: `https://example.com/a/${n}?b=c&d=e`,
    'uri-reference': `/a/${n}?b=c`,
    iri: `https://example.com/a/${n}`,
    'uri-template': `/a/{b}/${n}`,
    uuid: `0190b7a4-8f8e-4d3c-9a2b-3c4d5e6f708${n}`,
    byte: Buffer.from(`bytes ${n}>>??`).toString('base64'),
    binary: `text ${n}`,
    'json-pointer': `/a/${n}`,
    regex: `^a${n}$`,
    decimal: `${n}.5`,
    'unix-time': `17600000${n}0`,
  }
  return texts[format] ?? null
}
