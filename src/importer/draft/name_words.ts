/** Letters that no decomposition takes apart. */
const letters: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ħ: 'h',
  ı: 'i',
  ...pairs('абвгдеёзийклмнопрстуфыэіґ', 'abvgdeeziiklmnoprstufyeig'),
  ...{ ж: 'zh', х: 'kh', ц: 'ts', ч: 'ch', ш: 'sh', щ: 'shch', ю: 'yu', я: 'ya', ъ: '', ь: '' },
  ...{ ї: 'i', є: 'ye' },
  ...pairs('αβγδεζηικλμνξοπρστυφωςχ', 'avgdeziiklmnxoprstyfosh'),
  ...{ θ: 'th', ψ: 'ps' },
}

/** Names whose inner capitals are no word boundaries, as `getOAuthToken` has one. */
const wholeNames =
  /OAuth|OpenID|OpenAPI|GitHub|GitLab|GraphQL|DigitalOcean|PostgreSQL|MySQL|MongoDB|PayPal|YouTube|LinkedIn|JavaScript|TypeScript|WhatsApp|IPv(?=[46])/g

/** A sentence of more characters is named by its first clause. */
const LONG_SENTENCE = 60

/** Words that name nothing. */
const noise = new Set(['a', 'an', 'the'])
/** Words a name must not end with. */
const hanging = new Set(
  'of in for and or to with by on at from as that which into via using is are be if per its their this'.split(
    ' ',
  ),
)

function pairs(from: string, to: string): Record<string, string> {
  return Object.fromEntries([...from].map((letter, index) => [letter, to.charAt(index)]))
}

/**
 * The words of a sentence, lower case ASCII, without articles: `Get a user's repos` is get, user,
 * repos. Capitals within a word do not part it, as in GitHub; of a long text the first clause counts.
 * Empty where too little of the text can be written in ASCII to know it by.
 */
export function sentenceWords(text: string): string[] {
  const plain = text
    .slice(0, 2_000)
    .replace(/<[^<>]{0,200}>|&[a-z]{2,8};|`/gi, ' ')
    .replace(/\[([^[\]]{0,200})\]\([^()]{0,500}\)/g, (_, said) =>
      moreLink.test(said) ? ' ' : said,
    )
    .replace(/\[\s*(?:deprecated|beta|preview|internal|experimental)\s*\]|\([^()]{0,200}\)/gi, ' ')
    .replace(/(?<=\p{L})['’`´](?=\p{L})/gu, '')
    .trim()
  return asciiWords(firstClause(plain)).filter((word) => !noise.has(word))
}

const moreLink = /^(?:learn|read|see|find out|more)\b/i

function firstClause(text: string): string {
  const sentence = text.split(/[.!?。](?:\s|$)|\n\s*\n/, 1).join('')
  if (sentence.length <= LONG_SENTENCE) return sentence
  const clause = sentence.split(/[,;:–—]\s/, 1).join('')
  return /\s/.test(clause) ? clause : sentence
}

/** The words of an identifier or path, lower case ASCII: `getCoreV1PodLogs` is get, core, v1, … */
export function identifierWords(text: string): string[] {
  const parted = text
    .replace(wholeNames, (name) => name.charAt(0) + name.slice(1).toLowerCase())
    .replace(
      /([A-Z]{2,})s(?![a-z])/g,
      (_, capitals: string) => `${capitals.charAt(0)}${capitals.slice(1).toLowerCase()}s`,
    )
    .replace(/([a-z])([A-Z])|([0-9])([A-Z])(?=[a-z])/g, '$1$3 $2$4')
    .replace(/(V[0-9]+(?:(?:alpha|beta)[0-9]+)?)(?=[A-Z])/g, '$1 ')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
  return asciiWords(parted).filter((word) => !noise.has(word))
}

function asciiWords(text: string): string[] {
  const written = toAscii(text.slice(0, 1_000).toLowerCase())
  if (written.lost > written.kept) return []
  return written.text.split(/[^a-z0-9]+/).filter((word) => word !== '')
}

interface Written {
  readonly text: string
  readonly kept: number
  readonly lost: number
}

function toAscii(text: string): Written {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what it tells
  if (/^[\x00-\x7f]*$/.test(text)) return { text, kept: text.length, lost: 0 }
  let written = ''
  let kept = 0
  let lost = 0
  for (const letter of text.normalize('NFKD')) {
    if (/\p{M}/u.test(letter)) continue
    const ascii = letter < '\u0080' ? letter : letters[letter]
    written += ascii ?? ' '
    if (ascii === undefined && /\p{L}/u.test(letter)) lost++
    else if (/[a-z]/.test(ascii ?? '')) kept++
  }
  return { text: written, kept, lost }
}

/** Words joined to at most so many characters: whole words, none left hanging at the end. */
export function joinWords(words: readonly string[], maxLength: number): string {
  const kept: string[] = []
  let length = -1
  for (const word of words) {
    if (length + 1 + word.length > maxLength) break
    kept.push(word)
    length += 1 + word.length
  }
  if (kept.length < words.length) dropHanging(kept)
  return kept.length === 0 ? (words[0] ?? '').slice(0, maxLength) : kept.join('_')
}

function dropHanging(kept: string[]): void {
  if (kept.length > 3 && hanging.has(kept.at(-2) ?? '')) kept.pop()
  while (kept.length > 1 && hanging.has(kept.at(-1) ?? '')) kept.pop()
}

/** Shortest that a word is cut to. */
const LEAST_WORD = 5

/**
 * All words joined, the longest shortened until they fit; null where that takes more than a reader
 * can guess.
 */
export function squeezedWords(words: readonly string[], maxLength: number): string | null {
  const short = [...words]
  let excess = short.join('_').length - maxLength
  for (; excess > 0; excess--) {
    const longest = short.reduce(
      (best, word, at) => (word.length > (short[best]?.length ?? 0) ? at : best),
      0,
    )
    const word = short[longest] ?? ''
    if (word.length <= LEAST_WORD) return null
    short[longest] = word.slice(0, -1)
  }
  return short.join('_')
}
