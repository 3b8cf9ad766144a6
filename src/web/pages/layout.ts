import { type Html, html, raw } from './html.ts'
import { passkeyScriptPath } from './passkey_script.ts'
import { pagesStylePath } from './stylesheet.ts'

/** What a page is made of. */
export interface PageParts {
  /** Names the page in the window's title. */
  readonly title: string
  readonly body: Html
  /** How wide its column may grow. */
  readonly width: 'narrow' | 'medium' | 'wide'
  /** Whether the title says that something was refused. */
  readonly isError?: boolean
  /** A URL that the page leads on to at once. */
  readonly leadsTo?: string
  /** Whether it has the script for passkeys; `pageHeaders` must allow it. */
  readonly asksPasskeys?: boolean
}

const shape = 'M4 4h4v3h2V4h4v3h2V4h4v16h-5v-5a3 3 0 0 0-6 0v5H4z'
const icon = `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="#1a7f74" d="${shape}"/></svg>`,
)}`
const mark = raw(
  `<svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false"><path fill="currentColor" d="${shape}"/></svg>`,
)

/** One whole page, as text. */
export function page(parts: PageParts): string {
  const title = `${parts.isError === true ? 'Error: ' : ''}${parts.title} · Gatehouse`
  const lead = parts.leadsTo === undefined ? null : `0;url=${parts.leadsTo}`
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    ${lead !== null && html`<meta http-equiv="refresh" content="${lead}">`}
    <title>${title}</title>
    <link rel="icon" href="${icon}">
    <link rel="stylesheet" href="${pagesStylePath}">
    ${parts.asksPasskeys === true && html`<script src="${passkeyScriptPath}" defer></script>`}
  </head>
  <body>
    <header class="brand ${parts.width}">${mark}<span>Gatehouse</span></header>
    <main class="${parts.width}">
${parts.body}
    </main>
  </body>
</html>
`.markup
}
