import { browserName } from './browser_name.ts'
import { hiddenField, moment } from './form_parts.ts'
import { type Html, html } from './html.ts'
import { shownHost, shownName, shownText } from './shown_text.ts'
import { type AccountView, type ConnectionView, pagePaths, type SessionView } from './views.ts'

/** The part of the account page that lists the clients a person has connected. */
export function connectionsSection({ connections, csrf }: AccountView): Html {
  return html`<section class="card" aria-labelledby="connections">
  <h2 id="connections">Connected clients</h2>
  ${connections.length === 0 && html`<p>No client is connected in your name.</p>`}
  <ul class="rows">${connections.map((connection) => connectionRow(connection, csrf))}</ul>
  ${
    connections.length > 1 &&
    html`<form method="post" action="${pagePaths.revokeAllConnections}">${hiddenField('csrf', csrf)}
    <button class="danger" type="submit">Disconnect all</button></form>`
  }
</section>`
}

function connectionRow(connection: ConnectionView, csrf: string): Html {
  const name = shownName(connection.clientName)
  return html`<li>
    <div>
      <h3><bdi>${name}</bdi> ${
        connection.verifiedHost !== null &&
        html`<span class="badge good">Verified: <bdi>${shownHost(connection.verifiedHost)}</bdi></span>`
      }</h3>
      <p>Project <bdi>${shownText(connection.projectName, 80)}</bdi></p>
      <p class="scope-names">${connection.scopes.map((scope) => html`<code>${scope}</code> `)}</p>
      <p class="muted">Since ${moment(connection.createdAtMs)} · ${lastUse(connection)}</p>
    </div>
    <form method="post" action="${pagePaths.revokeConnection}">
      ${hiddenField('csrf', csrf)}${hiddenField('grant_id', connection.grantId)}
      <button class="danger" type="submit" aria-label="Disconnect ${name}">Disconnect</button>
    </form>
  </li>`
}

function lastUse({ lastUsedAtMs, lastAddress }: ConnectionView): Html {
  if (lastUsedAtMs === null) return html`never used`
  return html`last used ${moment(lastUsedAtMs)}${lastAddress !== null && ` from ${lastAddress}`}`
}

/** The part of the account page that lists where a person is signed in. */
export function sessionsSection({ sessions, csrf }: AccountView): Html {
  return html`<section class="card" aria-labelledby="sessions">
  <h2 id="sessions">Where you are signed in</h2>
  <ul class="rows">${sessions.map((session) => sessionRow(session, csrf))}</ul>
  ${
    sessions.some(({ isCurrent }) => !isCurrent) &&
    html`<form method="post" action="${pagePaths.endOtherSessions}">${hiddenField('csrf', csrf)}
    <button class="danger" type="submit">Sign out everywhere else</button></form>`
  }
</section>`
}

function sessionRow(session: SessionView, csrf: string): Html {
  const browser = browserName(session.userAgent)
  return html`<li>
    <div>
      <h3>${browser} ${session.isCurrent && html`<span class="badge good">This browser</span>`}</h3>
      <p class="muted">${session.address !== null && `${session.address} · `}since ${moment(
        session.createdAtMs,
      )} · last seen ${moment(session.lastSeenAtMs)}</p>
    </div>
    ${
      !session.isCurrent &&
      html`<form method="post" action="${pagePaths.endSession}">
      ${hiddenField('csrf', csrf)}${hiddenField('session_id', String(session.id))}
      <button type="submit" aria-label="Sign out ${browser}">Sign out</button>
    </form>`
    }
  </li>`
}
