import type { ConsoleDeps } from '../../access/console_session.ts'
import { type OpenLink, readSetupLink, useSetupLink } from '../../access/setup_link.ts'
import { AppError } from '../../errors.ts'
import { minPasswordLength } from '../../model/password_length.ts'
import { setupPage } from '../../web/pages/setup_page.ts'
import { type FieldError, pagePaths, type SetupView } from '../../web/pages/views.ts'
import { arrivalOf, enter, formOf, type PageContext, pageResponse } from '../console_exchange.ts'
import { fieldErrorsOf } from '../field_errors.ts'
import type { ManagementRouter } from '../management_router.ts'

/** Adds the page a one-time link leads to: the first owner, an invitation, a new password. */
export function addSetupRoutes(router: ManagementRouter, deps: ConsoleDeps): void {
  router.get(`${pagePaths.setup}/:token`, (c) => show(deps, c.req.param('token')))
  router.post(pagePaths.setup, (c) => take(deps, c))
}

async function show(deps: ConsoleDeps, token: string): Promise<Response> {
  const link = await readSetupLink(deps, token)
  return pageResponse(setupPage(viewOf(link, { token, name: '', email: '' }, [])))
}

async function take(deps: ConsoleDeps, c: PageContext): Promise<Response> {
  const form = await formOf(deps, c)
  const typed = {
    token: form.get('token') ?? '',
    name: form.get('name')?.trim() ?? '',
    email: form.get('email')?.trim() ?? '',
  }
  const link = await readSetupLink(deps, typed.token)
  const password = form.get('password') ?? ''
  try {
    if (form.get('password_again') !== form.get('password')) throw differ()
    const use = { token: typed.token, form: { ...typed, password } }
    return enter(deps, await useSetupLink(deps, use, arrivalOf(c)), null)
  } catch (error) {
    const errors = fieldErrorsOf(error)
    return pageResponse(setupPage(viewOf(link, typed, errors)), { status: 422 })
  }
}

const differ = () =>
  new AppError('validation_failed', {
    errors: [{ pointer: '/password_again', message: 'The two passwords differ.' }],
  })

const viewOf = (
  { purpose, email }: OpenLink,
  typed: { readonly token: string; readonly name: string; readonly email: string },
  errors: readonly FieldError[],
): SetupView => ({
  purpose: purpose === 'setup' ? 'first_owner' : purpose,
  token: typed.token,
  email,
  typed,
  minPasswordLength,
  errors,
})
