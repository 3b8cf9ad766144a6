import { html } from './html.ts'
import { page } from './layout.ts'
import { shownText } from './shown_text.ts'
import type { AuthorizeErrorView, SetupHintView, SignedOutView } from './views.ts'
import { pagePaths } from './views.ts'

const maxSentenceChars = 600

/** The page that ends a request for access which may not be answered by a redirect. */
export function authorizeErrorPage(view: AuthorizeErrorView): string {
  const code = view.code ?? null
  const body = html`<h1>${shownText(view.title, maxSentenceChars)}</h1>
<div class="card">
  <p>${shownText(view.detail, maxSentenceChars)}</p>
  ${view.reason === null ? null : html`<p>${shownText(view.reason, maxSentenceChars)}</p>`}
  <p class="hint">Nothing was approved, and nothing was sent to the client that asked. You can close
  this page.</p>
  ${code === null ? null : html`<p class="hint">Error code: <code>${shownText(code, 100)}</code></p>`}
</div>`
  return page({ title: shownText(view.title, 100), body, width: 'narrow', isError: true })
}

/** The page of an installation that nobody owns yet. */
export function setupHintPage(view: SetupHintView = { command: 'gatehouse setup-url' }): string {
  const body = html`<h1>Gatehouse is not set up yet</h1>
<div class="card">
  <p>The first owner's account is created through a one-time link. Gatehouse prints it when it starts;
  this command, run on the server, prints a new one:</p>
  <pre><code>${view.command}</code></pre>
  <p class="hint">If this is not your server, ask whoever runs it.</p>
</div>`
  return page({ title: 'Not set up yet', body, width: 'narrow' })
}

/** The page after signing out. */
export function signedOutPage(view: SignedOutView = { next: null }): string {
  const query = view.next === null ? '' : `?next=${encodeURIComponent(view.next)}`
  const body = html`<h1>You are signed out</h1>
<div class="card">
  <p>Clients that you have connected stay connected; you can end that on your account page.</p>
  <a class="button primary" href="${pagePaths.signIn}${query}">Sign in again</a>
</div>`
  return page({ title: 'Signed out', body, width: 'narrow' })
}
