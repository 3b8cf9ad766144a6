import { AppError } from '../errors.ts'

/** A refused sign-in, as its page shows it. */
export interface SignInRefusal {
  readonly text: string
  readonly status: number
  readonly retryAfterSeconds: number | undefined
}

/** What a refused sign-in is told, in the words of the catalogue. @throws what is no such refusal */
export function signInRefusal(error: unknown): SignInRefusal {
  const isShown =
    error instanceof AppError &&
    ['unauthenticated', 'rate_limited', 'unavailable'].includes(error.kind)
  if (!isShown || error.code === 'not_signed_in') throw error
  const { message, reason, status, retryAfterSeconds } = error
  const text = reason === undefined ? `${message}.` : `${message}. ${reason}`
  return { text, status, retryAfterSeconds }
}
