import { AppError } from '../../errors.ts'

/** The failure of a document nothing can be read of; `reason` says why and what to do. */
export function unreadable(reason: string, cause?: unknown): AppError {
  return new AppError('document_unreadable', { reason, cause })
}
