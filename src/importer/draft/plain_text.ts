import { visibleOnly } from '../schema/concise_text.ts'

/** Longest text that is looked at; documents have whole manuals in a description. */
const MAX_INPUT = 8_000

const block =
  /<\/?(?:p|div|br|hr|ul|ol|li|dl|dt|dd|h[1-6]|table|thead|tbody|tfoot|tr|section|article|nav|details|summary|blockquote|center|figure)(?:\s[^<>]*)?\/?>/gi
const inline =
  /<\/?(?:a|b|i|u|s|em|strong|code|kbd|samp|var|span|sub|sup|small|big|mark|del|ins|font|img|td|th|label|button|svg|path|abbr|cite|q|wbr)(?:\s[^<>]*)?\/?>/gi
const dropped = /<(pre|script|style|svg|iframe|video|audio)(?:\s[^<>]*)?>[\s\S]*?<\/\1\s*>/gi
const comment = /<!--[\s\S]*?(?:-->|$)/g
const fence = /^[ \t]*(```|~~~)[^\n]*\n[\s\S]*?(?:^[ \t]*\1[ \t]*$|(?![\s\S]))/gm

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  ndash: '–',
  mdash: '—',
  hellip: '…',
  rarr: '→',
}

/**
 * What a description says, without what only a page shows: HTML tags, images, targets of links,
 * tables of contents, code samples, marks of headings and emphasis. Code in backticks stays as it is.
 * Paragraphs are lines. No character of it is invisible or reorders others (reliability.md case 283).
 */
export function plainText(markdown: string): string {
  const text = markdown.slice(0, MAX_INPUT).replace(/\r\n?/g, '\n')
  if (isPlain(text)) return text.trim()
  const blocks = text.replace(comment, '').replace(fence, '\n').replace(dropped, ' ')
  const lines = blocks.split('\n').filter((line) => !isNavigation(line))
  // What stands between backticks is code: `Bearer <token>` is no tag there.
  const parts = lines.join('\n').split(/(`[^`\n]*`)/)
  const said = parts.map((part, index) => (index % 2 === 1 ? part : withoutMarks(part))).join('')
  return tidy(visibleOnly(said))
}

const isPlain = (text: string) => /^[A-Za-z0-9 ,.;:'"!?/()-]*$/.test(text) && !text.includes('  ')

/** An entry of a table of contents, a badge, a media type, or the line under a table's head. */
function isNavigation(line: string): boolean {
  const said = line.trim()
  if (said === '') return false
  if (/^(?:[-*+]|\d{1,3}[.)])\s+\[[^\]]*\]\(#[^)]*\)$/.test(said)) return true
  // `Accept` is not the model's to choose.
  if (/^(?:[-*+]\s+)\**`?application\/[\w.+-]+`?\**|custom media types/i.test(said)) return true
  if (/^(?:[-*+]\s+)?(?:!\[[^\]]*\]\([^)]*\)\s*)+$/.test(said)) return true
  return said.length > 2 && /^[|:\-=*_\s]+$/.test(said)
}

function withoutMarks(text: string): string {
  return decoded(
    text
      .replace(/!\[[^\]]*\]\([^)\s]*(?:\s[^)]*)?\)/g, '')
      .replace(/\[((?:[^[\]]|\[[^[\]]*\])*)\]\([^()]*(?:\([^()]*\)[^()]*)*\)/g, '$1')
      .replace(/\[([^[\]]+)\]\[[^[\]]*\]/g, '$1')
      .replace(/^\s*\[[^[\]]+\]:\s+\S+.*$/gm, '')
      .replace(/<(?:https?|mailto):[^<>\s]*>/gi, '')
      .replace(block, '\n\n')
      .replace(inline, '')
      .replace(/<\/?[A-Z]\w{0,30}(?:\s[^<>]*)?\/?>/g, (tag) => (isComponent(tag, text) ? '' : tag))
      .replace(/^\s*\{%.*%\}\s*$/gm, '')
      .replace(/^[ \t]{0,3}#{1,6}[ \t]+(.*?)[ \t]*#*$/gm, '\n$1\n')
      .replace(/^[ \t]*>[ \t]?(?:\[!(\w+)\])?/gm, (_, kind?: string) => (kind ? `${kind}: ` : ''))
      .replace(/\*\*|__(?=\S)|(?<=\S)__/g, '')
      .replace(/(?<![\w*])\*(?=[^\s*])([^*\n]*)\*(?![\w*])/g, '$1')
      .replace(/\\([*_`#[\]<>|~-])/g, '$1')
      .replace(/[ \t]*\|[ \t]*$|^[ \t]*\|[ \t]*/gm, ''),
  )
}

function decoded(text: string): string {
  return text.includes('&') ? text.replace(/&(?:#x?[0-9a-f]{1,6}|[a-z]{2,6});/gi, character) : text
}

function character(entity: string): string {
  const name = entity.slice(1, -1).toLowerCase()
  if (!name.startsWith('#')) return entities[name] ?? entity
  const code = name.startsWith('#x')
    ? Number.parseInt(name.slice(2), 16)
    : Number.parseInt(name.slice(1), 10)
  const isCharacter = code > 31 && code < 0x11_0000 && (code < 0xd800 || code > 0xdfff)
  return isCharacter ? String.fromCodePoint(code) : ' '
}

/** A tag of a documentation system, `<Message warning>`: it has an end; `<Token>` has none. */
function isComponent(tag: string, text: string): boolean {
  return tag.startsWith('</') || text.includes(`</${/\w+/.exec(tag)?.[0]}>`)
}

/** Paragraphs and list items as one line each. */
function tidy(text: string): string {
  return text
    .replace(/[ \t\u00a0]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/(?<!\n)\n(?!\n|[-*+•] |\d{1,3}[.)] |[^\n]*\|)/g, ' ')
    .replace(/\n+/g, '\n')
    .trim()
}

/** The beginning of a text to the end of a sentence, or of a word with an ellipsis. */
export function firstSentences(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  const head = text.slice(0, maxLength)
  const ends = [...head.matchAll(/[.!?。](?=\s|$)|\n/g)].map(({ index }) => index)
  const end = ends.findLast(
    (at) => at >= maxLength / 2 && !/\b(?:e\.g|i\.e|etc|vs)$/.test(head.slice(0, at)),
  )
  if (end !== undefined) return head.slice(0, end + 1).trim()
  const space = head.lastIndexOf(' ')
  const cut = head.slice(0, space > maxLength / 2 ? space : maxLength - 1)
  return `${cut.toWellFormed().replace(/[\ufffd,;:\s]+$/, '')}…`
}

/** `plainText` on one line of at most so many characters. */
export function plainLine(markdown: string | null, maxLength: number): string {
  return firstSentences(plainText(markdown ?? '').replaceAll('\n', ' '), maxLength)
}
