const maxNameLength = 80

/**
 * What a client calls itself, fit to be shown to people: one line, nothing that hides or reorders
 * text, cut to 80 characters (reliability.md case 112). `Unnamed client` where nothing is left.
 */
export function cleanClientName(text: string): string {
  const line = text
    .slice(0, 2_000)
    .toWellFormed()
    .replace(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/[\p{Cf}\p{Co}\p{Cn}\p{DI}\ufffd]/gu, '')
    .trim()
  const characters = [...line]
  const isLong = characters.length > maxNameLength
  const cut = isLong ? `${characters.slice(0, maxNameLength - 1).join('')}…` : line
  return cut === '' ? 'Unnamed client' : cut
}
