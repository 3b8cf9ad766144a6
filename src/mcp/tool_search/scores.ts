/** What documents score in one search, term by term: of each term only the best find counts. */
export class Scores {
  /** By number of a document. */
  readonly sums: Float64Array
  /** What was found in the places that say what a tool is for. */
  readonly covered: Float64Array
  /** The documents found at all. */
  readonly touched: number[] = []
  private readonly best: Float64Array
  private readonly terms: Uint8Array
  private readonly saying: Float64Array
  private term = 0

  constructor(size: number) {
    this.sums = new Float64Array(size)
    this.covered = new Float64Array(size)
    this.best = new Float64Array(size)
    this.saying = new Float64Array(size)
    this.terms = new Uint8Array(size)
  }

  /** Goes on to the next term. */
  begin(): void {
    this.term++
  }

  /** Counts a find of the current term, instead of a lesser one of the same term. */
  raise(at: number, value: number, covered: number): void {
    const term = this.terms[at] ?? 0
    if (term === 0) this.touched.push(at)
    if (term !== this.term) {
      this.terms[at] = this.term
      this.best[at] = 0
      this.saying[at] = 0
    }
    const gain = value - (this.best[at] ?? 0)
    if (gain > 0) {
      this.sums[at] = (this.sums[at] ?? 0) + gain
      this.best[at] = value
    }
    const more = covered - (this.saying[at] ?? 0)
    if (more > 0) {
      this.covered[at] = (this.covered[at] ?? 0) + more
      this.saying[at] = covered
    }
  }
}
