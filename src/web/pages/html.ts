/** Text that is markup already: what `html` and `raw` make, and nothing else. */
export class Html {
  // Private, so that no other object passes for one.
  readonly #markup: string

  constructor(markup: string) {
    this.#markup = markup
  }

  get markup(): string {
    return this.#markup
  }
}

/** What may stand in a template; null and false give nothing. */
export type HtmlValue = string | number | Html | null | false | readonly HtmlValue[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  // Bare, the parser would make a newline of it.
  '\r': '&#13;',
  // No document may hold it.
  '\0': '\ufffd',
}

/** Text as it may stand between tags and in a quoted attribute; lone surrogates become U+FFFD. */
export function escapeHtml(text: string): string {
  return text.toWellFormed().replace(/[&<>"'\r\0]/g, (character) => entities[character] ?? '')
}

/** Marks text as trusted markup. Only for literals and for what code made itself. */
export function raw(markup: string): Html {
  return new Html(markup)
}

/**
 * A template whose values are escaped unless they are markup already. Values belong between tags or
 * in quoted attributes. @throws Error for a value right after `=`: an attribute without quotes.
 */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let markup = parts[0] ?? ''
  values.forEach((value, index) => {
    if (/=\s*$/.test(parts[index] ?? '')) throw new Error('A value needs quotes around it')
    markup += markupOf(value) + (parts[index + 1] ?? '')
  })
  return new Html(markup)
}

function markupOf(value: HtmlValue): string {
  if (value === null || value === false) return ''
  if (value instanceof Html) return value.markup
  if (typeof value === 'object') return value.map(markupOf).join('')
  return escapeHtml(String(value))
}
