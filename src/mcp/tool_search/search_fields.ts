import type { SearchDocument } from './search_document.ts'
import { firstSentence, isStopWord, plainText, wordsOf } from './words.ts'

/** How much a word counts by where it stands, and how much the length of that place tells against it. */
export const fields = [
  { name: 'name', weight: 3, b: 0.4 },
  { name: 'summary', weight: 2.5, b: 0.5 },
  { name: 'tags', weight: 1.2, b: 0.2 },
  { name: 'path', weight: 1.5, b: 0.3 },
  { name: 'parameters', weight: 0.35, b: 0.75 },
  { name: 'rest', weight: 0.5, b: 0.75 },
] as const
type Field = (typeof fields)[number]['name']

/** How many of them, the first, say what a tool is for. */
export const sayingFields = 4
/** Their bits among the counts. */
export const sayingBits = 0xffff

/** Occurrences of a word in one field that are counted at most: four bits each. */
export const maxCount = 15
/** Words of a description's rest that are indexed at most. */
const MAX_REST_WORDS = 150

/** What of a document stands in each field. */
export function textsOf(document: SearchDocument): Record<Field, string> {
  const { name, title, description, tags, path, parameters } = document
  const text = plainText(description)
  const first = firstSentence(text, 300)
  return {
    name,
    summary: `${title} ${first}`,
    tags: tags.join(' '),
    path: path.replace(/\{[^{}]*\}/g, ' '),
    parameters: parameters.join(' '),
    rest: text.slice(first.length).split(' ', MAX_REST_WORDS).join(' '),
  }
}

/** The words of a text that say something. */
export const tellingWords = (text: string) => wordsOf(text).filter((word) => !isStopWord(word))

/** Counts a word of a field. */
export function countWord(counts: Map<string, number>, stem: string, field: number): void {
  const packed = counts.get(stem) ?? 0
  const shift = field * 4
  if (((packed >>> shift) & maxCount) < maxCount) counts.set(stem, packed + (1 << shift))
}
