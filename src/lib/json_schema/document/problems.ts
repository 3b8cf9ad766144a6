import { AppError, type FieldError } from '../../../errors.ts'

const MAX_PROBLEMS = 20

/** What is wrong with a schema, with pointers into it; 20 of each sort at most. */
export class Problems {
  private readonly malformed: FieldError[] = []
  private readonly remote: FieldError[] = []

  /** Notes a keyword that is not well formed. */
  add(pointer: string, message: string): void {
    if (this.malformed.length < MAX_PROBLEMS) this.malformed.push({ pointer, message })
  }

  /** Notes a reference that leads out of the document. */
  addRemote(pointer: string, message: string): void {
    if (this.remote.length < MAX_PROBLEMS) this.remote.push({ pointer, message })
  }

  /** @throws AppError remote_ref or validation_failed where anything was noted. */
  throwAny(): void {
    if (this.remote.length > 0) throw new AppError('remote_ref', { errors: this.remote })
    if (this.malformed.length > 0) {
      throw new AppError('validation_failed', { errors: this.malformed })
    }
  }
}

/** The refusal of a schema that is too large to be worked with. */
export function tooComplex(message: string, pointer = ''): AppError {
  return new AppError('schema_too_complex', { reason: message, errors: [{ pointer, message }] })
}
