import { hiddenField } from './form_parts.ts'
import { html } from './html.ts'
import { page } from './layout.ts'
import { passkeyForm } from './passkey_script.ts'
import { type PasskeyView, pagePaths } from './views.ts'

/** The page on which the browser asks for a passkey. */
export function passkeyPage({ next, options }: PasskeyView): string {
  const back = next === null ? '' : `?next=${encodeURIComponent(next)}`
  const form = passkeyForm({
    ...{ action: pagePaths.answerPasskey, ask: 'get', options, button: 'Use your passkey' },
    fields: html`${next === null ? null : hiddenField('next', next)}`,
  })
  const body = html`<h1>Sign in with a passkey</h1>
<div class="card">
  <p>Your browser asks for it now.</p>
  ${form}
</div>
<p class="aside"><a href="${pagePaths.signIn}${back}">Sign in another way</a></p>`
  return page({ title: 'Sign in with a passkey', body, width: 'narrow', asksPasskeys: true })
}
