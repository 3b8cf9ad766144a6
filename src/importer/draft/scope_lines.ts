const heading =
  /^[\s>*-]{0,20}\*\*\s{0,4}required\s{1,4}(?:\w{1,20}\s{1,4})?scopes?\s{0,4}:?\s{0,4}\*\*\s{0,4}:?/i
const item = /^\s{0,20}[-*+]\s+`?([^\s`,]{1,200})`?\s*(?:[-–—:(].*)?$/
const quoted = /`([^`\n]{1,200})`/g
const nothing = /^(?:none|n\/?a|no scopes?|not required|public|-|–|—)?[.\s]*$/i

/** Bold and code in HTML as Markdown has them, and the breaks between lines. */
function asMarkdown(text: string): string {
  if (!text.includes('<')) return text
  return text
    .replace(/<\/?(?:b|strong)>/gi, '**')
    .replace(/<\/?code>/gi, '`')
    .replace(/<\/?(?:br|p|li|ul)\s{0,4}\/?>/gi, ' ')
}

/** Whether a line of a description is `**Required scope:** …` (wire.md §9), in Markdown or HTML. */
export function isScopeLine(line: string): boolean {
  return heading.test(asMarkdown(line))
}

/**
 * The scopes of `**Required scope:**` lines, in backticks or bare, parted by commas, `and` or white
 * space, or as the list below the line; null where the text has no such line.
 */
export function scopesOfLines(description: string): string[] | null {
  const lines = asMarkdown(description.slice(0, 50_000)).split('\n')
  const scopes: string[] = []
  let isFound = false
  for (const [index, line] of lines.entries()) {
    if (!isScopeLine(line)) continue
    isFound = true
    const rest = line.replace(heading, '').trim()
    scopes.push(...(rest === '' ? listBelow(lines, index + 1) : splitScopes(rest)))
  }
  return isFound ? scopes : null
}

function listBelow(lines: readonly string[], start: number): string[] {
  const found: string[] = []
  for (const line of lines.slice(start, start + 50)) {
    const name = item.exec(line)?.[1]
    if (name === undefined && line.trim() !== '') return found.length > 0 ? found : quotedIn(line)
    if (name !== undefined) found.push(name)
    else if (found.length > 0) break
  }
  return found
}

/** The names in a text that lists scopes. */
export function splitScopes(text: string): string[] {
  const inTicks = quotedIn(text)
  if (inTicks.length > 0) return inTicks
  if (nothing.test(text)) return []
  const [list = ''] = text.replace(/[*"'()[\]]/g, ' ').split(/\.(?:\s|$)/, 1)
  return list.split(/[\s,;&|]+/).filter((word) => word !== '' && !/^(?:and|or|und|et)$/i.test(word))
}

const quotedIn = (text: string): string[] =>
  [...text.matchAll(quoted)]
    .flatMap(([, name = '']) => name.split(/[\s,]+/))
    .filter((name) => name !== '')
