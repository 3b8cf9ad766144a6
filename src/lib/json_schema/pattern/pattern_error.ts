/** A pattern that is not accepted; the message is a sentence that says why, for whoever wrote it. */
export class PatternError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'PatternError'
  }
}
