import { html } from './html.ts'
import { page } from './layout.ts'
import { shownText } from './shown_text.ts'
import { pagePaths, type RefusalView } from './views.ts'

const maxSentenceChars = 600

/** The page of a link or a form that led nowhere. */
export function refusalPage({ title, reason }: RefusalView): string {
  const body = html`<h1>${shownText(title, maxSentenceChars)}</h1>
<div class="card">
  ${reason === null ? null : html`<p>${shownText(reason, maxSentenceChars)}</p>`}
  <a class="button" href="${pagePaths.account}">Go to your account</a>
</div>`
  return page({ title: shownText(title, 100), body, width: 'narrow', isError: true })
}
