import type { SearchDocument } from './search_document.ts'
import { type Deed, deedOf, isMethodWord, methodDeed } from './verbs.ts'
import { knownStemOf, wordsOf } from './words.ts'

/** What a tool does: what its name begins with, else its description, else its method. */
export function deedOfDocument({ name, method }: SearchDocument, summary: string): Deed {
  const [first = ''] = wordsOf(name)
  const named = isMethodWord(first) ? null : deedOf(knownStemOf(first))
  if (named !== null) return named
  const [verb = ''] = wordsOf(summary)
  return deedOf(knownStemOf(verb)) ?? methodDeed(method)
}

/** Whether a tool reads several things, as its name or the end of its path says. */
export function isMany({ method, path, name }: SearchDocument): boolean {
  if (method !== 'GET') return false
  return /^(list|search)/i.test(name) || /[^su]s\/?$/i.test(path)
}
