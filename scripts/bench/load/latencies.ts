/** Latencies in milliseconds as they come; percentiles are exact. */
export class Latencies {
  private values = new Float64Array(1 << 16)
  private count = 0

  add(ms: number): void {
    if (this.count === this.values.length) {
      const larger = new Float64Array(this.values.length * 2)
      larger.set(this.values)
      this.values = larger
    }
    this.values[this.count++] = ms
  }

  get size(): number {
    return this.count
  }

  /** The percentiles that are reported; NaN where there is nothing. */
  summary(): { p50Ms: number; p99Ms: number; maxMs: number } {
    const sorted = this.values.subarray(0, this.count).sort()
    const at = (share: number) =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
    return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) }
  }
}
