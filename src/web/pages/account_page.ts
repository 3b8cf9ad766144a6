import { connectionsSection, sessionsSection } from './account_lists.ts'
import { passkeysSection } from './account_passkeys.ts'
import { secondFactorSection } from './account_second_factor.ts'
import {
  doneNotice,
  errorSummary,
  fieldId,
  hiddenField,
  textField,
  unseenAccount,
} from './form_parts.ts'
import { type Html, html } from './html.ts'
import { page } from './layout.ts'
import { passwordFields } from './setup_page.ts'
import { shownText } from './shown_text.ts'
import { type AccountForm, type AccountView, pagePaths } from './views.ts'

/** A person's own page: account, password, second factor, sessions and connected clients. */
export function accountPage(view: AccountView): string {
  const summary = view.errors.map(({ form, field, message }) => ({
    message,
    fieldId: fieldId(form, field),
  }))
  const body = html`<h1>Your account</h1>
${errorSummary(summary)}${doneNotice(view.message)}
${recoveryCodes(view)}
${personSection(view)}
${connectionsSection(view)}
${view.user.hasPassword && secondFactorSection(view)}
${view.user.hasPassword && passkeysSection(view)}
${view.user.hasPassword && passwordSection(view)}
${sessionsSection(view)}`
  const asksPasskeys = view.passkeys.isOffered
  const isError = summary.length > 0
  return page({ title: 'Your account', body, width: 'wide', isError, asksPasskeys })
}

function recoveryCodes({ recoveryCodes }: AccountView): Html | null {
  if (recoveryCodes === null) return null
  return html`<section class="notice caution" aria-labelledby="recovery">
  <h2 id="recovery">Your recovery codes</h2>
  <p>Keep them where only you can read them. Each signs you in once, should you lose your phone. They
  are not shown again, and earlier ones no longer work.</p>
  <ul class="codes">${recoveryCodes.map((code) => html`<li><code>${code}</code></li>`)}</ul>
</section>`
}

function personSection({ user, memberships, csrf }: AccountView): Html {
  return html`<section class="card" aria-labelledby="person">
  <h2 id="person"><bdi>${shownText(user.name, 80)}</bdi></h2>
  <p class="muted"><bdi>${user.email}</bdi></p>
  ${memberships.length === 0 && html`<p>You belong to no project yet.</p>`}
  <ul class="plain">${memberships.map(
    ({ projectName, role }) =>
      html`<li><bdi>${shownText(projectName ?? 'All projects', 80)}</bdi>
      <span class="badge">${role}</span></li>`,
  )}</ul>
  <form method="post" action="${pagePaths.signOut}">${hiddenField('csrf', csrf)}
    <button type="submit">Sign out</button></form>
</section>`
}

const passwordForm: AccountForm = 'changePassword'

function passwordSection(view: AccountView): Html {
  const errors = view.errors.filter(({ form }) => form === passwordForm)
  const current = {
    name: 'current_password',
    label: 'Current password',
    type: 'password',
    autocomplete: 'current-password',
  } as const
  const fields = [current, ...passwordFields(view.minPasswordLength, 'New password')]
  return html`<section class="card" aria-labelledby="password">
  <h2 id="password">Password</h2>
  <form method="post" action="${pagePaths.changePassword}">
    ${hiddenField('csrf', view.csrf)}
    ${unseenAccount(view.user.email)}
    ${fields.map((field) => textField(field, { form: passwordForm, errors }))}
    <button type="submit">Change password</button>
  </form>
</section>`
}
