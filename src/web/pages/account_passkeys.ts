import { type Field, fieldId, hiddenField, moment, textField, unseenAccount } from './form_parts.ts'
import { type Html, html } from './html.ts'
import { passkeyForm } from './passkey_script.ts'
import { shownText } from './shown_text.ts'
import { type AccountForm, type AccountView, type OwnPasskeyView, pagePaths } from './views.ts'

/** The part of the account page where passkeys are added and removed; null where there are none. */
export function passkeysSection(view: AccountView): Html | null {
  const { isOffered, list } = view.passkeys
  if (!isOffered && list.length === 0) return null
  return html`<section class="card" aria-labelledby="passkeys">
  <h2 id="passkeys">Passkeys</h2>
  <p>A passkey signs you in with your fingerprint, face or PIN, without password and code. Your
  password goes on working.</p>
  <ul class="rows">${list.map(row)}</ul>
  ${isOffered && (view.newPasskey === null ? addForm(view) : creating(view, view.newPasskey))}
  ${list.length > 0 && removeForm(view)}
</section>`
}

function row({ name, createdAtMs, lastUsedAtMs }: OwnPasskeyView): Html {
  return html`<li><div>
    <h3><bdi>${shownText(name, 60)}</bdi></h3>
    <p class="muted">Since ${moment(createdAtMs)} · ${
      lastUsedAtMs === null ? 'never used' : html`last used ${moment(lastUsedAtMs)}`
    }</p>
  </div></li>`
}

function creating(view: AccountView, made: { readonly name: string; readonly options: string }) {
  return passkeyForm({
    ...{ action: pagePaths.addPasskey, ask: 'create', options: made.options },
    button: 'Create the passkey',
    fields: html`${hiddenField('csrf', view.csrf)}${hiddenField('passkey_name', made.name)}`,
  })
}

const password = {
  name: 'current_password',
  label: 'Current password',
  type: 'password',
  autocomplete: 'current-password',
} as const

function addForm(view: AccountView): Html {
  const form: AccountForm = 'beginPasskey'
  const errors = view.errors.filter((error) => error.form === form)
  const name: Field = {
    ...{ name: 'passkey_name', label: 'Name', autocomplete: 'off', maxLength: 60 },
    type: 'text',
    hint: 'By which you will know it: “My phone”.',
  }
  return html`<details hidden data-needs-passkeys ${errors.length > 0 && html`open`}>
    <summary>Add a passkey</summary>
    <form method="post" action="${pagePaths.beginPasskey}">
      ${hiddenField('csrf', view.csrf)}${unseenAccount(view.user.email)}
      ${textField(name, { form, errors })}
      ${textField(password, { form, errors })}
      <button type="submit">Continue</button>
    </form>
  </details>`
}

function removeForm(view: AccountView): Html {
  const form: AccountForm = 'removePasskey'
  const errors = view.errors.filter((error) => error.form === form)
  const id = fieldId(form, 'passkey_id')
  return html`<details ${errors.length > 0 && html`open`}>
    <summary>Remove a passkey</summary>
    <form method="post" action="${pagePaths.removePasskey}">
      ${hiddenField('csrf', view.csrf)}${unseenAccount(view.user.email)}
      <div class="field"><label for="${id}">Passkey</label>
        <select id="${id}" name="passkey_id">${view.passkeys.list.map(
          (each) => html`<option value="${String(each.id)}">${shownText(each.name, 60)}</option>`,
        )}</select></div>
      ${textField(password, { form, errors })}
      <button class="danger" type="submit">Remove</button>
    </form>
  </details>`
}
