/** A set of code points: flat, sorted, disjoint pairs of first and last code point. */
export type CharSet = readonly number[]

/** The highest code point there is. */
const LAST_CODE_POINT = 0x10ffff

/** Every code point. */
export const ALL_CHARS: CharSet = [0, LAST_CODE_POINT]

/** No code point. */
export const NO_CHARS: CharSet = []

/** Makes a set of pairs in any order, overlapping or not. */
export function charSet(pairs: readonly number[]): CharSet {
  const ranges: [number, number][] = []
  for (let i = 0; i < pairs.length; i += 2) ranges.push([pairs[i] ?? 0, pairs[i + 1] ?? 0])
  ranges.sort((a, b) => a[0] - b[0])
  const merged: number[] = []
  for (const [first, last] of ranges) {
    const end = merged.at(-1)
    if (end !== undefined && first <= end + 1) merged[merged.length - 1] = Math.max(end, last)
    else merged.push(first, last)
  }
  return merged
}

/** The code points of either set. */
export function union(a: CharSet, b: CharSet): CharSet {
  if (a.length === 0) return b
  return b.length === 0 ? a : charSet([...a, ...b])
}

/** The code points that are not in the set. */
export function complement(set: CharSet): CharSet {
  const rest: number[] = []
  let next = 0
  for (let i = 0; i < set.length; i += 2) {
    const first = set[i] ?? 0
    if (first > next) rest.push(next, first - 1)
    next = (set[i + 1] ?? 0) + 1
  }
  if (next <= LAST_CODE_POINT) rest.push(next, LAST_CODE_POINT)
  return rest
}

/** Tells whether some code point is in both sets. */
export function overlaps(a: CharSet, b: CharSet): boolean {
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    if ((a[i + 1] ?? 0) < (b[j] ?? 0)) i += 2
    else if ((b[j + 1] ?? 0) < (a[i] ?? 0)) j += 2
    else return true
  }
  return false
}

/** `\d` (ECMA-262 §22.2.2.9). */
export const DIGITS: CharSet = [0x30, 0x39]
/** `\w` without the `i` flag. */
export const WORD_CHARS: CharSet = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a]
/** `\s`: WhiteSpace and LineTerminator (ECMA-262 §12.2, §12.3), which RE2's `\s` is not. */
export const SPACES: CharSet = [
  0x09, 0x0d, 0x20, 0x20, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a, 0x2028, 0x2029, 0x202f,
  0x202f, 0x205f, 0x205f, 0x3000, 0x3000, 0xfeff, 0xfeff,
]
/** `.` without the `s` flag. */
export const ANY_BUT_LINE_ENDS: CharSet = complement([0x0a, 0x0a, 0x0d, 0x0d, 0x2028, 0x2029])
