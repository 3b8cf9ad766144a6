import { isVisibleLine } from './visible_text.ts'

/** The most characters of an email address (RFC 5321 §4.5.3.1.3, less its brackets). */
export const maxEmailLength = 254

/** Whether a text can be an email address: something, one @, a host. Whether mail arrives is not asked. */
export function isEmail(text: string): boolean {
  return text.length <= maxEmailLength && isVisibleLine(text) && shape.test(text)
}

const shape = /^[^\s@<>()[\]\\,;:"]+@[^\s@<>()[\]\\,;:"]+$/
