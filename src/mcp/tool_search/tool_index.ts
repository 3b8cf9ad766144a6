import { deedOfDocument, isMany } from './document_deed.ts'
import { isOneSlipAway } from './one_slip.ts'
import { type ParsedQuery, parseQuery, type QueryTerm } from './parse_query.ts'
import { Scores } from './scores.ts'
import type { SearchDocument } from './search_document.ts'
import {
  countWord,
  fields,
  maxCount,
  sayingBits,
  sayingFields,
  tellingWords,
  textsOf,
} from './search_fields.ts'
import { type Deed, deedOf } from './verbs.ts'
import { knownStemOf } from './words.ts'

/** BM25's k1: how soon a word said again counts no more. */
const SATURATION = 1.2
const SYNONYM = 0.55
const VERB = 0.75
/** Other words tried for one that the catalogue does not know. */
const MAX_NEAR = 8

interface Indexed {
  /** Number of the stem that its name begins with; -1 for none. */
  readonly lead: number
  /** Stems of its name that name things, not deeds, by number. */
  readonly nouns: readonly number[]
  readonly lengths: readonly number[]
  readonly deed: Deed
  readonly isMany: boolean
  readonly isDeprecated: boolean
}

/** A document found. */
export interface Hit {
  /** Its number, in the order they were added. */
  readonly at: number
  readonly score: number
}

/** What a search is narrowed to. */
export interface SearchLimits {
  readonly limit: number
  /** Whether a document may be found, by its number. */
  readonly accepts: (at: number) => boolean
}

/**
 * Full-text index of tools in memory: BM25F over stems, with verbs taken for the deed they name, words
 * of like meaning, and a preference for tools that are about what was asked and little else.
 */
export class ToolIndex {
  private readonly documents: Indexed[] = []
  /** Stems are numbered in the order they were first seen. */
  private readonly stemNumbers = new Map<string, number>()
  /** By number of a stem: number of a document and its counts by field, four bits each, in turn. */
  private readonly postings: number[][] = []
  /** The stem of every word in the places that say what a tool is for. */
  private readonly words = new Map<string, string>()
  private readonly totals: number[] = fields.map(() => 0)
  private weights: Weights | null = null

  /** Adds a document; its number is how many were added before. */
  add(document: SearchDocument): void {
    const texts = textsOf(document)
    const counts = new Map<string, number>()
    const wordsByField = fields.map(({ name }) => tellingWords(texts[name]))
    for (const [field, words] of wordsByField.entries()) {
      for (const word of words) countWord(counts, knownStemOf(word), field)
      this.totals[field] = (this.totals[field] ?? 0) + words.length
      if (field < sayingFields) for (const word of words) this.words.set(word, knownStemOf(word))
    }
    const at = this.documents.length
    for (const [stem, packed] of counts) this.postingsOf(stem).push(at, packed)
    const named = (wordsByField[0] ?? []).map(knownStemOf)
    const nouns = new Set(named.filter((stem) => deedOf(stem) === null))
    this.documents.push({
      lead: this.stemNumbers.get(named[0] ?? '') ?? -1,
      nouns: [...nouns].flatMap((stem) => this.stemNumbers.get(stem) ?? []),
      lengths: wordsByField.map(({ length }) => length),
      deed: deedOfDocument(document, texts.summary),
      isMany: isMany(document),
      isDeprecated: document.isDeprecated,
    })
    this.weights = null
  }

  /** Finds the best documents for a query, best first. */
  search(query: string, { limit, accepts }: SearchLimits): Hit[] {
    const weights = this.weigh()
    const parsed = parseQuery(query)
    const scores = new Scores(this.documents.length)
    const asked: Asked = { parsed, whole: 0, stems: new Set(), weights }
    for (const term of parsed.terms) this.addTerm(term, scores, asked)
    const hits: Hit[] = []
    for (const at of scores.touched) {
      const document = this.documents[at]
      if (document === undefined || !accepts(at)) continue
      const sum = scores.sums[at] ?? 0
      const covered = scores.covered[at] ?? 0
      hits.push({ at, score: sum * this.factorOf(document, covered, asked) })
    }
    return hits.sort((a, b) => b.score - a.score || a.at - b.at).slice(0, limit)
  }

  private postingsOf(stem: string): number[] {
    let number = this.stemNumbers.get(stem)
    if (number === undefined) {
      number = this.postings.length
      this.stemNumbers.set(stem, number)
      this.postings.push([])
    }
    return this.postings[number] ?? []
  }

  /** Works out what depends on all documents, once after the last was added. */
  weigh(): Weights {
    if (this.weights !== null) return this.weights
    const size = this.documents.length
    const idf = this.postings.map(({ length }) => idfOf(length / 2, size))
    const norms = new Float32Array(size * fields.length)
    const averages = this.totals.map((total) => Math.max(total, 1) / Math.max(size, 1))
    for (const [at, { lengths }] of this.documents.entries()) {
      for (const [field, { weight, b }] of fields.entries()) {
        const length = (lengths[field] ?? 0) / (averages[field] ?? 1)
        norms[at * fields.length + field] = weight / (1 - b + b * length)
      }
    }
    this.weights = { idf, norms }
    return this.weights
  }

  /** Adds what a term scores, each document by the variant that suits it best. */
  private addTerm(term: QueryTerm, scores: Scores, asked: Asked): void {
    const { idf } = asked.weights
    const variants = this.variantsOf(term)
    const own = variants.find(({ weight }) => weight === 1) ?? variants[0]
    const most = own === undefined ? idfOf(1, this.documents.length) : (idf[own.stem] ?? 0)
    const importance = term.isVerb ? VERB : 1
    asked.whole += importance * most
    scores.begin()
    for (const { stem, weight } of variants) {
      asked.stems.add(stem)
      const postings = this.postings[stem] ?? []
      const factor = importance * weight * Math.min(most, idf[stem] ?? 0)
      for (let i = 0; i < postings.length; i += 2) {
        const at = postings[i] ?? 0
        const packed = postings[i + 1] ?? 0
        const value = factor * saturated(asked.weights.norms, at, packed)
        scores.raise(at, value, (packed & sayingBits) === 0 ? 0 : importance * most)
      }
    }
  }

  /** The stems that count for a term; where the catalogue has none of them, the nearest it has. */
  private variantsOf({ word, stem, synonyms, joined }: QueryTerm): Variant[] {
    const variants: Variant[] = []
    const consider = (known: string, weight: number) => {
      const number = this.stemNumbers.get(known)
      if (number !== undefined) variants.push({ stem: number, weight })
    }
    consider(stem, 1)
    if (joined !== null) consider(joined, 1)
    for (const other of synonyms) consider(other, SYNONYM)
    if (variants.length === 0) for (const near of this.nearest(word)) consider(near, SYNONYM)
    return variants
  }

  private nearest(word: string): Set<string> {
    const near = new Set<string>()
    if (word.length < 4) return near
    for (const [known, stem] of this.words) {
      if (known.length < 4) continue
      const isPart = known.startsWith(word) || (known.length > 4 && word.startsWith(known))
      if (isPart || isOneSlipAway(word, known)) near.add(stem)
      if (near.size === MAX_NEAR) break
    }
    return near
  }

  private factorOf(document: Indexed, covered: number, asked: Asked): number {
    const { parsed, whole } = asked
    const lead = parsed.lead === null ? undefined : this.stemNumbers.get(parsed.lead)
    return (
      (0.3 + 0.7 * (whole === 0 ? 0 : covered / whole)) *
      (0.5 + 0.5 * focusOf(document, asked)) *
      deedFactor(document, parsed) *
      (document.lead === lead ? 1.15 : 1) *
      (document.isDeprecated ? 0.5 : 1)
    )
  }
}

interface Variant {
  readonly stem: number
  readonly weight: number
}

/** What every search needs and only the whole catalogue tells. */
export interface Weights {
  /** By number of a stem. */
  readonly idf: readonly number[]
  /** What one occurrence counts, by document and field. */
  readonly norms: Float32Array
}

interface Asked {
  readonly parsed: ParsedQuery
  readonly weights: Weights
  /** What every term found would count. */
  whole: number
  /** Every stem that counted for a term. */
  readonly stems: Set<number>
}

/** How rare a stem is: BM25's inverse document frequency. */
const idfOf = (documents: number, size: number) =>
  Math.log(1 + (size - documents + 0.5) / (documents + 0.5))

function saturated(norms: Float32Array, at: number, packed: number): number {
  let frequency = 0
  for (let field = 0, left = packed; left !== 0; field++, left >>>= 4) {
    frequency += (left & maxCount) * (norms[at * fields.length + field] ?? 0)
  }
  return (frequency * (SATURATION + 1)) / (frequency + SATURATION)
}

/** How much of what the tool's name speaks of was asked for, 0 to 1. */
function focusOf({ nouns }: Indexed, { stems, weights }: Asked): number {
  let all = 0
  let asked = 0
  for (const noun of nouns) {
    const weight = weights.idf[noun] ?? 0
    all += weight
    if (stems.has(noun)) asked += weight
  }
  return all === 0 ? 0 : asked / all
}

function deedFactor(document: Indexed, { deeds, wantsMany }: ParsedQuery): number {
  const isAsMany = document.deed === 'read' && document.isMany === wantsMany
  if (deeds.size === 0) return isAsMany ? 1.15 : 1
  if (!deeds.has(document.deed)) return isNear(document.deed, deeds) ? 0.85 : 0.65
  return document.deed !== 'read' || isAsMany ? 1.2 : 1
}

/** Setting something often makes it, and the other way round. */
const isNear = (deed: Deed, asked: ReadonlySet<Deed>) =>
  (deed === 'update' && asked.has('create')) || (deed === 'create' && asked.has('update'))
