import { type Deed, deedOf, longForm, synonymsOf } from './verbs.ts'
import { isStopWord, knownStemOf, wordsOf } from './words.ts'

/** A word of a query with what else stands for it. */
export interface QueryTerm {
  /** As it was written, in lower case. */
  readonly word: string
  readonly stem: string
  /** Stems that count instead, for less. */
  readonly synonyms: ReadonlySet<string>
  readonly isVerb: boolean
  /** The word and the next as one: `web hook`; null for the last. */
  readonly joined: string | null
}

/** What someone looks for. */
export interface ParsedQuery {
  readonly terms: readonly QueryTerm[]
  /** What is to be done; empty where nothing tells. */
  readonly deeds: ReadonlySet<Deed>
  /** Whether many things are asked for rather than one. */
  readonly wantsMany: boolean
  /** Stem of its first word that says something: as a rule the verb; null where there is none. */
  readonly lead: string | null
}

/** Words of a query looked at. */
const MAX_WORDS = 32

/** Reads a query: words, verbs and how many are meant. */
export function parseQuery(query: string): ParsedQuery {
  const words = wordsOf(spelledOut(query.slice(0, 1_000)))
    .flatMap(longForm)
    .slice(0, MAX_WORDS)
  const kept = words.filter((word) => !isStopWord(word) && !counts.has(word))
  const stems = kept.map(knownStemOf)
  const deeds = new Set<Deed>()
  for (const word of words) {
    const deed = deedOf(knownStemOf(word))
    if (deed !== null) deeds.add(deed)
  }
  const seen = new Set<string>()
  const terms = kept.flatMap((word, at) => {
    const stem = stems[at] ?? word
    if (seen.has(stem) || (questions.has(word) && kept.length > 1)) return []
    seen.add(stem)
    const next = kept[at + 1]
    const joined = next === undefined ? null : knownStemOf(word + next)
    return [{ word, stem, synonyms: synonymsOf(stem), isVerb: deedOf(stem) !== null, joined }]
  })
  const wantsMany = words.some((word) => counts.has(word)) || kept.some(isPlural)
  return { terms, deeds, wantsMany, lead: terms[0]?.stem ?? null }
}

/** Questions that name a thing only by how they ask for it. */
const spelledOut = (query: string) =>
  query
    .replace(/\bwhat(?:'s| is| are)(?= (?:in|inside)\b)/i, 'list contents')
    .replace(/\bwho(?:'s| is| are)(?= in\b)/i, 'list members')
    .replace(/\bwho am i\b/i, 'get current user')

const isPlural = (word: string) =>
  word.length > 3 && /[^s]s$/.test(word) && deedOf(knownStemOf(word)) === null

/** How many, but not of what. */
const counts: ReadonlySet<string> = new Set(['all', 'every', 'each', 'many', 'multiple'])
const questions: ReadonlySet<string> = new Set(['what', 'which', 'who'])
