import { AppError } from '../errors.ts'
import type { AccountForm, AccountView, FieldError } from '../web/pages/views.ts'

/**
 * What of a failure belongs beside the fields of a form, as sentences.
 * @throws what does not: another failure than one of what was typed
 */
export function fieldErrorsOf(error: unknown): readonly FieldError[] {
  if (!(error instanceof AppError) || error.errors.length === 0) throw error
  return error.errors.map(({ pointer, message }) => ({ field: pointer.slice(1), message }))
}

/** A refused form of the account page. */
export interface RefusedForm {
  readonly status: number
  readonly retryAfterSeconds: number | undefined
  readonly errors: AccountView['errors']
}

/** The field by which the person proves to be who is signed in. */
const proofs: Readonly<Record<AccountForm, string>> = {
  changePassword: 'current_password',
  confirmSecondFactor: 'code',
  removeSecondFactor: 'current_password',
  renewRecoveryCodes: 'current_password',
  beginPasskey: 'current_password',
  removePasskey: 'current_password',
}

/** What is shown of a failure in a form of the account page. @throws what is no fault of the form */
export function refusedForm(error: unknown, form: AccountForm): RefusedForm {
  if (!(error instanceof AppError)) throw error
  const { status, retryAfterSeconds } = error
  const message = proofFault(error)
  const field = error.code === 'passkey_failed' ? 'passkey_name' : proofs[form]
  const faults = message === null ? fieldErrorsOf(error) : [{ field, message }]
  return { status, retryAfterSeconds, errors: faults.map((fault) => ({ ...fault, form })) }
}

function proofFault({ code, message, reason }: AppError): string | null {
  if (code === 'sign_in_failed') return 'The password is wrong.'
  if (code === 'second_factor_failed' || code === 'passkey_failed') return `${message}.`
  return code === 'too_many_sign_ins' ? `${message}. ${reason ?? ''}` : null
}
