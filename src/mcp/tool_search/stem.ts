const vowelSequence = /^[^aeiou]*[aeiouy]+[^aeiou]/
const hasVowel = /[aeiouy]/
const endings2: readonly (readonly [RegExp, string])[] = [
  [/ational$/, 'ate'],
  [/tional$/, 'tion'],
  [/enci$/, 'ence'],
  [/anci$/, 'ance'],
  [/i[sz]er$/, 'ize'],
  [/abli$/, 'able'],
  [/entli$/, 'ent'],
  [/eli$/, 'e'],
  [/ousli$/, 'ous'],
  [/i[sz]ation$/, 'ize'],
  [/ation$/, 'ate'],
  [/ator$/, 'ate'],
  [/alism$/, 'al'],
  [/iveness$/, 'ive'],
  [/fulness$/, 'ful'],
  [/ousness$/, 'ous'],
  [/aliti$/, 'al'],
  [/iviti$/, 'ive'],
  [/biliti$/, 'ble'],
]
const endings3: readonly (readonly [RegExp, string])[] = [
  [/icate$/, 'ic'],
  [/ative$/, ''],
  [/ali[sz]e$/, 'al'],
  [/iciti$/, 'ic'],
  [/ical$/, 'ic'],
  [/ful$/, ''],
  [/ness$/, ''],
]
const endings4 =
  /(al|ance|ence|er|ic|able|ible|ant|ement|ment|ent|ou|ism|ate|iti|ous|ive|i[sz]e|[st]ion)$/

/**
 * Cuts an English word in lower case to its stem (Porter 1980, with British spellings taken for the
 * American ones): what plural, tense and kin of a word have in common.
 */
export function stemOf(word: string): string {
  if (word.length < 3 || !/^[a-z]+$/.test(word)) return word
  let stem = withoutPlural(word)
  stem = withoutTense(stem)
  if (/y$/.test(stem) && hasVowel.test(stem.slice(0, -1))) stem = `${stem.slice(0, -1)}i`
  stem = replaceEnding(stem, endings2)
  stem = replaceEnding(stem, endings3)
  stem = withoutSuffix(stem)
  if (/e$/.test(stem)) stem = withoutFinalE(stem)
  return /ll$/.test(stem) && measure(stem) > 1 ? stem.slice(0, -1) : stem
}

function withoutPlural(word: string): string {
  if (/sses$|ies$/.test(word)) return word.slice(0, -2)
  return /[^s]s$/.test(word) && !/us$/.test(word) ? word.slice(0, -1) : word
}

function withoutTense(word: string): string {
  if (/eed$/.test(word)) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word
  const base = word.replace(/(ed|ing)$/, '')
  if (base === word || !hasVowel.test(base)) return word
  if (/(at|bl|i[sz])$/.test(base)) return `${base}e`
  if (/([^aeiouylsz])\1$/.test(base)) return base.slice(0, -1)
  return measure(base) === 1 && endsShort(base) ? `${base}e` : base
}

function replaceEnding(word: string, endings: readonly (readonly [RegExp, string])[]): string {
  for (const [ending, instead] of endings) {
    const base = word.replace(ending, '')
    if (base !== word) return measure(base) > 0 ? base + instead : word
  }
  return word
}

function withoutSuffix(word: string): string {
  const ending = endings4.exec(word)
  if (ending === null) return word
  const isIon = /[st]ion$/.test(word)
  const base = word.slice(0, isIon ? -3 : -ending[0].length)
  return measure(base) > 1 ? base : word
}

function withoutFinalE(word: string): string {
  const base = word.slice(0, -1)
  const m = measure(base)
  return m > 1 || (m === 1 && !endsShort(base)) ? base : word
}

/** Whether a word ends consonant, vowel, consonant other than w, x or y. */
const endsShort = (word: string) => /[^aeiou][aeiouy][^aeiouwxy]$/.test(word)

/** How many times consonants follow vowels: Porter's m. */
function measure(word: string): number {
  if (!vowelSequence.test(word)) return 0
  const forms = word
    .replace(/[^aeiouy]+/g, 'C')
    .replace(/^C?y/, 'C')
    .replace(/[aeiouy]+/g, 'V')
  return forms.match(/VC/g)?.length ?? 0
}
