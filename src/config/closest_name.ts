/**
 * The known name most like a mistyped one, or null when none is near: at most a third of its letters
 * differ.
 */
export function closestName(name: string, known: Iterable<string>): string | null {
  let best: string | null = null
  let fewest = Math.floor(Math.max(name.length, 3) / 3) + 1
  for (const candidate of known) {
    const distance = editDistance(name, candidate)
    if (distance < fewest) {
      fewest = distance
      best = candidate
    }
  }
  return best
}

/** Letters to insert, delete or replace to get from one to the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
