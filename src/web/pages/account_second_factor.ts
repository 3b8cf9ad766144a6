import { type Field, hiddenField, textField, unseenAccount } from './form_parts.ts'
import { type Html, html } from './html.ts'
import { qrCode } from './qr_code.ts'
import { type AccountForm, type AccountView, pagePaths, type TotpView } from './views.ts'

/** The part of the account page where a second factor is set up and removed. */
export function secondFactorSection(view: AccountView): Html {
  return html`<section class="card" aria-labelledby="second-factor">
  <h2 id="second-factor">Two-step sign-in
    <span class="badge ${view.totp.state === 'on' ? 'good' : ''}">${
      view.totp.state === 'on' ? 'On' : 'Off'
    }</span></h2>
  ${stepOf(view, view.totp)}
</section>`
}

function stepOf(view: AccountView, totp: TotpView): Html {
  if (totp.state === 'enrolling') return enrolling(view, totp)
  if (totp.state === 'on') return inUse(view, totp.recoveryCodesLeft)
  return html`<p>A code from your phone, besides your password, keeps others out even if they learn it.</p>
  <form method="post" action="${pagePaths.beginSecondFactor}">${hiddenField('csrf', view.csrf)}
    <button type="submit">Set up an authenticator app</button></form>`
}

const codeField: Field = {
  name: 'code',
  label: 'Code',
  type: 'text',
  autocomplete: 'one-time-code',
  inputMode: 'numeric',
  hint: 'The six digits the app shows now.',
  maxLength: 16,
}

function enrolling(view: AccountView, totp: TotpView & { state: 'enrolling' }): Html {
  const form: AccountForm = 'confirmSecondFactor'
  return html`<ol class="steps">
    <li><p>Scan this with your authenticator app, or add the key by hand:</p>
      ${qrCode(totp.qrModules)}
      <p><code class="key">${spaced(totp.secret)}</code></p>
      ${
        totp.uri.startsWith('otpauth://') &&
        html`<p><a href="${totp.uri}">Open in an app on this device</a></p>`
      }</li>
    <li><form method="post" action="${pagePaths.confirmSecondFactor}">
      ${hiddenField('csrf', view.csrf)}
      ${textField(codeField, { form, errors: view.errors.filter((one) => one.form === form) })}
      <button class="primary" type="submit">Turn on</button>
    </form></li>
  </ol>`
}

const spaced = (secret: string) => secret.replace(/(.{4})(?=.)/g, '$1 ')

function inUse(view: AccountView, codesLeft: number): Html {
  const left = codesLeft === 1 ? '1 recovery code is' : `${codesLeft} recovery codes are`
  return html`<p>Signing in takes a code from your authenticator app. ${left} left.</p>
  ${withPassword(view, { form: 'renewRecoveryCodes', title: 'New recovery codes', button: 'Make new codes' })}
  ${withPassword(view, { form: 'removeSecondFactor', title: 'Turn off', button: 'Turn off' })}`
}

interface PasswordStep {
  readonly form: AccountForm
  readonly title: string
  readonly button: string
}

// Folded away, unless it is what was refused.
function withPassword(view: AccountView, { form, title, button }: PasswordStep): Html {
  const errors = view.errors.filter((error) => error.form === form)
  const field: Field = {
    name: 'current_password',
    label: 'Current password',
    type: 'password',
    autocomplete: 'current-password',
  }
  return html`<details ${errors.length > 0 && html`open`}>
    <summary>${title}</summary>
    <form method="post" action="${pagePaths[form]}">
      ${hiddenField('csrf', view.csrf)}${unseenAccount(view.user.email)}
      ${textField(field, { form, errors })}
      <button type="submit">${button}</button>
    </form>
  </details>`
}
