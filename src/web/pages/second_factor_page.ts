import { errorSummary, fieldId, hiddenField, textField } from './form_parts.ts'
import { html } from './html.ts'
import { page } from './layout.ts'
import { passkeyEntrance } from './passkey_script.ts'
import { pagePaths, type SecondFactorView } from './views.ts'

const form = 'second-factor'

/** The page that asks for a code after the password. */
export function secondFactorPage(view: SecondFactorView): string {
  const errors = view.error === null ? [] : [{ field: 'code', message: view.error }]
  const summary = errors.map(({ message }) => ({ message, fieldId: fieldId(form, 'code') }))
  const body = html`<h1>Enter your code</h1>
${errorSummary(summary)}
<form class="card" method="post" action="${pagePaths.secondFactor}">
  ${hiddenField('csrf', view.csrf)}
  ${view.next === null ? null : hiddenField('next', view.next)}
  <p>Signing in as <strong><bdi>${view.email}</bdi></strong>.</p>
  ${textField(
    {
      name: 'code',
      label: 'Code',
      type: 'text',
      autocomplete: 'one-time-code',
      hint: 'The six digits your authenticator app shows, or one of your recovery codes.',
      maxLength: 64,
    },
    { form, errors },
  )}
  <button class="primary" type="submit">Continue</button>
</form>
${view.offersPasskeys === true && passkeyEntrance(view.next, 'Use a passkey instead')}
<form class="aside" method="post" action="${pagePaths.signOut}">
  ${hiddenField('csrf', view.csrf)}
  ${view.next === null ? null : hiddenField('next', view.next)}
  <button class="link" type="submit">Sign in as someone else</button>
</form>`
  const asksPasskeys = view.offersPasskeys === true
  const isError = view.error !== null
  return page({ title: 'Enter your code', body, width: 'narrow', isError, asksPasskeys })
}
