import { type Html, html } from './html.ts'
import type { FieldError } from './views.ts'

/** A field that a form carries unseen. */
export function hiddenField(name: string, value: string): Html {
  return html`<input type="hidden" name="${name}" value="${value}">`
}

/** Whose password a form takes, for password managers alone. */
export function unseenAccount(email: string): Html {
  return html`<input class="unseen" type="email" autocomplete="username" value="${email}"
      aria-label="Account" tabindex="-1" readonly>`
}

/** One labelled text field. */
export interface Field {
  readonly name: string
  readonly label: string
  readonly type: 'text' | 'email' | 'password'
  /** The purpose of the field (HTML, autofill field names). */
  readonly autocomplete: string
  readonly value?: string
  readonly hint?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly inputMode?: 'numeric' | 'email'
}

/** The fields of one form and what is wrong with them; `form` keeps ids apart on a page. */
export interface FieldContext {
  readonly form: string
  readonly errors: readonly FieldError[]
}

/** The id of a form's field, which an error summary links to. */
export function fieldId(form: string, name: string): string {
  return `${form}-${name}`
}

/** A text field with its label, hint and error, each tied to it for screen readers. */
export function textField(field: Field, context: FieldContext): Html {
  const id = fieldId(context.form, field.name)
  const error = context.errors.find(({ field: name }) => name === field.name)?.message ?? null
  const described = [field.hint && `${id}-hint`, error !== null && `${id}-error`].filter(Boolean)
  return html`<div class="field">
  <label for="${id}">${field.label}</label>
  ${field.hint ? html`<p class="hint" id="${id}-hint">${field.hint}</p>` : null}
  ${error === null ? null : html`<p class="error" id="${id}-error">${error}</p>`}
  <input id="${id}" name="${field.name}" type="${field.type}" required
    autocomplete="${field.autocomplete}" autocapitalize="none" spellcheck="false"
    ${attribute('value', field.value)}
    ${attribute('minlength', field.minLength)}
    ${attribute('maxlength', field.maxLength)}
    ${attribute('inputmode', field.inputMode)}
    ${attribute('aria-describedby', described.length === 0 ? undefined : described.join(' '))}
    ${error === null ? null : html`aria-invalid="true"`}>
</div>`
}

function attribute(name: string, value: string | number | undefined): Html | null {
  return value === undefined || value === '' ? null : html`${name}="${value}"`
}

/** One line of an error summary; `fieldId` null where no one field is to blame. */
export interface SummaryEntry {
  readonly message: string
  readonly fieldId: string | null
}

/** What is wrong with a form, at the top of its page, each linked to its field; null for nothing. */
export function errorSummary(entries: readonly SummaryEntry[]): Html | null {
  if (entries.length === 0) return null
  return html`<div class="notice bad" role="alert" aria-labelledby="error-summary">
  <h2 id="error-summary">${entries.length === 1 ? 'There is a problem' : 'There are problems'}</h2>
  <ul>${entries.map(
    ({ message, fieldId }) =>
      html`<li>${fieldId === null ? message : html`<a href="#${fieldId}">${message}</a>`}</li>`,
  )}</ul>
</div>`
}

/** A sentence on what was done. */
export function doneNotice(message: string | null | undefined): Html | null {
  return message ? html`<div class="notice good" role="status"><p>${message}</p></div>` : null
}

/** A moment in UTC, to the minute. */
export function moment(ms: number): Html {
  const iso = new Date(ms).toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC</time>`
}
