/**
 * Control characters, bidi controls, invisible characters and lone surrogates, as UTF-16 units: what
 * lets text forge a log line, drive a terminal or read differently from what it is.
 */
const units =
  '\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb'
const tags = '\\udb40[\\udc00-\\udc7f]'
const lone = '[\\ud800-\\udbff](?![\\udc00-\\udfff])|(?<![\\ud800-\\udbff])[\\udc00-\\udfff]'
const anywhere = new RegExp(`[\\u0000-\\u001f${units}]|${tags}|${lone}`, 'g')
const exceptLayout = new RegExp(`[\\u0000-\\u0008\\u000b-\\u001f${units}]|${tags}|${lone}`, 'g')

const escaped = (match: string) => {
  let text = ''
  for (let i = 0; i < match.length; i++) {
    text += `\\u${match.charCodeAt(i).toString(16).padStart(4, '0')}`
  }
  return text
}

/** Text with every unprintable character written as `\uXXXX`; one line stays one line. */
export function escapeUnprintable(text: string): string {
  return text.replace(anywhere, escaped)
}

/** As `escapeUnprintable`, but newlines and tabs stay: for text of several lines on a terminal. */
export function escapeUnprintableLines(text: string): string {
  return text.replace(exceptLayout, escaped)
}
