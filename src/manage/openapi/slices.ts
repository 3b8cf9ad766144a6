/** How long work goes on before others get their turn, in milliseconds. */
const SLICE_MS = 6

/**
 * Work in small slices: `breathe` after each piece lets other requests go first once a slice is used
 * up, so that nothing waits long for a big import.
 */
export class Slices {
  private endsAtMs = performance.now() + SLICE_MS

  /** Gives others their turn where it is time. */
  async breathe(): Promise<void> {
    if (performance.now() < this.endsAtMs) return
    await new Promise<void>((resolve) => setImmediate(resolve))
    this.endsAtMs = performance.now() + SLICE_MS
  }
}
