/**
 * What shows nothing or reorders what is shown: controls, format (bidi, zero-width, tags), private,
 * unassigned and surrogate characters, and the rest that Unicode lets fonts ignore.
 */
const hiding = /[\p{C}\p{DI}]/gu
const blanks = /[\s\p{Z}]+/gu
// One letter may carry a few accents, not a tower of them.
const towers = /(\p{M}{3})\p{M}+/gu

/** The longest client name that is shown, in characters. */
const maxNameChars = 80

/**
 * Text by strangers as people may see it: one line, nothing hidden in it, cut at `maxChars`
 * characters (reliability.md case 112). Still to be escaped.
 */
export function shownText(text: string, maxChars: number): string {
  // No more than this can survive, and a flood costs nothing.
  const start = text.slice(0, maxChars * 16)
  const clean = start.replace(blanks, ' ').replace(hiding, '').replace(towers, '$1').trim()
  const characters = [...clean]
  if (characters.length <= maxChars && start.length === text.length) return clean
  return `${characters
    .slice(0, maxChars - 1)
    .join('')
    .trimEnd()}…`
}

/** The name a client goes by on a page; never empty. */
export function shownName(name: string): string {
  const shown = shownText(name, maxNameChars)
  return shown === '' || shown === '…' ? 'Unnamed client' : shown
}

/** A host as people may see it: never cut, for its end says whose it is. */
export function shownHost(host: string): string {
  return host.replace(hiding, '').replace(blanks, '')
}
