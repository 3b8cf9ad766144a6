import { errorSummary, type Field, fieldId, hiddenField, textField } from './form_parts.ts'
import { type Html, html } from './html.ts'
import { page } from './layout.ts'
import { pagePaths, type SetupView } from './views.ts'

const form = 'setup'
const words = {
  first_owner: {
    title: 'Set up Gatehouse',
    lead: 'Create the account of the first owner, who may do everything on this server.',
    button: 'Create the account',
  },
  invite: {
    title: 'Welcome to Gatehouse',
    lead: 'Choose a password to finish your account.',
    button: 'Finish',
  },
  reset: {
    title: 'Choose a new password',
    lead: 'Everywhere you are signed in now, you will be signed out.',
    button: 'Set the password',
  },
} as const

/** The page that a one-time link leads to. */
export function setupPage(view: SetupView): string {
  const { title, lead, button } = words[view.purpose]
  const ids = new Set(fieldsOf(view).map(({ name }) => name))
  const summary = view.errors.map(({ field, message }) => ({
    message,
    fieldId: ids.has(field) ? fieldId(form, field) : null,
  }))
  const body = html`<h1>${title}</h1>
<p class="lead">${lead}</p>
${errorSummary(summary)}
<form class="card" method="post" action="${pagePaths.setup}">
  ${view.token === null ? null : hiddenField('token', view.token)}
  ${account(view)}
  ${fieldsOf(view).map((field) => textField(field, { form, errors: view.errors }))}
  <button class="primary" type="submit">${button}</button>
</form>`
  return page({ title, body, width: 'narrow', isError: view.errors.length > 0 })
}

// Read-only and named as the user name, so that a password manager files the password under it.
function account({ email }: SetupView): Html | null {
  if (email === null) return null
  return html`<div class="field">
    <label for="setup-account">Account</label>
    <input id="setup-account" type="email" value="${email}" autocomplete="username" readonly>
  </div>`
}

function fieldsOf(view: SetupView): readonly Field[] {
  const fields: Field[] = []
  if (view.token === null) {
    fields.push({
      name: 'token',
      label: 'Setup code',
      type: 'text',
      autocomplete: 'off',
      hint: 'From the setup link: all that follows the # or the = in it.',
    })
  }
  if (view.email === null) fields.push(...personFields(view))
  return [...fields, ...passwordFields(view.minPasswordLength, 'Password')]
}

const personFields = ({ typed }: SetupView): readonly Field[] => [
  {
    name: 'name',
    label: 'Your name',
    type: 'text',
    autocomplete: 'name',
    value: typed.name,
    maxLength: 200,
  },
  {
    name: 'email',
    label: 'Email address',
    type: 'email',
    autocomplete: 'username',
    value: typed.email,
  },
]

/** The two fields in which a person chooses a password. */
export function passwordFields(minLength: number, label: string): readonly Field[] {
  const common = { type: 'password', autocomplete: 'new-password', minLength } as const
  const hint = `At least ${minLength} characters. A few words in a row are easy to remember.`
  return [
    { ...common, name: 'password', label, hint },
    { ...common, name: 'password_again', label: `${label} once more` },
  ]
}
