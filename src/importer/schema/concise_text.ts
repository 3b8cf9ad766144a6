import type { JsonValue } from '../../lib/json.ts'
import { isVisibleLine, isVisibleText } from '../../model/visible_text.ts'

/** Longest description that is looked at. */
const MAX_CHARS = 4000

/**
 * A description on one line without markup, and without characters that hide or reorder others
 * (reliability.md case 283).
 */
export function plainText(text: string): string {
  const visible = visibleOnly(text.slice(0, MAX_CHARS))
  return visible
    .replace(/!?\[([^\]\n]*)\]\([^)\s]*\)/g, '$1')
    .replace(
      /<\/?(?:p|br|a|b|i|em|strong|code|ul|ol|li|pre|h[1-6]|div|span|table|tr|td|th)\b[^>]*>/gi,
      ' ',
    )
    .replace(/\s+/g, ' ')
    .replace(/ (?:Learn|Read) more(?: here)?[.:]?(?= |$)/g, '')
    .trim()
}

/** The text without characters that show nothing or reorder what is shown. */
export function visibleOnly(text: string): string {
  if (isVisibleText(text)) return text
  let kept = ''
  for (const character of text)
    if (isVisibleText(character) || character === '\r') kept += character
  return kept.replaceAll('\r', '\n').toWellFormed()
}

/** Whether a value can be shown as it is: no string in it hides anything. */
export function isVisibleValue(value: JsonValue): boolean {
  return typeof value !== 'string' || isVisibleLine(value)
}

/** A text in at most so many characters, whole sentences where that leaves enough. */
export function concise(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text
  if (maxChars < 8) return ''
  const part = text.slice(0, maxChars)
  const sentence = part.search(/[.!?](?= [^.!?]*$)/)
  if (sentence > maxChars * 0.4) return part.slice(0, sentence + 1)
  const word = part.lastIndexOf(' ', maxChars - 1)
  return `${part.slice(0, word > maxChars * 0.5 ? word : maxChars - 1)}…`.toWellFormed()
}
