import script from '../passkeys.js' with { type: 'text' }
import { hiddenField } from './form_parts.ts'
import { type Html, html } from './html.ts'
import { pagePaths } from './views.ts'

/** The script by which a page asks the browser for a passkey. */
export const passkeyScriptText = String(script)

const version = new Bun.CryptoHasher('sha256').update(passkeyScriptText).digest('hex').slice(0, 12)

/** Where the pages link it; the query changes with its content, so that it may be kept for good. */
export const passkeyScriptPath = `/assets/passkeys.js?v=${version}`

/**
 * A form that the script sends once the browser has answered `options`; its fields are `fields` and
 * `answer`.
 */
export function passkeyForm(parts: {
  readonly action: string
  readonly ask: 'create' | 'get'
  readonly options: string
  readonly fields: Html
  readonly button: string
}): Html {
  return html`<form method="post" action="${parts.action}" data-passkey="${parts.ask}" data-passkey-options="${parts.options}">
    ${parts.fields}<input type="hidden" name="answer" value="">
    <p class="error" role="alert" data-passkey-trouble hidden>Nothing came of it. Try again.</p>
    <button class="primary" type="submit">${parts.button}</button>
  </form>`
}

/** The way from another page to a sign-in by passkey; hidden until the script finds that it may be. */
export function passkeyEntrance(next: string | null, button: string): Html {
  return html`<form class="card" method="post" action="${pagePaths.beginPasskeySignIn}" hidden data-needs-passkeys>
  ${next === null ? null : hiddenField('next', next)}
  <button type="submit">${button}</button>
</form>`
}
