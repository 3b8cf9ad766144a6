/** Numbers that are the same in every run. */
export interface Seeded {
  /** An integer from 0 below the limit. */
  below(limit: number): number
}

/** Makes the numbers of a seed text (xmur3 and mulberry32). */
export function seeded(seed: string): Seeded {
  let state = 1779033703 ^ seed.length
  for (const character of seed) {
    state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 3432918353)
    state = (state << 13) | (state >>> 19)
  }
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  return { below: (limit) => Math.floor(next() * limit) }
}
