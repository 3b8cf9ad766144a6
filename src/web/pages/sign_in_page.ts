import { doneNotice, errorSummary, fieldId, hiddenField, textField } from './form_parts.ts'
import { type Html, html } from './html.ts'
import { page } from './layout.ts'
import { passkeyEntrance } from './passkey_script.ts'
import { pagePaths, type SignInView } from './views.ts'

const form = 'sign-in'

/** The page on which a person signs in. */
export function signInPage(view: SignInView): string {
  const blamed =
    view.isPasswordOff === true || view.isPasskeyRefused === true ? null : fieldId(form, 'email')
  const summary = view.error === null ? [] : [{ message: view.error, fieldId: blamed }]
  const body = html`<h1>Sign in</h1>
${errorSummary(summary)}${doneNotice(view.notice)}
${view.isPasswordOff === true ? providerAlone(view) : passwordForm(view)}`
  const asksPasskeys = view.offersPasskeys === true && view.isPasswordOff !== true
  const isError = view.error !== null
  return page({ title: 'Sign in', body, width: 'narrow', isError, asksPasskeys })
}

function passwordForm(view: SignInView): Html {
  const context = { form, errors: [] }
  return html`<form class="card" method="post" action="${pagePaths.signIn}">
  ${view.csrf === undefined ? null : hiddenField('csrf', view.csrf)}
  ${view.next === null ? null : hiddenField('next', view.next)}
  ${textField(
    {
      name: 'email',
      label: 'Email address',
      type: 'email',
      autocomplete: 'username',
      value: view.email,
    },
    context,
  )}
  ${textField(
    { name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password' },
    context,
  )}
  <button class="primary" type="submit">Sign in</button>
  ${otherProvider(view)}
</form>
${view.offersPasskeys === true && passkeyEntrance(view.next, 'Sign in with a passkey')}
<p class="aside">Forgotten your password? An administrator of this server can send you a link to set
a new one.</p>`
}

function providerAlone({ otherProvider }: SignInView): Html | null {
  if (otherProvider === null) return null
  return html`<div class="card">
  <a class="button primary" href="${localPath(otherProvider.url)}">Sign in with ${otherProvider.name}</a>
</div>`
}

// Escaping does not stop a link from leading elsewhere, or into a script.
const localPath = (url: string) => (/^\/(?![/\\])/.test(url) ? url : pagePaths.signIn)

function otherProvider({ otherProvider }: SignInView): Html | null {
  if (otherProvider === null) return null
  return html`<p class="or"><span>or</span></p>
  <a class="button" href="${localPath(otherProvider.url)}">Sign in with ${otherProvider.name}</a>`
}
