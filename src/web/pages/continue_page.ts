import { html } from './html.ts'
import { page } from './layout.ts'
import { shownHost } from './shown_text.ts'
import type { ContinueView } from './views.ts'

// What a browser would run or open itself, instead of going to a client.
const unsafe = new Set(['javascript:', 'data:', 'vbscript:', 'blob:', 'file:', 'about:'])

/**
 * The page that leads a person on to a client, instead of a redirect in answer to a form: browsers
 * hold the whole chain of such redirects to the form's `form-action`, and so stop a client whose
 * redirect URI redirects further. @throws Error for a URL that is no client's.
 */
export function continuePage(view: ContinueView): string {
  const url = URL.parse(view.url)
  const isPlain = /^[\x21-\x7e]+$/.test(view.url)
  if (url === null || !isPlain || unsafe.has(url.protocol))
    throw new Error('A client cannot be there')
  const body = html`<h1>One moment</h1>
<div class="card">
  <p>You are going back to <strong><bdi>${shownHost(view.redirectHost)}</bdi></strong>.</p>
  <a class="button primary" href="${view.url}">Continue</a>
</div>`
  return page({ title: 'One moment', body, width: 'narrow', leadsTo: view.url })
}
