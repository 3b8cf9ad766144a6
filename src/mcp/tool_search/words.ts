import { stemOf } from './stem.ts'

const word = /[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g
/** The same beyond ASCII, for a tenth of the speed. */
const anyWord = /\p{Lu}{2,}s(?!\p{Ll})|\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\d+|\p{L}+/gu

/** The words of a text or an identifier in lower case: `listPetIDs` and `list-pet-ids` alike. */
export function wordsOf(text: string): string[] {
  const joined = text.replace(/\bre-(?=[a-z])/gi, 're')
  if (/^[\0-\x7f]*$/.test(joined)) return (joined.match(word) ?? []).map(lower)
  const plain = joined.normalize('NFKD').replace(/\p{M}/gu, '')
  return (plain.match(anyWord) ?? []).map(lower)
}

const lower = (each: string) => each.toLowerCase()

const stems = new Map<string, string>()
/** Stems remembered at most. */
const MAX_STEMS = 50_000

/** The stem of a word, remembered: a catalogue says the same few thousand words over and over. */
export function knownStemOf(word: string): string {
  let stem = stems.get(word)
  if (stem === undefined) {
    stem = stemOf(word)
    if (stems.size >= MAX_STEMS) stems.clear()
    stems.set(word, stem)
  }
  return stem
}

/** Words that say nothing of what a tool does. */
const stopWords: ReadonlySet<string> = new Set(
  `a an and any are as at be been being but by can could d did do does each every for from had has have
  her his how i if in into is it its ll let like may me might my need of on one or our please s shall
  should so some t than that the their them then there these they this those through to too up us ve
  via want was we were will with would you your`.split(/\s+/),
)

/** Whether a word in lower case says nothing of what a tool does. */
export function isStopWord(word: string): boolean {
  return stopWords.has(word)
}

/** The first sentence of a description, in one line, cut at a word after `maxLength` characters. */
export function firstSentence(description: string, maxLength: number): string {
  const text = plainText(description)
  // A lone `Deprecated.` is no sentence to end with.
  const from = /^\W{0,4}deprecated[.:!]+\s/i.exec(text)?.[0].length ?? 0
  const end = sentenceEnd(text, from)
  const sentence = text.slice(0, end)
  if (sentence.length <= maxLength) return sentence
  const cut = sentence.slice(0, maxLength)
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), maxLength / 2))}…`
}

function sentenceEnd(text: string, from: number): number {
  const end = /[.!?](?=\s+[A-Z(]|$)/g
  end.lastIndex = from
  const found = end.exec(text)
  return found === null ? text.length : found.index + 1
}

/** A description without markup, in one line. */
export function plainText(description: string): string {
  return description
    .replace(/<[^<>]{0,200}>/g, ' ')
    .replace(/\[([^\][]{1,200})\]\([^()\s]{0,500}\)/g, '$1')
    .replace(/[*_`#]{1,3}(?=\S)|(?<=\S)[*`]{1,3}/g, '')
    .replace(/\s+/g, ' ')
    .trim()
}
