import { projectChoice, projectFieldId } from './consent_scopes.ts'
import { errorSummary, hiddenField } from './form_parts.ts'
import { type Html, html } from './html.ts'
import { page } from './layout.ts'
import { shownHost, shownName, shownText } from './shown_text.ts'
import { type ConsentClient, type ConsentView, pagePaths } from './views.ts'

/**
 * The page on which a person approves or denies what an OAuth client asks (reliability.md cases 111
 * and 112). What the client says of itself is cleaned, cut and shown as a claim.
 */
export function consentPage(view: ConsentView): string {
  const name = shownName(view.client.name)
  const body = html`<h1>Connect <q><bdi>${name}</bdi></q>?</h1>
<p class="lead">This client asks to use tools through Gatehouse in your name.</p>
${errorSummary(view.error === null ? [] : [{ message: view.error, fieldId: firstControl(view) }])}
${warnings(view)}
${facts(view, name)}
<form id="sign-out" method="post" action="${pagePaths.signOut}">
  ${hiddenField('csrf', view.csrf)}${hiddenField('next', view.next)}
</form>
<form class="consent" method="post" action="${pagePaths.authorize}">
  ${view.hidden.map(([field, value]) => hiddenField(field, value))}
  ${hiddenField('csrf', view.csrf)}
  ${projectChoice(view)}
  ${decision(view)}
</form>`
  return page({ title: `Connect ${name}?`, body, width: 'medium', isError: view.error !== null })
}

function firstControl({ projects }: ConsentView): string | null {
  const first = projects.find(({ isAllowed }) => isAllowed)
  return first === undefined || projects.length === 1 ? null : projectFieldId(first.id)
}

function warnings(view: ConsentView): Html | null {
  const { client } = view
  const said: Html[] = []
  if (client.isUnverified) {
    said.push(html`<strong>Nobody has verified this client.</strong> It chose its name itself. Go on
    only if you started this connection a moment ago.`)
  }
  if (client.isLoopback) {
    said.push(html`<strong>The answer goes to a program on this computer</strong>, and any program
    here can pose as this client. Go on only if you just started the connection from a program that
    you trust.`)
  }
  said.push(...view.warnings.map((warning) => html`${shownText(warning, 400)}`))
  if (said.length === 0) return null
  return html`<div class="notice caution" role="note" aria-label="Warnings">
  <ul>${said.map((each) => html`<li>${each}</li>`)}</ul>
</div>`
}

function facts({ client, user }: ConsentView, name: string): Html {
  return html`<dl class="card facts">
  <div><dt>Client</dt><dd><bdi>${name}</bdi> ${badge(client)}</dd></div>
  <div><dt>Client ID</dt><dd><code><bdi>${shownText(client.clientId, 300)}</bdi></code></dd></div>
  <div><dt>Answer goes to</dt><dd><strong><bdi>${shownHost(client.redirectHost)}</bdi></strong>${
    client.isLoopback ? ' (this computer)' : null
  }</dd></div>
  <div><dt>Signed in as</dt><dd><bdi>${shownText(user.name, 80)}</bdi>
    <span class="muted"><bdi>${user.email}</bdi></span>
    <button class="link" type="submit" form="sign-out">Not you? Sign out</button></dd></div>
</dl>`
}

function badge(client: ConsentClient): Html {
  if (client.isUnverified) return html`<span class="badge caution">Unverified</span>`
  const host = client.verifiedHost
  if (host !== null) {
    return html`<span class="badge good">Verified: <bdi>${shownHost(host)}</bdi></span>`
  }
  return html`<span class="badge good">Set up by an administrator</span>`
}

// Deny comes first, so that Enter in a check box denies: the first button is the form's default.
function decision(view: ConsentView): Html {
  const canApprove = view.projects.some(({ isAllowed }) => isAllowed)
  const approve = html`<button class="primary" type="submit" name="decision" value="approve">Approve</button>`
  return html`<div class="decision">
    <button type="submit" name="decision" value="deny" formnovalidate>Deny</button>
    ${canApprove && approve}
  </div>
  <p class="hint">Either way you go back to <bdi>${shownHost(view.client.redirectHost)}</bdi>. You can
  end a connection at any time on your account page.</p>`
}
